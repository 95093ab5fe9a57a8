#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes between a guest and the station: the clipboard by direction, a shared folder, a smartcard reader; and what
passes from one session to the next: nothing."""
import base64
import hashlib
import random
import subprocess
import sys
from pathlib import Path

from Xlib import X

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, guests, processes  # noqa: E402
from stationkit.intruder import Intruder  # noqa: E402

PORT = "/dev/virtio-ports/org.spice-space.webdav.0"
READER = "QEMU USB CCID"
WRITER = "Linux writer"  # a second appliance's name
SELECTIONS = {"CLIPBOARD": "clipboard", "PRIMARY": "primary"}  # by X's name: xclip's
PAIRS = (("CLIPBOARD", "PRIMARY"), ("PRIMARY", "CLIPBOARD"))
# As spice-webdavd speaks at the port: one request, in a file, of client 1; prints the answer. Each piece of data has a
# head of ten bytes, the last of which are its length.
ASK = f"""
length=$(stat -c %s "$1")
exec 3<>{PORT}
{{ printf '\\001\\0\\0\\0\\0\\0\\0\\0'"\\\\$(printf %o $((length % 256)))\\\\$(printf %o $((length / 256)))"; cat "$1"; }} >&3
while set -- $(dd bs=10 count=1 iflag=fullblock <&3 2>/dev/null | od -An -tu1) && length=$(($9 + 256 * ${{10}})) && [ $length -gt 0 ]; do
  dd bs=$length count=1 iflag=fullblock <&3 2>/dev/null
