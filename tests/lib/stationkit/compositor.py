# SPDX-License-Identifier: GPL-3.0-or-later
"""The station's other session: the kiosk on the Wayland compositor cage, whose monitor is a window on the X screen."""
import os
import re
import shlex
from collections import Counter
from pathlib import Path

from . import processes
from .intruder import Intruder
from .station import Kiosk

SESSION = Path(__file__).resolve().parents[3] / "data/station/asteroide-session.in"
# libwayland's log: [ms.µs], an arrow before what the client asks, object@number.message(arguments).
MESSAGE = re.compile(r"^\[ *\d+\.\d+\] ( -> )?(\w+)@\d+\.(\w+)\((.*)\)$")
# Requests with which a client gets something of its own onto the screen.
SURFACES = {"get_toplevel", "get_popup", "get_subsurface"}
PRESSED = "1"


def session_command():
    """The words with which the station's session starts cage."""
    return shlex.split(re.search(r"forever (cage .*--) ", SESSION.read_text(encoding="utf-8"))[1])


class CageKiosk(Kiosk):
    """Cage and the kiosk in it. `process` and its exit status are cage's, which hands the kiosk's on."""

    # On X only a desk says which backend; the session leaves the choice to the toolkit.
    under = ("env", "-u", "GDK_BACKEND", *session_command())

    def __init__(self, station, env, *options):
        # The kiosk begins on a monitor that has its size, as on a real one.
        gate = station.folder / "monitor-is-there"
        gate.unlink(missing_ok=True)
        self.under = (*self.under, "sh", "-c", f'until [ -e {gate} ]; do sleep 0.05; done; exec "$0" "$@"')
        super().__init__(station, {"WLR_BACKENDS": "x11", "WLR_RENDERER": "pixman", "WAYLAND_DEBUG": "client"} | env, *options)
        self.station = station
        self.surfaces = []  # what the kiosk has asked for so far, of SURFACES
        self.keys = Counter()  # how often each was pressed for it, by the kernel's codes
        self.buttons = Counter()  # the same of the pointer's
        self._offset = 0
        self.fill_screen(*station.screen.size)
        gate.touch()
        self.kiosk_pid = processes.wait_until(lambda: self.programs("asteroide"), self.said)[0]

    def programs(self, name):
        """Ids of the station's processes that run a program."""
        return processes.named(processes.belonging_to(self.station.folder), name)

    def fill_screen(self, width, height):
        """Makes cage's window, its monitor, as large as this."""
        intruder = Intruder(self.station.screen.name)
        try:
            window = processes.wait_until(intruder.toplevels, lambda: f"cage's window: {super(CageKiosk, self).said()}")[0]
            intruder.window(window.ident).configure(x=0, y=0, width=width, height=height)
            intruder.display.sync()
        finally:
            intruder.close()

    def tell(self, sign):
        """To the kiosk: cage ends with it."""
        os.kill(self.kiosk_pid, sign)

    def said(self):
        """What the two wrote, without the messages between them."""
        return "".join(line for line in super().said().splitlines(keepends=True) if not line.startswith("["))

    def follow(self):
        """Reads on in the messages between kiosk and compositor."""
        with open(self.log, "rb") as log:
            log.seek(self._offset)
            text = log.read()
        whole = text.rfind(b"\n") + 1
        self._offset += whole
        for line in text[:whole].decode(errors="replace").splitlines():
            if found := MESSAGE.match(line):
                self._note(*found.groups())

    def _note(self, arrow, kind, message, arguments):
        if arrow and message in SURFACES:
            self.surfaces.append(message)
        elif not arrow and (kind, message) in (("wl_keyboard", "key"), ("wl_pointer", "button")):
            _, _, code, state = arguments.split(", ")
            if state == PRESSED:
                (self.keys if message == "key" else self.buttons)[int(code)] += 1
