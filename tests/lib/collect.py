#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests that meson knows of, suite by suite, and counts their cases (all speak TAP)."""
import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stationkit import processes

# Suites whose tests share the processors peacefully (a guest keeps one busy); the others want the machine for themselves.
SIDE_BY_SIDE = ("unit", "golden", "cli", "guest", "devices", "devices-whole")
CASE = re.compile(r"^(not )?ok\b[ \t]*(\d*)[ \t-]*([^#]*)(?:#\s*(skip|todo)\S*\s*(.*))?", re.IGNORECASE)
# The lines of a case that passed, of which the second is its time.
PASSED = re.compile(r"ok\b|# \d+\.\d s$")
PLAN = re.compile(r"^1\.\.(\d+)(?:\s*#\s*skip\S*\s*(.*))?", re.IGNORECASE)

# What a measurement has to tell is told of a success, too.
FIGURE = "# figure: "


class Outcome:
    """What one test program told."""

    def __init__(self, test, output, status, seconds):
        self.name, self.build, self.output, self.seconds = test["name"], Path(test["build"]).name, output, seconds
        self.count = Counter()
        self.skips, self.trouble = [], []
        if test["protocol"] == "tap":
            self.read(status)
        else:
            self.count["failed" if status else "passed"] += 1
            self.trouble = [f"it ended with {status}"] if status else []

    def read(self, status):
        """Counts the cases that are told as TAP."""
        planned = None
        for line in self.output.splitlines():
            if plan := PLAN.match(line):
                planned = int(plan[1])
                if planned == 0:
                    self.skip(plan[2] or "")
            elif case := CASE.match(line):
                self.add(case)
        told = self.count.total() if planned != 0 else 0
        if planned is None:
            self.trouble.append("no plan: it ended before it had told how many cases it has")
        elif told != planned:
            self.trouble.append(f"{planned} cases were planned, {told} were told")
        if status not in (0, 77) and not self.count["failed"]:
            self.trouble.append(f"all was well, and yet it ended with {status}")
        if self.trouble:
            self.count["failed"] += 1

    def add(self, case):
        """Counts one line."""
        if case[4] and case[4].lower() == "skip":
            self.skip(f"{case[3].strip()}: {case[5]}")
        else:
            self.count["failed" if case[1] else "passed"] += 1

    def skip(self, reason):
        """Counts a skip."""
        self.count["skipped"] += 1
        self.skips.append(reason)

    def tell_again(self):
        """Of a failure: its log without the cases that passed."""
        print(f"FAILED {self.name} ({self.build})")
        for line in self.trouble + self.output.splitlines():
            if not PASSED.match(line):
                print(f"  | {line}")
        print()

    def tell(self):
        """One line; the whole log of a failure."""
        word = "FAILED" if self.count["failed"] else "ok"
        print(f"  {word:6} {self.name:34} {in_words(self.count):42} {self.seconds:6.1f} s")
        for reason in self.skips:
            print(f"         skipped: {reason}")
        lines = self.output.splitlines()
        if self.count["failed"]:
            for line in self.trouble + lines:
                print(f"  | {line}")
        else:
            for line in lines:
                if line.startswith(FIGURE):
                    print(f"         {line.removeprefix(FIGURE)}")
        sys.stdout.flush()


def in_words(count):
    """The sentence that the last line is, too."""
    return f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped"


def end_group(child):
    """Kills a test and what it started in its process group."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run(test):
    """Runs one test program to its end, or to the end of its time."""
    began = time.monotonic()
    # A file: a daemon that outlives the test may keep a pipe open for long.
    with tempfile.TemporaryFile() as log:
        with subprocess.Popen(test["cmd"], env=os.environ | test["env"], cwd=test["workdir"] or test["build"], stdin=subprocess.DEVNULL,
                              stdout=log, stderr=subprocess.STDOUT, start_new_session=True) as child:
            try:
                status = child.wait(test["timeout"] or None)
            except subprocess.TimeoutExpired:
                status = f"a kill, after {test['timeout']} s"
            end_group(child)
        log.seek(0)
        output = log.read().decode(errors="replace")
    return Outcome(test, output, status, time.monotonic() - began)


def known_tests(build):
    """What meson set up in a build folder."""
    told = subprocess.run(["meson", "introspect", "--tests", build], check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return [test | {"build": build} for test in json.loads(told.stdout)]


def of_suite(tests, suite):
    """Those of one suite (meson writes project:suite)."""
    return [test for test in tests if any(name.split(":")[-1] == suite for name in test["suite"])]


def run_suite(build, suite, tests):
    """Runs and tells; the count, and the outcomes that are failures."""
    print(f"{suite} ({Path(build).name})", flush=True)
    began = time.monotonic()
    total, failures = Counter() if tests else Counter(failed=1), []
    if not tests:
        print("  FAILED: this suite has no test")
    with ThreadPoolExecutor(len(os.sched_getaffinity(0)) if suite in SIDE_BY_SIDE else 1) as pool:
        for outcome in pool.map(run, tests):
            outcome.tell()
            total += outcome.count
            if outcome.count["failed"]:
                failures.append(outcome)
    print(f"{suite} ({Path(build).name}): {in_words(total)}, {time.monotonic() - began:.0f} s\n", flush=True)
    return total, failures


def private_session(home):
    """The environment that keeps a test away from its user's files and session."""
    env = {"HOME": home}
    for name in ("CONFIG_HOME", "CACHE_HOME", "DATA_HOME", "STATE_HOME", "RUNTIME_DIR"):
        folder = Path(home) / name.split("_", maxsplit=1)[0].lower()
        folder.mkdir(mode=0o700)
        env[f"XDG_{name}"] = str(folder)
    return env


def main():
    """collect.py BUILD:SUITE[,SUITE…]…"""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", metavar="BUILD:SUITE[,SUITE…]", nargs="+")
    works = [work.rsplit(":", 1) for work in parser.parse_args().work]
    # What a shell lets its background ignore is handed on to all children, and kiosks are to end by it.
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    total, failures = Counter(), []
    with tempfile.TemporaryDirectory(prefix="ast-", dir="/tmp") as home:
        os.environ |= private_session(home)
        for build, suites in works:
            tests = known_tests(build)
            for suite in suites.split(","):
                count, failed = run_suite(build, suite, of_suite(tests, suite))
                total += count
                failures += failed
    # What somebody looks for after an hour of other lines.
    for failure in failures:
        failure.tell_again()
    print(in_words(total), flush=True)
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    processes.run_as_child(main)
