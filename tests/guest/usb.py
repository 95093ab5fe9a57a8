#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ports that a descriptor wants are there, at libvirt and at QEMU, and its rules with them."""
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, guests, processes  # noqa: E402
from stationkit.station import DOMAIN  # noqa: E402

CURRENT = "http://debian.org/debian/12"
OLD = "http://debian.org/debian/6"  # of before USB 3, by the osinfo database
RULES = '<deny class="video"/><allow vendor="046d" product="0825"/>'


def wanting(system, ports):
    """The descriptor of the sample for another system and so many devices."""
    def change(text):
        assert CURRENT in text and "<devices/>" in text
        return text.replace(CURRENT, system).replace("<devices/>",
                                                     f'<devices><usb ports="{ports}">{RULES}</usb><dvd/></devices>')
    return change


class Ports(guests.GuestCase):
    """Sessions in the tiny guest."""

    def devices(self):
        """What libvirt says of the running domain's devices."""
        return ElementTree.fromstring(self.desk.virsh("dumpxml", DOMAIN)).find("devices")

    def expect_ports(self, system, ports, discs, controller, controllers):
        """Each device and each disc has a port of a controller of its own, and none hangs on a hub of USB 1."""
        self.add_sample(change=wanting(system, ports))
        self.station.start_kiosk()
        self.choose()
        self.station.wait_state("booting", "ready")
        devices = self.devices()
        models = [element.get("model") for element in devices.findall("controller[@type='usb']")]
        self.assertEqual(models.count(controller), controllers, models)
        self.assertEqual(devices.findall("hub"), [])
        places = [(place.get("bus"), place.get("port")) for place in devices.findall("redirdev/address[@type='usb']")]
        self.assertEqual(len(set(places)), ports + discs, places)
        self.assertTrue(all(port.isdigit() for _, port in places), places)
        self.expect_filter()
        self.stop("--force")

    def expect_filter(self):
        """QEMU has the rules, for each of its redirections."""
        lines = [word for word in processes.command_line(self.qemu()) if '"usb-redir"' in word]
        wanted = ("-1:0x2B23:0xCDCD:-1:1|0x09:-1:-1:-1:0|0x03:0x046D:0x0825:-1:1|0x03:-1:-1:-1:0|0x0E:-1:-1:-1:0|"
                  "-1:0x046D:0x0825:-1:1|-1:-1:-1:-1:0")
        self.assertEqual([line for line in lines if wanted not in line], [])
        self.assertEqual(len(lines), len(self.devices().findall("redirdev")))

    def test_usb_3(self):
        """Eight devices and four discs on USB 3."""
        self.expect_ports(CURRENT, 8, 4, "qemu-xhci", 1)

    def test_usb_2(self):
        """On a system that knows USB 2 only, two controllers, and the discs have what the devices leave."""
        self.expect_ports(OLD, 8, 3, "ich9-ehci1", 2)

    def test_few_on_usb_2(self):
        """What one controller has room for needs no second one."""
        self.expect_ports(OLD, 1, 4, "ich9-ehci1", 1)


if __name__ == "__main__":
    cases.main()
