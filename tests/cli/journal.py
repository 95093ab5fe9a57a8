#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""What failures leave in the journal where standard error is the journal, as a station's units have it."""
import json
import subprocess
import unittest

import clikit
from stationkit import journal


class Journal(clikit.CommandCase):
    """Both programs, whose standard error is a journal of the test's own."""

    @classmethod
    def setUpClass(cls):
        if not journal.is_possible():
            raise unittest.SkipTest("this machine gives its users no namespaces")

    def tell(self, *words, expect):
        """The failures' entries and the plain lines that a program leaves."""
        file = self.folder / "journal.json"
        done = subprocess.run(journal.command(file, *words), cwd=self.folder, check=False, env=self.environment(), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=clikit.PATIENCE)
        self.assertEqual(done.returncode, expect, done.stderr)
        told = json.loads(file.read_text(encoding="utf-8"))
        self.assertIsNone(clikit.NEVER.search(json.dumps(told)), told)
        return [entry for entry in told["entries"] if "ASTEROIDE_CODE" in entry], told["lines"]

    def assert_fields(self, entry, identifier, code, state, appliance=None):
        """One entry, whole."""
        self.assertEqual(entry["SYSLOG_IDENTIFIER"], identifier)
        self.assertEqual(entry["ASTEROIDE_CODE"], code)
        self.assertEqual(entry["ASTEROIDE_STATE"], state)
        self.assertEqual(entry.get("ASTEROIDE_APPLIANCE"), appliance)
        self.assertEqual(entry["PRIORITY"], "5")
        self.assertIn(code, entry["MESSAGE"])

    def test_kiosk(self):
        """The kiosk's failures before there is a screen, under its name"""
        self.configure(more="[station]\nname=b12-07\n")
        (entry,), _ = self.tell(self.program("asteroide"), "--config", self.config, expect=1)
        self.assert_fields(entry, "asteroide", "no-display", "idle")
        self.assertEqual(entry["ASTEROIDE_STATION"], "b12-07")
        self.config.write_text("[libvirt]\naccel=warp\n", encoding="utf-8")
        (first, second), lines = self.tell(self.program("asteroide"), "--config", self.config, expect=1)
        self.assert_fields(first, "asteroide", "bad-configuration", "idle")
        self.assertIn(f"{self.config}:2:", first["MESSAGE"])
        self.assert_fields(second, "asteroide", "no-display", "idle")
        self.assertEqual([line for line in lines if line.startswith("asteroide:")], [], "told twice")

    def test_session(self):
        """A session that fails without a kiosk is told with all fields, beside the command's own words"""
        self.configure(uri=clikit.NOWHERE, more="[station]\nname=b12-07\n")
        entries, lines = self.tell(self.program(), "--config", self.config, "start", "--headless", "good", expect=1)
        self.assert_fields(entries[-1], "asteroidectl", "no-libvirt", "starting", "good")
        self.assertEqual(entries[-1]["ASTEROIDE_STATION"], "b12-07")
        self.assertTrue(lines[-1].startswith("asteroidectl: no-libvirt: "), lines)


if __name__ == "__main__":
    clikit.main()
