#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plug is pulled at every step. A library counts the steps by which the kiosk changes something (files, other programs, what it
tells libvirt), and stops it just before one of them; then all that runs on the station is killed. Whatever the step was, the next start
is clean: no guest, no overlay, no lock, no socket; images and pairs are what they were; and it can be worked with."""
import itertools
import os
import shutil
import sys
import threading
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, faults, guests, processes  # noqa: E402
from stationkit.station import EMULATOR, HELPERS  # noqa: E402

# At most so many steps of each way are tried, evenly spread.
POINTS = int(os.environ.get("AST_FAULT_POINTS", "120"))
# Each so many of them it is only the kiosk that dies, and the guest lives on.
KIOSK_ONLY = 3
# Each so many starts a whole session shows that the station works.
SESSION_EACH = 10
# What a pair for quick starts is made of.
PARTS = (".memory", ".ram", ".seed.qcow2")
TRIES = "the plug was pulled"


class Sweep(faults.FaultCase):
    """Each case is a way that the station goes; it is gone once for each of its steps."""

    def setUp(self):
        super().setUp()
        self.boot = self.station.folder / "boot-id"
        self.told = self.station.folder / "told"
        self.steps_file = self.desk.folder / "log/steps"
        self.new_boot()

    def new_boot(self):
        """The system has been started anew."""
        self.boot.write_text(f"{uuid.uuid4()}\n", encoding="ascii")

    def preload(self, at):
        """The environment of a kiosk that is stopped before a step; 0: that is only looked at."""
        return {"LD_PRELOAD": self.build / "tests/lib/crashpoint.so", "CRASH_AT": str(at), "CRASH_LOG": self.steps_file,
                "CRASH_TOLD": self.told, "CRASH_ROOT": self.station.folder, "CRASH_BOOT": self.boot}

    def launch(self, at=0):
        """A kiosk; seconds until it can be steered, None where it was stopped before."""
        self.told.unlink(missing_ok=True)
        self.steps_file.unlink(missing_ok=True)
        began = time.monotonic()
        self.station.launch_kiosk(**{key: str(value) for key, value in self.preload(at).items()})
        processes.wait_until(lambda: self.told.exists() or self.is_steerable() or not self.station.kiosk.is_running(),
                             "a kiosk that can be steered", 60, 0.02)
        return None if self.told.exists() else time.monotonic() - began

    def is_steerable(self):
        """Does the kiosk answer on the bus, and is what the last one left cleared?"""
        return self.station.state() != "none" and self.station.status_on_bus() is not None

    # The plug

    def pull(self, only_kiosk):
        """All that runs on the station is killed, as a power cut does; or only the kiosk."""
        self.station.kiosk.crash()
        if only_kiosk:
            return
        self.kill_all()
        # What lies in memory only. What libvirt's daemon has noted there stays: an end of all processes without a power cut leaves it.
        shutil.rmtree(self.station.runtime, ignore_errors=True)
        self.new_boot()

    def kill_all(self):
        """Guests, libvirt's daemons, helpers."""
        for name in ("libvirtd", EMULATOR, "virtlogd", "qemu-img", *HELPERS):
            processes.kill(self.desk.processes(name))

    # A way, once to see its steps, then once for each

    def steps(self):
        """Those that were taken, in order."""
        try:
            return self.steps_file.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []

    def go(self, way):
        """Goes the way on the running kiosk, as far as it gets."""
        def act():
            try:
                way()
            except (AssertionError, OSError):
                pass  # the kiosk was stopped on it
        actor = threading.Thread(target=act, daemon=True)
        actor.start()
        while actor.is_alive() and not self.told.exists():
            time.sleep(0.01)
        return actor

    def sweep(self, name, way, wanted=lambda steps: range(1, len(steps) + 1), points=POINTS):
        """The whole of it."""
        self.plain.append(self.launch())
        self.go(way).join()
        steps = self.steps()
        if not self.station.kiosk.is_running():
            self.launch()
        self.settle()
        self.assertEqual(self.station.kiosk.end(), 0, self.station.kiosk.said())
        chosen = list(wanted(steps))
        chosen = chosen[::max(1, -(-len(chosen) // points))]
        self.images = self.digests()
        row = self.row(f"plug pulled at each step of {name}, or only the kiosk killed")
        for count, at in enumerate(chosen):
            seconds = self.one(row, way, at, only_kiosk=count % KIOSK_ONLY == KIOSK_ONLY - 1, session=count % SESSION_EACH == 0)
            if seconds is not None:
                row["seconds"].append(seconds)
        self.assertGreater(row["tried"], len(chosen) * 0.6)

    def one(self, row, way, at, only_kiosk, session):
        """The plug is pulled before one step; seconds until the next kiosk can be steered, None where the step was not come to."""
        actor = None
        if self.launch(at) is not None:
            actor = self.go(way)
        reached = self.told.exists()
        row["tried"] += reached
        where = self.steps()[-1:]
        self.pull(only_kiosk and reached)
        if actor:
            actor.join(90)
        try:
            seconds = self.launch()
            self.settle()
            self.check(session)
        except AssertionError as error:
            raise AssertionError(f"before step {at} ({where}), {'the kiosk alone' if only_kiosk else 'all'}: {error}") from error
        return seconds if reached else None

    def settle(self):
        """Whatever the kiosk has found, it is ended as a person or an administrator would; and the kiosk too."""
        processes.wait_until(lambda: self.station.state() in ("idle", "failed", "ready", "booting"), lambda: f"rest: {self.station.status()}", 60, 0.05)
        if self.station.state() != "idle":
            self.station.ctl("stop", "--force")
        # What is only told, and leaves nothing to choose, is read and left.
        if self.station.state() == "failed":
            self.screen.click_on("Back to the")
        self.station.wait_state("idle", seconds=60)
        processes.wait_until(lambda: not self.station.leftovers(), lambda: f"left: {self.station.leftovers()}", 60, 0.1)
        self.assertEqual([file.name for file in self.station.runtime.iterdir() if file.name != "state.json"], [])

    def check(self, session):
        """What must never change has not; and the station works."""
        # A pair may have been replaced by another one, as a whole.
        now = self.digests()
        self.assertEqual(len(now), len(self.images))
        new, gone = now.keys() - self.images.keys(), self.images.keys() - now.keys()
        self.assertTrue(all(map(self.is_of_pair, new | gone)), new | gone)
        self.assertIn(len(new), (0, len(PARTS)))
        self.assertEqual({name: now[name] for name in now.keys() - new}, {name: self.images[name] for name in self.images.keys() - gone})
        self.images = now
        # What is half, or belonged to another pair, has gone.
        parts = [file.name for file in (self.station.folder / "warm").glob("*") if file.name.endswith((*PARTS, ".volatile.qcow2"))]
        self.assertEqual([name for name in parts if f"warm/{name}" not in now], [])
        for kept in self.station.overlays.glob("*.kept.qcow2"):
            processes.run("qemu-img", "check", "-q", kept)
        if session:
            self.start_by_bus("tiny")
            self.stop_by_force()
        self.assertEqual(self.station.kiosk.end(), 0, self.station.kiosk.said())

    def digests(self):
        """Of all images, and of what is prepared for quick starts."""
        files = [*self.station.appliances.glob("*/*.qcow2"), *(self.station.folder / "warm").glob("*")]
        return {f"{file.parent.name}/{file.name}": guests.digest(file) for file in files if file.parent.parent == self.station.appliances or self.is_published(file)}

    @staticmethod
    def is_of_pair(name):
        """Has it a name as parts of pairs have?"""
        return name.endswith(PARTS)

    def is_published(self, file):
        """Is it part of a pair?"""
        return any(file.name in info.read_text(encoding="utf-8") for info in file.parent.glob("*.warm"))

    # The ways

    def start_by_bus(self, name):
        """A session whose guest runs."""
        if self.desk.call_kiosk("Start", f"string:{name}") is None:
            raise AssertionError("no start")
        self.wait_for_word("booting", "ready", "failed")

    def stop_by_force(self):
        """… and its end."""
        self.desk.stop_by_bus()
        self.wait_for_word("idle", "failed")

    def wait_for_word(self, *words):
        """A state, of a kiosk that may be stopped."""
        processes.wait_until(lambda: self.told.exists() or self.station.state() in words, f"{words}", 60, 0.02)
        if self.told.exists():
            raise AssertionError(TRIES)

    def test_volatile(self):
        """A session that is forgotten: start, run, end."""
        self.add_sample()
        self.sweep("volatile session", lambda: (self.start_by_bus("tiny"), self.stop_by_force()))

    def test_kept(self):
        """A session that is kept, and its reset."""
        self.add_sample()
        self.add_sample("tiny", "kept", change=guests.kept)

        def way():
            self.start_by_bus("kept")
            self.stop_by_force()
            if self.desk.call_kiosk("Reset", "array:string:kept") is None:
                raise AssertionError("no reset")
        self.sweep("kept session and reset", way)

    def test_ends(self):
        """A kiosk that is told to end beside a guest."""
        self.add_sample()

        def way():
            self.start_by_bus("tiny")
            self.station.kiosk.tell(15)
            processes.wait_until(lambda: self.told.exists() or not self.station.kiosk.is_running(), "its end", 60, 0.02)
        # The start's steps, which come first, have been looked at.
        self.sweep("end of the kiosk", way, wanted=lambda steps: range(len(steps) // 2, len(steps) + 1), points=POINTS // 2)

    def test_warm(self):
        """A quick start is prepared: what a half of it leaves is no pair; and what was prepared before stays as it is."""
        self.station.write_config(paths={"warm": self.station.folder / "warm"})
        self.add_sample()
        self.add_sample("desktop", change=lambda text: text.replace('<start mode="warm"/>', '<start mode="warm" probe="true"/>'))

        def way():
            if self.desk.call_kiosk("Warm", "string:desktop", "boolean:true") is None:
                raise AssertionError("no preparation")
            self.wait_for_word("preparing", "starting", "booting", "ready", "stopping", "discarding")
            processes.wait_until(lambda: self.told.exists() or self.station.state() in ("idle", "failed"), "its end", 300, 0.1)
        self.sweep("preparation of a quick start", way, wanted=self.choose_warm, points=max(8, POINTS // 4))

    @staticmethod
    def choose_warm(steps):
        """All that it does to files, and of what it asks libvirt again and again a few."""
        talks = itertools.count()
        return [number for number, line in enumerate(steps, 1) if " tell " not in line or next(talks) % 12 == 0]


if __name__ == "__main__":
    cases.main()
