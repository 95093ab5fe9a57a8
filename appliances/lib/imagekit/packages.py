# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian packages, unpacked but not installed: names → versions → archives → files."""
import hashlib
import os
import shutil
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .command import BuildError, run

APT_STATE = (Path("/var/lib/apt/lists"), Path("/etc/apt"))


class PackageCache:
    """Archives and unpacked packages, kept in one folder for all builds. Deleting the folder loses only time."""

    def __init__(self, folder):
        self.archives = folder / "archives"
        self.unpacked = folder / "unpacked"
        self.answers = folder / "resolved"
        for each in (self.archives / "partial", self.unpacked, self.answers, folder / "apt"):
            each.mkdir(parents=True, exist_ok=True)
        # An empty status file: what the building machine has installed must not change what goes into an image.
        self.options = ["-o", "Dir::State::status=/dev/null", "-o", f"Dir::Cache={folder / 'apt'}",
                        "-o", "Dir::Cache::pkgcache=pkgcache.bin", "-o", "Dir::Cache::srcpkgcache=srcpkgcache.bin",
                        "-o", f"Dir::Cache::archives={self.archives}", "-o", "APT::Sandbox::User=root",
                        "-o", "APT::Install-Recommends=0", "-o", "APT::Get::AllowUnauthenticated=0"]

    def resolve(self, names, without=()):
        """The archive names (name_version_architecture.deb) of `names` and all they depend on, less `without`."""
        answer = self.answers / hashlib.sha256(repr((sorted(names), apt_state())).encode()).hexdigest()
        if not answer.exists():
            atomic_write(answer, "\n".join(self._ask_apt(names)))
        archives = answer.read_text(encoding="utf-8").split("\n")
        return [archive for archive in archives if archive.split("_")[0] not in without]

    def _ask_apt(self, names):
        try:
            lines = self._print_uris(names)
        except BuildError:
            run("apt-get", "update", "-qq")
            lines = self._print_uris(names)
        return sorted(line.split()[1] for line in lines)

    def _print_uris(self, names):
        text = run("apt-get", *self.options, "install", "--print-uris", "--yes", "-qq", *names)
        return [line for line in text.splitlines() if line.startswith("'")]

    def unpack(self, archives):
        """Downloads and unpacks what is not there yet. Returns the packages' folders, in the order of `archives`."""
        missing = [archive for archive in archives if not (self.unpacked / archive).exists()]
        self._download([archive for archive in missing if not (self.archives / archive).exists()])
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(self._unpack_one, missing))
        return [self.unpacked / archive for archive in archives]

    def _download(self, archives):
        if not archives:
            return
        wanted = []
        for archive in archives:
            name, version, _ = archive.split("_")
            wanted.append(f"{name}={urllib.parse.unquote(version)}")
        try:
            self._download_exact(wanted)
        except BuildError:
            run("apt-get", "update", "-qq")
            self._download_exact(wanted)

    def _download_exact(self, wanted):
        # `download` puts files into the working folder and, unlike `install -d`, takes no more than what is asked.
        run("apt-get", *self.options, "download", "-qq", *wanted, cwd=self.archives)

    def _unpack_one(self, archive):
        target = self.unpacked / archive
        partial = target.with_name(target.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        run("dpkg-deb", "-x", self.archives / archive, partial)
        for kernel in partial.glob("lib/modules/*"):
            run("depmod", "-b", partial, kernel.name)
        partial.rename(target)
        (self.archives / archive).unlink()


def apt_state():
    """Changes whenever apt's sources or package lists change; costs some milliseconds."""
    state = []
    for folder in APT_STATE:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name != "lock":
                status = path.stat()
                state.append((str(path), status.st_size, status.st_mtime_ns))
    return state


def atomic_write(path, text):
    """A reader finds the whole text or no file."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.rename(path)
