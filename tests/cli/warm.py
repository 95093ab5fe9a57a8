#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""What asteroidectl tells of warm starts where no guest has to run for it: lists, refusals, what check says."""
import clikit

WARM = '<start mode="warm"/>'
# What a station could have left: the names of two files that are not there.
INFO = """[pair]
seed={0}-0123456789ab.seed.qcow2
memory={0}-0123456789ab.memory
memory-sum=00112233445566778899aabbccddeeff
seed-sum=00112233445566778899aabbccddeeff
made=1700000000
bytes=4096
"""


class Warm(clikit.CommandCase):
    """One appliance that starts warm beside one that does not."""

    def setUp(self):
        super().setUp()
        self.warm = self.folder / "warm"
        with open(self.config, "a", encoding="utf-8") as file:
            file.write("[warm]\nquota-mib=64\n[paths]\nwarm=warm\n")
        self.add("quick", more=WARM)

    def test_list(self):
        """What starts warm is listed, with what is prepared of it; the folder is not even made"""
        self.assertEqual(self.ctl_json("warm", "--list"), [{"id": "quick", "warmth": "none", "why": None, "made": 0, "bytes": 0}])
        self.assertRegex(self.ctl("warm", "--list").stdout, r"^quick +starts cold: nothing is prepared\n$")
        self.assertEqual(self.ctl_json("warm", "--list", "good"), [])
        self.assertFalse(self.warm.exists())

    def test_damaged_and_dropped(self):
        """A pair whose files are gone is told as damaged; drop takes what there is, also of an appliance that has gone"""
        self.warm.mkdir(mode=0o700)
        for ident in ("quick", "gone"):
            (self.warm / f"{ident}.warm").write_text(INFO.format(ident), encoding="utf-8")
        line = self.ctl_json("warm", "--list")[0]
        self.assertEqual(line["warmth"], "damaged")
        self.assertIn("missing", line["why"])
        self.assertEqual(self.ctl("warm", "--drop", "gone").stdout, "1 warm start was dropped.\n")
        self.assertEqual([file.name for file in self.warm.iterdir()], ["quick.warm"])
        self.assertEqual(self.ctl("warm", "--drop", "--all").stdout, "1 warm start was dropped.\n")
        self.assertEqual(self.ctl("warm", "--drop", "quick").stdout, "0 warm starts were dropped.\n")

    def test_refused(self):
        """What cannot be prepared is refused with the reason, and nothing is left"""
        self.assert_complaint(self.ctl("warm", "nobody", expect=1), "no appliance “nobody”")
        self.assert_complaint(self.ctl("warm", "good", expect=1), "does not start warm")
        self.assert_complaint(self.ctl("warm", "quick", expect=1), "more than is free, or than quota-mib allows")
        self.configure(more="[station]\nexam=yes\n[paths]\nwarm=warm\n")
        self.assert_complaint(self.ctl("warm", "quick", expect=1), "under exam")
        self.assert_nothing_left()

    def test_check(self):
        """check refuses a guest that cannot be saved, by line"""
        self.add("exam", more=f"<exam/>{WARM}")
        self.add("kept", more=f"<state>kept</state>{WARM}")
        self.add("own", more=f'{WARM}<domain><cpu mode="host-passthrough"/></domain>')
        self.add("windows", more=f'<os id="http://microsoft.com/win/11"/>{WARM}')
        for ident, words in (("exam", "each exam begins with a boot"), ("kept", "keeps its state"), ("own", "host-passthrough"),
                             ("windows", "licence")):
            said = self.ctl("check", ident, expect=1).stderr
            self.assertRegex(said, rf"{ident}/appliance.xml:\d+:\d+: .*{words}")
            self.ctl("warm", ident, expect=1)
        self.ctl("check", "quick")

    def test_usage(self):
        """Which, or all; and one thing at a time"""
        for words in (["warm"], ["warm", "quick", "--all"], ["warm", "--drop"], ["warm", "--drop", "--list", "quick"],
                      ["warm", "--anew", "--drop", "quick"], ["warm", "--json", "quick"]):
            self.ctl(*words, expect=2)


if __name__ == "__main__":
    clikit.main()
