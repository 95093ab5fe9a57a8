# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of load share: readings of a kiosk, the lines through them, and its bus."""
import os
import sys
import time
from pathlib import Path

import gi

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402
import slope  # noqa: E402
from slope import Bound  # noqa: E402
from stationkit import guests, processes  # noqa: E402
from stationkit.station import BUS_NAME  # noqa: E402

OBJECT = "/org/asteroide/Kiosk1"
PROPERTIES = "org.freedesktop.DBus.Properties"
# A megabyte, or ten pieces, in a thousand steps: what a station that runs for half a year would not notice. Less than a heap's own step
# is none; and what is in the files that are mapped depends on who else maps them, so that it is only told.
MEMORY, PIECES = Bound("KiB", 1024, 256), Bound("", 10, 2)
BOUNDS = {
    "memory": MEMORY, "memory of the X server": MEMORY, "descriptors": PIECES, "threads": PIECES, "children": PIECES, "files": PIECES,
    "log": Bound("bytes", 1024, 256), "PSS": Bound("KiB"), "libvirtd's memory": Bound("KiB"), "libvirtd's descriptors": Bound(""),
    "processor": Bound("ms")}
# Folders of a person in which nothing may be left; what the tests themselves write lies elsewhere.
HOME = ("home", "config", "cache", "data", "state", "run")
# At rest: no more processor time than this in so many seconds.
REST_SECONDS, REST_TIME = 0.5, 0.02


def number_of(name, usual):
    """How much of something the environment asks for."""
    return int(os.environ.get(name, usual))


class Series:
    """Readings of one kind of moment: `step` is what passes between them."""

    def __init__(self, step):
        self.step = step
        self.places = []
        self.readings = {name: [] for name in BOUNDS}
        self.before = None

    def add(self, place, now, **summed):
        """What there was at a place, and what had been used by then; of that, each step's part since the last readings is kept, and so
        the first ones only begin."""
        if self.before:
            steps = place - self.before[0]
            now |= {name: (value - self.before[1][name]) / steps for name, value in summed.items()}
            self.places.append(place)
            for name, value in now.items():
                self.readings[name].append(value)
        self.before = (place, summed)


class LoadCase(guests.GuestCase):
    """A kiosk that is steered and read from outside."""

    both_processors = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        cls.bus = Gio.DBusConnection.new_for_address_sync(cls.desk.env["DBUS_SESSION_BUS_ADDRESS"], flags, None, None)

    @classmethod
    def tearDownClass(cls):
        cls.bus.close_sync(None)
        super().tearDownClass()

    # The kiosk's bus

    def call(self, interface, member, argument=None):
        """What a method of the kiosk's object answers."""
        arguments = argument and GLib.Variant.new_tuple(argument)
        return self.bus.call_sync(BUS_NAME, OBJECT, interface, member, arguments, None, Gio.DBusCallFlags.NO_AUTO_START, 60000, None).unpack()

    def poll(self):
        """What a status poller asks for: all properties."""
        return self.call(PROPERTIES, "GetAll", GLib.Variant("s", BUS_NAME))[0]

    def begin(self, ident="tiny"):
        """Starts a session and waits for its guest on the screen: black, as long as it boots."""
        self.call(BUS_NAME, "Start", GLib.Variant("s", ident))
        self.station.wait_state("booting", "ready", "failed")
        self.station.wait_until(lambda: self.screen.share("000000") > 0.9, lambda: f"a guest on the screen; {self.station.status()}")

    def end(self):
        """Ends it by force; nothing of it is left."""
        self.call(BUS_NAME, "Stop", GLib.Variant("b", True))
        self.station.wait_state("idle")
        self.assertEqual(self.station.leftovers(), [])

    # Readings

    def wait_for_rest(self):
        """Until the kiosk has nothing more to do."""
        def look():
            before = processes.cpu_seconds(self.station.kiosk.pid)
            time.sleep(REST_SECONDS)
            return processes.cpu_seconds(self.station.kiosk.pid) - before <= REST_TIME
        self.station.wait_until(look, "a kiosk at rest", 60, 0)

    def count_files(self):
        """All that lies in the station's and the person's folders."""
        folders = [self.station.overlays, self.station.runtime, *(self.desk.folder / name for name in HOME)]
        return sum(len(files) for folder in folders for _, _, files in os.walk(folder))

    def logged(self):
        """Bytes that the kiosk has written to what would be the journal."""
        return self.station.kiosk.log.stat().st_size

    def read(self, series, place):
        """Takes the readings at a place of a series."""
        kiosk = self.station.kiosk.pid
        daemon, = self.desk.processes("libvirtd")
        process = Path(f"/proc/{kiosk}")
        series.add(place, {
            "memory": processes.memory(kiosk, "Anon", "Shmem") * 1024, "PSS": processes.memory(kiosk) * 1024,
            "memory of the X server": processes.memory(self.screen.server.pid, "Anon", "Shmem") * 1024,
            "descriptors": len(os.listdir(process / "fd")), "threads": len(os.listdir(process / "task")),
            "children": len(processes.children_of(kiosk)), "files": self.count_files(),
            "libvirtd's memory": processes.memory(daemon) * 1024, "libvirtd's descriptors": len(os.listdir(f"/proc/{daemon}/fd")),
        }, log=self.logged(), processor=processes.cpu_seconds(kiosk) * 1000)

    def judge(self, title, series, warm_up):
        """Prints the lines through what was read behind the warm-up, and keeps it all under the title. What grows."""
        first = next(index for index, place in enumerate(series.places) if place > warm_up)
        places, step = series.places[first:], series.step
        lines = {name: slope.fit(places, values[first:]) for name, values in series.readings.items()}
        grown = [name for name, line in lines.items() if slope.grows(line, BOUNDS[name])]
        print(f"# figure: {title}: {len(places)} readings from {step} {places[0]:.4g} to {places[-1]:.4g}")
        print(f"# figure:   {'':29} {'least … most':>19}   {f'slope per {step} ± error':>24}   in 1000, with 95 %")
        for name, line in lines.items():
            values, bound = series.readings[name][first:], BOUNDS[name]
            verdict = "told" if bound.most is None else "GROWS" if name in grown else "flat"
            print(f"# figure:   {name:23} {bound.unit:5} {f'{min(values):.1f} … {max(values):.1f}':>19}   {f'{line.slope:+.4f} ± {line.error:.4f}':>24}"
                  f"   {f'{line.low * 1000:+.0f} … {line.high * 1000:+.0f}':>17}  {verdict}")
        kept = {"step": step, "warm_up": warm_up, "places": series.places, "readings": series.readings,
                "lines": {name: line._asdict() for name, line in lines.items()}}
        self.keep_report("load", f"{title.replace(' ', '-')}.json", kept)
        return grown
