#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command lines themselves: help, options, wrong usage, and output that nobody takes."""
import os
import re
import subprocess

import clikit

COMMANDS = ["list", "show", "check", "status", "start", "stop", "reset", "warm", "devices", "give", "take", "station", "usb", "report",
            "version"]
OPTIONS = {"list": {"--json"}, "show": {"--json"}, "check": {"--json", "--digest"}, "status": {"--json"},
           "start": {"--headless"}, "stop": {"--force"}, "reset": {"--force", "--all"}, "warm": {"--all", "--anew", "--list", "--drop", "--json"},
           "station": {"--json", "--force", "--session", "--root", "--dry-run"},
           "devices": {"--json"}, "give": set(), "take": set(), "usb": {"--json", "--appliance"}, "report": {"--json", "--output"},
           "version": {"--json"}}
ARGUMENTS = {"show": ["good"], "start": ["good"], "reset": ["good"], "warm": ["good"], "give": ["usb:1-1"], "take": ["usb:1-1"], "station": ["check"], "usb": ["list"]}
ALL_OPTIONS = set().union(*OPTIONS.values())
WITH_VALUE = {"--session": "x11", "--root": ".", "--appliance": "good", "--output": "x.tar.gz"}


class Usage(clikit.CommandCase):
    """asteroidectl."""

    def test_help(self):
        """The help lists every command, in columns"""
        text = self.ctl("--help").stdout
        lines = [line for line in text.splitlines() if re.match(r"  [a-z]+ ", line)]
        self.assertEqual([line.split()[0] for line in lines], COMMANDS)
        begins = {re.match(r"  [a-z]+ +(?:\S*[A-Z]\S*)? +", line).end() for line in lines}
        self.assertEqual(len(begins), 1, text)
        self.assertEqual(self.ctl("-h").stdout, text)
        self.assertIn("Exit status: 0 done, 1 refused or failed, 2 wrong usage.", text)

    def test_help_of_commands(self):
        """Each command's help names its options, and no other"""
        for command in COMMANDS:
            text = self.ctl(command, "--help").stdout
            self.assertEqual(set(re.findall(r"^  (--[a-z-]+)", text, re.MULTILINE)), OPTIONS[command] | {"--config"})
            self.assertEqual(self.ctl("--help", command).stdout, text)

    def test_help_needs_no_configuration(self):
        """Help and version work where the configuration does not"""
        self.config.write_text("nonsense", encoding="utf-8")
        self.ctl("--help")
        self.ctl("list", "--help")
        self.ctl("--version")

    def test_version(self):
        """The version, in three ways"""
        text = self.ctl("version").stdout
        self.assertRegex(text, r"^asteroide \d+\.\d+\.\d+\n$")
        self.assertEqual(self.ctl("--version").stdout, text)
        self.assertEqual(f"asteroide {self.ctl_json('version')['version']}\n", text)

    def test_wrong_usage(self):
        """Wrong usage is 2, with a sentence and the way to the help"""
        for words in ([], ["lst"], ["--jsn"], ["list", "--jsn"], ["list", "more"], ["usb"], ["usb", "plug"],
                      ["usb", "list", "more"], ["show"], ["show", "a", "b"],
                      ["start"], ["start", "a", "b"], ["stop", "good"], ["status", "x"], ["version", "x"], ["report", "x"], ["report", "--output"],
                      ["reset"], ["reset", "good", "--all"], ["--config"], [""], ["LIST"]):
            done = self.run_program(self.program(), *words, expect=2)
            self.assertEqual(done.stdout, "")
            self.assertRegex(done.stderr, r"^asteroidectl: [^\n]+[^.]\.\n“asteroidectl --help” lists the commands and "
                                          r"options\.\n$")

    def test_options_of_others(self):
        """An option that a command does not take is 2 and does nothing"""
        for command in COMMANDS:
            for option in sorted(ALL_OPTIONS - OPTIONS[command]):
                words = [option, WITH_VALUE[option]] if option in WITH_VALUE else [option]
                done = self.ctl(command, *words, *ARGUMENTS.get(command, []), expect=2)
                self.assertIn(f"{command} does not take {option}.", done.stderr)
        self.assert_nothing_left()

    def test_order_of_words(self):
        """Options may stand before, between and after"""
        expected = self.ctl("list", "--json").stdout
        self.assertEqual(self.ctl("--json", "list").stdout, expected)
        self.assertEqual(self.run_program(self.program(), "list", "--json", "--config", self.config).stdout, expected)
        self.assertEqual(self.run_program(self.program(), "list", f"--config={self.config}", "--json").stdout, expected)
        self.assertIn("Lab good", self.ctl("show", "--", "good").stdout)

    def test_bytes_in_words(self):
        """Words that are no text are told as well as they can be"""
        self.ctl(b"\xff\xfe", expect=2)
        self.ctl("show", b"\xff\xfe", expect=1)
        self.ctl("check", b"\xff\xfe", expect=1)
        self.ctl_json("check", b"\xff\xfe", expect=1)

    def test_full_disk(self):
        """Output that cannot be written is a failure"""
        with open("/dev/full", "wb") as full:
            for words in (["list"], ["list", "--json"], ["--help"], ["version"]):
                done = self.ctl(*words, expect=1, stdout=full)
                self.assert_complaint(done, r"The output could not be written\.$")

    def test_reader_that_goes(self):
        """A reader that goes away needs no complaint"""
        reader, writer = os.pipe()
        os.close(reader)
        with open(writer, "wb") as pipe:
            done = subprocess.run([self.program(), "--config", self.config, "list", "--json"], check=False, stdout=pipe,
                                  stderr=subprocess.PIPE, env=self.environment(), timeout=clikit.PATIENCE)
        self.assertEqual((done.returncode, done.stderr), (1, b""))

    def test_closed_output(self):
        """With no standard output at all nothing breaks"""
        done = self.run_program("/bin/sh", "-c", '"$0" --config "$1" list >&-', self.program(), self.config, expect=1)
        self.assertIn("The output could not be written.", done.stderr)

    def test_other_locales(self):
        """The plain C locale, and one that does not exist"""
        for locale in ("C", "xx_YY.UTF-8"):
            self.assertIn("good", self.ctl("list", env={"LC_ALL": locale}).stdout)
            self.ctl("frobnicate", env={"LC_ALL": locale}, expect=2)


