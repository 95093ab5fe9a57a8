#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures as ratios taken in one run, each against what anybody could do without us. No verdict on time: goals are shown
beside the ratios, and the figures are written to a file. What can fail is the measuring."""
import time

import benchkit
from benchkit import ROUNDS
from stationkit import cases, guests, processes
from stationkit.station import DOMAIN

NOT_OURS = "ff00ff"  # the bare screen's colour: nobody paints with it
LAUNCHER_POINTS = ["--at", "5,5", "--at", "640,790"]
# All over the screen: black at once when the guest's first, still black, picture covers the launcher's blue.
GUEST_POINTS = [word for point in ("200,500", "1000,500", "640,300", "640,640") for word in ("--at", point)]
# virt-viewer without a window manager opens small, at the screen's corner.
VIEWER_POINTS = ["--at", "100,250", "--at", "100,300"]
LONE_TILE = "640,300"


class Figures(benchkit.BenchCase):
    """One kind of figure each."""

    def time_command(self, points, *command, **options):
        """Seconds from the start of a command until it has painted, and its process id."""
        seconds, pid, _ = self.tool("stopwatch", *points, "--", *command, **options)
        return seconds, int(pid)

    # The launcher's first frame

    def first_frame(self, *command):
        """Seconds from the start to the first frame, as after the boot."""
        with self.unused_screen() as screen:
            seconds, pid = self.time_command(LAUNCHER_POINTS, *command, env={"DISPLAY": screen.name})
            time.sleep(0.7)
            self.end_process(pid)
            return seconds

    def test_first_frame(self):
        """Process start to the launcher's first frame, against a bare GTK window."""
        commands = {"bare": [self.build / "tests/bench/bare-window"]}
        for count in (24, 1000):
            station = self.make_station()
            self.add_many(station, count)
            commands[count] = [self.build / "src/kiosk/asteroide", "--config", station.config_file]
        series = {which: [] for which in commands}
        for _ in range(ROUNDS + 1):
            for which, command in commands.items():
                series[which].append(self.first_frame(*command))
        series = {which: times[1:] for which, times in series.items()}  # the first round fills the caches
        self.compare("first frame, 24 tiles : bare window", 1.5, series[24], series["bare"])
        self.compare("first frame, 1000 descriptors : bare window", 3, series[1000], series["bare"])

    # The guest's first frame

    def fresh_start(self, overlay=None):
        """What the kiosk makes within the time that is taken of it, the others get for nothing; and everybody starts on a
        station that has come to rest."""
        if overlay:
            self.make_overlay(overlay)
        time.sleep(1)

    def wait_for_console(self, screen):
        """Until the guest can be worked in, whoever shows it."""
        processes.wait_until(lambda: screen.share(guests.COLOURS["tiny"]) > 0.5, "the guest's console", 120, 0.3)

    def our_start(self):
        """Click to first frame on the kiosk; its memory with the guest's console on the screen."""
        seconds = self.tool("stopwatch", "--click", LONE_TILE, "--until", "000000", *GUEST_POINTS)[0]
        self.wait_for_console(self.screen)
        memory = processes.memory(self.station.kiosk.pid)
        return seconds, memory

    def viewer_start(self, file, screen):
        """virsh create and virt-viewer --kiosk on the same XML; the viewer's memory with the guest's console on it."""
        processes.run("xsetroot", "-display", screen.name, "-solid", f"#{NOT_OURS}")
        script = f"virsh -q -c qemu:///session create {file} && exec virt-viewer -c qemu:///session --kiosk --attach {DOMAIN}"
        seconds, pid = self.time_command([*VIEWER_POINTS, "--until", "000000"], "sh", "-c", script, env={"DISPLAY": screen.name})
        self.wait_for_console(screen)
        memory = processes.memory(pid)
        self.end_process(pid)
        return seconds, memory

    def test_first_picture(self):
        """Click to the guest's first frame and the kiosk's memory, against virt-viewer and against the floor."""
        self.add_sample("tiny")
        self.station.start_kiosk()
        self.our_start()
        overlay = self.station.folder / "bench.qcow2"
        file = self.write_domain(overlay)
        self.stop("--force")
        series = {"ours": [], "viewer": [], "floor": [], "create": [], "ours MiB": [], "viewer MiB": [],
                  "first viewer MiB": []}
        for _ in range(ROUNDS):
            self.screen.wait_for("Type to search")
            self.fresh_start()
            seconds, memory = self.our_start()
            series["ours"].append(seconds)
            series["ours MiB"].append(memory)
            self.stop("--force")
            self.fresh_start(overlay)
            created, surface = self.tool("floor", "qemu:///session", file)
            series["create"].append(created)
            series["floor"].append(surface)
            self.destroy()
        self.assertEqual(self.station.kiosk.end(), 0)
        for _ in range(ROUNDS):
            with self.unused_screen() as screen:
                self.fresh_start(overlay)
                series["first viewer MiB"].append(self.viewer_start(file, screen)[1])
                self.destroy()
            self.fresh_start(overlay)
            seconds, memory = self.viewer_start(file, self.screen)
            series["viewer"].append(seconds)
            series["viewer MiB"].append(memory)
            self.destroy()
        self.compare("first picture : virsh create + virt-viewer --kiosk", 0.65, series["ours"], series["viewer"])
        self.compare("first picture : floor", 1.15, series["ours"], series["floor"])
        print(f"# figure: of the floor, libvirt's create: {self.spread(series['create'])} s")
        # Ours ran on an unused screen, too.
        self.compare("memory (PSS) : virt-viewer, first on its screen", 1, series["ours MiB"], series["first viewer MiB"], "MiB")
        self.compare("memory (PSS) : virt-viewer, on a used screen", 1, series["ours MiB"], series["viewer MiB"], "MiB")


if __name__ == "__main__":
    cases.main()
