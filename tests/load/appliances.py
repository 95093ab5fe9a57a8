#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""A station with a thousand appliances, some of them broken, beside one with a screenful."""
import time

import loadkit
from stationkit import cases, fasttime, guests, processes

FEW, MANY = 24, 1000
# Each so many is broken.
BROKEN_EACH = 50
RATE, HOUR = 120, 3600
# At rest, what many take of the processor is no multiple of what few take.
MOST_AT_REST = 2
CHANGED = "Renamed meanwhile"


class Appliances(loadkit.LoadCase):
    """One kiosk for each number."""

    def fill(self, count):
        """So many appliances, of which one can really be used."""
        self.add_many(self.station, count - 1)
        for number in range(0, count - 1, BROKEN_EACH):
            descriptor = self.station.appliances / f"a{number:04}/appliance.xml"
            descriptor.write_text(descriptor.read_text(encoding="utf-8").replace("</name>", "</name><nonsense/>"), encoding="utf-8")
        self.add_sample()

    def start_kiosk(self):
        """The kiosk with all tiles, and with clocks that can run."""
        fast = fasttime.FastTime(self.build, self.station.folder / "clock", RATE)
        began = time.monotonic()
        self.station.start_kiosk(**fast.env)
        # Nobody has used anything yet: it is the first of the usable ones by its name.
        self.screen.wait_for("Appliance 1")
        seen = time.monotonic() - began
        self.wait_for_rest()
        return fast, seen

    def find_by_typing(self, text, name):
        """Types into the search, until this can be read."""
        self.screen.type(text)
        self.screen.wait_for(name)
        self.station.shot("found")

    def rest(self, fast):
        """Seconds of the processor in an hour at rest, with sixty minutes on its clock."""
        self.wait_for_rest()
        before = processes.cpu_seconds(self.station.kiosk.pid)
        fast.live(HOUR, HOUR)
        return processes.cpu_seconds(self.station.kiosk.pid) - before

    def use(self):
        """Search, a change, a session."""
        self.assertIn("103", self.screen.text())
        self.find_by_typing("977", "Appliance 977")
        self.assertNotIn("103", self.screen.text())
        self.screen.key("Escape")
        descriptor = self.station.appliances / "a0977/appliance.xml"
        new = descriptor.with_suffix(".new")
        new.write_text(descriptor.read_text(encoding="utf-8").replace("Appliance 977", CHANGED), encoding="utf-8")
        new.rename(descriptor)
        self.find_by_typing("renamed", CHANGED)
        self.screen.key("Escape")
        # A broken one can be found, tells why it is, and does not start.
        self.find_by_typing("950", "is not known in")
        self.screen.key("Return", "Escape")
        self.assertEqual(self.station.state(), "idle")
        self.find_by_typing("command", guests.NAMES["tiny"])
        self.screen.key("Return")
        self.station.wait_state("booting", "ready")
        self.wait_for_colour(guests.COLOURS["tiny"])
        self.end()

    def test_many(self):
        """All come up, are searched, changed and used; what they cost in memory, and that they cost nothing at rest"""
        costs = {}
        for count in (FEW, MANY):
            self.station = self.make_station()
            self.fill(count)
            fast, seen = self.start_kiosk()
            memory = processes.memory(self.station.kiosk.pid)
            costs[count] = {"seconds to the first tiles": seen, "MiB": memory, "processor seconds of an hour at rest": self.rest(fast)}
            if count == MANY:
                self.use()
            self.begin()
            self.end()
            self.wait_for_rest()
            costs[count]["MiB after a session"] = processes.memory(self.station.kiosk.pid)
            self.assertEqual(self.station.kiosk.end(), 0)
        for count, cost in costs.items():
            print(f"# figure: {count} appliances: {', '.join(f'{name} {value:.2f}' for name, value in cost.items())}")
        self.keep_report("load", "appliances.json", costs)
        few, many = (costs[count]["processor seconds of an hour at rest"] for count in (FEW, MANY))
        self.assertLess(many, few * MOST_AT_REST)


if __name__ == "__main__":
    cases.main()
