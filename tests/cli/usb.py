#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""usb list and usb explain, on a station whose devices umockdev makes up."""
import clikit
from stationkit import mockusb
from stationkit.mockusb import describe

STICK = describe("1-2", "0951:1666", mockusb.STICK, manufacturer="Kingston\n", product="DataTraveler 3.0\n")
CAMERA = describe("1-3", "046d:0825", mockusb.CAMERA + mockusb.MICROPHONE, device="ef:02:01", product="Webcam C270\n")
KEYBOARD = describe("1-4", "046d:c31c", mockusb.KEYBOARD + mockusb.BUTTONS, product="USB Keyboard\n")
HUB = describe("1-5", "05e3:0608", mockusb.HUB, device="09:00:01", product="USB2.0 Hub\n")
PRINTER = describe("1-5.1", "03f0:2b17", mockusb.PRINTER)
ROOT = describe("usb1", "1d6b:0002", mockusb.HUB, device="09:00:01", product="xHCI Host Controller\n")
ROOM = ROOT + STICK + CAMERA + KEYBOARD + HUB + PRINTER
MEMBERS = {"path", "bus", "address", "vendor", "product", "name", "classes", "use"}
VERDICT = {"allowed", "reason", "rule", "line", "explanation"}
USB = "<devices><usb>{}</usb></devices>"


