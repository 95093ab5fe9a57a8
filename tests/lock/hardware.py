#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Monitors, touch screens, keyboards and pointers that come, change and go while the kiosk runs: on an X server with a driver
for cards and input devices that are not there."""
import itertools
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from Xlib import X, XK  # noqa: E402
from stationkit import cases, guests, lockcase, processes  # noqa: E402
from stationkit.xorg import XorgDisplay  # noqa: E402

# The kiosk's ground, on monitors beside its own.
DARK = "000000"


class Hardware(lockcase.LockCase):
    """A kind of device each."""

    report = {}
    report_file = "hardware.json"
    screen_type = XorgDisplay

    def setUp(self):
        self.monitors = [(0, 0, *self.screen.size)]  # as they have to be covered, the kiosk's first
        super().setUp()

    def whole(self):
        """A window a monitor, in any order."""
        return sorted(self.monitors)

    def windows(self):
        """The areas of all windows on the screen, in the same order."""
        return sorted(super().windows())

    # Monitors

    def covered(self):
        """Is the kiosk's window whole on its monitor, and does it have the keyboard?"""
        mine = [area for _, area, name in self.intruder.toplevels() if name == "ASTEROIDE"]
        return mine == self.monitors[:1] and self.windows() == self.whole() and self.intruder.grabbed()

    def tried_monitors(self, what, *monitors):
        """The monitors have changed to these, the kiosk's first: it follows, and hides what is beside it."""
        self.monitors = list(monitors)
        try:
            processes.wait_until(self.covered, what, 10)
        except processes.Timeout:
            self.row["escapes"].append(f"{what}: {self.intruder.toplevels()}, the keyboard is held: {self.intruder.grabbed()}")
        self.tried(what)
        for area in self.monitors[1:]:
            self.poke(what, area)

    def poke(self, what, area):
        """Every button in the middle and the corners of a monitor that is not the kiosk's, and a key: nothing comes of it."""
        left, top, width, height = area
        for x, y in ((left + width // 2, top + height // 2), (left, top), (left + width - 1, top + height - 1)):
            for button in range(1, 8):
                self.intruder.point(x, y, button)
                self.tried(f"{what}: button {button} at {x}, {y}")
        dark = self.screen.share(DARK, area=(left, top, left + width, top + height))
        self.row["attempts"] += 1
        if dark < 0.999:
            self.row["escapes"].append(f"{what}: something is on the other monitor, {dark:.3f} of it is dark")

    def change_monitors(self):
        """Every change that a person at the cables, or the monitor's own buttons, can make."""
        width, height = self.screen.size
        screen = self.screen
        first = (0, 0, width, height)
        screen.set_monitor(1, 1024, 768, "--right-of", "DUMMY0")
        self.tried_monitors("a second monitor at the right", first, (width, 0, 1024, 768))
        screen.set_monitor(0, 1024, 600)
        self.tried_monitors("the first one smaller", (0, 0, 1024, 600), (width, 0, 1024, 768))
        screen.set_monitor(0, 800, 1280, "--pos", "0x0")
        self.tried_monitors("the first one upright", (0, 0, 800, 1280), (width, 0, 1024, 768))
        screen.set_monitor(0, width, height, "--right-of", "DUMMY1")
        screen.set_monitor(1, 1024, 768, "--pos", "0x0")
        screen.set_monitor(0, width, height, "--pos", "1024x0")
        self.tried_monitors("the first one right of the second", (1024, 0, width, height), (0, 0, 1024, 768))
        screen.change("--output", "DUMMY1", "--primary")
        self.tried_monitors("the second one as the first", (0, 0, 1024, 768), (1024, 0, width, height))
        screen.change("--output", "DUMMY0", "--primary")
        self.tried_monitors("the first one again", (1024, 0, width, height), (0, 0, 1024, 768))
        screen.set_monitor(2, 640, 480, "--right-of", "DUMMY0")
        self.tried_monitors("a third monitor", (1024, 0, width, height), (0, 0, 1024, 768), (1024 + width, 0, 640, 480))
        screen.unplug(0)
        self.tried_monitors("the first one gone", (0, 0, 1024, 768), (1024 + width, 0, 640, 480))
        screen.unplug(2)
        self.tried_monitors("the third one gone", (0, 0, 1024, 768))
        screen.set_monitor(0, width, height, "--right-of", "DUMMY1", "--primary")
        screen.unplug(1)
        screen.set_monitor(0, width, height, "--pos", "0x0")
        self.tried_monitors("as it was", first)

    def test_monitors_launcher(self):
        """Monitors come, change and go on the launcher."""
        self.station.add("alpha", "Alpha writer")
        self.station.start_kiosk()
        self.screen.wait_for("Alpha writer")
        self.change_monitors()
        self.screen.wait_for("Alpha writer")
        self.station.shot("launcher")
        self.expect_held()

    def test_monitors_guest(self):
        """Monitors come, change and go in the middle of a session."""
        self.add_sample()
        self.station.start_kiosk()
        self.start()
        self.change_monitors()
        self.wait_for_colour(guests.COLOURS["tiny"])
        self.enter("paint 884400")
        self.wait_for_colour("884400", seconds=30)
        self.expect_same_picture()
        self.station.shot("guest")
        self.expect_held()
        self.stop("--force")


if __name__ == "__main__":
    cases.main()
