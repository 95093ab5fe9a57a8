# SPDX-License-Identifier: GPL-3.0-or-later
"""Child processes and the errors that a builder is told."""
import os
import shutil
import subprocess

# Image files carry this date, so that two builds of the same packages are the same bytes: 2025-01-01 UTC.
EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "1735689600"))

# Command → the Debian package that brings it.
TOOLS = {
    "apt-get": "apt",
    "as": "binutils",
    "cpio": "cpio",
    "debugfs": "e2fsprogs",
    "depmod": "kmod",
    "dpkg-deb": "dpkg",
    "grub-mkimage": "grub-common",
    "ldconfig": "libc-bin",
    "lz4": "lz4",
    "mke2fs": "e2fsprogs",
    "mksquashfs": "squashfs-tools",
    "objcopy": "binutils",
    "qemu-img": "qemu-utils",
    "readelf": "binutils",
    "sfdisk": "fdisk",
    "xorriso": "xorriso",
}
GRUB = "/usr/lib/grub/i386-pc"


class BuildError(Exception):
    """Something that the person who builds can mend; the text says what."""


def environment():
    """A child's environment: one language, one time zone, one date, whoever builds."""
    fixed = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C",
        "TZ": "UTC",
        "SOURCE_DATE_EPOCH": str(EPOCH),
        "E2FSPROGS_FAKE_TIME": str(EPOCH),
    }
    proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    return proxies | fixed


def run(*arguments, **options):
    """Runs a command to its end and returns its standard output. BuildError with its messages if it fails."""
    words = [str(word) for word in arguments]
    done = subprocess.run(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          **options)
    if done.returncode:
        message = done.stderr.decode(errors="replace").strip() or done.stdout.decode(errors="replace").strip()
        raise BuildError(f"“{' '.join(words[:6])}” failed with status {done.returncode}:\n{message}")
    return done.stdout.decode()


def check_tools():
    """BuildError naming every Debian package that has to be installed before a build can work."""
    path = environment()["PATH"]
    missing = {package for command, package in TOOLS.items() if not shutil.which(command, path=path)}
    if not os.path.exists(GRUB + "/boot.img"):
        missing.add("grub-pc-bin")
    if missing:
        raise BuildError("these packages are needed to build images; install them with:\n"
                         f"  apt-get install {' '.join(sorted(missing))}")
