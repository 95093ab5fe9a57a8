#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest that means harm gets nothing of its station but what it was given."""
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, guests, processes  # noqa: E402

MIB = 1 << 20
BOUND = 24 * MIB  # less than the tiny guest's disk
RESERVE = 64 * MIB  # of every station in these tests


class Disk(guests.GuestCase):
    """A guest that writes until it can write no more."""

    def prepare(self, change=lambda text: text, bound=BOUND):
        """A station whose overlays are small."""
        self.add_sample(change=change)
        self.station.write_config(session={"overlay-mib": bound // MIB})
        self.station.start_kiosk()

    def overlay(self):
        """The one overlay's file."""
        found = [*self.station.overlays.glob("*.qcow2")]
        self.assertEqual(len(found), 1, found)
        return found[0]

    def fill(self):
        """The guest writes all over its disk, and is stopped."""
        self.enter("dd if=/dev/urandom of=/dev/vda bs=1M")
        self.station.wait_until(lambda: self.station.status().get("paused") == "no-space", "a guest that stands still", 120)

    def expect_within(self, bound=BOUND):
        """The overlay has almost its bound, and no more; the station has its reserve."""
        taken = self.overlay().stat().st_blocks * 512
        self.assertLessEqual(taken, bound)
        self.assertGreater(taken, bound - 4 * MIB)
        space = os.statvfs(self.station.overlays)
        self.assertGreaterEqual(space.f_bavail * space.f_frsize, RESERVE)

    def expect_told(self):
        """The screen and asteroidectl say it, and no key takes the bar away."""
        self.screen.wait_for("is used up", area=self.bar())
        self.station.shot("full")
        self.assertIsNone(self.screen.find("Go on", self.bar()))
        self.screen.key("Escape", "ctrl+alt+Home")
        self.screen.wait_for("is used up", area=self.bar())
        told = self.station.ctl("status").stdout
        self.assertRegex(told, r"2\d\.\d\sMiB of 24\.0\sMiB written")
        self.assertIn("disk space is used up", told)
        room = json.loads(self.station.ctl("status", "--json").stdout)["room"]
        self.assertEqual(room["bound"], BOUND)
        self.assertLessEqual(room["used"], BOUND)

    def end_paused(self):
        """Ends the session from the bar that stands there."""
        self.screen.click_on("End session", area=self.bar())
        self.screen.click_on("End it", area=guests.end_area(self.screen))
        self.wait_for_end()

    def test_full(self):
        """It stands still at its bound; the bar says so and ends it; the same appliance starts again."""
        self.prepare()
        self.start()
        self.fill()
        self.expect_told()
        self.expect_within()
        # More of the same: what goes on stands still again at once.
        before = self.overlay().stat().st_blocks
        self.desk.virsh("resume", "asteroide")
        self.station.wait_until(lambda: self.station.status().get("paused") == "no-space", "a guest that stands still again", 60)
        self.assertLess(self.overlay().stat().st_blocks - before, 2 * MIB // 512)
        self.expect_within()
        self.screen.wait_for("is used up", area=self.bar())
        self.end_paused()
        self.start()
        self.enter("dd if=/dev/urandom of=/dev/vda bs=1M seek=40 count=8 && sync && paint 118811")
        self.wait_for_colour("118811", seconds=60)
        self.stop("--force")

    def test_afresh(self):
        """“Start afresh” on the bar gives a new overlay."""
        self.prepare()
        self.start()
        self.fill()
        first = self.overlay()
        self.screen.click_on("Start afresh", area=self.bar())
        self.screen.wait_for("will be forgotten", area=self.bar())
        # The question's “no” is no way back to a guest that stands still.
        self.screen.click_on("Go on working", area=self.bar())
        self.screen.wait_for("is used up", area=self.bar())
        self.screen.click_on("Start afresh", area=self.bar())
        self.screen.click_on("Start it afresh", area=self.bar())
        processes.wait_until(lambda: not first.exists(), "the end of the old overlay", 60)
        self.wait_for_colour(guests.COLOURS["tiny"])
        self.assertIsNone(self.station.status()["paused"])
        self.stop("--force")

    def test_kept(self):
        """A kept overlay is full, is kept, and starts with another bound, also a smaller one."""
        self.prepare(lambda text: text.replace("<state>volatile</state>", "<state>kept</state>"))
        write = "dd if=/dev/urandom of=/dev/vda bs=1M seek=30 count={} && sync && paint {}"
        self.start()
        self.enter(write.format(12, "118811"))
        self.wait_for_colour("118811", seconds=60)
        self.stop("--force")
        for bound, writes in ((BOUND, True), (8 * MIB, False), (40 * MIB, True)):
            self.assertEqual(self.station.kiosk.end(), 0, self.station.kiosk.said())
            self.station.write_config(session={"overlay-mib": bound // MIB})
            self.station.start_kiosk()
            self.start()
            taken = self.overlay().stat().st_blocks * 512
            self.assertGreaterEqual(self.overlay().stat().st_size, 12 * MIB)
            self.assertLess(self.overlay().stat().st_size, max(bound, 20 * MIB) + 1)
            if writes:
                self.enter(write.format(4, "884400"))
                self.wait_for_colour("884400", seconds=60)
            else:
                self.fill_from(44)
                self.assertLess(self.overlay().stat().st_blocks * 512 - taken, 5 * MIB)
            self.stop("--force")

    def fill_from(self, mib):
        """The guest writes from here on, and is stopped."""
        self.enter(f"dd if=/dev/urandom of=/dev/vda bs=1M seek={mib}")
        self.station.wait_until(lambda: self.station.status().get("paused") == "no-space", "a guest that stands still", 120)


if __name__ == "__main__":
    cases.main()
