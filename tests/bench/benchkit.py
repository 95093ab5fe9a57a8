# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benches share: a ratio of two series that were taken in one run, printed and kept."""
import contextlib
import json
import os
import signal
import statistics
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import display, guests, processes  # noqa: E402
from stationkit.station import DOMAIN  # noqa: E402

ROUNDS = int(os.environ.get("AST_BENCH_ROUNDS", "10"))
REPORT = "figures.json"


class BenchCase(guests.GuestCase):
    """A kind of figure each. All benches write to one file, each over its own figures of former runs."""

    both_processors = True
    figures = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # As on a station: with the bridge for screen readers, and GStreamer's plugins looked at by a helper.
        for name in ("NO_AT_BRIDGE", "GST_REGISTRY_FORK"):
            cls.desk.env.pop(name)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        print(f"# figure: all of them in {cls.keep_report('bench', REPORT, cls.former() | cls.figures)}")

    @classmethod
    def former(cls):
        """The figures that are in the file already."""
        try:
            return json.loads((cls.build / "bench" / REPORT).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}

    def end_process(self, pid):
        """Ends a program whose parent has gone."""
        os.kill(pid, signal.SIGTERM)
        processes.wait_until(lambda: not processes.is_alive(pid), "its end", 30, 0.01)

    @contextlib.contextmanager
    def unused_screen(self):
        """An X server that nobody has used yet, as after the boot: GTK's look-up of what GL can do is kept on it."""
        screen = display.Display(Path(tempfile.mkdtemp(prefix="screen-", dir=self.desk.folder)) / "x")
        try:
            yield screen
        finally:
            screen.close()

    def compare(self, name, goal, ours, theirs, unit="s"):
        """Prints and keeps the ratio of two series' medians. Without a goal (None) it is only told."""
        ratio = statistics.median(ours) / statistics.median(theirs)
        taken = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self.figures[name] = {"ratio": round(ratio, 3), "goal": goal, "unit": unit, "ours": ours, "theirs": theirs, "taken": taken}
        met = "no goal" if goal is None else f"goal ≤ {goal}: {'met' if ratio <= goal else 'MISSED'}"
        print(f"# figure: {name}: {ratio:.2f} × ({met}); ours {self.spread(ours)}, theirs {self.spread(theirs)} {unit}")

    @staticmethod
    def spread(series):
        """Median, smallest and largest."""
        return f"{statistics.median(series):.3f} [{min(series):.3f} … {max(series):.3f}]"

    # The same guest without us

    def destroy(self):
        """Ends the domain that the bench started."""
        for verb in ("destroy", "undefine"):
            self.desk.virsh(verb, DOMAIN, check=False)
        processes.wait_until(lambda: self.domains_gone(), "the end of the domain", 30, 0.05)

    def domains_gone(self):
        """No guest is there."""
        return self.station.domains() == []
