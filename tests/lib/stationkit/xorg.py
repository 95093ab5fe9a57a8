# SPDX-License-Identifier: GPL-3.0-or-later
"""A real X server without hardware: monitors that are plugged at run time, and keyboards, pointers and a touch screen whose
events a test sends as a driver would."""
import os
import re
import socket
import struct
import subprocess
import time

from PIL import ImageGrab

from . import processes
from .cases import StationCase
from .display import Display

CONFIGURATION = """
Section "Files"
  ModulePath "{modules}"
  ModulePath "/usr/lib/xorg/modules"
EndSection
Section "Module"
  Load "plugs"
  SubSection "plugs"
    Option "Folder" "{plugs}"
  EndSubSection
EndSection
Section "ServerFlags"
  Option "AutoAddDevices" "false"
  Option "BlankTime" "0"
EndSection
Section "Device"
  Identifier "card"
  Driver "dummy"
  VideoRam 65536
EndSection
Section "Monitor"
  Identifier "monitor"
  HorizSync 5-1000
  VertRefresh 5-200
  Modeline "{name}" {timing}
  Option "PreferredMode" "{name}"
EndSection
Section "Screen"
  Identifier "screen"
  Device "card"
  Monitor "monitor"
  DefaultDepth 24
  SubSection "Display"
    Modes "{name}"
    Virtual 2560 1600
  EndSubSection
EndSection
Section "ServerLayout"
  Identifier "layout"
  Screen "screen"
{inputs}EndSection
"""
INPUT = """
Section "InputDevice"
  Identifier "{name}"
  Driver "inputtest"
  Option "SocketPath" "{folder}/{name}"
  Option "DeviceType" "{kind}"
  Option "TouchCount" "10"
EndSection
"""
# What xrandr says of a monitor that shows something.
OUTPUT = re.compile(r"^DUMMY(\d+) \w+ (?:primary )?(\d+)x(\d+)\+(\d+)\+(\d+)", re.MULTILINE)
# The devices' names and kinds; the first of a kind is the seat's own, the others can come and go.
INPUTS = {"keyboard": "Keyboard", "second-keyboard": "Keyboard", "pointer": "PointerAbsolute", "second-pointer": "PointerAbsolute",
          "touch": "Touch"}
CORE = {"keyboard": " \"CoreKeyboard\"", "pointer": " \"CorePointer\""}

# xf86-input-inputtest-protocol.h, version 1.0: each message begins with its length and its kind.
HEADER = struct.Struct("=II")
VERSION, SYNC, BUTTON, KEY, TOUCH = 0, 1, 4, 5, 6
# Is there anything unaccelerated; a bit for each axis; the axes' values, and the unaccelerated ones.
VALUATORS = struct.Struct("=I8s4x64d512x")
TOUCH_BEGIN, TOUCH_UPDATE, TOUCH_END = 18, 19, 20
# Absolute axes reach from 0 to this.
AXIS_MOST = 65535
# The evdev driver's key codes begin here in X.
KEYCODE_OFFSET = 8


def mode_name(width, height):
    """Of a mode of ours; the driver knows others by their sizes alone."""
    return f"own-{width}x{height}"


def timing(width, height):
    """Clock and lines of a mode of that size; a gap of 160 would be “reduced”, and refused."""
    clock = (width + 320) * (height + 40) * 60 / 1e6
    return f"{clock:.2f} {width} {width + 64} {width + 160} {width + 320} {height} {height + 3} {height + 9} {height + 40}"


