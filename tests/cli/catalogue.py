#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""list, show and check, and what people do to appliance folders."""
import hashlib
import os
import shutil
import subprocess
import sys
import unittest

import clikit

SUMMARY = {"id": str, "name": str, "summary": (str, type(None)), "category": (str, type(None)), "exam": bool, "usable": bool,
           "problems": list}
DETAILS = {**SUMMARY, "folder": str, "os": (str, type(None)), "cpus": int, "memory-mib": int, "heads": int,
           "images": list, "networks": list, "devices": list, "usb-rules": list, "exam-allows": list, "state": str, "start": str, "has-kept-state": bool}
CHECK = {"checked": int, "problems": list, "warnings": list}


def is_root():
    """Root reads what nobody may read."""
    return os.geteuid() == 0


class Catalogue(clikit.CommandCase):
    """Sound appliances."""

    def assert_shape(self, value, shape):
        """An object with exactly these members of these types."""
        self.assertEqual(value.keys(), shape.keys())
        for key, kinds in shape.items():
            self.assertIsInstance(value[key], kinds, key)

    def test_list(self):
        """Ids and names, in columns, sorted by name"""
        self.add("long-identifier", name="Alpha")
        self.add("é".encode().hex(), name="Beta für Ältere")
        self.assertEqual(self.ctl("list").stdout,
                         "long-identifier  Alpha\nc3a9             Beta für Ältere\ngood             Lab good\n")

    def test_list_json(self):
        """list --json is what the design promises"""
        self.add("other", more="<summary>What for</summary><category>office</category>")
        (self.add("broken") / "disk.qcow2").unlink()
        listed = {entry["id"]: entry for entry in self.ctl_json("list")}
        self.assertEqual(listed.keys(), {"good", "other", "broken"})
        for entry in listed.values():
            self.assert_shape(entry, SUMMARY)
        self.assertEqual(listed["other"], {"id": "other", "name": "Lab other", "summary": "What for",
                                           "category": "office", "exam": False, "usable": True, "problems": []})
        self.assertFalse(listed["broken"]["usable"])
        self.assertRegex(listed["broken"]["problems"][0], r"/broken/appliance\.xml:3:\d+: .*missing")

    def test_list_of_nothing(self):
        """No appliance: the folders that were looked in are named"""
        shutil.rmtree(self.appliances)
        for _ in range(2):
            done = self.ctl("list")
            self.assertEqual(done.stdout, "")
            self.assert_complaint(done, f"There is no appliance in the appliance folders: {self.appliances}$")
            self.assertEqual(self.ctl_json("list"), [])
            self.appliances.mkdir(exist_ok=True)

    def test_names_follow_the_language(self):
        """Names in the reader's language, where there is one"""
        self.add("languages", more='<name xml:lang="fr">Le labo</name>')
        self.assertIn("Lab languages", self.ctl("list").stdout)
        self.assertIn("Le labo", self.ctl("list", env={"LANGUAGE": "fr", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}).stdout)

    def test_show(self):
        """All that is known of one appliance"""
        self.add("full", more='<summary>What for</summary><category>office</category><os id="http://debian.org/debian/12"/>'
                              '<cpu count="2"/><memory unit="GiB">2</memory><network type="user"/><network type="isolated"/>'
                              '<display heads="2"/><devices><usb/><sound/></devices><state>kept</state>')
        value = self.ctl_json("show", "full")
        self.assert_shape(value, DETAILS)
        self.assertEqual({key: value[key] for key in ("os", "cpus", "memory-mib", "heads", "images", "networks", "devices",
                                                      "state", "start", "has-kept-state")},
                         {"os": "http://debian.org/debian/12", "cpus": 2, "memory-mib": 2048, "heads": 2,
                          "images": [str(self.appliances / "full/disk.qcow2")], "networks": ["user", "isolated"],
                          "devices": ["usb", "sound"], "state": "kept", "start": "cold", "has-kept-state": False})
        text = self.ctl("show", "full").stdout
        for words in ("What for", "2048 MiB", "isolated", "sound", "nothing is kept yet"):
            self.assertIn(words, text)
        # Labels in one column, values in another.
        self.assertEqual({line[12] for line in text.splitlines()}, {" "})

    def test_show_of_usb_rules(self):
        """The descriptor's rules about USB devices, in their order and in one spelling; not the station's"""
        self.configure(more="[usb]\nrules=deny class=video\n")
        self.add("rules", more='<devices><usb><deny port="1-4.*" class="0x08"/><allow vendor="0x046D" product="0825"/></usb></devices>')
        rules = ["deny class=storage port=1-4.*", "allow vendor=046d product=0825"]
        self.assertEqual(self.ctl_json("show", "rules")["usb-rules"], rules)
        self.assertIn(f"\nUSB rules    {rules[0]}\n             {rules[1]}\n", self.ctl("show", "rules").stdout)
        self.assertEqual(self.ctl_json("show", "good")["usb-rules"], [])
        self.assertNotIn("USB rules", self.ctl("show", "good").stdout)

    def test_exam(self):
        """An exam is told by list and show: the descriptor's own, and the station's"""
        self.add("closed", more="<exam/>")
        self.add("open", more='<network type="user"/><exam allow="end network"/>')

        def told():
            return {entry["id"]: entry["exam"] for entry in self.ctl_json("list")}
        self.assertEqual(told(), {"good": False, "closed": True, "open": True})
        self.assertRegex(self.ctl("show", "closed").stdout, r"(?m)^exam +yes; it allows nothing$")
        self.assertRegex(self.ctl("show", "open").stdout, r"(?m)^exam +yes; it allows: network, end$")
        self.assertNotRegex(self.ctl("show", "good").stdout, r"(?m)^exam")
        value = self.ctl_json("show", "open")
        self.assert_shape(value, DETAILS)
        self.assertEqual((value["exam"], value["exam-allows"], value["networks"]), (True, ["network", "end"], ["user"]))
        self.configure(more="[station]\nexam=yes\n")
        self.assertEqual(told(), {"good": True, "closed": True, "open": True})
        self.assertRegex(self.ctl("show", "good").stdout, r"(?m)^exam +yes; it allows nothing$")
        self.assertEqual(self.ctl_json("show", "good")["exam-allows"], [])
        self.ctl("check")

    def test_show_of_broken(self):
        """A broken appliance is shown, with its problems"""
        (self.add("broken") / "disk.qcow2").unlink()
        done = self.ctl("show", "broken")
        self.assertIn("Lab broken", done.stdout)
        self.assertRegex(done.stderr, r"/broken/appliance\.xml:3:\d+: ")
        self.assertFalse(self.ctl_json("show", "broken")["usable"])

    def test_show_of_none(self):
        """An id that is not there"""
        for ident in ("none", "", "../appliances/good", "GOOD", "a" * 5000):
            self.assert_complaint(self.ctl("show", ident, expect=1), f"There is no appliance “{ident}” on this station")

    def test_check(self):
        """Everything, one by id, by file, by folder"""
        self.add("other")
        self.assertEqual(sorted(self.ctl("check").stdout.splitlines()), ["good: good", "other: good"])
        for word in ("good", self.appliances / "good", "appliances/good/appliance.xml"):
            self.assertEqual(self.ctl("check", word).stdout, "good: good\n")
        self.assertEqual(self.ctl_json("check"), {"checked": 2, "problems": [], "warnings": []})
        self.assertEqual(self.ctl_json("check", "good", "other")["checked"], 2)

    def test_check_of_a_file_elsewhere(self):
        """A descriptor that is not installed yet"""
        folder = self.folder / "draft"
        shutil.copytree(self.appliances / "good", folder)
        text = (folder / "appliance.xml").read_text(encoding="utf-8").replace('"good"', '"draft"')
        (folder / "appliance.xml").write_text(text, encoding="utf-8")
        self.assertEqual(self.ctl("check", "draft/appliance.xml").stdout, "draft: good\n")
        (folder / "appliance.xml").write_text(text.replace("<disk", "<dsk"), encoding="utf-8")
        done = self.ctl("check", "draft", expect=1)
        self.assertRegex(done.stderr, rf"^{folder}/appliance\.xml:3:3: ")

    def test_check_of_nothing(self):
        """Neither file nor id"""
        done = self.ctl("check", "nothing", "good", expect=1)
        self.assertEqual(done.stderr, "nothing: There is no such file, and no appliance of that name.\n")
        self.assertEqual(done.stdout, "good: good\n")
        self.assertEqual(self.ctl_json("check", "nothing", expect=1)["checked"], 0)

    def test_check_digest(self):
        """The digest is compared when it is asked for"""
        image = self.appliances / "good/disk.qcow2"
        right = hashlib.sha256(image.read_bytes()).hexdigest()
        for digest, expect in ((right, 0), ("0" * 64, 1)):
            text = clikit.DESCRIPTOR.format(ident="good", name="Good", more=f'<disk href="disk.qcow2" sha256="{digest}"/>')
            (self.appliances / "good/appliance.xml").write_text(text, encoding="utf-8")
            self.ctl("check")
            done = self.ctl("check", "--digest", expect=expect)
        self.assertIn(str(image), done.stderr)
        self.assertIn(right, done.stderr)
        self.assertEqual(len(self.ctl_json("check", "--digest", "good", expect=1)["problems"]), 1)

    def test_missing_icon(self):
        """A missing icon is a warning: the appliance works"""
        self.add("plain", more='<icon href="icon.svg"/>')
        done = self.ctl("check", "plain")
        self.assertEqual(done.stdout, "plain: good\n")
        self.assertRegex(done.stderr, r"^Warning: .*/plain/appliance\.xml:3:\d+: .*icon")
        self.assertEqual(len(self.ctl_json("check")["warnings"]), 1)
        self.assertTrue(self.ctl_json("show", "plain")["usable"])

    def test_second_folder(self):
        """The first folder wins, and the other one is told"""
        self.configure()
        self.config.write_text(self.config.read_text(encoding="utf-8").replace("appliances=appliances",
                                                                                "appliances=first;appliances"),
                               encoding="utf-8")
        shutil.copytree(self.appliances, self.folder / "first")
        (self.folder / "first/good/appliance.xml").write_text(
            clikit.DESCRIPTOR.format(ident="good", name="First", more='<disk href="disk.qcow2"/>'), encoding="utf-8")
        done = self.ctl("list")
        self.assertEqual(done.stdout, "good  First\n")
        self.assertIn(f"{self.appliances}/good", done.stderr)

    def test_thousand(self):
        """A thousand descriptors are listed, none is lost"""
        for number in range(1000):
            self.add(f"many-{number}", more='<cdrom href="x.iso"/>', disk=False)
        self.assertEqual(len(self.ctl_json("list")), 1001)


