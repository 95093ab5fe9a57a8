# SPDX-License-Identifier: GPL-3.0-or-later
"""A viewer of QEMU's VNC screens (RFC 6143), as far as tests need one: a monitor's size, one place on it, keys."""
import select
import socket
import struct

# Encodings: pixels as they are; and the size of the screen, which a viewer may then ask to change.
RAW, EXTENDED_SIZE = 0, -308
# Why a size was told: this viewer asked. What became of it: passed on to the guest.
ASKED, PASSED_ON = 1, 4


class Viewer:
    """One connection, which others share."""

    def __init__(self, path, *encodings):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(path))
        self.socket.sendall(self.read(12))  # the protocol's version
        self.read(self.read(1)[0])
        self.socket.sendall(b"\x01")  # of the ways to log in, none
        self.read(4)
        self.socket.sendall(b"\x01")  # others may look, too
        self.read(20)
        self.read(struct.unpack(">I", self.read(4))[0])
        self.socket.sendall(struct.pack(f">BxH{len(encodings)}i", 2, len(encodings), *encodings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the connection."""
        self.socket.close()

    def read(self, count):
        """So many bytes."""
        found = bytearray()
        while len(found) < count:
            part = self.socket.recv(count - len(found))
            if not part:
                raise AssertionError("QEMU's screen has gone")
            found += part
        return bytes(found)

    def resize(self, width, height):
        """Asks for a screen of this size, pixels; 0 and 0: for none."""
        self.socket.sendall(struct.pack(">BxHHBxIHHHHI", 251, width, height, 1, 0, 0, 0, width, height, 0))
        while (answer := struct.unpack(">4xHH", self.read(36)[:8]))[0] != ASKED:
            continue
        if answer[1] != PASSED_ON:
            raise AssertionError(f"no screen of {width}×{height}: {answer}")

    def ask_for(self, left, top, changed):
        """Asks for the colour of one place, now or as soon as it has `changed`."""
        self.socket.sendall(struct.pack(">BBHHHH", 3, changed, left, top, 1, 1))

    def colour(self, left, top):
        """RRGGBB of a place in what has come since it was asked for; None: nothing has."""
        if not select.select([self.socket], [], [], 0)[0]:
            return None
        found = None
        kind, count = struct.unpack(">BxH", self.read(4))
        if kind != 0:
            raise AssertionError(f"a message of kind {kind}, and not a picture")
        for _ in range(count):
            x, y, width, height, _ = struct.unpack(">HHHHi", self.read(12))
            pixels = self.read(width * height * 4)
            if x <= left < x + width and y <= top < y + height:
                at = ((top - y) * width + left - x) * 4
                found = pixels[at:at + 3][::-1].hex()
        return found

    def press(self, key):
        """Presses a key and lets go of it: an X keysym."""
        for down in (True, False):
            self.socket.sendall(struct.pack(">BBxxI", 4, down, key))
