# SPDX-License-Identifier: GPL-3.0-or-later
"""The sockets of processes, as the kernel's tables tell them: what listens, and where."""
import os
from pathlib import Path
from typing import NamedTuple

TCP_LISTEN, UDP_UNCONNECTED = "0A", "07"
UNIX_LISTENS = 0x10000  # __SO_ACCEPTCON
# Families that talk to the kernel only.
KERNEL_ONLY = ("netlink",)


class Socket(NamedTuple):
    """One socket of one process."""

    pid: int
    table: str  # the file in /proc/net; "unknown" where it stands in none of those that we read
    address: str  # as the table writes it; a unix socket's path, @ in front of an abstract one
    listens: bool


def _rows(table):
    try:
        return [line.split() for line in Path(f"/proc/net/{table}").read_text(encoding="utf-8", errors="replace").splitlines()[1:]]
    except FileNotFoundError:  # a kernel without that protocol
        return []


def _known():
    """What is known of each inode: table, address, does it listen?"""
    known = {}
    for table, state in (("tcp", TCP_LISTEN), ("tcp6", TCP_LISTEN), ("udp", UDP_UNCONNECTED), ("udp6", UDP_UNCONNECTED)):
        known |= {row[9]: (table, row[1], row[3] == state) for row in _rows(table)}
    known |= {row[6]: ("unix", " ".join(row[7:]), bool(int(row[3], 16) & UNIX_LISTENS)) for row in _rows("unix")}
    for table in KERNEL_ONLY:
        known |= {row[-1]: (table, "", False) for row in _rows(table)}
    return known


def _inodes(pid):
    for entry in os.scandir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(entry.path)
        except OSError:  # closed meanwhile
            continue
        if target.startswith("socket:["):
            yield target[len("socket:["):-1]


def sockets_of(pids):
    """All sockets that these living processes have open. What stands in no table (vsock, SCTP, raw sockets) listens, for all
    that we know."""
    found = [(pid, inode) for pid in pids for inode in _inodes(pid)]
    known = _known()
    return [Socket(pid, *known.get(inode, ("unknown", inode, True))) for pid, inode in found]
