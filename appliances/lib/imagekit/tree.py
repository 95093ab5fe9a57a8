# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder that becomes a file system: what is needed, picked out of unpacked packages."""
import os
import re
import shutil
from pathlib import Path

from .command import BuildError, run

# Debian's packages still name these; on a merged system each is a link into usr.
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
PROGRAM_FOLDERS = ("usr/bin", "usr/sbin")
LIBRARY_FOLDERS = ("usr/lib/x86_64-linux-gnu", "usr/lib", "usr/lib64", "usr/lib/systemd",
                   "usr/lib/x86_64-linux-gnu/systemd", "usr/lib/xorg/modules")


def merged(path):
    """A path relative to the root, as it is on a system with merged usr."""
    path = os.path.normpath(path).lstrip("/")
    return "usr/" + path if path.split("/")[0] in MERGED else path


class Packages:
    """The files of several unpacked packages, seen as one root folder."""

    def __init__(self, folders):
        self.files = {}
        self.folders = {}
        for folder in folders:
            self._index(folder)

    def _index(self, root):
        for where, folders, files in os.walk(root):
            links = [name for name in folders if os.path.islink(os.path.join(where, name))]
            here = os.path.relpath(where, root)
            for name in files + links:
                self.files.setdefault(merged(os.path.join(here, name)), os.path.join(where, name))
            self.folders.setdefault(merged(here), set()).update(files + folders)

    def find(self, pattern):
        """The one file whose path matches the regular expression. BuildError if there is none or more."""
        found = [source for path, source in sorted(self.files.items()) if re.fullmatch(pattern, path)]
        if len(found) != 1:
            raise BuildError(f"one file “{pattern}” was expected in the packages, {len(found)} are there")
        return Path(found[0])


class Tree:
    """A root file system under construction in `folder`, filled from `packages`."""

    def __init__(self, folder, packages):
        self.folder = Path(folder)
        self.packages = packages
        self.taken = set()
        self.folder.mkdir(parents=True)

    def skeleton(self, *folders):
        """The top folders of a merged system, and `folders`."""
        for name in ("bin", "sbin", "lib", "lib64"):
            (self.folder / "usr" / name).mkdir(parents=True)
            (self.folder / name).symlink_to(f"usr/{name}")
        for name in ("dev", "etc", "mnt", "proc", "root", "run", "sys", "tmp", *folders):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def add(self, *paths):
        """Files or whole folders by path; with them what their symbolic links and their ELF headers ask for."""
        for path in paths:
            self._add(merged(path))

    def add_programs(self, *names):
        """Programs by name."""
        for name in names:
            found = [f"{folder}/{name}" for folder in PROGRAM_FOLDERS if f"{folder}/{name}" in self.packages.files]
            if not found:
                raise BuildError(f"no package brings the program “{name}”")
            self._add(found[0])

    def add_libraries(self, *names):
        """Libraries that are loaded by name only, as name service modules are."""
        for name in names:
            self._add_library(name, "the build script")

    def add_busybox(self):
        """Busybox, and a link for each of its applets that no real program in the tree provides."""
        self.add("usr/bin/busybox")
        for applet in run(self.packages.files["usr/bin/busybox"], "--list").split():
            if not any(os.path.lexists(self.folder / place / applet) for place in ("usr/bin", "usr/sbin")):
                (self.folder / "usr/bin" / applet).symlink_to("busybox")

    def lay_over(self, overlay):
        """Copies our own files over what is there. Scripts keep their execute bit, all else is plain."""
        for source in sorted(Path(overlay).rglob("*")):
            target = self.folder / source.relative_to(overlay)
            if source.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            shutil.copyfile(source, target)
            target.chmod(0o755 if os.access(source, os.X_OK) and source.stat().st_mode & 0o111 else 0o644)

    def write(self, path, text, mode=0o644):
        """A small file made by the build itself."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        target.chmod(mode)

    def link(self, path, aim):
        """A symbolic link, in place of whatever is there."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.symlink_to(aim)

    def link_libraries(self):
        """The dynamic linker's cache, so that no program searches for its libraries."""
        run("ldconfig", "-X", "-r", self.folder)
        shutil.rmtree(self.folder / "var/cache/ldconfig", ignore_errors=True)

    def _add(self, path):
        if path in self.taken:
            return
        self.taken.add(path)
        if path in self.packages.files:
            self._add_file(path, self.packages.files[path])
        elif path in self.packages.folders:
            (self.folder / path).mkdir(parents=True, exist_ok=True)
            for name in sorted(self.packages.folders[path]):
                self._add(f"{path}/{name}")
        else:
            raise BuildError(f"no package brings “/{path}”")

    def _add_file(self, path, source):
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if os.path.islink(source):
            aim = os.readlink(source)
            target.symlink_to(aim)
            self._add(merged(os.path.join("/", os.path.dirname(path), aim)))
            return
        shutil.copyfile(source, target)
        shutil.copymode(source, target)
        if is_elf(source):
            self._add_needs_of(path, source)

    def _add_needs_of(self, path, source):
        headers = run("readelf", "-dlW", source)
        for interpreter in re.findall(r"interpreter: (\S+)\]", headers):
            self._add(merged(interpreter))
        for name in re.findall(r"\(NEEDED\).*\[(.*)\]", headers):
            self._add_library(name, path, os.path.dirname(path))

    def _add_library(self, name, wanted_by, beside=None):
        for folder in (*LIBRARY_FOLDERS, beside):
            if f"{folder}/{name}" in self.packages.files:
                return self._add(f"{folder}/{name}")
        raise BuildError(f"no package brings the library “{name}” that {wanted_by} needs")


def is_elf(path):
    """Is it a program or a library (kernel modules are not asked)?"""
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"
