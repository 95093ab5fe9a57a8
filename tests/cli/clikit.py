# SPDX-License-Identifier: GPL-3.0-or-later
"""What the programs say and return, seen from outside: a station's files in a folder, no display, no bus, no root."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import tap  # noqa: E402

DATA = Path(__file__).resolve().parents[1] / "data"
# Of libvirt's own test driver: guests that need no QEMU and end with the process.
TEST_HOST = "test:///default"
NOWHERE = "qemu+unix:///session?socket=/nonexistent/libvirt-sock"
DESCRIPTOR = """<appliance xmlns="urn:asteroide:appliance:1" id="{ident}">
  <name>{name}</name>
  {more}
</appliance>
"""
# What no program of ours may ever say.
NEVER = re.compile(r"CRITICAL|-WARNING|Sanitizer|runtime error:|\(null\)|Traceback|core dumped")
PATIENCE = 60  # seconds


def has(tool):
    """Is this program installed?"""
    return shutil.which(tool) is not None


class CommandCase(unittest.TestCase):
    """Each case has a station of its own in self.folder, with the sound appliance `good`."""

    build = None  # the folder that meson built in

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="asteroide-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.appliances = self.folder / "appliances"
        self.overlays = self.folder / "overlays"
        self.runtime = self.folder / "run"
        self.config = self.folder / "station.conf"
        self.configure()
        self.add("good")

    def configure(self, uri=TEST_HOST, more=""):
        """Writes the station's configuration."""
        self.config.write_text(f"[paths]\nappliances=appliances\noverlays=overlays\nruntime=run\n"
                               f"[libvirt]\nuri={uri}\naccel=tcg\n{more}", encoding="utf-8")

    def add(self, ident, name=None, more="", disk=True):
        """An appliance with a small disk; returns its folder."""
        folder = self.appliances / ident
        folder.mkdir(parents=True)
        (folder / "appliance.xml").write_text(DESCRIPTOR.format(
            ident=ident, name=name or f"Lab {ident}", more=f'<disk href="disk.qcow2"/>{more}' if disk else more),
            encoding="utf-8")
        if disk:
            self.make_image(folder / "disk.qcow2")
        return folder

    @staticmethod
    def make_image(path, kind="qcow2", size="1M"):
        """An empty image."""
        subprocess.run(["qemu-img", "create", "-q", "-f", kind, path, size], check=True)

    def environment(self, **more):
        """As few variables as possible: the tester's session must not shine through."""
        kept = {name: os.environ[name] for name in os.environ if name == "PATH" or name.endswith("SAN_OPTIONS")}
        nowhere = f"unix:path={self.folder}/no-bus"
        return {**kept, "HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder), "LC_ALL": "C.UTF-8",
                "DBUS_SESSION_BUS_ADDRESS": nowhere, "DBUS_SYSTEM_BUS_ADDRESS": nowhere,
                "GSETTINGS_BACKEND": "memory", "G_DEBUG": "fatal-warnings", **more}

    def program(self, name="asteroidectl"):
        """The built program's path."""
        return str(self.build / {"asteroidectl": "src/ctl", "asteroide": "src/kiosk"}[name] / name)

    def run_program(self, *words, expect=0, env=None, **options):
        """Runs it in the station's folder; it must return what is expected, and give a reason where that is not 0."""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options}
        done = subprocess.run([os.fspath(word) for word in words], cwd=self.folder, check=False, timeout=PATIENCE,
                              text=True, errors="surrogateescape", env=self.environment(**(env or {})), **options)
        told = f"{words}\n{done.stdout}\n{done.stderr}"
        self.assertEqual(done.returncode, expect, told)
        self.assertIsNone(NEVER.search(told), told)
        if expect != 0:
            self.assertNotEqual(done.stderr, "", told)
        return done

    def ctl(self, *words, **options):
        """asteroidectl on this station."""
        return self.run_program(self.program(), "--config", self.config, *words, **options)

    def ctl_json(self, *words, **options):
        """The same with --json, as a value."""
        return json.loads(self.ctl(*words, "--json", **options).stdout)

    def assert_complaint(self, done, pattern):
        """Exactly one line on standard error: "asteroidectl: ", and a sentence."""
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertRegex(lines[0], rf"^asteroidectl: .*{pattern}")

    def assert_nothing_left(self):
        """No overlay, no lock."""
        left = [path.name for path in self.overlays.glob("*.qcow2")] if self.overlays.exists() else []
        self.assertEqual(left, [])
        self.assertFalse((self.runtime / "guest.lock").exists())


def main():
    """PROGRAM [--build FOLDER] [CASE…]; without the option, AST_BUILD names the folder."""
    if "AST_BUILD" in os.environ and "--build" not in sys.argv:
        sys.argv[1:1] = ["--build", os.environ["AST_BUILD"]]

    def prepare(build):
        CommandCase.build = Path(build).resolve()
    tap.main(prepare)
