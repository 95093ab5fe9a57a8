# SPDX-License-Identifier: GPL-3.0-or-later
"""USB devices that are not there: a program run by umockdev sees them in /sys, and not the machine's own."""
import re
import subprocess

CONTROLLER = "/devices/pci0000:00/0000:00:14.0"
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
    """Lines of umockdev's: bytes as they are, which may be no text."""
    return "".join(f"H: {name}={(value if isinstance(value, bytes) else value.encode()).hex().upper()}\n"
                   for name, value in values.items())


def describe(path, ident, interfaces, device="00:00:00", address=7, **strings):
    """One device, in umockdev's words. `path` as 1-2.3; `ident` as 0951:1666; `strings`: manufacturer, product, serial, which
    the kernel ends with a new line."""
    vendor, product = ident.split(":")
    numbers = device.split(":")
    place = f"{CONTROLLER}/usb{path.partition('-')[0]}/{path}"
    text = f"P: {place}\nE: DEVTYPE=usb_device\nE: SUBSYSTEM=usb\n" + attributes({
        "idVendor": vendor, "idProduct": product, "busnum": path.partition("-")[0], "devnum": str(address),
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
