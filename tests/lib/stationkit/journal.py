# SPDX-License-Identifier: GPL-3.0-or-later
"""A journal of a test's own: journal.py FILE PROGRAM [WORD…], in mount and user namespaces of its own. Runs the program as systemd runs
a service whose standard error is the journal, and writes to FILE what came there, as JSON: {"entries": [{FIELD: text}], "lines": [text]}."""
import json
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

NAMESPACES = ["unshare", "--user", "--map-root-user", "--mount"]
FOLDER = Path("/run/systemd/journal")


def is_possible():
    """Does this machine let its users have such namespaces?"""
    return subprocess.run([*NAMESPACES, "mount", "-t", "tmpfs", "none", "/run"], check=False, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def command(file, *words):
    """What runs a program so."""
    return [*NAMESPACES, sys.executable, "-B", __file__, file, *words]


def parse(datagram):
    """One entry: KEY=text, or where the text has lines, KEY, its length and the text."""
    entry = {}
    while datagram:
        line, _, datagram = datagram.partition(b"\n")
        key, equals, value = line.partition(b"=")
        if not equals:
            length, = struct.unpack_from("<Q", datagram)
            value, datagram = datagram[8:8 + length], datagram[8 + length + 1:]
        entry[key.decode()] = value.decode(errors="replace")
    return entry


def _read_entries(sink, entries):
    while datagram := sink.recv(1 << 16):
        entries.append(parse(datagram))


def _bind(kind, name):
    sink = socket.socket(socket.AF_UNIX, kind)
    sink.bind(str(FOLDER / name))
    return sink


def _run(words):
    """The program's exit status, its entries, and what it wrote as lines."""
    entries = []
    native, stream = _bind(socket.SOCK_DGRAM, "socket"), _bind(socket.SOCK_STREAM, "stdout")
    stream.listen()
    reader = threading.Thread(target=_read_entries, args=(native, entries))
    reader.start()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stderr:
        stderr.connect(str(FOLDER / "stdout"))
        process = subprocess.Popen(words, stderr=stderr)
    with stream.accept()[0] as lines, lines.makefile("r", encoding="utf-8", errors="replace") as file:
        said = file.read().splitlines()
    status = process.wait()
    # An empty one ends the reader behind all that came before.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.sendto(b"", str(FOLDER / "socket"))
    reader.join()
    return status, entries, said


def main():
    """Of the namespaces' first process."""
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    FOLDER.mkdir(parents=True)
    status, entries, lines = _run(sys.argv[2:])
    Path(sys.argv[1]).write_text(json.dumps({"entries": entries, "lines": lines}), encoding="utf-8")
    sys.exit(status)


if __name__ == "__main__":
    main()