class XorgDisplay(Display):
    """An Xorg of an ordinary user, with the driver for cards that are not there and a module (plugs.c) for their monitors."""

    def __init__(self, folder, build, width=1280, height=800):
        self.modules = build / "tests/lib"
        super().__init__(folder, width, height)
        # The mode that the server begins with is not the one of the same name that its monitor tells, and a monitor with a
        # mode that is in no list cannot be moved.
        self.run("xrandr", "--query")
        self.run("xrandr", "--output", "DUMMY0", "--auto")
        self.devices = {}
        self.modes = set()  # which monitor can show which

    def command(self):
        """Its configuration is written beside its log."""
        size = f"{self.size[0]}x{self.size[1]}"
        inputs = "".join(f'  InputDevice "{device}"{CORE.get(device, "")}\n' for device in INPUTS)
        self._plug(0).parent.mkdir()
        self._put(0, *self.size)
        text = CONFIGURATION.format(name=size, timing=timing(*self.size), inputs=inputs, modules=self.modules, plugs=self._plug(0).parent)
        text += "".join(INPUT.format(name=device, kind=kind, folder=self.folder) for device, kind in INPUTS.items())
        (self.folder / "xorg.conf").write_text(text, encoding="ascii")
        return ["/usr/lib/xorg/Xorg", "-config", self.folder / "xorg.conf", "-sharevts", "-novtswitch", "-logfile",
                self.folder / "xorg.log"]

    def look(self):
        """What is on all monitors now."""
        return ImageGrab.grab(xdisplay=self.name).convert("RGB")

    # Monitors

    def run(self, *words):
        """A program of X's own, such as xrandr and xinput; what it prints."""
        done = subprocess.run([str(word) for word in words], env=dict(os.environ, DISPLAY=self.name), check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise AssertionError(f"{' '.join(map(str, words))}: {done.stderr}")
        return done.stdout

    def set_monitor(self, number, width, height, *options):
        """Plugs a monitor in, or changes it: a size, and xrandr's words for where and how it stands."""
        name = mode_name(width, height)
        if name not in {known for _, known in self.modes}:
            self.run("xrandr", "--newmode", name, *timing(width, height).split())
        if (number, name) not in self.modes:
            self.run("xrandr", "--addmode", f"DUMMY{number}", name)
        self.modes.add((number, name))
        self.run("xrandr", "--output", f"DUMMY{number}", "--mode", name, *options)
        self._put(number, width, height)
        self.run("xrandr", "--query")

    def unplug(self, number):
        """Takes a monitor away that somebody has switched off before."""
        self.change("--output", f"DUMMY{number}", "--off")
        self.pull(number)

    def change(self, *words):
        """Any other change that xrandr has words for."""
        self.run("xrandr", *words)

    def _put(self, number, width, height):
        """At one stroke: of a monitor without a size the server asks the driver, which has none to tell, and dies."""
        whole = self.folder / "monitor"
        whole.write_text(f"{width}x{height}", encoding="ascii")
        whole.replace(self._plug(number))

    def _plug(self, number):
        return self.folder / "plugs" / f"DUMMY{number}"

    # The server looks only when it is asked; a card with a kernel's driver hears of it by itself.

    def plug(self, number, width, height, ask=True):
        """Puts a monitor on its cable that prefers this size, and does no more; the server may be left to see it later."""
        self._put(number, width, height)
        if ask:
            self.run("xrandr", "--query")

    def pull(self, number):
        """Pulls the cable out while the monitor shows something, or does not."""
        self._plug(number).unlink(missing_ok=True)
        self.run("xrandr", "--query")

    def outputs(self):
        """Of the monitors that show something, by number: left, top, width, height."""
        found = OUTPUT.findall(self.run("xrandr", "--current"))
        return {int(number): (int(left), int(top), int(width), int(height)) for number, width, height, left, top in found}

    # Input devices

    # The driver never finds out that its other side has closed the connection, and listens to it for ever: so a connection
    # stays until the device goes.

    def plug_device(self, name, is_there=True):
        """Has the server forget one of its input devices, or find it."""
        self.run("xinput", "enable" if is_there else "disable", name)
        if not is_there and name in self.devices:
            self.devices.pop(name).close()

    def device(self, name):
        """One of the server's input devices, for a test's hands."""
        if name not in self.devices:
            self.devices[name] = InputDevice(self, name)
        return self.devices[name]


class InputDevice:
    """The driver's side of an input device: what is sent has happened when the method returns."""

    def __init__(self, screen, name):
        self.screen = screen
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        path = screen.folder / name
        processes.wait_until(path.exists, f"the input device {name}", 20)
        self.socket.connect(os.fspath(path))
        self._send(VERSION, struct.pack("=HH", 1, 0))
        self._receive()

    def close(self):
        """Lets go of a device that is gone."""
        self.socket.close()

    def _send(self, kind, body=b""):
        self.socket.sendall(HEADER.pack(HEADER.size + len(body), kind) + body)

    def _receive(self):
        length = HEADER.unpack(self._exactly(HEADER.size))[0]
        return self._exactly(length - HEADER.size)

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise ConnectionError("the X server has let go of the input device")
            data += part
        return data

    def sync(self):
        """Waits until the server has worked on everything."""
        self._send(SYNC)
        self._receive()

    def key(self, code, press):
        """Presses or lets go of a key, by X's code."""
        self._send(KEY, struct.pack("=iI", code, press))
        self.sync()

    def click(self, x, y, button=1):
        """Presses and lets go of a button there."""
        for press in (True, False):
            self._send(BUTTON, struct.pack("=iiI4x", True, button, press) + self._place(x, y))
        self.sync()

    def touch(self, finger, kind, x, y):
        """One event of a finger there."""
        self._send(TOUCH, struct.pack("=II", finger, kind) + self._place(x, y))
        self.sync()

    def _place(self, x, y):
        width, height = self.screen.look().size
        places = (x * AXIS_MOST / width, y * AXIS_MOST / height) + (0.0,) * 62
        return VALUATORS.pack(0, b"\3" + b"\0" * 7, *places)

    # Gestures: each finger is a list of places, one list for each finger

    def gesture(self, *fingers, hold=0.0):
        """All fingers come down together, move along their places, rest for some seconds, and are lifted."""
        for number, places in enumerate(fingers):
            self.touch(number, TOUCH_BEGIN, *places[0])
        for step in range(1, max(map(len, fingers))):
            for number, places in enumerate(fingers):
                self.touch(number, TOUCH_UPDATE, *places[min(step, len(places) - 1)])
        time.sleep(hold)
        for number, places in enumerate(fingers):
            self.touch(number, TOUCH_END, *places[-1])


class XorgCase(StationCase):
    """A case on such a screen."""

    @classmethod
    def screen_type(cls, folder):
        """The desk's screen."""
        return XorgDisplay(folder, cls.build)
