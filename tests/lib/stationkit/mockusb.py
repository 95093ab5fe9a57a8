# SPDX-License-Identifier: GPL-3.0-or-later
"""USB devices that are not there: a program run by umockdev sees them in /sys, and not the machine's own."""
import json
import re
import struct
import subprocess
import sys
import time

import gi

# umockdev gives up when a program has ten events that it has not read; seconds.
BETWEEN = 0.1

CONTROLLER = "/devices/pci0000:00/0000:00:14.0"
CARD = "/devices/pci0000:00/0000:00:02.0"
# What kinds of devices consist of: class, subclass and protocol of each interface.
STICK = ["08:06:50"]
CAMERA = ["0e:01:00", "0e:02:00"]
MICROPHONE = ["01:01:00", "01:02:00"]
KEYBOARD = ["03:01:01"]
MOUSE = ["03:01:02"]
BUTTONS = ["03:00:00"]
JOYSTICK = ["03:00:01"]
PRINTER = ["07:01:02"]
SMARTCARD = ["0b:00:00"]
PHONE = ["06:01:01"]
HUB = ["09:00:00"]


def attributes(values):
    """Lines of umockdev's: bytes as they are, which may be no text; a text with the new line that the kernel puts behind it."""
    raw = {name: value if isinstance(value, bytes) else value.removesuffix("\n").encode() + b"\n" for name, value in values.items()}
    return "".join(f"H: {name}={value.hex().upper()}\n" for name, value in raw.items())


def bus_of(path):
    """1-2.3 → 1; of a root hub: usb1 → 1."""
    return path.removeprefix("usb").partition("-")[0]


def describe(path, ident, interfaces, device="00:00:00", address=7, **strings):
    """One device, in umockdev's words. `path` as 1-2.3; `ident` as 0951:1666; `strings`: manufacturer, product, serial."""
    vendor, product = ident.split(":")
    numbers = device.split(":")
    place = f"{CONTROLLER}/usb{bus_of(path)}" + (f"/{path}" if "-" in path else "")
    text = f"P: {place}\nE: DEVTYPE=usb_device\nE: SUBSYSTEM=usb\n" + attributes({
        "idVendor": vendor, "idProduct": product, "busnum": bus_of(path), "devnum": str(address),
        "bDeviceClass": numbers[0], "bDeviceSubClass": numbers[1], "bDeviceProtocol": numbers[2],
        "bNumInterfaces": f"{len(interfaces):2}", **strings})
    for index, interface in enumerate(interfaces):
        numbers = interface.split(":")
        text += (f"\nP: {place}/{path}:1.{index}\nE: DEVTYPE=usb_interface\nE: SUBSYSTEM=usb\n" + attributes({
            "bInterfaceClass": numbers[0], "bInterfaceSubClass": numbers[1], "bInterfaceProtocol": numbers[2]}))
    return text + "\n"


def sanitizer(program):
    """The address sanitizer's library where the program has it: it wants to be loaded before umockdev's."""
    needed = subprocess.run(["ldd", program], stdout=subprocess.PIPE, text=True, check=True).stdout
    found = re.search(r"=> (\S*/libasan\.so\S*)", needed)
    return found[1] if found else ""


def command(description, program, *words):
    """The command that runs a program among the devices that the file describes."""
    return ["umockdev-run", "-d", description, "--", "/bin/sh", "-c", 'LD_PRELOAD="$0:$LD_PRELOAD" exec "$@"',
            sanitizer(program), program, *words]


def descriptors(ident, interfaces, device="00:00:00"):
    """What the device tells the kernel when it is asked (USB 2.0, chapter 9): the device, and its one configuration."""
    vendor, product = (int(number, 16) for number in ident.split(":"))
    whole = bytes(int(number, 16) for number in device.split(":"))
    parts = b"".join(bytes([9, 4, index, 0, 0, *(int(number, 16) for number in interface.split(":")), 0])
                     for index, interface in enumerate(interfaces))
    return (struct.pack("<BBH3sBHHHBBBB", 18, 1, 0x200, whole, 64, vendor, product, 0x100, 0, 0, 0, 1)
            + struct.pack("<BBHBBBBB", 9, 2, 9 + len(parts), len(interfaces), 1, 0, 0x80, 50) + parts)


class Ports:
    """The ports of a station, into which devices are plugged while programs run."""

    def __init__(self):
        # Who tells of a device has to see it, too: a process of its own.
        self.hand = subprocess.Popen(["umockdev-wrapper", sys.executable, "-B", __file__], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)
        self.root = self.hand.stdout.readline().strip()
        self.places = {}
        self.last = 1  # address that was given

    def close(self):
        """Takes everything away."""
        self.hand.stdin.close()
        self.hand.wait()
        self.hand.stdout.close()

    def environment(self, program):
        """What makes a program see these, and no other devices."""
        preload = " ".join(word for word in (sanitizer(program), "libumockdev-preload.so.0") if word)
        return {"LD_PRELOAD": preload, "UMOCKDEV_DIR": self.root}

    def tell(self, **words):
        """Has the other process do it."""
        self.hand.stdin.write(json.dumps(words) + "\n")
        self.hand.stdin.flush()
        if self.hand.stdout.readline() != "done\n":
            raise AssertionError(f"umockdev did not: {words}")

    def plug(self, path, ident, interfaces, device="00:00:00", **strings):
        """A device comes; the hubs that it is plugged into are there already."""
        above = path.rpartition(".")[0] if "." in path else f"usb{bus_of(path)}"
        if "-" in path and above not in self.places:
            self.plug(above, "05e3:0608" if "-" in above else "1d6b:0002", HUB, "09:00:01", product="Hub")
        self.last += 1
        bus = int(bus_of(path))
        node = f"bus/usb/{bus:03}/{self.last:03}"
        tells = descriptors(ident, interfaces, device)
        text = describe(path, ident, interfaces, device, self.last, **strings)
        more = (f"N: {node}={tells.hex().upper()}\nE: DEVNAME=/dev/{node}\nE: BUSNUM={bus:03}\nE: DEVNUM={self.last:03}\n"
                + attributes({"descriptors": tells, "speed": "480", "bConfigurationValue": "1"}))
        head, _, rest = text.partition("\n")
        self.places[path] = "/sys" + head.removeprefix("P: ")
        self.tell(place=self.places[path], text=f"{head}\n{more}{rest}")

    def unplug(self, path):
        """It goes."""
        self.tell(place=self.places.pop(path), text=None)


    def plug_card(self):
        """A graphics card comes."""
        place = f"{CARD}/drm/card0"
        self.places[CARD] = f"/sys{place}"
        self.tell(place=self.places[CARD], text=f"P: {place}\nE: DEVTYPE=drm_minor\nE: SUBSYSTEM=drm\n")

    def unplug_card(self):
        """It goes, as at a reset of its driver."""
        self.unplug(CARD)


def serve():
    """The other process: a line of JSON for each device that comes or goes."""
    gi.require_version("UMockdev", "1.0")
    from gi.repository import UMockdev  # pylint: disable=import-outside-toplevel
    bed = UMockdev.Testbed.new()
    print(bed.get_root_dir(), flush=True)
    for line in sys.stdin:
        words = json.loads(line)
        time.sleep(BETWEEN)
        if words["text"]:
            bed.add_from_string(words["text"])
            bed.uevent(words["place"], "add")
        else:
            bed.uevent(words["place"], "remove")
            bed.remove_device(words["place"])
        print("done", flush=True)


if __name__ == "__main__":
    serve()