class BadAppliances(clikit.CommandCase):
    """Each mistake has a sentence of its own; the good one keeps working beside it."""

    sentences = {}

    def assert_told(self, ident, pattern, starts=False):
        """The appliance is listed as broken, checked with this sentence, refused with it; `good` is good."""
        listed = {entry["id"]: entry for entry in self.ctl_json("list")}
        self.assertTrue(listed["good"]["usable"])
        self.assertIs(listed[ident]["usable"], starts)
        done = self.ctl("check", expect=1)
        self.assertEqual(done.stdout, "good: good\n")
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertRegex(lines[0], pattern)
        sentence = lines[0].replace(str(self.folder), "").replace(ident, "ID")
        self.assertNotIn(sentence, self.sentences.values(), ident)
        self.sentences[ident] = sentence
        if not starts:
            self.assert_complaint(self.ctl("start", "--headless", ident, expect=1), pattern)
        self.assert_nothing_left()

    def test_image_missing(self):
        """The image is not there"""
        (self.add("missing") / "disk.qcow2").unlink()
        self.assert_told("missing", r"/missing/appliance\.xml:3:3: .*“disk\.qcow2” is missing")

    def test_image_cut(self):
        """The image's header was cut short"""
        os.truncate(self.add("cut") / "disk.qcow2", 60)
        self.assert_told("cut", r"/cut/appliance\.xml:3:3: .*damaged")

    def test_image_empty(self):
        """The image is empty"""
        os.truncate(self.add("empty") / "disk.qcow2", 0)
        self.assert_told("empty", r"/empty/appliance\.xml:3:3: .*empty")

    def test_image_corrupt(self):
        """The header is well, what it leads to is not: only a check finds that"""
        folder = self.add("corrupt")
        subprocess.run(["qemu-io", "-c", "write 0 512k", folder / "disk.qcow2"], check=True, stdout=subprocess.DEVNULL)
        with open(folder / "disk.qcow2", "r+b") as image:
            image.seek(65536)  # the refcount table
            image.write(b"\xff" * 8)
        self.assert_told("corrupt", r"/corrupt/disk\.qcow2: .*(damaged|errors)", starts=True)

    def test_image_of_another_format(self):
        """VMDK, VDI and plain text as a disk"""
        self.make_image(self.add("vmdk") / "disk.qcow2", "vmdk")
        self.assert_told("vmdk", r"/vmdk/appliance\.xml:3:3: .*VMDK")
        shutil.rmtree(self.appliances / "vmdk")
        self.make_image(self.add("vdi") / "disk.qcow2", "vdi")
        self.assert_told("vdi", r"/vdi/appliance\.xml:3:3: .*VDI")
        shutil.rmtree(self.appliances / "vdi")
        (self.add("text") / "disk.qcow2").write_text("not an image" * 100, encoding="ascii")
        self.assert_told("text", r"/text/appliance\.xml:3:3: ")

    def test_image_is_a_folder_or_pipe(self):
        """What can be opened and never ends is not opened"""
        folder = self.add("pipe")
        (folder / "disk.qcow2").unlink()
        os.mkfifo(folder / "disk.qcow2")
        self.assert_told("pipe", r"/pipe/appliance\.xml:3:3: ")
        shutil.rmtree(folder)
        folder = self.add("folder")
        (folder / "disk.qcow2").unlink()
        (folder / "disk.qcow2").mkdir()
        self.assert_told("folder", r"/folder/appliance\.xml:3:3: ")

    def test_link_out_of_the_folder(self):
        """A symbolic link that leads out, to a file or to another appliance's"""
        for target in ("/etc/hostname", "../good/disk.qcow2", "/"):
            folder = self.add("link")
            (folder / "disk.qcow2").unlink()
            (folder / "disk.qcow2").symlink_to(target)
            self.sentences.pop("link", None)
            self.assert_told("link", r"/link/appliance\.xml:3:3: .*symbolic link that leaves the appliance's folder")
            shutil.rmtree(folder)

    def test_entity_bomb(self):
        """A document type is refused before any entity is defined"""
        folder = self.add("bomb")
        shutil.copy(clikit.DATA / "bad/entity-bomb.xml", folder / "appliance.xml")
        self.assert_told("bomb", r"/bomb/appliance\.xml:\d+:\d+: A document type")

    def test_large_descriptor(self):
        """10 MB of descriptor"""
        with open(self.add("large") / "appliance.xml", "ab") as file:
            file.write(b" " * 10_000_000)
        self.assert_told("large", r"/large/appliance\.xml: The file has 10\.0\sMB")

    def test_not_utf8(self):
        """Latin-1 without a word of it"""
        (self.add("latin") / "appliance.xml").write_bytes(
            clikit.DESCRIPTOR.format(ident="latin", name="é", more='<disk href="disk.qcow2"/>').encode("latin-1"))
        self.assert_told("latin", r"/latin/appliance\.xml:2:9: This is not UTF-8 text")

    def test_many_mistakes(self):
        """Every mistake of a descriptor is told at once, by line and column"""
        self.add("wrong", more='\n  <memory>0</memory>\n  <dsk href="x"/>\n  <cpu count="none"/>')
        done = self.ctl("check", "wrong", expect=1)
        self.assertEqual([line.split(": ")[0].rsplit("/", 1)[1] for line in done.stderr.splitlines()],
                         ["appliance.xml:4:3", "appliance.xml:5:3", "appliance.xml:6:3"])

    def test_exam_that_allows_what_is_not(self):
        """A word that an exam cannot allow"""
        self.add("wrong", more='\n  <exam allow="network internet"/>')
        self.assert_told("wrong", r"/wrong/appliance\.xml:4:3: <exam> cannot allow “internet”\. Write any of: network, ")

    def test_other_id(self):
        """A folder that was renamed"""
        self.add("before").rename(self.appliances / "after")
        self.assert_told("after", r"/after/appliance\.xml:1:\d+: .*before")

    def test_folder_that_is_no_id(self):
        """Folders with names that cannot be an id, even no text, take nothing with them"""
        for name in (b"Big Name", b"\xff\xfe", b"new\nline"):
            target = os.fsencode(self.appliances) + b"/" + name
            shutil.copytree(os.fsencode(self.appliances / "good"), target)
        self.assertTrue({entry["id"]: entry for entry in self.ctl_json("list")}["good"]["usable"])
        self.ctl("check", expect=1)
        self.ctl_json("check", expect=1)
        self.ctl("list")

    @unittest.skipIf(is_root(), "root reads what nobody may read")
    def test_unreadable(self):
        """What the reader may not read: an appliance folder, a descriptor, an image, the folder of them all"""
        for ident, what, pattern in (("image", "disk.qcow2", r"/image/appliance\.xml:3:3: .*ermission"),
                                     ("descriptor", "appliance.xml", r"/descriptor/appliance\.xml: .*ermission"),
                                     ("whole", ".", r"/whole: The folder cannot be read: Permission denied\.$")):
            path = self.add(ident) / what
            path.chmod(0)
            try:
                self.assert_told(ident, pattern)
            finally:
                path.chmod(0o700)
                shutil.rmtree(self.appliances / ident)
        self.appliances.chmod(0)
        try:
            self.assertIn(str(self.appliances), self.ctl("list").stderr)
            self.assertIn(str(self.appliances), self.ctl("check", expect=1).stderr)
        finally:
            self.appliances.chmod(0o700)

    def test_appliances_are_a_file(self):
        """An appliance folder that is a file"""
        shutil.rmtree(self.appliances)
        self.appliances.write_text("", encoding="utf-8")
        self.assertIn(str(self.appliances), self.ctl("list").stderr)
        self.assertIn(str(self.appliances), self.ctl("check", expect=1).stderr)

    def test_without_qemu_img(self):
        """A check that cannot examine images says so"""
        empty = self.folder / "bin"
        empty.mkdir()
        done = self.ctl("check", expect=1, env={"PATH": str(empty)})
        self.assertRegex(done.stderr, r"/good: qemu-img is not installed")


if __name__ == "__main__":
    sys.exit(clikit.main())
