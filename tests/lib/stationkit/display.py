# SPDX-License-Identifier: GPL-3.0-or-later
"""An X screen that nobody sees, and the hands and eyes of somebody in front of it."""
import difflib
import io
import os
import re
import struct
import subprocess
import time
import unicodedata
from collections import namedtuple
from pathlib import Path

import zbar
from PIL import Image, ImageChops

from . import processes

Word = namedtuple("Word", "text left top right bottom")
# Words that belong to one phrase stand this close, in parts of a letter's height.
GAP = 1.6
# A phrase is found where what was read is at least so much like it, 0 to 1: a letter in ten may be misread.
LIKE = 0.84
# So many keys are typed before the guest has shown something of them: of its keyboard QEMU keeps sixteen bytes, three to a key, and six
# to one with Shift. What comes then is lost.
AT_ONCE = 3
# A guest that has shown nothing of them after so many seconds may be one that does not show what is typed.
UNSEEN_SECONDS = 10


class Person:
    """What somebody sees on a screen and clicks on; who inherits it says what is on it, and has the hand. An area is (left, top,
    right, bottom): a smaller one is read quicker, and undisturbed by what is beside it."""

    def look(self):
        """What is on the screen now, as a picture."""
        raise NotImplementedError

    def click(self, x, y):
        """Moves the pointer there and presses its first button."""
        raise NotImplementedError

    def look_when_still(self, seconds=10):
        """The picture once two looks in a row saw the same."""
        before = self.look()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.15)
            now = self.look()
            if now.tobytes() == before.tobytes():
                return now
            before = now
        return before

    def colour(self, x, y):
        """RRGGBB of one place."""
        return "%02x%02x%02x" % self.look().getpixel((x, y))

    def share(self, colour, tolerance=6, area=None):
        """Which part of the screen, 0 to 1, has this colour (RRGGBB)?"""
        picture = self.look()
        return share(picture.crop(area) if area else picture, colour, tolerance)

    def read(self, area=None):
        """The words on the screen, or in an area of it, in the order of reading."""
        picture = self.look_when_still()
        if area is None:
            return read(picture)
        left, top = area[:2]
        return [Word(word.text, word.left + left, word.top + top, word.right + left, word.bottom + top)
                for word in read(picture.crop(area))]

    def codes(self):
        """What a phone reads of the QR codes on the screen, as they are."""
        return read_codes(self.look_when_still())

    def text(self):
        """All that can be read on the screen, in one line."""
        return " ".join(word.text for word in self.read())

    def find(self, phrase, area=None):
        """The place of a phrase: (left, top, right, bottom), or None."""
        return find(self.read(area), phrase)

    def wait_for(self, phrase, seconds=60, area=None):
        """Waits until a phrase can be read; its place."""
        seen = []

        def look():
            seen[:] = self.read(area)
            return find(seen, phrase)
        return processes.wait_until(look, lambda: f"“{phrase}” on the screen, which says: {' '.join(w.text for w in seen)}",
                                    seconds)

    def click_on(self, phrase, seconds=60, area=None):
        """Clicks on a phrase as soon as it can be read."""
        self.click(*middle_of(self.wait_for(phrase, seconds, area)))


class Display(Person):
    """An Xvfb of its own: no network, no window manager."""

    def __init__(self, folder, width=1280, height=800):
        self.folder = Path(folder)
        self.folder.mkdir()
        self.size = (width, height)
        read, write = os.pipe()
        with open(self.folder / "server.log", "wb") as log:
            self.server = processes.start([*self.command(), "-displayfd", str(write), "-nolisten", "tcp", "-noreset"],
                                          pass_fds=[write], stdout=log, stderr=log)
        os.close(write)
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise RuntimeError(f"the X server does not start: {(self.folder / 'server.log').read_text()}")
        self.name = f":{number}"

    def command(self):
        """The X server's program, and the options that are its own."""
        width, height = self.size
        return ["Xvfb", "-screen", "0", f"{width}x{height}x24", "-fbdir", self.folder]

    def close(self):
        """Switches the screen off."""
        self.server.terminate()
        self.server.wait()

    def look(self):
        """What is on the screen now, as a picture."""
        raw = (self.folder / "Xvfb_screen0").read_bytes()
        header = struct.unpack(">25I", raw[:100])
        width, height, stride, colours = header[4], header[5], header[12], header[19]
        start = header[0] + colours * 12
        return Image.frombuffer("RGB", (width, height), raw[start:start + stride * height], "raw", "BGRX", stride, 1)

    # Hands

    def _xdotool(self, *arguments):
        subprocess.run(["xdotool", *map(str, arguments)], env=dict(os.environ, DISPLAY=self.name), check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60)

    def move(self, x, y):
        """Moves the pointer."""
        self._xdotool("mousemove", int(x), int(y))

    def click(self, x, y):
        """Moves the pointer there and presses its first button."""
        self._xdotool("mousemove", int(x), int(y), "sleep", 0.1, "click", 1)

    def press_button(self, x, y):
        """Moves the pointer there, presses its first button and keeps it down."""
        self._xdotool("mousemove", int(x), int(y), "sleep", 0.1, "mousedown", 1)

    def release_button(self, x, y):
        """Moves the pointer there and lets go of its first button."""
        self._xdotool("mousemove", int(x), int(y), "sleep", 0.1, "mouseup", 1)

    def key(self, *names):
        """Presses keys one after the other: "Return", "ctrl+alt+Home"."""
        self._xdotool("key", "--delay", 60, *names)

    def type(self, text):
        """Types a text."""
        self._xdotool("type", "--delay", 60, "--", text)

    def type_into_guest(self, text):
        """Types a text no faster than the screen shows something of it."""
        for at in range(0, len(text), AT_ONCE):
            before, until = self.look().tobytes(), time.monotonic() + UNSEEN_SECONDS
            self.type(text[at:at + AT_ONCE])
            while self.look().tobytes() == before and time.monotonic() < until:
                time.sleep(0.02)


