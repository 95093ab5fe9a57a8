#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ten thousand calls a minute over D-Bus while a guest plays a video: is that to be seen? No verdict on time: the intervals between the
frames are told, with and without the poller, in turns."""
import concurrent.futures
import statistics

import loadkit
from stationkit import cases, processes

SECONDS = loadkit.number_of("AST_LOAD_SECONDS", 60)
TURNS = ("without", "with", "without", "with")
CALLS_A_MINUTE = 10000
CORNER = "20,20"
PROGRAM = "/tmp/animation"
# As films have.
FRAMES_A_SECOND = 25
PERCENTILES = (50, 95, 99)


def describe(times):
    """Percentiles, and the longest, in milliseconds."""
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return {"count": len(times)} | {f"p{percent}": round(cuts[percent - 1] * 1000, 2) for percent in PERCENTILES} | {
        "max": round(max(times) * 1000, 2)}


def in_words(told):
    """One line of that."""
    return ", ".join(f"{name} {value}" for name, value in told.items())


class Poller(loadkit.LoadCase):
    """The desktop."""

    def test_poller(self):
        """Intervals between a video's frames with and without a poller; every call is answered"""
        self.add_sample("desktop", change=lambda text: text.replace('mode="warm"', 'mode="cold"'))
        self.station.start_kiosk()
        self.screen.move(4, 4)
        self.start("desktop")
        self.wait_for_agents()
        self.put_in(self.build / "tests/bench/animation", PROGRAM)
        length = len(TURNS) * (SECONDS + 10) + 60
        self.run_in_guest(f"DISPLAY=:0 {PROGRAM} {length} {FRAMES_A_SECOND} </dev/null >/dev/null 2>&1 &")
        self.station.wait_until(lambda: len(self.tool("eyes", "intervals", CORNER, 1, env={"DISPLAY": self.screen.name})) > 2, "a video")
        frames, answers, cpu = {"without": [], "with": []}, [], {"without": [], "with": []}
        for turn in TURNS:
            seconds, intervals, answered = self.watch(turn == "with")
            frames[turn] += intervals
            answers += answered
            cpu[turn].append(seconds)
            print(f"# figure: {turn:8} poller: {in_words(describe(intervals))} ms between frames; the kiosk's processor {seconds:.2f} s")
        self.tell(frames, answers, cpu)
        self.end()

    def watch(self, with_poller):
        """For a while: the kiosk's processor time, the intervals, and how long each answer took."""
        calls = CALLS_A_MINUTE * SECONDS // 60
        before = processes.cpu_seconds(self.station.kiosk.pid)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            poller = with_poller and pool.submit(self.tool, "poller", calls, SECONDS, seconds=SECONDS + 120)
            intervals = self.tool("eyes", "intervals", CORNER, SECONDS, seconds=SECONDS + 120, env={"DISPLAY": self.screen.name})
            seconds = processes.cpu_seconds(self.station.kiosk.pid) - before
            answers = poller.result() if poller else []
        self.assertEqual(len(answers), calls if with_poller else 0)
        return seconds, intervals, answers

    def tell(self, frames, answers, cpu):
        """Both distributions, and what the poller makes of the first."""
        told = {turn: describe(intervals) for turn, intervals in frames.items()}
        ratios = {name: round(told["with"][name] / told["without"][name], 3) for name in ("p50", "p95", "p99", "max")}
        calls = describe(answers)
        for turn, line in told.items():
            print(f"# figure: {turn:8} poller, all: {in_words(line)} ms between frames")
        print(f"# figure: with : without: {in_words(ratios)}")
        print(f"# figure: calls that were answered: {in_words(calls)} ms")
        self.keep_report("load", "poller.json", {"frames": told, "ratios": ratios, "answers": calls, "kiosk's processor": cpu,
                                                 "intervals": frames})


if __name__ == "__main__":
    cases.main()
