#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""A station's configuration that is wrong: one sentence with file and line, exit status 1, nothing touched."""
import sys

import clikit

VALUES = {"libvirt": {"accel": "warp", "uri": "local"}, "launcher": {"timeout": "soon", "default": "Not An Id"},
          "session": {"stop-seconds": "0", "reserve-mib": "-1", "grab": "perhaps"}, "usb": {"rules": "deny class=stick"},
          "sound": {"volume": "101"}, "dbus": {"bus": "yellow"}, "paths": {"appliances": ""},
          "branding": {"accent": "}"}, "station": {"exam": "maybe"}}


class Config(clikit.CommandCase):
    """Every command that reads it."""

    def assert_refused(self, *patterns):
        """No command runs with this configuration."""
        for words in (["list"], ["show", "good"], ["check"], ["status"], ["status", "--json"], ["stop"],
                      ["start", "--headless", "good"], ["reset", "--all"]):
            done = self.ctl(*words, expect=1)
            self.assertEqual(done.stdout, "")
            for pattern in patterns:
                self.assert_complaint(done, pattern)
        self.assertFalse(self.runtime.exists())
        self.assertFalse(self.overlays.exists())

    def test_missing(self):
        """No such file"""
        self.config.unlink()
        self.assert_refused(f"{self.config}: There is no such configuration file.$")

    def test_folder(self):
        """A folder"""
        self.config.unlink()
        self.config.mkdir()
        self.assert_refused(f"{self.config}: This is a folder")

    def test_values(self):
        """Every value that makes no sense is told with its line, group and key"""
        for group, keys in VALUES.items():
            for key, value in keys.items():
                self.config.write_text(f"# a comment\n[{group}]\n{key}={value}\n", encoding="utf-8")
                done = self.ctl("status", expect=1)
                self.assert_complaint(done, rf"{self.config}:3: \[{group}\] {key}: .+\.$")

    def test_no_key_file(self):
        """Something else than a key file"""
        for text in ("appliances=here\n", "[paths\n", "<xml/>\n", "[paths]\nappliances\n"):
            self.config.write_text(text, encoding="utf-8")
            self.assert_complaint(self.ctl("list", expect=1), rf"{self.config}:\d: .+\.$")
        self.assert_refused(rf"{self.config}:2: ")

    def test_not_utf8(self):
        """Latin-1, and zero bytes"""
        self.config.write_bytes(b"[station]\nname=caf\xe9\n")
        self.assert_refused(rf"{self.config}:2: This is not UTF-8 text")
        self.config.write_bytes(b"[station]\nname=b\0\n")
        self.assert_refused(rf"{self.config}:2: There is a zero byte")

    def test_large(self):
        """Far too large"""
        self.config.write_bytes(b"#" * 20_000_000)
        self.assert_refused(f"{self.config}: The file is far too large")

    def test_unknown_keys(self):
        """Keys that nobody knows are told by check, and change nothing"""
        self.configure(more="[launcher]\ntimout=3\n[extras]\nx=y\n")
        done = self.ctl("check")
        self.assertEqual(done.stdout, "good: good\n")
        self.assertEqual([line.startswith(f"Warning: {self.config}:") for line in done.stderr.splitlines()], [True, True])
        self.assertEqual(self.ctl("list").stderr, "")

    def test_relative_paths(self):
        """Paths are relative to the file, wherever the command is run"""
        self.assertEqual(self.ctl("list").stdout, self.run_program(
            "/bin/sh", "-c", 'cd / && exec "$0" --config "$1" list', self.program(), self.config).stdout)


if __name__ == "__main__":
    sys.exit(clikit.main())
