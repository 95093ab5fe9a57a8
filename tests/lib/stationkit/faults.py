# SPDX-License-Identifier: GPL-3.0-or-later
"""What breaks is broken on purpose: how often, and what came of it, is a table at the end."""
import contextlib
import statistics
import sys
import time
from pathlib import Path

from . import guests


class FaultCase(guests.GuestCase):
    """A case in which something breaks."""

    rows = {}  # by the name of the fault
    plain = []  # seconds of plain starts of the kiosk, until it can be steered

    @classmethod
    def setUpClass(cls):
        cls.rows, cls.plain = {}, []
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        for name, row in cls.rows.items():
            print(f"# figure: {name} | {cls.tell(row)}")
        cls.keep_report("faults", f"{Path(sys.argv[0]).stem}.json", {"plain start, s": cls.plain, "faults": cls.rows})
        super().tearDownClass()

    @classmethod
    def tell(cls, row):
        """A row of the table."""
        seconds = row["seconds"]
        usable = f"usable again after {statistics.median(seconds):.2f} [{min(seconds):.2f} … {max(seconds):.2f}] s" if seconds else "never usable"
        if seconds and cls.plain:
            usable += f", {statistics.median(seconds) / statistics.median(cls.plain):.1f} × a plain start"
        return f"tried {row['tried']} | recovered {len(seconds)} | {usable} | lost {row['tried'] - len(seconds)}"

    def start_plainly(self, **env):
        """A kiosk where nothing has broken, which is what the others are compared with."""
        began = time.monotonic()
        self.station.start_kiosk(**env)
        self.plain.append(time.monotonic() - began)

    def row(self, name):
        """What is counted of a fault."""
        return self.rows.setdefault(name, {"tried": 0, "seconds": []})

    @contextlib.contextmanager
    def fault(self, name):
        """Something breaks at the beginning, and at the end all is as it should be, for somebody who sits there: nothing is lost."""
        row = self.row(name)
        row["tried"] += 1
        began = time.monotonic()
        yield
        row["seconds"].append(time.monotonic() - began)
