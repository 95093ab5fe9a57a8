# SPDX-License-Identifier: GPL-3.0-or-later
"""The clocks of a kiosk that lives faster than its station (tests/lib/fasttime.c), and jump."""
import mmap
import struct
import time

TICK = struct.Struct("=qqqd")
HEAD = struct.Struct("=Qd")
FILE_BYTES = 65536
SECOND = 1_000_000_000


class FastTime:
    """One kiosk's clocks. They begin at the station's own rate, with a time of the wall; `most` is the highest rate there will be."""

    def __init__(self, build, path, most, wall=None):
        self.path = path
        path.write_bytes(bytes(FILE_BYTES))
        with open(path, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), FILE_BYTES)
        self.count, self.most = 0, most
        self.began = time.monotonic_ns()
        self._add(self.began, self.began, int((time.time() if wall is None else wall) * SECOND), 1.0)
        self.env = {"LD_PRELOAD": str(build / "tests/lib/fasttime.so"), "FASTTIME": str(path)}

    def _add(self, *tick):
        """What is added is whole before it counts."""
        self.tick = tick
        TICK.pack_into(self.page, HEAD.size + self.count * TICK.size, *tick)
        self.count += 1
        HEAD.pack_into(self.page, 0, self.count, self.most)

    def _now(self):
        since, monotonic, wall, rate = self.tick
        real = time.monotonic_ns()
        passed = int((real - since) * rate)
        return real, monotonic + passed, wall + passed

    def passed(self):
        """Seconds of the kiosk's life, whatever the wall's clock did."""
        return (self._now()[1] - self.began) / SECOND

    def wall(self):
        """What the wall's clock shows, seconds since the epoch."""
        return self._now()[2] / SECOND

    def run(self, rate):
        """From now on the clocks run at this rate."""
        self._add(*self._now(), float(rate))

    def set_wall(self, seconds):
        """The wall's clock jumps there."""
        real, monotonic, _ = self._now()
        self._add(real, monotonic, int(seconds * SECOND), self.tick[3])

    def live(self, seconds, each=60, look=lambda: None):
        """So much of the kiosk's life passes as quickly as it can, with a look about each so many seconds of it; then its clocks run at the
        station's rate again."""
        end = self.passed() + seconds
        self.run(self.most)
        try:
            while (left := end - self.passed()) > 0:
                look()
                time.sleep(min(each, left) / self.most)
        finally:
            self.run(1)
