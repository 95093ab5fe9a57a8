# SPDX-License-Identifier: GPL-3.0-or-later
"""A test case with a station of its own, on a desk that the cases of a class share."""
import json
import sys
import traceback
import unittest
from pathlib import Path

from . import tap
from .display import Display
from .station import Desk, Station


class ExplainedCase(unittest.TestCase):
    """A case that tells what there was to be seen when it failed."""

    def explain(self):
        """Prints that, as comments."""
        raise NotImplementedError

    def run(self, result=None):
        """As ever; a failure is explained before what it is about is taken down."""
        method = getattr(self, self._testMethodName)

        def explained():
            try:
                method()
            except unittest.SkipTest:
                raise
            except Exception:
                self.explain()
                raise
        explained.__doc__ = method.__doc__
        setattr(self, self._testMethodName, explained)
        return super().run(result)


class StationCase(ExplainedCase):
    """Each case gets self.station (no kiosk yet) and self.screen; afterwards nothing may be left of it."""

    build = None  # the folder that meson built in
    appliances = None  # the sample appliances
    desk = None
    screen_type = Display  # what the desk's screen is

    @classmethod
    def setUpClass(cls):
        cls.desk = Desk(cls.screen_type)
        cls.screen = cls.desk.display

    @classmethod
    def tearDownClass(cls):
        cls.desk.close()

    @classmethod
    def keep_report(cls, suite, name, report):
        """Writes what a suite counted or measured into the build folder; where it is."""
        folder = cls.build / suite
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        return folder / name

    def setUp(self):
        # Beside the pages, not over a tile: a tile below the pointer looks another way.
        self.screen.move(2, self.screen.size[1] - 2)
        self.station = self.make_station()

    def make_station(self, name="b12-07"):
        """A station that is closed, and looked at for leftovers, when the case ends."""
        program = Path(sys.argv[0])
        station = Station(self.desk, self.build, name,
                          Path(self.build) / "screenshots" / program.parent.name / program.stem / tap.name_of(self))
        self.addCleanup(self._close, station)
        return station

    def _close(self, station):
        try:
            station.close()
        except Exception:
            self._tell(station)
            raise

    def explain(self):
        self._tell(self.station)

    @staticmethod
    def _tell(station):
        try:
            print(f"# what was on the screen: {station.shot('failed') or 'not kept'}")
            print(f"# status: {station.status()}")
            for line in (station.kiosk.said() if station.kiosk else "").splitlines()[-60:]:
                print(f"# kiosk: {line}")
        except Exception:  # the first failure is what counts
            traceback.print_exc()


def main():
    """Runs the cases of the calling program."""
    def prepare(build):
        StationCase.build = Path(build).resolve()
        # Built once, beside the plain build, for all builds.
        StationCase.appliances = StationCase.build.parent / "build/appliances"
    tap.main(prepare)
