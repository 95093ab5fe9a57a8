#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session as it goes on: a guest that paints its whole screen anew again and again, keys that are typed, and the memory of what
shows it; in the kiosk, in spicy and in virt-viewer, with the same guest."""
import base64
import contextlib
import statistics
import subprocess
import time

import benchkit
from benchkit import ROUNDS
from stationkit import cases, processes

SESSIONS = max(1, ROUNDS // 3)
CORNER, CURSOR = "20,20", "234,100"
SECONDS = 8
KEYS, FIRST_KEYS = 60, 4
PROGRAM = "/tmp/animation"
IN_GUEST = "export DISPLAY=:0 PATH=/usr/sbin:/usr/bin; "
PROMPT = "ffb454"


class Steady(benchkit.BenchCase):
    """Three ways to show one guest, each on a screen of its own, with a window manager where it needs one."""

    def look(self, screen, pid, series):
        """One session's readings."""
        self.wait_for_agents()
        processes.wait_until(lambda: screen.share(PROMPT, area=(229, 92, 239, 108)) > 0.9, "the prompt, unscaled", 60, 0.3)
        series["memory"].append(processes.memory(pid))
        # The guest answers its very first keys late. Later ones are answered with this look of the emulator or with the next one: a median
        # would be one of two numbers.
        series["key"].append(statistics.mean(self.tool("eyes", "keys", CURSOR, KEYS, env={"DISPLAY": screen.name})[FIRST_KEYS:]))
        self.put_in(self.build / "tests/bench/animation", PROGRAM)
        painted = self.agent("guest-exec", path="/bin/sh", arg=["-c", f"{IN_GUEST} exec {PROGRAM} {SECONDS + 6}"],
                             **{"capture-output": True})["pid"]
        time.sleep(3)
        before = processes.cpu_seconds(pid)
        begun = time.monotonic()
        series["frames"].extend(self.tool("eyes", "frames", CORNER, SECONDS, env={"DISPLAY": screen.name}))
        series["cpu"].append((processes.cpu_seconds(pid) - before) / (time.monotonic() - begun) / series["frames"][-1] * 1000)
        done = processes.wait_until(lambda: (status := self.agent("guest-exec-status", pid=painted))["exited"] and status, "its end", 60, 1)
        series["painted"].append(float(base64.b64decode(done["out-data"])))

    # The three

    def our_session(self, series):
        """The kiosk."""
        self.station.start_kiosk()
        self.screen.move(4, 4)
        self.start("desktop")
        self.look(self.screen, self.station.kiosk.pid, series)
        if not self.domain:
            self.domain = self.write_domain(self.overlay)
        self.stop("--force")
        self.assertEqual(self.station.kiosk.end(), 0)

    @contextlib.contextmanager
    def domain_on_socket(self):
        """The same guest for anybody's client; where its screen can be had."""
        self.make_overlay(self.overlay, "desktop")
        place = self.desk.folder / "run/others"
        file = self.domain.with_name("others.xml")
        text = self.domain.read_text(encoding="utf-8")
        self.assertEqual(text.count("<listen type='none'/>"), 1)
        file.write_text(text.replace("<listen type='none'/>", f"<listen type='socket' socket='{place}'/>"), encoding="utf-8")
        self.desk.virsh("create", file)
        try:
            yield f"spice+unix://{place}"
        finally:
            self.destroy()

    def others_session(self, series, *command):
        """Another client, over the whole of its screen."""
        with self.unused_screen() as screen, self.domain_on_socket() as uri:
            env = self.desk.env | {"DISPLAY": screen.name}
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            manager = processes.start(["openbox"], env=env, **quiet)
            client = processes.start([word.format(uri) for word in command], env=env, **quiet)
            try:
                self.look(screen, client.pid, series)
            finally:
                for process in (client, manager):
                    process.terminate()
                    process.wait()

    def test_steady(self):
        """Frames, processor, keys and memory"""
        self.overlay = self.station.folder / "bench.qcow2"
        self.domain = None
        self.add_sample("desktop", change=lambda text: text.replace('mode="warm"', 'mode="cold"'))
        names = ("frames", "painted", "cpu", "key", "memory")
        ours, spicy, viewer = ({name: [] for name in names} for _ in range(3))
        for _ in range(SESSIONS):
            self.our_session(ours)
            self.others_session(spicy, "spicy", "--full-screen=auto-conf", "--uri={}")
            self.others_session(viewer, "remote-viewer", "--full-screen", "{}")
        for name, other in (("spicy", spicy), ("virt-viewer", viewer)):
            self.compare(f"time between frames shown : {name}", None, self.inverse(ours["frames"]), self.inverse(other["frames"]))
            self.compare(f"client's processor a frame : {name}", None, ours["cpu"], other["cpu"], "ms")
            self.compare(f"key to screen : {name}", None, ours["key"], other["key"])
            self.compare(f"memory (PSS) with a desktop : {name}", None, ours["memory"], other["memory"], "MiB")
        for name, series in (("kiosk", ours), ("spicy", spicy), ("virt-viewer", viewer)):
            print(f"# figure: {name}: {statistics.median(series['frames']):.1f} frames a second of {statistics.median(series['painted']):.1f}")

    @staticmethod
    def inverse(rates):
        """Seconds for each."""
        return [1 / rate for rate in rates]


if __name__ == "__main__":
    cases.main()
