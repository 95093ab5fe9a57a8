#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive for a bug report: what is in it, what is not, and that nothing keeps it from being written."""
import json
import os
import re
import resource
import shutil
import signal
import tarfile
from pathlib import Path

import clikit
from stationkit import processes

FILES = {"about.txt", "versions.txt", "configuration.conf", "status.txt", "list.txt", "check.txt", "warm.txt", "usb.txt", "station.txt",
         "machine.txt", "folders.txt", "journal.txt", "guest.txt"}
# Each stands where a station could have it; none may come out.
PASSWORD, VARIABLE, ARGUMENT = "tulip-and-rose", "LICENCE-4711-0815", "opensesame4711"
WRITTEN, SHARED, ADDRESS = "what-ada-has-written", "marks-of-ada", "hunter2hunter2"
UUID, MAC, SERIAL = "0f1e2d3c-4b5a-8978-9687-a5b4c3d2e1f0", "52:54:00:ab:cd:ef", "AST-0123456789"
OTHER_ID = "00112233445566778899aabbccddeeff"
SECRETS = [PASSWORD, VARIABLE, ARGUMENT, WRITTEN, SHARED, ADDRESS, UUID, MAC, SERIAL, OTHER_ID, "adalovelace", "q=private"]
DOMAIN = f"""<domain>
    <devices><graphics type="spice" passwd="{PASSWORD}"/></devices>
    <qemu:commandline xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0">
      <qemu:arg value="-object"/><qemu:arg value="secret,id=s0,data={ARGUMENT}"/>
      <qemu:env name="LM_LICENSE" value="{VARIABLE}"/>
    </qemu:commandline>
  </domain>"""
LOG = f"""2026-03-09 09:24:51.123+0000: starting up libvirt version: 9.0.0, qemu version: 7.2.22
LC_ALL=C \\
LM_LICENSE={VARIABLE} \\
/usr/bin/qemu-system-x86_64 \\
-name guest=asteroide,debug-threads=on \\
-object '{{"qom-type":"secret","id":"masterKey0","format":"raw","file":"/run/master-key.aes"}}' \\
-uuid {UUID} \\
-smbios type=1,serial={SERIAL} \\
-device '{{"driver":"virtio-net-pci","mac":"{MAC}"}}' \\
-object secret,id=s0,data={ARGUMENT} \\
-drive file=/home/adalovelace/disk.raw,password-secret={PASSWORD}
{OTHER_ID} @MACHINE_ID@
qemu-system-x86_64: terminating on signal 15
"""


def machine_id():
    """This machine's, or one that is as good."""
    try:
        return Path("/etc/machine-id").read_text(encoding="ascii").strip() or OTHER_ID
    except OSError:
        return OTHER_ID


