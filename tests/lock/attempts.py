#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attempts to get out of the kiosk, each by real events and each followed by a look at the windows; the same attempts on
virt-viewer --kiosk are the control, which shows that they can succeed."""
import contextlib
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from Xlib import X  # noqa: E402
from stationkit import cases, guests, lockcase, processes  # noqa: E402
from stationkit.intruder import chords  # noqa: E402
from stationkit.lockcase import SETTLED  # noqa: E402
from stationkit.station import DOMAIN  # noqa: E402

# No module, inspector, proxy or other program may come in by these.
HOSTILE = {"GTK_DEBUG": "interactive", "GTK_MODULES": "nothing-such", "GTK_PATH": "/tmp", "GTK_IM_MODULE": "xim",
           "SPICE_NOGRAB": "1", "SPICE_PROXY": "http://127.0.0.1:9", "SPICE_DISABLE_CHANNELS": "1",
           "SPICE_USB_ACL_BINARY": "/bin/sh", "GIO_EXTRA_MODULES": "/tmp"}


class Lock(lockcase.LockCase):
    """A page each, and a kind of attack each."""

    report = {}

    # Keys

    def press_all(self, *left_out):
        """All chords."""
        for chord in chords(*left_out):
            self.intruder.press(chord)
            self.tried("+".join(chord))

    def test_keys_launcher(self):
        """All chords on the launcher."""
        self.show_launcher()
        self.press_all("Return", "space")
        self.station.shot("launcher")
        self.expect_held()
        self.assertEqual(self.station.state(), "idle")

    def test_keys_search(self):
        """All chords with the focus in the only entry, which has a menu, a chooser and an input method by nature."""
        self.station.add("alpha", "Alpha writer")
        self.station.start_kiosk()
        self.screen.click_on("Type to search")
        self.intruder.point(900, 70, 3, 2)
        self.tried("the entry's menu")
        self.press_all("Return", "Escape", "Tab")
        self.station.shot("search")
        self.expect_held()

    def test_keys_progress(self):
        """All chords while a guest is started."""
        self.add_sample()
        self.station.start_kiosk(**self.hold_back("qemu-img"))
        self.choose()
        self.station.wait_state("preparing")
        self.press_all("Return", "space")
        self.station.shot("progress")
        self.assertEqual(self.station.state(), "preparing")
        self.expect_held("sh", "sleep", "env")
        self.stop("--force")

    def test_keys_guest(self):
        """All chords in a guest, then on the bar over it."""
        self.add_sample()
        self.station.start_kiosk()
        self.start()
        self.expect_keyboard()
        self.began = self.corner()
        for _ in range(6):
            self.intruder.press(("F11",))
            time.sleep(SETTLED)
            self.tried("F11 without haste")
        self.press_all("Home")
        self.station.shot("guest")
        self.expect_held()
        self.began = None
        self.screen.key("ctrl+alt+Home")
        self.screen.wait_for("Back to work", area=self.bar())
        self.press_all("Return", "space", "Home", "Escape")
        self.station.shot("bar")
        self.expect_held()
        self.assertIn(self.station.state(), ("booting", "ready"))
        self.stop("--force")

    def test_keys_failure(self):
        """All chords on the failure screen."""
        self.add_sample()
        self.station.write_config(session={"reserve-mib": "16000000"})
        self.station.start_kiosk()
        self.choose()
        self.station.wait_state("failed")
        self.press_all("Return", "space", "Escape")
        self.station.shot("failure")
        self.expect_held()

    def test_bad_configuration(self):
        """All chords where the configuration cannot be read: a readable screen, and no way out of it."""
        self.station.config_file.write_text("[libvirt]\naccel=warp\n", encoding="utf-8")
        self.station.launch_kiosk()
        self.screen.wait_for("accel")
        self.press_all()
        self.station.shot("configuration")
        self.expect_held()

    # Pointer

    def test_pointer(self):
        """Every edge and corner, every button, and pulling: on the launcher and in a guest."""
        self.add_sample()
        self.station.start_kiosk()
        self.screen.wait_for(guests.NAMES["tiny"])
        self.point_everywhere()
        self.start()
        self.point_everywhere()
        self.station.shot("pointer")
        self.expect_held()
        self.stop("--force")

    def point_everywhere(self):
        """Along the edges and in the corners."""
        width, height = self.screen.size
        places = [(x, y) for x in range(0, width, 160) for y in (0, height - 1)]
        places += [(x, y) for y in range(0, height, 160) for x in (0, width - 1)] + [(width - 1, height - 1)]
        for place in places:
            for button in range(1, 10):
                self.intruder.point(*place, button)
                self.tried(f"button {button} at {place}")
        for end in ((0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)):
            self.intruder.drag((width // 2, height // 2), end)
            self.tried(f"pulled to {end}")

    # Other programs

    def test_other_clients(self):
        """Another program hides, moves, shrinks, closes, covers and renames the window, and takes focus and keyboard."""
        self.show_launcher()
        processes.wait_until(self.intruder.grabbed, "the grab", 10)
        for _ in range(20):
            self.attack_window(self.intruder.window(self.kiosk_window()))
        self.cover()
        self.station.shot("attacked")
        self.screen.key("F1")
        self.screen.wait_for("b12-07")
        self.expect_held()

    def test_grab_is_regained(self):
        """Who has the keyboard before the kiosk has it only until it lets go once."""
        self.station.add("alpha", "Alpha writer")
        for _ in range(3):
            taken = self.intruder.root.grab_keyboard(False, X.GrabModeAsync, X.GrabModeAsync, X.CurrentTime)
            self.assertEqual(taken, X.GrabSuccess)
            self.station.start_kiosk()
            self.screen.wait_for("Alpha writer")
            self.intruder.display.ungrab_keyboard(X.CurrentTime)
            self.intruder.display.sync()
            processes.wait_until(self.intruder.grabbed, "the keyboard in the kiosk's hands", 10)
            self.tried("let go")
            self.assertEqual(self.station.kiosk.end(), 0, self.station.kiosk.said())

    def test_grab_by_choice(self):
        """Where the configuration says so, a screen reader can have the keyboard."""
        self.station.write_config(session={"grab": "no"})
        self.show_launcher()
        time.sleep(SETTLED)
        self.assertFalse(self.intruder.grabbed())

    def test_environment(self):
        """What undoes locks by the environment does nothing."""
        self.add_sample()
        self.station.start_kiosk(**HOSTILE)
        self.start()
        self.tried("hostile variables")
        self.assertTrue(self.intruder.grabbed())
        self.assertNotIn("Failed to load module", self.station.kiosk.said())
        self.expect_held()
        self.stop("--force")

    # The control

    @contextlib.contextmanager
    def window_manager(self):
        """One without a key of its own: what then happens is the viewer's doing."""
        rules = self.station.folder / "openbox.xml"
        rules.write_text('<openbox_config xmlns="http://openbox.org/3.4/rc"><keyboard/><mouse/></openbox_config>', encoding="utf-8")
        manager = processes.start(["openbox", "--config-file", rules], env=self.desk.env, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        yield
        manager.terminate()
        manager.wait()

    def start_viewer(self, *options):
        """virt-viewer on a guest; its windows as they are at the beginning."""
        viewer = processes.start(["virt-viewer", "-c", "qemu:///session", "--kiosk", "--attach", *options, DOMAIN],
                                 env=self.desk.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        processes.wait_until(self.windows, "virt-viewer", 60)
        began = None
        while began != self.windows():
            began = self.windows()
            time.sleep(SETTLED)
        processes.wait_until(lambda: self.screen.share(guests.COLOURS["tiny"]) > 0.2, "the guest's console", 120, 0.3)
        self.intruder.point(640, 400, 1)
        return viewer, (self.windows(), self.corner())

    def end_viewer(self, viewer):
        """And its windows."""
        processes.end([viewer.pid])
        viewer.wait()
        processes.wait_until(lambda: not self.windows(), "the end of virt-viewer's windows", 20)

    def try_viewer(self, *options):
        """F11 some times without haste, then every chord: what it lets happen to its windows counts."""
        overlay = self.station.folder / "viewer.qcow2"
        self.add_sample()
        self.station.start_kiosk()
        self.start()
        xml = self.write_domain(overlay)
        self.make_overlay(overlay)
        self.stop("--force")
        self.assertEqual(self.station.kiosk.end(), 0)
        self.desk.virsh("create", xml)
        with self.window_manager():
            viewer, began = self.start_viewer(*options)
            for number, chord in enumerate([("F11",)] * 4 + list(chords("Home"))):
                self.intruder.press(chord, hold=0.02)
                time.sleep(SETTLED if number < 4 else 0)
                self.row["attempts"] += 1
                if viewer.poll() is None and (self.windows(), self.corner()) == began:
                    continue
                self.row["escapes"].append("+".join(chord))
                self.station.shot("escape")
                self.end_viewer(viewer)
                viewer, began = self.start_viewer(*options)
            self.end_viewer(viewer)
        self.desk.virsh("destroy", DOMAIN)
        print(f"# control: {len(self.row['escapes'])} of {self.row['attempts']}: {', '.join(self.row['escapes'][:12])}")
        self.assertNotEqual(self.row["escapes"], [], "the attempts prove nothing")

    def test_control(self):
        """virt-viewer --kiosk lets some of the same attempts succeed."""
        self.try_viewer()

    def test_control_hardened(self):
        """So it does with its hotkeys redefined."""
        self.try_viewer("--hotkeys=toggle-fullscreen=,release-cursor=")


if __name__ == "__main__":
    cases.main()
