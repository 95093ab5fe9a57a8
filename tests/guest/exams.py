#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""An exam is seen, its ways out are closed, and it can still be ended from outside."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, guests, processes  # noqa: E402
from stationkit.station import DOMAIN  # noqa: E402

EXAM = "8a1f6a"  # the colour of the style sheet


def exam(allow=""):
    """The descriptor of an exam, with a card that would reach the station's network and all devices."""
    def change(text):
        assert '<network type="none"/>' in text and "<devices/>" in text
        text = text.replace('<network type="none"/>', f'<network type="user"/><exam allow="{allow}"/>')
        return text.replace("<devices/>", "<devices><usb/><dvd/><clipboard/></devices>")
    return change


class Exams(guests.GuestCase):
    """Sessions in the tiny guest."""

    def header(self):
        """The launcher's first lines."""
        return (0, 0, self.screen.size[0], 140)

    def open_bar(self):
        """Opens the bar of an exam."""
        self.screen.key("ctrl+alt+Home")
        self.screen.wait_for("Back to work", area=self.bar())
        self.screen.wait_for("Exam", area=self.bar())
        self.assertGreater(self.screen.share(EXAM, area=self.bar()), 0.5)

    def card_is_plugged(self):
        """Does QEMU lead the guest's card anywhere?"""
        cards = [word for word in processes.command_line(self.qemu()) if '"id":"ua-net0"' in word]
        self.assertEqual(len(cards), 1, cards)
        return '"netdev"' in cards[0]

    def redirections(self):
        """How many USB devices could be given to the guest?"""
        return self.desk.virsh("dumpxml", DOMAIN).count("<redirdev ")

    def test_closed(self):
        """Tile and bar say it; there is no button that ends it, no cable, no port; asteroidectl ends it."""
        self.add_sample(change=exam())
        self.station.start_kiosk(**self.hold_back("qemu-system-x86_64", "*guest=asteroide*"))
        self.screen.wait_for("Exam")
        self.assertIsNone(self.screen.find("Exam", self.header()))
        self.station.shot("tile")
        self.choose()
        self.screen.wait_for("Switching the machine on")
        self.screen.wait_for("Exam")
        self.assertGreater(self.screen.share(EXAM), 0.002)
        self.station.shot("start")
        self.gate().unlink()
        self.wait_for_colour(guests.COLOURS["tiny"])
        self.station.wait_state("ready")
        self.assertFalse(self.card_is_plugged())
        self.assertEqual(self.redirections(), 0)
        self.open_bar()
        self.station.shot("bar")
        self.screen.wait_for("Help", area=self.bar())
        for button in ("End session", "Start afresh", "Ctrl+Alt+Del", "Devices"):
            self.assertIsNone(self.screen.find(button, self.bar()), button)
        # The one button has the focus.
        self.screen.key("Return")
        self.station.wait_until(lambda: self.screen.share(EXAM) == 0, "a closed bar")
        self.desk.virsh("suspend", DOMAIN)
        self.desk.call_kiosk("Stop", "boolean:false")
        self.screen.wait_for("it will be switched off", 30, self.bar())
        self.station.shot("countdown")
        self.assertIsNone(self.screen.find("Switch off now", self.bar()))
        self.stop("--force")

    def test_allowed(self):
        """What the descriptor allows is open."""
        self.add_sample(change=exam("network usb end restart"))
        self.station.start_kiosk()
        self.start()
        self.station.wait_state("ready")
        self.assertTrue(self.card_is_plugged())
        self.assertEqual(self.redirections(), 4)
        self.open_bar()
        self.screen.wait_for("Start afresh", area=self.bar())
        self.assertIsNone(self.screen.find("Ctrl+Alt+Del", self.bar()))
        self.screen.click_on("End session", area=self.bar())
        self.screen.click_on("End it", area=guests.end_area(self.screen))
        self.wait_for_end()

    def test_station(self):
        """A station under exam says so above its tiles, and closes an appliance that knows of no exam."""
        self.add_sample(change=lambda text: exam()(text).replace('<exam allow=""/>', ""))
        self.station.write_config(station={"exam": "yes"})
        self.station.start_kiosk()
        self.screen.wait_for("Exam", area=self.header())
        self.station.shot("launcher")
        self.start()
        self.assertFalse(self.card_is_plugged())
        self.assertEqual(self.redirections(), 0)
        self.open_bar()
        self.assertIsNone(self.screen.find("End session", self.bar()))
        self.stop("--force")


if __name__ == "__main__":
    cases.main()
