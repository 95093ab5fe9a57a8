#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""USB devices that come and go beside a running guest. They are umockdev's: they can be seen, and not be opened, so that none
gets into the guest. (The suite “station” has devices that do.)"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, guests, mockusb, processes  # noqa: E402

FAILED = "does not get into the guest"
HELPER = "spice-client-glib-usb-acl-helper"


class Plugged(guests.GuestCase):
    """A small guest, and a kiosk that sees ports of ours."""

    def setUp(self):
        super().setUp()
        self.ports = mockusb.Ports()
        self.addCleanup(self.ports.close)

    def show_guest(self, devices="<usb/>", rules=None, **env):
        """A session in which devices may be used."""
        if rules:
            self.station.write_config(usb={"rules": rules})
        self.add_sample(change=lambda text: text.replace("<devices/>", f"<devices>{devices}</devices>"))
        self.desk.virsh("version")  # libvirt's daemon is to see the machine as it is
        self.station.start_kiosk(**self.ports.environment(self.station.build / "src/kiosk/asteroide") | env)
        self.start()

    def plugged(self):
        """What the kiosk tells of each device, by place."""
        return {ident.removeprefix("usb:"): device for ident, device in self.devices().items()}

    def wait_for(self, count):
        """Waits until so many devices are listed."""
        processes.wait_until(lambda: len(self.devices()) == count, lambda: f"{count} devices: {self.devices()}", 60, 0.3)

    def test_stick(self):
        """One that was there before and one that comes: a line each that says it failed; tried twice, and once more by hand"""
        self.ports.plug("1-1", "0951:1666", mockusb.STICK, manufacturer="Kingston", product="DataTraveler")
        self.show_guest()
        self.ports.plug("1-2.3", "058f:6387", mockusb.STICK, manufacturer="Generic", product="Flash <b>Disk</b>")
        self.wait_for(2)
        self.station.wait_until(lambda: self.station.kiosk.said().count(FAILED) == 4, "two tries for each", 60)
        tray = self.open_tray()
        self.screen.wait_for("Kingston", area=tray)
        self.screen.wait_for("did not take it", area=tray)
        self.station.shot("failed")
        self.assertEqual(self.plugged()["1-2.3"]["name"], "Generic Flash <b>Disk</b>")
        self.switch("Kingston", tray)
        self.station.wait_until(lambda: self.station.kiosk.said().count(FAILED) == 5, "a try by hand", 30)
        self.ports.unplug("1-1")
        self.wait_for(1)
        # The same one again is a new one (in another port: umockdev knows no return to the first).
        self.ports.plug("1-3", "0951:1666", mockusb.STICK, manufacturer="Kingston", product="DataTraveler")
        self.station.wait_until(lambda: self.station.kiosk.said().count(FAILED) == 7, "two tries again", 60)
        before = self.failures()
        self.desk.virsh("reset", guests.DOMAIN)
        self.station.wait_until(lambda: all(now >= before[place] + 2 for place, now in self.failures().items()),
                                lambda: f"two for each after the guest's restart: {before}, {self.failures()}", 60)
        self.stop("--force")

    def test_restart(self):
        """The guest starts anew while one is on its way into it: should that fail, it is tried once more, too"""
        self.ports.plug("1-1", "0951:1666", mockusb.STICK, manufacturer="Kingston", product="DataTraveler")
        # The library's helper finds no polkit, says so, and, where that does not end it, waits for an answer.
        self.show_guest(G_DEBUG="")
        self.wait_until_coming()
        self.desk.virsh("reset", guests.DOMAIN)
        self.station.wait_until(lambda: self.screen.share(guests.COLOURS["tiny"]) < 0.1, "the guest's restart", 60, 0.1)
        for tries in (1, 2):
            self.wait_until_coming()
            processes.end(self.desk.processes(HELPER))
            self.station.wait_until(lambda: self.failures() == {"1-1": tries}, lambda: f"{tries} tries: {self.failures()}", 60)
        self.stop("--force")

    def wait_until_coming(self):
        """Waits until the stick is on its way into the guest."""
        self.station.wait_until(lambda: self.plugged()["1-1"]["state"] == "coming" and self.desk.processes(HELPER), "one on its way", 60)

    def failures(self):
        """How often each device that is listed has failed to get in."""
        return {place: self.station.kiosk.said().count(f"(usb:{place}) {FAILED}") for place in self.plugged()}

    def test_card(self):
        """The graphics card goes and comes again: the kiosk ends for a new display server, and the next one shows the same guest"""
        self.ports.plug_card()
        self.show_guest('<usb><deny vendor="0x0951"/></usb>')
        guest = self.qemu()
        self.ports.unplug_card()
        self.ports.plug("1-1", "0951:1666", mockusb.STICK, manufacturer="Kingston", product="DataTraveler")
        self.wait_for(1)
        self.ports.plug_card()
        self.assertEqual(self.station.kiosk.process.wait(30), 1)
        self.assertIn("graphics card had gone", self.station.kiosk.said())
        self.next_kiosk()
        self.wait_for_colour(guests.COLOURS["tiny"])
        self.assertEqual(self.qemu(), guest)
        self.stop("--force")

    def test_rules(self):
        """What a rule refuses is listed with the rule, and not tried; what is the station's own is not listed"""
        self.show_guest('<usb><deny vendor="0x04a9"/></usb>', "deny class=video")
        self.ports.plug("1-1", "046d:0825", mockusb.CAMERA + mockusb.MICROPHONE, product="Webcam")
        self.ports.plug("1-2", "04a9:1", mockusb.PRINTER, product="Canon")
        self.ports.plug("1-3", "046d:c31c", mockusb.KEYBOARD, product="Keyboard")
        self.ports.plug("1-4", "046d:c077", mockusb.MOUSE, product="Mouse")
        self.ports.plug("1-5", "05e3:0608", mockusb.HUB, "09:00:01", product="Hub")
        self.ports.plug("1-6", "0951:1666", mockusb.STICK + mockusb.KEYBOARD, product="A stick that types")
        self.wait_for(2)
        found = self.plugged()
        self.assertEqual({path: device["state"] for path, device in found.items()}, {"1-1": "refused", "1-2": "refused"})
        self.assertIn("deny class=video", found["1-1"]["note"])
        self.assertIn("appliance.xml", found["1-2"]["note"])
        done = self.station.ctl("give", "usb:1-1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("deny class=video", done.stderr)
        tray = self.open_tray()
        self.screen.wait_for("Webcam", area=tray)
        self.station.shot("refused")
        self.assertNotIn(FAILED, self.station.kiosk.said())
        self.stop("--force")

    def test_fifty(self):
        """Fifty at once, with strings that are none; all of them gone at once"""
        broken = [b"\xff\xfe\x80broken", "<b>&amp;markup</b>\n", "x" * 300, "two\nlines\tand \x1b[31mcolour", "\u202eturned", "", "%s%n"]
        self.show_guest()
        for number in range(50):
            self.ports.plug(f"2-{number // 7 + 1}.{number % 7 + 1}", "0951:1666", mockusb.STICK, manufacturer="",
                            product=broken[number % len(broken)])
        self.wait_for(50)
        for device in self.devices().values():
            self.assertTrue(device["name"].isprintable() and 0 < len(device["name"]) <= 100, device)
            self.assertNotIn("\u202e", device["name"])
        tray = self.open_tray()
        self.screen.wait_for("this machine", area=(0, 60, *tray[2:]))
        self.station.shot("fifty")
        for path in [path for path in self.ports.places if "." in path]:
            self.ports.unplug(path)
        self.wait_for(0)
        self.screen.wait_for("There is nothing", area=tray)
        self.assertIn(self.station.state(), ("booting", "ready"))
        self.screen.key("Escape")
        self.stop("--force")


if __name__ == "__main__":
    cases.main()
