#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Monitors that are plugged in and pulled out beside a kiosk that nobody helps: what is switched on and off, and where it stands."""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, processes  # noqa: E402
from stationkit.intruder import Intruder  # noqa: E402
from stationkit.xorg import XorgCase  # noqa: E402

FIRST = (0, 0, 1280, 800)
HASTE = 40
SECOND = (1280, 0, 1024, 768)
# What the server says of the screen that all monitors are parts of.
SCREEN = re.compile(r"current (\d+) x (\d+)")


class Outputs(XorgCase):
    """One monitor at the beginning, which nobody has called the primary one."""

    def setUp(self):
        self.screen.set_monitor(0, *FIRST[2:], "--pos", "0x0")
        for number in (1, 2):
            self.screen.unplug(number)
        self.screen.change("--noprimary", "--fb", "1280x800")
        super().setUp()
        self.intruder = Intruder(self.screen.name)
        self.addCleanup(self.intruder.close)

    def expect(self, shown, own=0):
        """These monitors are lit, by number; the kiosk stands on its own one, and is dark on the others."""
        seen = []

        def look():
            windows = {window.area: window.name for window in self.intruder.toplevels()}
            seen[:] = self.screen.outputs(), windows
            return seen[0] == shown and sorted(windows) == sorted(shown.values()) and windows[shown[own]] == "ASTEROIDE"
        processes.wait_until(look, lambda: f"the monitors {shown} with the kiosk on {own}; there are {seen}", 20)
        for number in shown.keys() - {own}:
            left, top, width, height = shown[number]
            self.assertEqual(self.screen.share("000000", area=(left, top, left + width, top + height)), 1)

    def test_comes_and_goes(self):
        """A monitor comes, goes, and comes again: lit at the right in the size that it prefers, and no room is left for it."""
        self.station.start_kiosk()
        self.expect({0: FIRST})
        for _ in range(3):
            self.screen.plug(1, *SECOND[2:])
            self.expect({0: FIRST, 1: SECOND})
            self.station.shot("right")
            self.screen.pull(1)
            self.expect({0: FIRST})
            self.assertEqual(SCREEN.search(self.screen.run("xrandr", "--current")).groups(), ("1280", "800"))

    def test_three(self):
        """Two come at once; another one takes the place of the first of them."""
        self.station.start_kiosk()
        self.screen.plug(1, *SECOND[2:], ask=False)
        self.screen.plug(2, 640, 480)
        self.expect({0: FIRST, 1: SECOND, 2: (2304, 0, 640, 480)})
        self.screen.pull(1)
        self.expect({0: FIRST, 2: (2304, 0, 640, 480)})
        self.screen.plug(1, 800, 600)
        self.expect({0: FIRST, 1: (2944, 0, 800, 600), 2: (2304, 0, 640, 480)})

    def test_arranged(self):
        """What somebody has arranged stays, and so it is when a monitor comes back."""
        self.station.start_kiosk()
        self.screen.plug(1, *SECOND[2:])
        self.expect({0: FIRST, 1: SECOND})
        self.screen.change("--output", "DUMMY1", "--pos", "0x0", "--output", "DUMMY0", "--pos", "0x768")
        arranged = {0: (0, 768, *FIRST[2:]), 1: (0, 0, *SECOND[2:])}
        self.expect(arranged)
        self.screen.pull(1)
        self.expect({0: arranged[0]})
        self.screen.plug(1, *SECOND[2:])
        self.expect(arranged)

    def test_switched_off(self):
        """What somebody switches off stays dark, until its cable is pulled out and plugged in."""
        self.station.start_kiosk()
        self.screen.plug(1, *SECOND[2:])
        self.expect({0: FIRST, 1: SECOND})
        self.screen.change("--output", "DUMMY1", "--off")
        self.screen.plug(2, 640, 480)
        self.expect({0: FIRST, 2: (1280, 0, 640, 480)})
        self.screen.pull(2)
        self.screen.pull(1)
        self.expect({0: FIRST})
        self.screen.plug(1, *SECOND[2:])
        self.expect({0: FIRST, 1: SECOND})

    def test_dark_at_start(self):
        """A monitor that came before the kiosk is lit when the kiosk starts."""
        self.screen.plug(1, *SECOND[2:])
        self.assertEqual(self.screen.outputs(), {0: FIRST})
        self.station.start_kiosk()
        self.expect({0: FIRST, 1: SECOND})

    def test_dark_before_start(self):
        """A monitor that went before the kiosk came stays lit as long as it is the last one, and no longer."""
        self.screen.pull(0)
        self.station.start_kiosk()
        self.assertEqual(self.screen.outputs(), {0: FIRST})
        self.screen.plug(1, *SECOND[2:])
        self.expect({1: SECOND}, own=1)

    def test_last_one(self):
        """The last monitor stays lit without its cable; the kiosk goes to another one that comes, and stays there."""
        self.station.start_kiosk()
        self.screen.pull(0)
        self.expect({0: FIRST})
        self.screen.plug(1, *SECOND[2:])
        self.expect({1: SECOND}, own=1)
        self.screen.plug(0, *FIRST[2:])
        self.expect({0: FIRST, 1: SECOND}, own=1)

    def test_kiosk_stays(self):
        """A monitor at a connector that the server counts before the kiosk's does not draw the kiosk to it."""
        self.screen.set_monitor(1, *SECOND[2:], "--pos", "0x0")
        self.screen.unplug(0)
        self.screen.change("--output", "DUMMY1", "--pos", "0x0")
        self.station.start_kiosk()
        self.expect({1: (0, 0, *SECOND[2:])}, own=1)
        self.screen.plug(0, 640, 480)
        self.expect({0: (1024, 0, 640, 480), 1: (0, 0, *SECOND[2:])}, own=1)

    def test_haste(self):
        """A loose cable, beside a server that is asked all the while: what is there in the end is lit."""
        self.station.start_kiosk()
        for _ in range(HASTE):
            self.screen.plug(1, *SECOND[2:])
            self.screen.pull(1)
        self.screen.plug(1, *SECOND[2:])
        self.expect({0: FIRST, 1: SECOND})

    def test_desk(self):
        """Beside a window on a desk monitors are others' business."""
        self.station.start_kiosk("--windowed")
        self.screen.plug(1, *SECOND[2:])
        # An answer comes when the change of monitors was heard of; a second one when nothing was left to do about it.
        for _ in range(2):
            self.assertEqual(self.station.status_on_bus(), "idle")
        self.assertEqual(self.screen.outputs(), {0: FIRST})


if __name__ == "__main__":
    cases.main()
