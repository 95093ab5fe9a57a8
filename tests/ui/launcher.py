#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""The launcher: what it shows, and how one finds and starts an appliance with mouse or keys."""
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, display, processes  # noqa: E402

BROKEN = ('<appliance xmlns="urn:asteroide:appliance:1" id="broken"><name>Broken lab</name>\n'
          '<nonsense/></appliance>')


class Launcher(cases.StationCase):
    """No guest is needed: a start is seen by its appliance, and cancelled."""

    def add_three(self):
        """Three appliances of two categories."""
        self.station.add("alpha", "Alpha writer", summary="Letters and tables", category="office")
        self.station.add("beta", "Beta router", summary="Cables and packets", category="network")
        self.station.add("gamma", "Gamma drawing", summary="Lines and colours", category="office")

    def expect_started(self, ident):
        """This appliance was chosen; its start is cancelled."""
        self.station.wait_state("preparing", "starting", "booting", "ready")
        self.assertEqual(self.station.status()["appliance"], ident)
        self.assertEqual(self.station.ctl("stop", "--force").returncode, 0)
        self.station.wait_state("idle")

    def expect_idle(self, seconds=1.5):
        """Nothing starts."""
        time.sleep(seconds)
        self.assertEqual(self.station.state(), "idle")

    def test_tiles(self):
        """Name and summary of each; a broken one is grey and says why."""
        self.add_three()
        self.station.add_text("broken", BROKEN)
        self.station.start_kiosk()
        self.screen.wait_for("Alpha writer")
        words = self.screen.read()
        self.station.shot("tiles")
        for phrase in ("Alpha writer", "Letters and tables", "Beta router", "Cables and packets", "Gamma drawing",
                       "Broken lab", "is not known in"):
            self.assertTrue(display.find(words, phrase), f"{phrase} in {' '.join(w.text for w in words)}")
        left, top, _, _ = display.find(words, "Broken lab")
        self.assertNotEqual(self.screen.colour(left - 30, top - 20), "ffffff")
        left, top, _, _ = display.find(words, "Beta router")
        self.assertEqual(self.screen.colour(left - 30, top - 20), "ffffff")
        self.screen.click_on("Broken lab")
        self.expect_idle()

    def test_click(self):
        """A click on a tile starts its appliance."""
        self.add_three()
        self.station.start_kiosk()
        self.screen.click_on("Beta router")
        self.expect_started("beta")

    def test_keyboard_alone(self):
        """Arrows and Enter are enough."""
        self.add_three()
        self.station.start_kiosk()
        self.screen.wait_for("Alpha writer")
        self.screen.key("Right", "Right", "Return")
        self.expect_started("gamma")

    def test_type_to_search(self):
        """What is typed filters the tiles, Enter starts the first; Escape shows all again."""
        self.add_three()
        self.station.start_kiosk()
        self.screen.wait_for("Alpha writer")
        self.screen.type("rout")
        processes.wait_until(lambda: not self.screen.find("Alpha writer"), "the others hidden")
        self.station.shot("search")
        self.assertTrue(self.screen.find("Beta router"))
        self.screen.key("Escape")
        self.screen.wait_for("Alpha writer")
        self.screen.type("zzz")
        self.screen.wait_for("No appliance matches")
        self.screen.key("Escape")
        self.screen.type("draw")
        processes.wait_until(lambda: not self.screen.find("Alpha writer"), "the others hidden")
        self.screen.key("Return")
        self.expect_started("gamma")

    def test_category(self):
        """A click on a category leaves its tiles, All brings them back."""
        self.add_three()
        self.station.start_kiosk()
        self.screen.click_on("Network")
        processes.wait_until(lambda: not self.screen.find("Alpha writer"), "the others hidden")
        self.assertTrue(self.screen.find("Beta router"))
        self.station.shot("category")
        self.screen.click_on("Office")
        self.screen.wait_for("Gamma drawing")
        self.assertFalse(self.screen.find("Beta router"))

    def test_about(self):
        """F1 tells the station's name, the host's, and the version; F1 or Escape closes it."""
        self.add_three()
        self.station.start_kiosk()
        self.screen.wait_for("Alpha writer")
        for closing in ("F1", "Escape"):
            self.screen.key("F1")
            self.screen.wait_for("F1 or Escape closes this")
            text = self.screen.text()
            self.station.shot("about")
            version = self.station.ctl("version").stdout.split()[-1]
            self.assertIn(version, text)
            self.assertIn("Host name", text)
            self.screen.key(closing)
            processes.wait_until(lambda: not self.screen.find("F1 or Escape closes this"), "the panel closed")

    def test_volume(self):
        """The volume keys are the station's; what they changed is told until a session has ended, or it is as it was."""
        width, height = self.screen.size

        def corner():
            return " ".join(word.text for word in self.screen.read((width // 2, height - 110, width, height - 48)))
        self.add_three()
        self.station.write_config(sound={"volume": 70})
        self.station.start_kiosk()
        self.screen.wait_for("Alpha writer")
        self.assertNotIn("Sound", corner())
        self.screen.key("XF86AudioLowerVolume", "XF86AudioLowerVolume")
        self.station.wait_until(lambda: "Sound 50" in corner(), "the volume")
        self.station.shot("volume")
        self.screen.key("XF86AudioMute")
        self.station.wait_until(lambda: "Sound off" in corner(), "that it is muted")
        self.screen.key("XF86AudioRaiseVolume", "XF86AudioRaiseVolume")
        self.station.wait_until(lambda: "Sound" not in corner(), "nothing to be told")
        self.screen.key("XF86AudioRaiseVolume", "XF86AudioMute")
        self.station.wait_until(lambda: "Sound off" in corner(), "that it is muted")
        self.screen.click_on("Beta router")
        self.expect_started("beta")
        self.station.wait_until(lambda: "Sound" not in corner(), "the volume of the room again")

    def test_countdown(self):
        """The default appliance starts by itself when the time is over."""
        self.add_three()
        self.station.write_config(launcher={"default": "gamma", "timeout": "4"})
        self.station.start_kiosk()
        self.screen.wait_for("Press any key to choose yourself")
        self.station.shot("countdown")
        self.expect_started("gamma")

    def test_countdown_stopped(self):
        """Any key, or a click beside the tiles, stops the countdown."""
        self.add_three()
        self.station.write_config(launcher={"default": "gamma", "timeout": "10"})
        for stop in (lambda: self.screen.key("Down"), lambda: self.screen.click(40, 600)):
            self.station.start_kiosk()
            self.screen.wait_for("Press any key to choose yourself")
            stop()
            processes.wait_until(lambda: not self.screen.find("Press any key to choose yourself"), "no countdown", 30)
            self.expect_idle(11)
            self.assertEqual(self.station.kiosk.end(), 0, self.station.kiosk.said())

    def test_live(self):
        """A new folder becomes a tile, a descriptor that breaks turns grey, a folder that goes takes its tile along."""
        self.add_three()
        self.station.start_kiosk()
        self.screen.wait_for("Alpha writer")
        self.station.add("delta", "Delta player")
        # The promise is a second, held by the catalogue's own test.
        self.screen.wait_for("Delta player")
        (self.station.appliances / "beta/appliance.xml").write_text("<appliance", encoding="utf-8")
        processes.wait_until(lambda: not self.screen.find("Beta router"), "the broken one changed", 10)
        self.station.shot("broken")
        (self.station.appliances / "gamma").rename(self.station.folder / "gone")
        processes.wait_until(lambda: not self.screen.find("Gamma drawing"), "the tile gone", 10)
        self.screen.wait_for("Alpha writer")

    def test_locked(self):
        """Keys that close or uncover something elsewhere do nothing here."""
        self.add_three()
        self.station.start_kiosk()
        self.screen.wait_for("Alpha writer")
        before = self.screen.look_when_still()
        keys = [f"F{n}" for n in range(2, 13)] + ["alt+F4", "ctrl+q", "ctrl+w", "ctrl+shift+i", "ctrl+shift+d", "alt+Tab",
                                                  "super", "Menu", "F10", "shift+F10", "alt+space", "ctrl+alt+BackSpace"]
        self.screen.key(*keys)
        self.expect_idle()
        self.assertTrue(self.station.kiosk.is_running())
        self.assertLess(display.difference(before, self.screen.look_when_still()), 0.5)
        self.screen.key("Return")
        self.expect_started("alpha")

    def test_thousand(self):
        """With 1,000 descriptors it comes up, finds one by typing and starts it."""
        for number in range(1000):
            self.station.add(f"lab-{number:04}", f"Course {number:04}")
        self.station.add("needle", "Sought needle")
        began = time.monotonic()
        self.station.start_kiosk()
        self.screen.wait_for("Course 0001", 60)
        print(f"# up after {time.monotonic() - began:.1f} s")
        self.screen.type("sought")
        self.screen.wait_for("Sought needle", 60)
        self.station.shot("found")
        self.screen.key("Return")
        self.expect_started("needle")


if __name__ == "__main__":
    cases.main()
