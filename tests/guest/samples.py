#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each sample appliance from the click on its tile to the work in it, and back."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, guests, processes  # noqa: E402


class Samples(guests.GuestCase):
    """One session each."""

    both_processors = True

    def test_tiny(self):
        """The text guest: its picture, keys that reach it, its own way out."""
        folder = self.add_sample("tiny")
        before = guests.digest(folder / "disk.qcow2")
        self.station.start_kiosk()
        self.start("tiny")
        self.station.shot("guest")
        self.expect_same_picture()
        self.enter("paint 884400")
        self.wait_for_colour("884400", seconds=30)
        self.expect_same_picture()
        self.enter("echo Written by hand")
        self.screen.wait_for("Written by hand")
        self.station.shot("typed")
        self.enter("poweroff")
        self.wait_for_end()
        self.station.shot("back")
        self.assertEqual(guests.digest(folder / "disk.qcow2"), before)

    def test_netlab(self):
        """The live CD: no disk, so no overlay; a command in it."""
        self.add_sample("netlab")
        self.station.start_kiosk()
        self.start("netlab")
        self.expect_same_picture()
        self.assertEqual(self.station.overlay_files(), [])
        self.enter("lab up")
        self.screen.wait_for("The network is there")
        self.station.shot("lab")
        self.end_by_clicks()
        self.wait_for_end()

    def test_desktop(self):
        """The desktop: as large as the screen, wakes at a key, forgets what was written, ends by the bar."""
        folder = self.add_sample("desktop")
        before = guests.digest(folder / "disk.qcow2")
        self.station.start_kiosk()
        self.start("desktop")
        self.station.wait_state("ready", seconds=guests.BOOT_SECONDS)
        self.wait_for_agent()
        processes.wait_until(lambda: self.desk.guest_screen().size == self.screen.size, "a guest as large as the screen", 60, 0.5)
        self.expect_same_picture()
        self.screen.wait_for("user@desktop")
        self.enter("echo secret >note; sync; xsetroot -solid '#884400'")
        self.wait_for_colour("884400", 0.3, 30)
        self.station.shot("guest")
        self.assertEqual(self.run_in_guest("cat /home/user/note"), (0, "secret\n"))
        self.assertEqual(len(self.station.overlay_files()), 1)
        self.enter("xrandr --output Virtual-1 --off; read -n 1; xrandr --auto")
        self.station.wait_until(lambda: self.screen.share("884400") == 0, "a guest without a picture")
        self.screen.key("a")
        self.wait_for_colour("884400", 0.3, 30)
        self.end_by_clicks()
        self.wait_for_end(90)
        self.start("desktop")
        self.wait_for_agent()
        self.assertEqual(self.run_in_guest("ls /home/user"), (0, ""))
        self.stop("--force")
        self.assertEqual(guests.digest(folder / "disk.qcow2"), before)


if __name__ == "__main__":
    cases.main()