class Usb(clikit.CommandCase):
    """Devices and verdicts."""

    def usb(self, *words, devices=ROOM, **options):
        """asteroidectl usb on this station, with these devices."""
        described = self.folder / "devices.umockdev"
        described.write_text(devices, encoding="ascii")
        return self.run_program(*mockusb.command(described, self.program(), "--config", self.config, "usb", *words), **options)

    def usb_json(self, *words, **options):
        """The same with --json, as a value."""
        return clikit.json.loads(self.usb(*words, "--json", **options).stdout)

    def verdicts(self, *words, **options):
        """What explain says: path → (allowed, reason)."""
        return {entry["path"]: (entry["allowed"], entry["reason"]) for entry in self.usb_json("explain", *words, **options)}

    def test_list(self):
        """Place, number, name and kinds of each device, in columns, without the root hub"""
        self.assertEqual(self.usb("list").stdout,
                         "1-2    0951:1666  Kingston DataTraveler 3.0  (storage)\n"
                         "1-3    046d:0825  Webcam C270  (video, audio)\n"
                         "1-4    046d:c31c  USB Keyboard  (hid)\n"
                         "1-5    05e3:0608  USB2.0 Hub  (hub)\n"
                         "1-5.1  03f0:2b17  Printer  (printer)\n")

    def test_list_json(self):
        """list --json"""
        listed = self.usb_json("list")
        self.assertEqual([entry["path"] for entry in listed], ["1-2", "1-3", "1-4", "1-5", "1-5.1"])
        for entry in listed:
            self.assertEqual(entry.keys(), MEMBERS)
        self.assertEqual(listed[1], {"path": "1-3", "bus": 1, "address": 7, "vendor": "046d", "product": "0825",
                                     "name": "Webcam C270", "classes": ["video", "audio"], "use": None})

    def test_nothing(self):
        """No device, and none of that name"""
        self.assertEqual(self.usb("list", devices=ROOT).stdout, "")
        self.assertEqual(self.usb_json("list", devices=ROOT), [])
        self.assertEqual(self.usb_json("explain", devices=ROOT), [])
        for word in ("1-9", "0951:1667", "", "../../..", "Kingston"):
            done = self.usb("explain", "1-2", word, expect=1)
            self.assertEqual(done.stdout, "")
            self.assert_complaint(done, r"There is no USB device “.*” on this station\.")

    def test_usage(self):
        """Wrong usage"""
        for words in (["plug"], ["list", "1-2"], ["list", "--appliance", "good"]):
            self.usb(*words, expect=2)
        done = self.usb("explain", "--appliance", "none", expect=1)
        self.assert_complaint(done, "There is no appliance “none” on this station")

    def test_without_rules(self):
        """What stays with the station does so without any rule"""
        self.assertEqual(self.verdicts(), {"1-2": (True, "no-rule"), "1-3": (True, "no-rule"), "1-4": (False, "keyboard-or-mouse"),
                                           "1-5": (False, "hub"), "1-5.1": (True, "no-rule")})
        self.configure(more="[usb]\nrules=allow;allow vendor=046d product=c31c\n")
        self.assertEqual(self.verdicts()["1-4"], (False, "keyboard-or-mouse"))
        self.assertEqual(self.verdicts()["1-5"], (False, "hub"))

    def test_explain(self):
        """Which rule, and whose: the station's before the descriptor's"""
        self.configure(more="[usb]\nrules=deny port=1-5.*;allow vendor=0951\n")
        self.add("lab", more=USB.format('\n<deny class="storage"/>\n<allow class="video"/>'))
        explained = {entry["path"]: entry for entry in self.usb_json("explain", "--appliance", "lab")}
        for entry in explained.values():
            self.assertEqual(entry.keys(), MEMBERS | VERDICT)
        self.assertEqual({path: (entry["allowed"], entry["reason"], entry["rule"], entry["line"])
                          for path, entry in explained.items()},
                         {"1-2": (True, "station-rule", "allow vendor=0951", None),
                          "1-3": (False, "not-listed", None, None),
                          "1-4": (False, "keyboard-or-mouse", None, None),
                          "1-5": (False, "hub", None, None),
                          "1-5.1": (False, "station-rule", "deny port=1-5.*", None)})
        self.assertEqual(explained["1-2"]["explanation"],
                         "Allowed by the station's rule “allow vendor=0951” (asteroide.conf, [usb] rules).")
        self.configure()
        self.assertEqual(self.usb("explain", "0951:1666", "1-3", "--appliance", "lab").stdout,
                         "1-2  0951:1666  Kingston DataTraveler 3.0\n"
                         "     Refused by the appliance's rule “deny class=storage” (appliance.xml, line 4).\n"
                         "1-3  046d:0825  Webcam C270\n"
                         "     Refused: the appliance lists the devices that it allows, and this is none of them.\n")

    def test_every_function(self):
        """A device is allowed when all that it is made of is"""
        self.add("both", more=USB.format('<allow class="video"/><allow class="audio"/>'))
        self.add("camera", more=USB.format('<allow class="video"/>'))
        self.add("named", more=USB.format('<allow vendor="046d" product="0825"/>'))
        for ident, allowed in (("both", True), ("camera", False), ("named", True)):
            self.assertEqual(self.verdicts("1-3", "--appliance", ident)["1-3"][0], allowed, ident)
        disguised = describe("1-3", "046d:0825", mockusb.CAMERA + mockusb.KEYBOARD, product="Webcam\n")
        for ident in ("both", "camera", "named"):
            self.assertEqual(self.verdicts("--appliance", ident, devices=disguised), {"1-3": (False, "keyboard-or-mouse")})

    def test_input_devices(self):
        """A joystick only by its name, a camera's buttons with the camera"""
        devices = (describe("1-1", "046d:c215", mockusb.JOYSTICK, product="Joystick\n")
                   + describe("1-2", "046d:0825", mockusb.CAMERA + mockusb.BUTTONS, product="Camera\n"))
        self.assertEqual(self.verdicts(devices=devices), {"1-1": (False, "input-device"), "1-2": (True, "no-rule")})
        self.configure(more="[usb]\nrules=allow vendor=046d\n")
        self.assertEqual(self.verdicts(devices=devices), {"1-1": (False, "input-device"), "1-2": (True, "station-rule")})
        self.configure(more="[usb]\nrules=allow vendor=046d product=c215\n")
        self.assertEqual(self.verdicts(devices=devices), {"1-1": (True, "station-rule"), "1-2": (True, "no-rule")})

    def test_kinds(self):
        """What people bring along comes into a guest by itself"""
        kinds = {"1-1": mockusb.STICK, "1-2": mockusb.CAMERA, "1-3": mockusb.PHONE, "1-4": mockusb.PRINTER,
                 "1-5": mockusb.SMARTCARD, "1-6": mockusb.MICROPHONE}
        devices = "".join(describe(path, "1234:5678", interfaces) for path, interfaces in kinds.items())
        self.assertEqual(self.verdicts(devices=devices), {path: (True, "no-rule") for path in kinds})
        self.assertEqual(self.verdicts("1234:5678", devices=devices).keys(), kinds.keys())

    def test_closed(self):
        """No USB in the descriptor, an exam, and an exam that allows it"""
        self.add("none", more="<devices><dvd/></devices>")
        self.add("exam", more=USB.format("") + "<exam/>")
        self.add("allows", more=USB.format('<deny class="audio"/>') + '<exam allow="usb"/>')
        self.assertEqual(self.verdicts("1-2", "--appliance", "none"), {"1-2": (False, "no-usb")})
        self.assertEqual(self.verdicts("1-2", "--appliance", "exam"), {"1-2": (False, "exam")})
        self.assertEqual(self.verdicts("1-2", "1-3", "--appliance", "allows"),
                         {"1-2": (True, "no-rule"), "1-3": (False, "descriptor-rule")})
        self.configure(more="[station]\nexam=yes\n")
        self.add("usual", more=USB.format(""))
        for ident in ("exam", "usual"):
            self.assertEqual(self.verdicts("1-2", "--appliance", ident), {"1-2": (False, "exam")})
        self.assertEqual(self.verdicts("1-2"), {"1-2": (False, "exam")})

    def test_fifty(self):
        """Fifty devices at once"""
        devices = "".join(describe(f"2-{number}", f"1234:{number:04x}", mockusb.STICK, address=number, product=f"Stick {number}\n")
                          for number in range(1, 51))
        self.configure(more="[usb]\nrules=deny vendor=1234 product=0032\n")
        listed = self.usb_json("list", devices=devices)
        self.assertEqual([entry["path"] for entry in listed], [f"2-{number}" for number in range(1, 51)])
        self.assertEqual([entry["name"] for entry in listed], [f"Stick {number}" for number in range(1, 51)])
        verdicts = self.verdicts(devices=devices)
        self.assertEqual([path for path, (allowed, _) in verdicts.items() if not allowed], ["2-50"])

    def test_broken_strings(self):
        """Whatever a device calls itself, it is one short line of text"""
        names = {b"\xff\xfe\xc3\n": "\ufffd\ufffd\ufffd", b"<b>bold</b> &amp; %s\n": "<b>bold</b> &amp; %s",
                 b"x" * 300 + b"\n": "x" * 60 + "…", b"two\nlines\r\n": "two lines", b"\x1b[2J\x07red\n": "[2Jred",
                 "right\u202eleft\u2066\n".encode(): "rightleft", b"\0\0\n": "Memory stick or disk",
                 b" \t\n": "Memory stick or disk", b"": "Memory stick or disk"}
        devices = "".join(describe(f"1-{index}", "1234:5678", mockusb.STICK, product=product)
                          for index, product in enumerate(names, start=1))
        self.assertEqual([entry["name"] for entry in self.usb_json("list", devices=devices)], list(names.values()))
        done = self.usb("explain", devices=devices)
        self.assertEqual(len(done.stdout.splitlines()), 2 * len(names))
        self.assertTrue(done.stdout.replace("\n", "").isprintable())

    def test_garbage(self):
        """Numbers that are none: left out, or refused, and nothing of it is shown"""
        for name in ("idVendor", "busnum", "bDeviceClass"):
            devices = describe("1-1", "1234:5678", mockusb.STICK, **{name: b"\xffgarbage"})
            self.assertEqual(self.usb_json("list", devices=devices), [])
        half = describe("1-1", "1234:5678", mockusb.STICK, bNumInterfaces=" 2\n")
        self.assertEqual(self.verdicts(devices=half), {"1-1": (False, "not-set-up")})
        odd = describe("1-1", "1234:5678", ["zz:00:00"])
        self.assertEqual(self.verdicts(devices=odd), {"1-1": (False, "not-set-up")})

    def test_false_drive(self):
        """A stick with the number of the emulated drive is not taken for it"""
        devices = describe("1-1", "2b23:cdcd", mockusb.STICK)
        self.configure(more="[usb]\nrules=allow\n")
        self.assertEqual(self.verdicts(devices=devices), {"1-1": (False, "false-drive")})



if __name__ == "__main__":
    clikit.main()
