# SPDX-License-Identifier: GPL-3.0-or-later
"""What every appliances/ID/build does around its own steps."""
import argparse
import fcntl
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from .command import BuildError, check_tools
from .packages import PackageCache
from .tree import Packages

LIBRARY = Path(__file__).resolve().parent
STAMP = ".inputs"


class Recipe:
    """One appliance's build. `make (packages, work, target)` writes the image to `target`; `packages` is what the
    names asked for bring, less those in `without`, and `work` an empty folder to use."""

    def __init__(self, folder, image, names, make, without=()):
        self.folder = Path(folder).resolve()
        self.image = image
        self.names = names
        self.make = make
        self.without = without

    @property
    def id(self):
        return self.folder.name

    def build(self, out, cache):
        """Makes OUT/ID/ unless it is up to date already. Returns whether it had to be made."""
        with locked(cache):
            package_cache = PackageCache(cache)
            archives = package_cache.resolve(self.names, self.without)
            inputs = self.inputs(archives)
            if is_current(out / self.id, self.image, inputs):
                return False
            self._publish(out, package_cache.unpack(archives), inputs)
        return True

    def inputs(self, archives):
        """A digest of all that decides what the image will be: packages, our scripts, our files."""
        digest = hashlib.sha256("\n".join(archives).encode())
        for root in (self.folder, LIBRARY):
            for path in sorted(root.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    executable = bool(path.stat().st_mode & 0o111)
                    digest.update(f"{path.relative_to(root)} {executable}\n".encode() + path.read_bytes())
        return digest.hexdigest()

    def _publish(self, out, folders, inputs):
        out.mkdir(parents=True, exist_ok=True)
        with aside(out) as aside_folder:
            fresh = aside_folder / self.id
            fresh.mkdir()
            work = aside_folder / "work"
            work.mkdir()
            self.make(Packages(folders), work, fresh / self.image)
            self._describe(fresh)
            (fresh / STAMP).write_text(inputs, encoding="utf-8")
            for path in fresh.iterdir():
                path.chmod(0o444)
            fresh.chmod(0o755)
            replace(fresh, out / self.id, aside_folder / "old")

    def _describe(self, fresh):
        shutil.copyfile(self.folder / "icon.svg", fresh / "icon.svg")
        descriptor = (self.folder / "appliance.xml").read_text(encoding="utf-8")
        digest = sha256(fresh / self.image)
        disk = f'<disk href="{re.escape(self.image)}"'
        (fresh / "appliance.xml").write_text(re.sub(disk, rf'\g<0> sha256="{digest}"', descriptor), encoding="utf-8")


def main(recipe):
    """appliances/ID/build [--verify] [--cache FOLDER] OUTDIR"""
    parser = argparse.ArgumentParser(description=f"Makes OUTDIR/{recipe.id}/ from Debian packages.")
    parser.add_argument("out", metavar="OUTDIR", type=Path)
    parser.add_argument("--cache", metavar="FOLDER", type=Path, help="packages are kept here (default: OUTDIR/.cache)")
    parser.add_argument("--verify", action="store_true", help="build twice, fail unless both are the same bytes")
    arguments = parser.parse_args()
    # The images are for other users than the one who builds.
    os.umask(0o022)
    out = arguments.out.resolve()
    cache = (arguments.cache or out / ".cache").resolve()
    try:
        check_builder()
        build_one(recipe, out, cache)
        if arguments.verify:
            verify(recipe, out, cache)
    except (BuildError, OSError) as error:
        sys.exit(f"{recipe.id}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"{recipe.id}: interrupted; what was built before is as it was")


def check_builder():
    """BuildError when this user or this machine cannot build."""
    if os.geteuid() != 0:
        raise BuildError("images hold files of several owners: build as root, for example with sudo")
    check_tools()


def build_one(recipe, out, cache):
    """Builds if need be and says so."""
    begun = time.monotonic()
    if recipe.build(out, cache):
        size = (out / recipe.id / recipe.image).stat().st_size / 2**20
        print(f"{recipe.id}: {recipe.image}, {size:.0f} MiB, built in {time.monotonic() - begun:.0f} s", flush=True)
    else:
        print(f"{recipe.id}: up to date", flush=True)


def verify(recipe, out, cache):
    """Builds once more in a folder of its own. BuildError naming the files that differ."""
    with tempfile.TemporaryDirectory(prefix="verify-", dir=cache) as second:
        recipe.build(Path(second), cache)
        first, again = contents(out / recipe.id), contents(Path(second) / recipe.id)
    different = sorted(name for name in first.keys() | again.keys() if first.get(name) != again.get(name))
    if different:
        raise BuildError(f"a second build gave other bytes: {', '.join(different)}")
    print(f"{recipe.id}: reproducible, {recipe.image} is {first[recipe.image]}", flush=True)


def contents(folder):
    """File name → digest."""
    return {path.name: sha256(path) for path in folder.iterdir()}


def is_current(folder, image, inputs):
    """Was the folder made from these inputs?"""
    stamp = folder / STAMP
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == inputs and (folder / image).is_file()


def replace(fresh, target, old):
    """Puts the finished folder where the former one was; who has the former image open keeps it."""
    if target.exists():
        target.rename(old)
    fresh.rename(target)


@contextmanager
def aside(out):
    """A folder on the same file system that is gone in the end; leftovers of interrupted builds go too."""
    for leftover in out.glob(".build-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=out) as folder:
        yield Path(folder)


@contextmanager
def locked(cache):
    """Only one build uses a cache, and so an output folder, at a time."""
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def sha256(path):
    """A file's digest, 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