def middle_of(area):
    """Where a hand goes."""
    return ((area[0] + area[2]) // 2, (area[1] + area[3]) // 2)


def share(picture, colour, tolerance=6):
    """Which part of a picture, 0 to 1, has this colour (RRGGBB)?"""
    wanted = Image.new("RGB", picture.size, f"#{colour}")
    worst = ImageChops.difference(picture.convert("RGB"), wanted).split()
    worst = ImageChops.lighter(ImageChops.lighter(worst[0], worst[1]), worst[2])
    return sum(worst.histogram()[:tolerance + 1]) / (picture.width * picture.height)


def difference(one, other):
    """The mean difference of two pictures of one size, 0 to 255."""
    grey = ImageChops.difference(one.convert("RGB"), other.convert("RGB")).convert("L")
    return sum(value * count for value, count in enumerate(grey.histogram())) / (grey.width * grey.height)


# ---------------------------------------------------------------------------------------------------------------
# Reading

def _read_once(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "png", compress_level=1)
    told = subprocess.run(["tesseract", "-", "-", "--psm", "11", "-l", "eng", "-c", "thresholding_method=2", "tsv"],
                          input=buffer.getvalue(), capture_output=True, check=True, timeout=120,
                          env=dict(os.environ, OMP_THREAD_LIMIT="1"))
    words = []
    for row in told.stdout.decode().splitlines()[1:]:
        field = row.split("\t")
        if len(field) == 12 and field[11].strip() and float(field[10]) > 30:
            left, top, width, height = map(int, field[6:10])
            words.append((int(field[2]), Word(field[11].strip(), left // 2, top // 2, (left + width) // 2, (top + height) // 2)))
    return [word for _, word in words]


def _least(picture):
    red, green, blue = picture.split()
    return ImageChops.darker(ImageChops.darker(red, green), blue)


def read(picture):
    """The words in a picture, by optical character recognition: once as it is, for dark text, and once with nothing but
    what is nearly white, for bright text on coloured buttons."""
    big = picture.convert("RGB").resize((picture.width * 2, picture.height * 2), Image.BICUBIC)
    bright = _least(big).point(lambda value: 255 - min(255, max(0, value - 110) * 2))
    return _read_once(big.convert("L")) + _read_once(bright)


def read_codes(picture):
    """The texts of the QR codes in a picture."""
    image = zbar.Image(picture.width, picture.height, "Y800", picture.convert("L").tobytes())
    scanner = zbar.ImageScanner()
    scanner.parse_config("disable")
    scanner.parse_config("qrcode.enable")
    scanner.scan(image)
    return [symbol.data for symbol in image]


def _plain(text):
    # Without accents: where letters touch a frame, some are read that are not there.
    bare = unicodedata.normalize("NFKD", text.lower())
    return re.sub(r"[^0-9a-z]", "", bare)


def _follows(word, after):
    """Does a word stand right of another, or on the line below?"""
    height = max(after.bottom - after.top, word.bottom - word.top)
    beside = abs(word.bottom - after.bottom) < height and -height < word.left - after.right < GAP * height
    return beside or 0 < word.top - after.top < 2.5 * height


def _run_length(words, first, most):
    """How many words from the first on belong together, up to a number."""
    count = 1
    while count < most and first + count < len(words) and _follows(words[first + count], words[first + count - 1]):
        count += 1
    return count


def find(words, phrase):
    """The place of the words that read (nearly) as the phrase: (left, top, right, bottom), or None."""
    words = [word for word in words if _plain(word.text)]
    wanted = _plain(phrase)
    length = len(phrase.split())
    best, place = LIKE, None
    for first in range(len(words)):
        for count in range(1, _run_length(words, first, length + 1) + 1):
            run = words[first:first + count]
            likeness = difflib.SequenceMatcher(None, wanted, _plain(" ".join(word.text for word in run))).ratio()
            if likeness > best:
                best = likeness
                place = (min(w.left for w in run), min(w.top for w in run), max(w.right for w in run), max(w.bottom for w in run))
    return place
