# SPDX-License-Identifier: GPL-3.0-or-later
"""A case of attempts to get out of the kiosk: each is counted, and followed by a look at what is on the screen."""
import contextlib
import time
from pathlib import Path

from Xlib import X

from . import guests, processes
from .intruder import Intruder

# A window of the toolkit that comes late is seen before the page is called held.
SETTLED = 0.5
# What may run for a station while a guest does; a shell or a browser may not.
PROGRAMS = {"asteroide", "asteroide-icons", "qemu-system-x86_64", "libvirtd", "virtlogd", "dbus-daemon", "at-spi-bus-launcher",
            "at-spi2-registryd", "dconf-service", "Xvfb", "Xorg", "gst-plugin-scanner"}


class LockCase(guests.GuestCase):
    """Attempts, and what came of them."""

    report = {}  # of the class's own: case → attempts and escapes
    report_file = "report.json"

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.keep_report("lock", cls.report_file, cls.report)
        ours = [row for name, row in cls.report.items() if not name.startswith("control")]
        control = [row for name, row in cls.report.items() if name.startswith("control")]
        for name, rows in (("lock", ours), ("control", control)):
            if rows:
                print(f"# {name}: {sum(row['attempts'] for row in rows)} attempts,"
                      f" {sum(len(row['escapes']) for row in rows)} escapes")

    def setUp(self):
        super().setUp()
        self.intruder = Intruder(self.screen.name)
        self.addCleanup(self.intruder.close)
        self.began = None  # the corner as it has to stay, where one is looked at
        self.row = self.report.setdefault(self._testMethodName.removeprefix("test_"), {"attempts": 0, "escapes": []})

    def show_launcher(self):
        """A kiosk with one tile."""
        self.station.add("alpha", "Alpha writer")
        self.station.start_kiosk()
        self.screen.wait_for("Alpha writer")

    # Looking

    def whole(self):
        """The one window that there may be."""
        return [(0, 0, *self.screen.size)]

    def windows(self):
        """The areas of all windows on the screen but our own."""
        return [area for _, area, _ in self.intruder.toplevels() if area[0] + area[2] > 0 and area[1] + area[3] > 0]

    def corner(self):
        """The upper right corner, beside a guest's picture: where title bars have their buttons."""
        width = self.screen.size[0]
        return self.screen.look().crop((width - 60, 4, width - 4, 24)).tobytes()

    def tried(self, what):
        """Counts an attempt, and looks whether it has succeeded."""
        self.row["attempts"] += 1
        if seen := self.out_of_place():
            self.row["escapes"].append(f"{what}: {seen}")

    def out_of_place(self):
        """What is on the screen, where that is not the kiosk as it has to be."""
        if self.windows() != self.whole() or (self.began and self.corner() != self.began):
            return f"windows {self.intruder.toplevels()}"
        return None

    def tried_to_hide(self, what):
        """The same of an attempt that only the window system's next answer takes back."""
        with contextlib.suppress(processes.Timeout):
            processes.wait_until(self.is_back, what, 10, 0.02)
        self.row["attempts"] += 1
        if not self.is_back():
            self.row["escapes"].append(f"{what}: {self.intruder.toplevels()}, in the order {self.intruder.order()}")

    def is_back(self):
        """Is the kiosk's window whole, over all others, and the keyboard its own?"""
        return self.windows() == self.whole() and self.intruder.order()[-1] == self.kiosk_window() and self.intruder.grabbed()

    def kiosk_window(self):
        """The number of the kiosk's window."""
        return self.intruder.toplevels()[-1].ident

    def expect_keyboard(self):
        """Nobody else can have the keyboard."""
        self.assertTrue(self.intruder.grabbed(), "somebody else can have the keyboard")

    def expect_held(self, *programs):
        """Nothing came of all that was tried, and none but these programs run, too."""
        time.sleep(SETTLED)
        self.tried("afterwards")
        self.assertTrue(self.station.kiosk.is_running(), self.station.kiosk.said())
        pids = processes.belonging_to(self.station.folder)
        names = {Path(words[0]).name for pid in pids if (words := processes.command_line(pid))}
        self.assertLessEqual(names, PROGRAMS | set(programs))
        self.assertEqual(self.row["escapes"], [])

    # Other programs

    def attack_window(self, window):
        """Once each, and the kiosk must be back."""
        wm = self.intruder
        attacks = {
            "unmapped": window.unmap,
            "moved": lambda: window.configure(x=200, y=100),
            "shrunk": lambda: window.configure(width=300, height=200),
            "lowered": lambda: window.configure(stack_mode=X.Below),
            "asked to close": lambda: wm.send(window, "WM_PROTOCOLS", wm.atom("WM_DELETE_WINDOW")),
            "told to leave full screen": lambda: wm.send(window, "_NET_WM_STATE", 0, wm.atom("_NET_WM_STATE_FULLSCREEN")),
            "told to hide": lambda: wm.send(window, "WM_CHANGE_STATE", 3),
            "told to go below": lambda: wm.send(window, "_NET_WM_STATE", 1, wm.atom("_NET_WM_STATE_BELOW")),
            "renamed": lambda: wm.rename(window, "<b>root shell</b>"),
            "robbed of the focus": lambda: wm.display.set_input_focus(X.NONE, X.RevertToNone, X.CurrentTime),
        }
        for name, attack in attacks.items():
            attack()
            wm.display.sync()
            time.sleep(0.02)
            self.tried_to_hide(name)

    def cover(self, area=(100, 100, 600, 400)):
        """A window of another program over the kiosk's, wanting its keys."""
        for override in (False, True):
            for _ in range(10):
                window = self.intruder.open(area, override)
                window.set_input_focus(X.RevertToParent, X.CurrentTime)
                self.intruder.display.sync()
                self.tried_to_hide(f"covered, override {override}")
                self.intruder.press(("a",))
                keys = self.intruder.keys()
                self.tried("typed into another window")
                self.assertEqual(keys, [])
                window.destroy()
        self.screen.key("Escape")