class Kiosk(clikit.CommandCase):
    """asteroide, where it cannot open a window."""

    def kiosk(self, *words, **options):
        """asteroide on this station, without a display."""
        return self.run_program(self.program("asteroide"), *words, **options)

    def test_help(self):
        """The help names every option"""
        text = self.kiosk("--help").stdout
        for option in ("--config=FILE", "--windowed", "--version", "--help"):
            self.assertIn(option, text)

    def test_version(self):
        """Kiosk and asteroidectl are of one version"""
        self.assertEqual(self.kiosk("--version").stdout, self.ctl("--version").stdout)

    def test_wrong_usage(self):
        """Wrong usage is 2"""
        for words in (["--windwed"], ["netlab"], ["--config"], ["--windowed", "x"]):
            done = self.kiosk(*words, expect=2)
            self.assertRegex(done.stderr, r"^asteroide: .+\n“asteroide --help” tells the options\.\n$")

    def test_no_display(self):
        """No display: 1, a sentence, and what to do"""
        for env in ({}, {"DISPLAY": ":4711"}, {"WAYLAND_DISPLAY": "nothing"}):
            done = self.kiosk("--config", self.config, expect=1, env=env)
            self.assertEqual(done.stderr.splitlines()[-1],
                             "asteroide: no-display: There is no display to draw on. Start the kiosk inside an X or Wayland session "
                             "(DISPLAY or WAYLAND_DISPLAY).")

    def test_bad_configuration(self):
        """A bad configuration is told even where there is no screen to tell it on"""
        self.config.write_text("[libvirt]\naccel=warp\n", encoding="utf-8")
        done = self.kiosk("--config", self.config, expect=1)
        self.assertIn(f"asteroide: bad-configuration: {self.config}:2: [libvirt] accel:", done.stderr)
        self.assertIn("There is no display to draw on.", done.stderr)


if __name__ == "__main__":
    clikit.main()