done
"""


def devices(elements, exam=""):
    """The desktop with these devices, and no other."""
    def change(text):
        assert "<devices><usb/><dvd/><sound/><clipboard/></devices>" in text
        text = text.replace("<devices><usb/><dvd/><sound/><clipboard/></devices>", f"<devices>{elements}</devices>{exam}")
        # An exam begins with a boot.
        return text.replace('mode="warm"', 'mode="cold"') if exam else text
    return change


class Exchange(guests.GuestCase):
    """Sessions in the desktop guest."""

    def setUp(self):
        super().setUp()
        self.x = Intruder(self.screen.name)
        self.holder = X.NONE
        self.addCleanup(self.x.close)

    def begin(self, tile=guests.NAMES["desktop"]):
        """A session, up to a guest whose agents answer."""
        self.bring_up(lambda: self.screen.click_on(tile), guests.COLOURS["desktop"])
        self.wait_for_agents()
        self.station.wait_state("ready")

    def in_guest(self, command):
        """What a command in the guest prints."""
        return self.run_in_guest(f"export DISPLAY=:0; {command}")[1]

    # The clipboard

    def copy_in_guest(self, text, selection="CLIPBOARD"):
        """Somebody copies a text in the guest."""
        self.in_guest(f"printf %s '{text}' | xclip -sel {SELECTIONS[selection]} >/dev/null 2>&1")

    def pasted_in_guest(self, selection="CLIPBOARD"):
        """What somebody would paste in the guest."""
        return self.in_guest(f"timeout 10 xclip -o -sel {SELECTIONS[selection]} 2>/dev/null")

    def copy_here(self, text, selection="CLIPBOARD"):
        """Another program on the kiosk's display has this text to paste, until it is ended."""
        before = self.x.owner(selection)
        holder = subprocess.Popen(["xclip", "-quiet", "-sel", SELECTIONS[selection]], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  env=self.desk.env)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        holder.stdin.write(text.encode())
        holder.stdin.close()
        processes.wait_until(lambda: self.x.owner(selection) not in (X.NONE, before), "a copied text")
        return self.x.owner(selection)

    def hand_out(self, text, selection="CLIPBOARD"):
        """Copies in the guest until the text can be pasted here: its agent may not be listening yet."""
        def handed():
            self.copy_in_guest(text, selection)
            return self.x.owner(selection) != X.NONE and self.x.read(selection) == text
        processes.wait_until(handed, f"“{text}” of the guest", 60, 1)

    def hand_in(self, text, selection="CLIPBOARD"):
        """Copies here until the text can be pasted in the guest, likewise; the window that has it."""
        def handed():
            self.holder = self.copy_here(text, selection)
            return self.pasted_in_guest(selection) == text
        processes.wait_until(handed, f"“{text}” in the guest", 90, 1)
        return self.holder

    def test_clipboard_in(self):
        """Into the guest: what is copied here comes, and what is copied there stays there."""
        self.add_sample("desktop", change=devices('<clipboard direction="in"/>'))
        self.station.start_kiosk()
        self.begin()
        for selection, other in PAIRS:
            holder = self.hand_in(f"handed in {selection}", selection)
            self.copy_in_guest("kept inside", selection)
            self.assertEqual(self.pasted_in_guest(selection), "kept inside")
            # The guest would have offered its own before it asked for this one.
            self.hand_in(f"then {other}", other)
            self.assertEqual(self.x.owner(selection), holder)
        self.tell_bar("clipboard into it", "clipboard out of it")
        self.stop("--force")

    def test_clipboard_out(self):
        """Out of the guest: what is copied there comes, and what is copied here stays here."""
        self.add_sample("desktop", change=devices('<clipboard direction="out"/>'))
        self.station.start_kiosk()
        self.begin()
        for selection, other in PAIRS:
            self.hand_out(f"handed out {selection}", selection)
            self.copy_here("kept outside", selection)
            # The guest would have heard of that before it is asked for this one, and would have let go of its own.
            self.hand_out(f"then {other}", other)
            self.assertEqual(self.pasted_in_guest(selection), f"handed out {selection}")
        self.tell_bar("clipboard out of it", "clipboard into it")
        self.stop("--force")

    def test_next_session(self):
        """A text of one session is in nobody's clipboard after it, and not in the next session's."""
        self.add_sample("desktop", change=devices("<clipboard/>"))
        self.station.start_kiosk()
        self.begin()
        for selection in SELECTIONS:
            self.hand_out("of the first", selection)
        self.stop("--force")
        for selection in SELECTIONS:
            self.assertEqual(self.x.owner(selection), X.NONE, selection)
        # What the launcher itself holds is not handed on, either.
        self.screen.click_on("Type to search")
        self.screen.type("desktop")
        self.screen.key("ctrl+a", "ctrl+c")
        processes.wait_until(lambda: self.x.owner("CLIPBOARD") != X.NONE, "a text copied in the search")
        self.screen.key("Escape")
        self.begin()
        for selection in SELECTIONS:
            self.assertEqual(self.x.owner(selection), X.NONE, selection)
            self.assertEqual(self.pasted_in_guest(selection), "", selection)
        # It is open all the same.
        self.hand_in("of the desk")
        self.stop("--force")

    def tell_bar(self, opened, closed):
        """The bar tells what is open, and what is closed."""
        self.screen.key("ctrl+alt+Home")
        self.screen.click_on("Devices", area=self.bar())
        self.screen.wait_for(f"Open to this machine: network, {opened}", area=self.bar())
        self.screen.wait_for(closed, area=self.bar())
        self.station.shot("devices")
        self.screen.key("Escape")

    # A shared folder

    def share(self, **folders):
        """Folders of the station, by their names in its configuration."""
        self.station.write_config(shares={name.replace("_", "-"): path for name, path in folders.items()})

    def ask(self, method, path, body=b"", **headers):
        """A request of the guest to the folder: the status, and the SHA-256 of what came."""
        lines = [f"{method} {path} HTTP/1.1", "Host: share", "Connection: close", f"Content-Length: {len(body)}",
                 *(f"{name}: {value}" for name, value in headers.items())]
        request = base64.b64encode("\r\n".join([*lines, "", ""]).encode() + body).decode()
        script = base64.b64encode(ASK.encode()).decode()
        answer = self.in_guest(
            f"cd /run; echo {request} | base64 -d >request; echo {script} | base64 -d >ask; bash ask request >answer;"
            r" length=$(sed -n 's/^Content-Length: \([0-9]*\).*/\1/p' answer | head -n 1); head -n 1 answer | cut -d' ' -f2;"
            " tail -c ${length:-0} answer | sha256sum | cut -d' ' -f1").split("\n")
        return int(answer[0]), answer[1]

    def make_folder(self, name):
        """A folder with something to read, and links that lead out of it."""
        folder = self.station.folder / name
        folder.mkdir()
        (folder / "large").write_bytes(random.Random(name).randbytes(500_000))
        (self.station.folder / "secret").write_text("secret", encoding="utf-8")
        (folder / "out").symlink_to("../secret")
        (folder / "root").symlink_to("/")
        return folder

    def test_share(self):
        """The guest reads what is there, and nothing that a link leads to; it writes only where it may."""
        lesson, work = self.make_folder("lesson"), self.make_folder("work")
        self.share(course=lesson, hand_in=work)
        self.add_sample("desktop", change=devices('<share folder="course"/>'))
        self.add_sample("desktop", "writer", lambda text: devices('<share folder="hand-in" writable="yes"/>')(text).replace(
            guests.NAMES["desktop"], WRITER))
        self.station.start_kiosk()
        (self.station.runtime / "share").touch()  # as a kiosk that crashed leaves its socket
        self.begin()
        self.assertEqual(self.ask("GET", "/large"), (200, guests.digest(lesson / "large")))
        self.assertEqual(self.ask("PROPFIND", "/", Depth="1")[0], 207)
        for path in ("/out", "/root/etc/passwd"):
            self.assertEqual(self.ask("GET", path)[0], 403)
        self.assertEqual(self.ask("PUT", "/new", b"x")[0], 403)
        self.assertEqual(self.ask("DELETE", "/large")[0], 403)
        self.assertEqual(sorted(path.name for path in lesson.iterdir()), ["large", "out", "root"])
        self.tell_bar("shared folder, only to read", "clipboard")
        self.stop("--force")
        self.begin(WRITER)
        text = b"handed in\n" * 3000
        self.assertEqual(self.ask("PUT", "/new", text)[0], 201)
        self.assertEqual((work / "new").read_bytes(), text)
        self.assertEqual(self.ask("GET", "/new"), (200, hashlib.sha256(text).hexdigest()))
        self.assertEqual(self.ask("PUT", "/out", text)[0], 403)
        self.assertEqual((self.station.folder / "secret").read_text(encoding="utf-8"), "secret")
        self.assertEqual(len(self.desk.processes("asteroide-share")), 1)
        self.stop("--force")
        self.assertEqual(self.desk.processes("asteroide-share"), [])
        self.assertFalse((self.station.runtime / "share").exists())

    def test_no_share(self):
        """On a station without the folder the appliance runs, and nobody is at its port; the bar tells of it."""
        self.add_sample("desktop", change=devices('<share folder="course"/>'))
        self.station.start_kiosk()
        self.begin()
        self.assertEqual(self.in_guest(f"ls {PORT}").strip(), PORT)
        self.assertEqual(self.desk.processes("asteroide-share"), [])
        self.screen.key("ctrl+alt+Home")
        self.screen.click_on("Devices", area=self.bar())
        self.screen.wait_for("which is not on this station", area=(0, 0, self.screen.size[0], 140))
        self.station.shot("devices")
        self.screen.key("Escape")
        self.stop("--force")

    # A smartcard

    def has_reader(self):
        """Does the guest see a smartcard reader?"""
        return READER in self.in_guest("cat /sys/bus/usb/devices/*/product")

    def test_smartcard(self):
        """Where it is allowed the guest has a reader, else none; and under exam it has nothing of all this."""
        self.share(course=self.make_folder("lesson"))
        everything = '<clipboard/><share folder="course" writable="yes"/><smartcard/>'
        self.add_sample("desktop", change=devices(everything))
        self.add_sample("desktop", "writer", lambda text: devices(everything, "<exam/>")(text).replace(guests.NAMES["desktop"], WRITER))
        self.station.start_kiosk()
        self.begin()
        processes.wait_until(self.has_reader, "a smartcard reader", 30, 1)
        self.stop("--force")
        self.begin(WRITER)
        processes.wait_until(lambda: "QEMU USB Tablet" in self.in_guest("cat /sys/bus/usb/devices/*/product"), "the other USB devices", 30, 1)
        self.assertFalse(self.has_reader())
        self.assertEqual(self.in_guest(f"ls {PORT} 2>/dev/null"), "")
        self.assertEqual(self.desk.processes("asteroide-share"), [])
        self.copy_in_guest("of the exam")
        self.assertEqual(self.pasted_in_guest(), "of the exam")
        self.copy_here("of the desk")
        self.assertEqual(self.pasted_in_guest(), "of the exam")
        self.assertNotEqual(self.x.read("CLIPBOARD"), "of the exam")
        self.stop("--force")


if __name__ == "__main__":
    cases.main()