class Report(clikit.CommandCase):
    """A station with secrets in all its corners."""

    def setUp(self):
        super().setUp()
        self.plant()

    def plant(self):
        """What a station could hold that strangers must not read."""
        self.configure(more=f"[station]\nname=Salle 2/é\nhelp-url=https://adalovelace:{ADDRESS}@help.example.org/{ADDRESS}?q=private\n"
                            "[paths]\nwarm=warm\n[shares]\ncourse=course\n")
        self.add("secretive", more=DOMAIN)
        for path, text in {"overlays/good.kept.qcow2": WRITTEN, "warm/good.memory": WRITTEN, "run/asteroide.pid": WRITTEN,
                           "course/marks.txt": SHARED, ".cache/libvirt/qemu/log/asteroide.log":
                           LOG.replace("@MACHINE_ID@", machine_id())}.items():
            file = self.folder / path
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        # What a dead kiosk has told last, with libvirt's words.
        failure = {"code": "start-failed", "message": f"The guest was refused: passwd='{PASSWORD}' at https://adalovelace:x@lab/."}
        (self.runtime / "state.json").write_text(json.dumps({"state": "failed", "appliance": "secretive", "since": None,
                                                             "failure": failure}), encoding="utf-8")

    def report(self, *options, **more):
        """The archive's path, as the command tells it."""
        return Path(self.ctl("report", *options, **more).stdout.strip())

    def read(self, path):
        """The archive's files by their names, as texts. They are whole, their owner's, and in one folder."""
        with tarfile.open(path, "r:gz") as archive:
            members = archive.getmembers()
            folders = {member.name.split("/")[0] for member in members}
            self.assertEqual(len(folders), 1)
            self.assertTrue(all(member.isfile() and member.mode == 0o600 and member.uname == "" for member in members))
            return {member.name.split("/", 1)[1]: archive.extractfile(member).read().decode() for member in members}

    def test_files(self):
        """All that is promised is there, in a file of nobody else's, with the station's name and the date"""
        path = self.report()
        self.assertEqual(path.parent, self.folder)
        self.assertRegex(path.name, r"^asteroide-report-Salle-2---?-\d{8}-\d{6}\.tar\.gz$")
        self.assertEqual(path.stat().st_mode & 0o7777, 0o600)
        files = self.read(path)
        self.assertEqual(set(files), FILES)
        for name, text in files.items():
            self.assertGreater(len(text), 20, name)
            self.assertIn(name, files["about.txt"] + "about.txt")
        for name, words in {"versions.txt": "ASTEROIDE 0.", "configuration.conf": "[paths]", "list.txt": "Lab good",
                            "check.txt": "secretive: good", "status.txt": "start-failed", "machine.txt": "MemTotal:",
                            "guest.txt": "terminating on signal 15", "warm.txt": "$ ", "usb.txt": "usb list"}.items():
            self.assertIn(words, files[name])
        for name in ("good.kept.qcow2", "good.memory", "asteroide.pid", "state.json"):
            self.assertRegex(files["folders.txt"], rf"kiosk +\d+ \(\d+ on the disk\) .* {re.escape(name)}\n")
        self.assertIn("/qemu-system-x86_64 ", files["guest.txt"])

    def test_no_secrets(self):
        """None of the station's secrets is in it, whoever told it"""
        path = self.report()
        files = self.read(path)
        whole = "\n".join(files.values())
        for secret in [*SECRETS, machine_id()]:
            self.assertNotIn(secret, whole)
        self.assertIn("help-url=https://help.example.org/[blanked]", files["configuration.conf"])
        for line in ("LM_LICENSE=[blanked] \\", "-uuid [blanked] \\", "-smbios type=1,serial=[blanked] \\", '"mac":"[blanked]"',
                     "data=[blanked] \\", "/home/[blanked]/disk.raw"):
            self.assertIn(line, files["guest.txt"])
        self.assertIn("passwd=[blanked] at https://[blanked]@lab/", files["status.txt"])

    def test_configuration_counts(self):
        """What is told of the configuration can be read as one, and says the same"""
        told = self.read(self.report())["configuration.conf"]
        self.config.write_text(told, encoding="utf-8")
        again = self.read(self.report("--output", "again.tar.gz"))["configuration.conf"]
        self.assertEqual(again, told)

    def test_output(self):
        """Where one wants it; never over something that is there; and told as JSON"""
        told = self.ctl_json("report", "--output", "b12.tar.gz")
        self.assertEqual(told, {"file": str(self.folder / "b12.tar.gz")})
        before = (self.folder / "b12.tar.gz").read_bytes()
        self.assert_complaint(self.ctl("report", "--output", "b12.tar.gz", expect=1), "b12.tar.gz: File exists")
        self.assertEqual((self.folder / "b12.tar.gz").read_bytes(), before)
        self.assert_complaint(self.ctl("report", "--output", "nowhere/b12.tar.gz", expect=1), "No such file or directory")

    def test_full_disk(self):
        """Half an archive is none"""
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))
        done = self.ctl("report", "--output", "b12.tar.gz", expect=1, preexec_fn=limit, restore_signals=False)
        self.assert_complaint(done, "b12.tar.gz: File too large")
        self.assertFalse((self.folder / "b12.tar.gz").exists())

    def test_what_fails(self):
        """No libvirt, no kiosk, an unreadable folder, missing programs and logs: a line each, and the rest is there"""
        self.configure(uri=clikit.NOWHERE, more="[paths]\nwarm=warm\n")
        self.add("quick", more='<start mode="warm"/>')
        (self.folder / ".cache/libvirt/qemu/log/asteroide.log").unlink()
        self.overlays.chmod(0)
        self.addCleanup(self.overlays.chmod, 0o700)
        tools = self.folder / "tools"
        tools.mkdir()
        (tools / "qemu-img").symlink_to(shutil.which("qemu-img"))
        files = self.read(self.report(env={"PATH": str(tools)}))
        self.assertEqual(set(files), FILES)
        self.assertIn("No kiosk is running.", files["status.txt"])
        self.assertIn("asteroide.log”: No such file or directory", files["guest.txt"])
        self.assertIn("journalctl” (No such file or directory)", files["journal.txt"])
        self.assertIn("quick", files["warm.txt"])
        self.assertIn("This machine was not made a station", files["station.txt"])
        if os.geteuid() != 0:
            self.assertRegex(files["folders.txt"], r"overlays.*\n.*\n  .*Permission denied")

    def test_bad_configuration(self):
        """A configuration that cannot be read is why one writes a report: it is told, also by the commands inside"""
        self.config.write_text("[libvirt]\naccel=warp\n", encoding="utf-8")
        files = self.read(self.report())
        self.assertIn(f"# {self.config}:2: [libvirt] accel: “warp” is not known.", files["configuration.conf"])
        self.assertIn("[paths]", files["configuration.conf"])
        self.assertIn("accel: “warp” is not known.", files["list.txt"])
        self.assertIn("Exit status 1.", files["list.txt"])

    def test_nothing_is_started(self):
        """Neither libvirt nor a guest is there afterwards that was not before"""
        self.configure(uri="qemu:///session", more="[paths]\nwarm=warm\n")
        self.add("quick", more='<start mode="warm"/>')
        before = sorted(self.folder.rglob("*"))
        path = self.report()
        self.assertEqual([new for new in sorted(self.folder.rglob("*")) if new not in before], [path])
        self.assertEqual(processes.belonging_to(self.folder), [])
        self.assertIn("quick", self.read(path)["warm.txt"])

    def test_language(self):
        """It is in English, whatever the station speaks"""
        files = self.read(self.report(env={"LC_ALL": "C.UTF-8", "LANGUAGE": "fr"}))
        self.assertIn("No kiosk is running.", files["status.txt"])


if __name__ == "__main__":
    clikit.main()
