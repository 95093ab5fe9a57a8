#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""A start that is cancelled, at each of its stages, leaves no domain, no overlay and no lock."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, guests  # noqa: E402


class Cancels(guests.GuestCase):
    """Each stage is made slow where it must be, so that it is really hit."""

    def no_overlay(self):
        """Making the overlay takes longer than anybody waits, each time: what is made is kept ready for the next start."""
        return self.hold_back("qemu-img")

    def slow_guest(self):
        """Creating the domain takes its time; asking QEMU what it can does not."""
        return guests.wrapper(self.station.folder / "slow-guest", "qemu-system-x86_64",
                              'case "$*" in *guest=asteroide*) env -i sleep 8 >/dev/null 2>&1 ;; esac')

    def expect_cancelled(self, state, cancel):
        """Begins a start, cancels it in this state, and once more right after it was begun again."""
        for _ in range(2):
            self.choose()
            self.station.wait_state(state, pause=0.005)
            cancel()
            self.wait_for_end()

    def by_ctl(self):
        """Cancels from outside."""
        done = self.station.ctl("stop", "--force")
        self.assertEqual(done.returncode, 0, done.stderr)

    def by_click(self):
        """Cancels on the screen."""
        self.screen.wait_for("Cancel")
        self.station.shot("cancel")
        self.screen.click_on("Cancel")

    def test_preparing(self):
        """While the overlay is made, from outside."""
        self.add_sample()
        self.station.start_kiosk(**self.no_overlay())
        self.expect_cancelled("preparing", self.by_ctl)

    def test_preparing_click(self):
        """While the overlay is made, by a click."""
        self.add_sample()
        self.station.start_kiosk(**self.no_overlay())
        self.expect_cancelled("preparing", self.by_click)

    def test_starting(self):
        """While libvirt creates the domain, from outside."""
        self.add_sample()
        self.station.start_kiosk(**self.slow_guest())
        self.expect_cancelled("starting", self.by_ctl)

    def test_starting_click(self):
        """While libvirt creates the domain, by a click."""
        self.add_sample()
        self.station.start_kiosk(**self.hold_back("qemu-system-x86_64", "*guest=asteroide*"))

        def click():
            self.by_click()
            self.gate().unlink()
            self.station.wait_state("idle", seconds=120)
            self.gate().touch()
        self.expect_cancelled("starting", click)

    def test_booting(self):
        """As soon as the guest runs, before its first picture where we are quick enough."""
        self.add_sample()
        self.station.start_kiosk()
        self.expect_cancelled("booting", self.desk.stop_by_bus)

    def test_shown(self):
        """With the guest's first picture on the screen, which is black; on a machine that is not too busy it is not ready yet."""
        self.add_sample()
        self.station.start_kiosk()
        self.choose()
        self.station.wait_until(lambda: self.screen.share("000000") > 0.9, "the guest's picture")
        self.stop("--force")

    def test_ready(self):
        """When it is ready."""
        self.add_sample()
        self.station.start_kiosk()
        self.start()
        self.station.wait_state("ready")
        self.stop("--force")

    def test_terminated(self):
        """The kiosk is told to end while it prepares, and while it starts."""
        self.add_sample()
        for env, state in ((self.no_overlay(), "preparing"), (self.slow_guest(), "starting")):
            self.station.start_kiosk(**env)
            self.choose()
            self.station.wait_state(state)
            self.assertEqual(self.station.kiosk.end(), 0, self.station.kiosk.said())
            self.assertEqual(self.station.leftovers(), [])


if __name__ == "__main__":
    cases.main()
