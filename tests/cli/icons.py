#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that draws pictures for the kiosk: what it answers, and that a bad picture is nobody's end but its own."""
import io
import signal
import struct
import subprocess
from pathlib import Path

from PIL import Image

import clikit

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">{}</svg>'
SQUARE = SVG.format('<rect width="8" height="8" fill="#336699"/>')
# One line that keeps a processor busy for minutes.
ENDLESS = SVG.format('<filter id="f"><feTurbulence baseFrequency=".9" numOctaves="1000000"/></filter>'
                     '<rect width="8" height="8" filter="url(#f)"/>')
BLUE = bytes((0x99, 0x66, 0x33, 0xff))  # in the order of a little-endian ARGB32


class Icons(clikit.CommandCase):
    """Asked as the kiosk asks."""

    def ask(self, *requests, status=0):
        """The answers to (width, height, path) as one stream."""
        asked = b"".join(struct.pack("=III", width, height, len(bytes(str(path), "utf-8"))) + bytes(str(path), "utf-8")
                         for width, height, path in requests)
        done = subprocess.run([self.build / "src/kiosk/asteroide-icons"], input=asked, capture_output=True, check=False,
                              timeout=clikit.PATIENCE)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertNotRegex(done.stderr.decode(), clikit.NEVER)
        return done.stdout

    def file(self, name, content):
        """A picture."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def test_svg(self):
        """An SVG fills its place; one process draws many, and our own, too"""
        path = self.file("é <&>.svg", SQUARE)
        self.assertEqual(self.ask((4, 4, path), (2, 2, path)), b"\1" + BLUE * 16 + b"\1" + BLUE * 4)
        answer = self.ask((64, 64, "resource:///org/asteroide/kiosk/appliance.svg"))
        self.assertEqual(len(answer), 1 + 64 * 64 * 4)
        self.assertGreater(len(set(answer)), 20)

    def test_first_victim(self):
        """Where memory is short, the kernel ends this process and not the kiosk"""
        with subprocess.Popen([self.build / "src/kiosk/asteroide-icons"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            child.stdin.write(struct.pack("=III", 1, 1, 1) + b"/")
            child.stdin.flush()
            child.stdout.read(1)
            self.assertEqual(Path(f"/proc/{child.pid}/oom_score_adj").read_text(encoding="ascii"), "1000\n")

    def test_png(self):
        """A PNG is fitted in, in the middle"""
        stream = io.BytesIO()
        Image.new("RGB", (20, 10), (0x33, 0x66, 0x99)).save(stream, "PNG")
        empty = bytes(4 * 4)
        self.assertEqual(self.ask((4, 4, self.file("wide.png", stream.getvalue()))), b"\1" + empty + BLUE * 8 + empty)

    def test_not_drawn(self):
        """What is no picture is refused, and the next one is drawn"""
        good = self.file("good.svg", SQUARE)
        bad = [self.folder / "missing.svg", self.folder, self.file("empty.svg", ""), self.file("text.svg", "hello"),
               self.file("cut.svg", SQUARE[:40]), self.file("cut.png", b"\x89PNG\r\n\x1a\n" + bytes(9)), "/dev/zero", "",
               self.file("large.svg", SQUARE + " " * (4 << 20)), "resource:///nothing"]
        for path in bad:
            with self.subTest(path=path):
                self.assertEqual(self.ask((2, 2, path), (2, 2, good)), b"\0\1" + BLUE * 4)

    def test_nothing_is_fetched(self):
        """A picture cannot bring in another file"""
        other = self.file("other.svg", SQUARE)
        path = self.file("nosy.svg", SVG.format(f'<image href="file://{other}" width="8" height="8"/>'
                                                f'<use href="{other}#x"/>'))
        self.assertEqual(self.ask((2, 2, path)), b"\1" + bytes(16))

    def test_bad_request(self):
        """What the kiosk never asks ends the process"""
        path = self.file("good.svg", SQUARE)
        for width, height in ((0, 4), (4, 0), (100000, 1)):
            self.assertEqual(self.ask((width, height, path), status=1), b"")

    def test_endless(self):
        """A picture without an end is ended"""
        self.assertEqual(self.ask((88, 88, self.file("endless.svg", ENDLESS)), status=-signal.SIGALRM), b"")


if __name__ == "__main__":
    clikit.main()
