#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""A day of a station, within minutes: the kiosk's clocks run faster than the station's (stationkit/fasttime.py), and jump."""
from datetime import datetime
from zoneinfo import ZoneInfo

import loadkit
from stationkit import cases, fasttime, guests

HOURS = max(loadkit.number_of("AST_LOAD_HOURS", 24), 4)
# One session goes on for so many hours, from the middle of the day on.
LONG, LONG_FROM = HOURS // 4, HOURS // 2
RATE = 120
ZONE = ZoneInfo("Europe/Berlin")
MORNING = datetime(2027, 1, 12, 6, 0, tzinfo=ZONE)
MINUTE, HOUR, YEAR = 60, 3600, 365 * 24 * 3600
# An hour has two readings at rest, a session of so many minutes, and some more at rest.
REST, SESSION = 15, 25
READ_IN_SESSION = 10
# Summer time begins at two o'clock.
SPRING = datetime(2027, 3, 28, 1, 59, 30, tzinfo=ZONE)


class Day(loadkit.LoadCase):
    """The small guest, and a clock that is ours."""

    def start(self, wall):
        """A kiosk with a clock of its own, on a station whose sessions end where nobody is, some day."""
        self.fast = fasttime.FastTime(self.build, self.station.folder / "clock", RATE, wall.timestamp())
        self.station.write_config(session={"idle-minutes": 24 * 60})
        self.add_sample()
        self.station.start_kiosk(TZ=ZONE.key, **self.fast.env)
        self.expect_clock()

    def told_time(self):
        """As people read it."""
        return datetime.fromtimestamp(self.fast.wall(), ZONE).strftime("%H:%M")

    def expect_clock(self):
        """The launcher shows the time."""
        width = self.screen.size[0]
        self.station.wait_until(lambda: self.screen.find(self.told_time(), (width - 180, 20, width - 20, 110)),
                                lambda: f"{self.told_time()} on the launcher, which says: {self.screen.text()}", 90, 1)

    def live(self, minutes, *states):
        """Minutes of the kiosk's life, with a status poll in each of them; the status stays, and nothing is logged."""
        before, logged = self.poll(), self.logged()

        def look():
            now = self.poll()
            self.assertIn(now["State"], states)
            self.assertEqual(now["Since"], before["Since"] if now["State"] == before["State"] else now["Since"])
        self.fast.live(minutes * MINUTE, MINUTE, look)
        self.assertEqual(self.logged(), logged, self.station.kiosk.said()[logged:])

    # The day

    def test_day(self):
        """At rest, in a session each hour and in one that goes on for hours: nothing grows, and nobody writes a log at rest"""
        self.start(MORNING)
        self.rest, self.work = loadkit.Series("hour"), loadkit.Series("hour")
        while (hour := int(self.fast.passed() / HOUR)) < HOURS:
            if hour == LONG_FROM:
                self.long_session()
            else:
                self.usual_hour()
            self.expect_clock()
        # Before its first session a kiosk has not loaded all that it needs for one.
        grown = [*self.judge("day at rest", self.rest, max(HOURS / 10, 1)), *self.judge("day in a session", self.work, 0.3)]
        self.assertEqual(grown, [], "what grows")

    def usual_hour(self):
        """At rest, in a session, at rest."""
        end = (int(self.fast.passed() / HOUR) + 1) * HOUR
        for _ in range(2):
            self.live(REST, "idle")
            self.wait_for_rest()
            self.read(self.rest, self.fast.passed() / HOUR)
        self.begin()
        self.live(SESSION, "booting", "ready")
        self.end()
        self.live(max(end - self.fast.passed(), MINUTE) / MINUTE, "idle")

    def long_session(self):
        """Hours, with a guest in which one can work."""
        began = self.fast.passed()
        self.bring_up(self.begin, guests.COLOURS["tiny"])
        while self.fast.passed() - began < LONG * HOUR:
            self.live(READ_IN_SESSION, "booting", "ready")
            self.read(self.work, (self.fast.passed() - began) / HOUR)
        self.expect_work("884400", began)
        self.end()

    # Jumps

    def test_jumps(self):
        """The clock of the wall jumps in a session, a year ahead and a year back and into summer time: all goes on, and tells the right time"""
        self.start(SPRING.replace(hour=0))
        began = self.fast.passed()
        self.bring_up(self.begin, guests.COLOURS["tiny"])
        self.live(2, "booting", "ready")
        since = self.poll()["Since"]
        for colour, wall in (("884400", self.fast.wall() + YEAR), ("118811", self.fast.wall()), ("551155", self.fast.wall() - YEAR),
                             ("663300", SPRING.timestamp())):
            self.fast.set_wall(wall)
            self.live(12, "ready")
            self.assertEqual(self.poll()["Since"], since)
            self.expect_work(colour, began)
        self.assertTrue("03:10" <= self.told_time() <= "03:59", self.told_time())
        self.end()
        self.expect_clock()
        self.station.shot("summer")
        for wall in (self.fast.wall() + YEAR, self.fast.wall() - YEAR):
            self.fast.set_wall(wall)
            self.live(2, "idle")
            self.expect_clock()

    def expect_work(self, colour, began):
        """One can work in the guest, and the bar tells for how long it is there."""
        self.enter(f"paint {colour}")
        self.wait_for_colour(colour, seconds=60)
        self.screen.key("ctrl+alt+Home")
        self.station.wait_until(lambda: self.screen.find(self.told_length(began), self.bar()), lambda: f"{self.told_length(began)} in the bar", 60, 1)
        self.station.shot(colour)
        self.screen.key("Escape")

    def told_length(self, began):
        """As the bar tells how long a session is there."""
        minutes = int((self.fast.passed() - began) / MINUTE)
        return f"{minutes // 60}:{minutes % 60:02} h"


if __name__ == "__main__":
    cases.main()
