#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attempts of attempts.py on the station's other session, the Wayland compositor cage; and what is only there: what
other programs find of its socket, and whole sessions in a guest."""
import contextlib
import functools
import hashlib
import shlex
import signal
import stat
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
import attempts  # noqa: E402
from stationkit import cases, guests, processes  # noqa: E402
from stationkit.compositor import CageKiosk  # noqa: E402
from stationkit.display import Display  # noqa: E402
from stationkit.station import EMULATOR  # noqa: E402

# All that a shell leaves as it is between single quotes, from each row of the keyboard, plain and with Shift.
LINE = r'aZ09 `~!@#$%^&*()-_=+[{]}\|;:",<.>/?'
# The pointer's buttons that every mouse has: X's number, the kernel's code.
BUTTONS = {1: 272, 2: 274, 3: 273}
# So many keys or clicks may be on their way.
PACE = 200
# Ways to a screen that no child of the kiosk may have.
WAYS = ("DISPLAY=", "WAYLAND_DISPLAY=", "WAYLAND_SOCKET=")


class Cage(attempts.Lock):
    """The same rows, where there are no windows to look at but those that the kiosk asks the compositor for."""

    report = {}
    report_file = "cage.json"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The X server below would keep Ctrl+Alt+F1 and its like for itself.
        processes.run("setxkbmap", "-display", cls.screen.name, "-option", "srvrkeys:none")

    def make_station(self, name="b12-07"):
        """A station whose kiosk runs on cage."""
        station = super().make_station(name)
        station.make_kiosk = CageKiosk
        return station

    def setUp(self):
        super().setUp()
        self.behind = lambda: 0  # how many keys or clicks have not yet arrived

    # Looking

    def out_of_place(self):
        """As on X; and the kiosk has one window and no popup, and the compositor is there."""
        kiosk = self.station.kiosk
        kiosk.follow()
        if not kiosk.is_running() or kiosk.surfaces != ["get_toplevel"]:
            return f"{'cage runs' if kiosk.is_running() else 'cage has ended'}, surfaces {kiosk.surfaces}"
        return super().out_of_place()

    def expect_keyboard(self):
        """The compositor gives it to the one window that it shows."""

    def expect_held(self, *programs):
        """With the compositor, and without its X server, which nobody may have called."""
        super().expect_held("cage", *programs)

    def press_all(self, *left_out):
        """All chords, of which the compositor keeps no key for itself."""
        with self.arriving(lambda: [self.station.kiosk.keys.total()], lambda: [self.intruder.pressed]):
            super().press_all(*left_out)

    def point_everywhere(self):
        """The same of the buttons."""
        with self.arriving(lambda: [self.station.kiosk.buttons[code] for code in BUTTONS.values()],
                           lambda: [self.intruder.clicked[button] for button in BUTTONS]):
            super().point_everywhere()

    def tried(self, what):
        """As on X; a kiosk that is slow (the sanitizers') is waited for, so that what is seen belongs to what was tried."""
        super().tried(what)

        def keeps_pace():
            self.station.kiosk.follow()
            return self.behind() <= PACE or not self.station.kiosk.is_running()
        processes.wait_until(keeps_pace, lambda: f"{what}: the kiosk is {self.behind()} behind", 20, 0.01)

    @contextlib.contextmanager
    def arriving(self, arrived, done):
        """As many arrive in the kiosk meanwhile as the intruder does."""
        self.station.kiosk.follow()
        before = [count - ours for count, ours in zip(arrived(), done())]
        self.behind = lambda: sum(before) + sum(done()) - sum(arrived())
        yield
        self.behind = lambda: 0
        expected = [count + ours for count, ours in zip(before, done())]

        def all_arrived():
            self.station.kiosk.follow()
            return arrived() == expected
        processes.wait_until(all_arrived, lambda: f"{expected} in the kiosk: {arrived()}", 20)

    # The same attempts as on X

    test_keys_launcher = attempts.Lock.test_keys_launcher
    test_keys_search = attempts.Lock.test_keys_search
    test_keys_progress = attempts.Lock.test_keys_progress
    test_keys_guest = attempts.Lock.test_keys_guest
    test_keys_failure = attempts.Lock.test_keys_failure
    test_bad_configuration = attempts.Lock.test_bad_configuration
    test_pointer = attempts.Lock.test_pointer

    # What is only here

    def test_way_to_the_screen(self):
        """No child of the kiosk is told the way to the compositor, and its socket is nobody else's."""
        self.add_sample()
        told = self.station.folder / "told"
        self.station.start_kiosk(**guests.wrapper(self.station.folder / "asked", "qemu-img", f"env >{told}"))
        self.assertIn("WAYLAND_DISPLAY=", self.environment("asteroide"))
        painter = self.environment("asteroide-icons")
        self.start()
        guest = self.environment(EMULATOR)
        self.assertIn("PATH=", guest)
        for text in (painter, guest, told.read_text(encoding="utf-8")):
            self.assertEqual([line for line in text.splitlines() if line.startswith(WAYS)], [])
        socket = self.socket().stat()
        self.assertTrue(stat.S_ISSOCK(socket.st_mode))
        # Who may not write to a socket cannot connect.
        self.assertEqual(socket.st_mode & (stat.S_IWGRP | stat.S_IWOTH), 0)
        self.stop("--force")

    def environment(self, program):
        """What a program of the session was started with, a line a variable."""
        pid = processes.wait_until(lambda: self.desk.processes(program), program, 20)[0]
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").replace("\0", "\n")

    def socket(self):
        """Where the compositor listens."""
        return next(path for path in (self.desk.folder / "run").glob("wayland-*") if path.suffix != ".lock")

    def test_control_other_client(self):
        """Another client of the compositor covers the kiosk, which is seen here; the kiosk is whole again when it goes."""
        self.show_launcher()
        self.began = self.corner()
        self.tried("nothing")
        self.assertEqual(self.row["escapes"], [])
        with self.other_client():
            processes.wait_until(self.out_of_place, "a window over the kiosk's", 20)
            self.tried("covered")
            self.station.shot("covered")
            self.assertEqual(len(self.row["escapes"]), 1)
        processes.wait_until(lambda: not self.out_of_place(), self.out_of_place, 20)
        self.screen.key("F1")
        self.screen.wait_for("About this station")

    @contextlib.contextmanager
    def other_client(self):
        """A window of another program of the same user."""
        other = processes.start([self.build / "tests/bench/bare-window"],
                                env=self.desk.env | {"GDK_BACKEND": "wayland", "WAYLAND_DISPLAY": self.socket().name})
        yield
        other.terminate()
        other.wait()

    def test_monitor_changes(self):
        """The kiosk follows its monitor to a smaller and a larger size."""
        self.station.add("alpha", "Alpha writer")
        self.station.start_kiosk()
        width, height = self.screen.size
        for size in ((1024, 700), (width, height)):
            self.station.kiosk.fill_screen(*size)
            # Its place is in the lower left corner, whatever the size.
            self.screen.wait_for("about this station", area=(0, size[1] - 60, size[0], size[1]))
        self.began = self.corner()
        self.expect_held()

    def test_compositor_dies(self):
        """A kiosk without its compositor ends; the next one shows the guest that it left."""
        self.add_sample()
        self.station.start_kiosk()
        self.start()
        guest = self.qemu()
        dead = self.station.kiosk
        dead.crash()
        processes.wait_until(lambda: not processes.is_alive(dead.kiosk_pid), "the end of the kiosk", 30)
        self.next_kiosk()
        self.wait_for_colour(guests.COLOURS["tiny"])
        self.assertEqual(self.qemu(), guest)
        self.stop("--force")
        self.expect_held()

    def test_kiosk_dies(self):
        """Cage ends with its kiosk, whatever the kiosk has started goes on."""
        self.add_sample()
        self.station.start_kiosk(**self.hold_back("qemu-img"))
        self.choose()
        self.station.wait_state("preparing")
        self.station.kiosk.tell(signal.SIGKILL)
        self.station.kiosk.process.wait(60)
        self.assertNotEqual(self.desk.processes("sh"), [])
        self.station.start_kiosk()
        self.screen.wait_for(guests.NAMES["tiny"])
        self.expect_held("sh", "sleep", "env")


class CageSession(Cage):
    """A session as a person has it, on a monitor of 1920×1080."""

    report = {}
    report_file = "cage-session.json"
    screen_type = functools.partial(Display, width=1920, height=1080)

    def test_session(self):
        """Typed in, a key held down, the bar by its chord and by the edge, the guest ended: all as on X."""
        self.add_sample()
        self.station.start_kiosk()
        self.start()
        self.expect_same_picture()
        self.type_line()
        self.hold_key()
        self.screen.key("ctrl+alt+Home")
        self.screen.wait_for("Back to work", area=self.bar())
        self.screen.key("Escape")
        self.expect_same_picture()
        self.screen.move(self.screen.size[0] / 2, 0)
        self.screen.wait_for("Back to work", area=self.bar())
        self.station.shot("edge")
        self.screen.key("Escape")
        self.station.wait_state("ready")
        self.end_by_clicks()
        self.wait_for_end()
        self.tried("a session")
        self.expect_held()

    def type_line(self):
        """Each key arrives as the character that is on it."""
        digest = hashlib.md5(f"{LINE}\n".encode()).hexdigest()
        self.enter(f"echo {shlex.quote(LINE)} | md5sum | grep {digest} && paint 884400")
        self.wait_for_colour("884400", seconds=30)

    def hold_key(self):
        """A key that is held repeats, until it is let go."""
        self.enter("while [ ${#held} -lt 6 ]; do read -n 1 key; held=$held$key; done; paint 118811")
        with self.intruder.holding("x"):
            self.wait_for_colour("118811", seconds=30)


if __name__ == "__main__":
    cases.main()
