# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that are started, found and ended by their ids."""
import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


class Timeout(AssertionError):
    """Something that had to come did not."""


def wait_until(predicate, what, seconds=60, pause=0.05):
    """The first true value of predicate(); Timeout, naming what was awaited, after some seconds."""
    end_at = time.monotonic() + seconds
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end_at:
            raise Timeout(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(pause)


def start(command, **options):
    """A child that dies with this process."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *map(str, command)], stdin=subprocess.DEVNULL, **options)


def run(*command):
    """A helper program that has to succeed."""
    subprocess.run([str(word) for word in command], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def is_alive(pid):
    """Does it still run? One that has ended and only waits to be counted does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rsplit(b")", 1)[1].split()[0] != b"Z"
    except OSError:
        return False


def cpu_seconds(pid):
    """The processor time that a process has used; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0


def memory(pid, *parts):
    """MiB that a process takes of the station's memory, with its share of what several have (PSS): all of it, or these parts, Anon, File
    and Shmem."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    names = [f"Pss_{part}" for part in parts] or ["Pss"]
    return sum(int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M)[1]) for name in names) / 1024


def command_line(pid):
    """The words of a running process's command line; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def _mentions(pid, mark):
    for source in ("environ", "cmdline"):
        try:
            if mark in Path(f"/proc/{pid}/{source}").read_bytes():
                return True
        except OSError:
            continue
    return False


def belonging_to(folder):
    """Ids of the living processes that have this folder in their environment or command line."""
    mark = os.fsencode(f"{folder}/")
    return [int(pid) for pid in os.listdir("/proc")
            if pid.isdigit() and int(pid) != os.getpid() and _mentions(pid, mark) and is_alive(pid)]


def named(pids, *programs):
    """Those of the processes that run a program of one of these names."""
    return [pid for pid in pids if (words := command_line(pid)) and Path(words[0]).name in programs]


def end(pids, seconds=20):
    """Asks processes to end, then kills those that do not."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            try:
                os.kill(pid, sign)
            except ProcessLookupError:
                pass
        try:
            wait_until(lambda: not any(is_alive(pid) for pid in pids), "the end of processes", seconds, 0.02)
            return
        except Timeout:
            continue
    raise Timeout(f"processes that cannot be killed: {[command_line(pid) for pid in pids]}")


def kill(pids):
    """Kills processes as a power cut does, and waits until they are gone."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    wait_until(lambda: not any(is_alive(pid) for pid in pids), "the end of processes", 20, 0.005)


def children_of(parent):
    """Ids of a process's children, also those that wait to be counted."""
    try:
        threads = os.listdir(f"/proc/{parent}/task")
        return [int(pid) for thread in threads
                for pid in Path(f"/proc/{parent}/task/{thread}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


def run_as_child(main):
    """Runs main() in a child and exits with its status; buries what daemons leave (libvirt waits until a process
    of its own is gone for good, and the first process of a container may never see to that), and ends what is left."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    child = os.fork()
    if child == 0:
        sys.exit(main())
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, lambda number, frame: os.kill(child, number))
    status = None
    while True:
        try:
            pid, ended = os.wait()
        except ChildProcessError:
            break
        if pid == child:
            status = os.waitstatus_to_exitcode(ended)
        if status is not None:
            for left in children_of(os.getpid()):
                os.kill(left, signal.SIGKILL)
    sys.exit(status if status >= 0 else 128 - status)
