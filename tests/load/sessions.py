#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hundreds of sessions in a row on one kiosk: nothing grows."""
import random

import loadkit
import slope
from stationkit import cases, guests

SESSIONS = loadkit.number_of("AST_LOAD_SESSIONS", 300)
READ_EACH, WORK_EACH = max(SESSIONS // 60, 1), 25
# What is loaded, or made once, has been by then.
WARM_UP = max(SESSIONS // 10, 10)
MADE_UP = range(0, 300, 5)


class Sessions(loadkit.LoadCase):
    """The small guest, again and again."""

    def test_judge(self):
        """What leaks is found, what only trembles is not: on series that are made up"""
        chance = random.Random(7)
        trembling = [20000 + chance.gauss(0, 60) for _ in MADE_UP]
        self.assertFalse(slope.grows(slope.fit(MADE_UP, trembling), loadkit.MEMORY))
        # An allocator that takes a piece more in the middle, for good.
        step = [value + 140 * (place >= 150) for place, value in zip(MADE_UP, trembling)]
        self.assertFalse(slope.grows(slope.fit(MADE_UP, step), loadkit.MEMORY))
        leak = [value + 3 * place for place, value in zip(MADE_UP, trembling)]
        self.assertTrue(slope.grows(slope.fit(MADE_UP, leak), loadkit.MEMORY))
        self.assertFalse(slope.grows(slope.fit(MADE_UP, [31 + (place >= 200) for place in MADE_UP]), loadkit.PIECES))
        self.assertTrue(slope.grows(slope.fit(MADE_UP, [31 + place // 50 for place in MADE_UP]), loadkit.PIECES))

    def test_sessions(self):
        """Memory, descriptors, threads, children, files and what is logged, over all sessions"""
        series = loadkit.Series("session")
        self.add_sample()
        self.station.start_kiosk()
        for number in range(1, SESSIONS + 1):
            if number % WORK_EACH == 0:
                self.work()
            else:
                self.begin()
            self.end()
            if number % READ_EACH == 0:
                self.wait_for_rest()
                self.read(series, number)
        self.screen.wait_for("Type to search")
        self.assertEqual(self.judge("sessions", series, WARM_UP), [], "what grows")

    def work(self):
        """A guest that boots to its prompt, and is typed into."""
        self.bring_up(self.begin, guests.COLOURS["tiny"])
        self.enter("paint 884400")
        self.wait_for_colour("884400", seconds=60)


if __name__ == "__main__":
    cases.main()
