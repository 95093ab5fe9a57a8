#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""The station's devices in a guest: discs through the drive that is emulated over USB redirection; and what a guest does before a
stick is taken from it."""
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, guests, processes  # noqa: E402

# What is done with a disc in the guest.
WRITE_NOTHING = "cd /run/media/{0} && test -f lesson.bin && ! touch x && ! dd if=/dev/zero of=/dev/{0} bs=2048 count=1"
READABLE = "cd /dev; for drive in sr*; do head -c 1 $drive >/dev/null && echo $drive; done"
EJECT = "umount /run/media/{0}; eject /dev/{0}"
LESSON = bytes(range(256)) * 4096 * 3  # 3 MiB
GOOD = 1 << 20  # bytes that can be read of a scratched disc
CYCLES = 200
# A stick of QEMU's own, which is in the guest and never the station's.
STICK = """<disk type="file" device="disk"><driver name="qemu" type="raw"/><source file="{file}"/><target dev="{target}" bus="usb"/>
<serial>{serial}</serial></disk>"""
STICK_IDS = ("46f4", "0001")
ESSAY = "".join(f"{number}\n" for number in range(1, 200001)).encode()  # seq 1 200000


class Devices(guests.GuestCase):
    """One desktop for all cases."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.discs = cls.desk.folder / "discs"
        cls.discs.mkdir()
        for name in ("one", "two"):
            cls.make_disc(name)
        # Nobody but its teacher writes to them.
        os.chmod(cls.discs, 0o755)

    @classmethod
    def make_disc(cls, name):
        """An image with a file in it that no other image has."""
        content = cls.desk.folder / f"content-{name}"
        content.mkdir(exist_ok=True)
        (content / "lesson.bin").write_bytes(name.encode() + LESSON)
        processes.run("xorriso", "-report_about", "WARNING", "-as", "mkisofs", "-R", "-V", name.upper(), "-o", cls.discs / f"{name}.iso", content)

    def show_desktop(self, change=lambda text: text, **env):
        """A desktop in which one can work, with its agent."""
        self.station.write_config(paths={"discs": self.discs})
        self.add_sample("desktop", change=change)
        self.station.start_kiosk(**env)
        self.start("desktop")
        self.wait_for_agent()

    def ident(self, name):
        """A disc's id."""
        return f"disc:{self.discs / name}.iso"

    def wait_for(self, ident, state, seconds=60):
        """Waits for a device to come to a state."""
        self.station.wait_until(lambda: self.devices().get(ident, {}).get("state") == state,
                                lambda: f"{ident} {state}: {self.devices()}", seconds, 0.1)

    def tell(self, verb, ident, expect=0):
        """asteroidectl give, or take."""
        done = self.station.ctl(verb, ident)
        self.assertEqual(done.returncode, expect, done.stderr)
        return done.stderr

    def read_in_guest(self, name):
        """Waits until the disc's file can be read in the guest, as it is on the disc; the name of its drive there, which is not the one
        of the disc before while anything in the guest still has that open."""
        wanted = guests.digest(self.desk.folder / f"content-{name}/lesson.bin")
        found = rf"{wanted}  /run/media/(sr\d+)/"
        return processes.wait_until(lambda: re.search(found, self.run_in_guest("sha256sum /run/media/sr*/lesson.bin")[1]),
                                    f"{name} in the guest", 60, 0.5)[1]

    def wait_for_none(self, drive="sr"):
        """Waits until the guest has no disc, or this one no more."""
        processes.wait_until(lambda: self.run_in_guest(f"ls /sys/class/block | grep {drive}")[0] != 0, f"the guest's {drive} gone", 30, 0.3)

    def eject_in_guest(self, drive):
        """As a person does there: again, where the guest had just shown the disc anew."""
        processes.wait_until(lambda: self.run_in_guest(EJECT.format(drive))[0] == 0, f"{drive} ejected", 30, 0.5)

    def figures(self):
        """Of the kiosk: open files, threads."""
        pid = self.station.kiosk.process.pid
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines())
        return len(os.listdir(f"/proc/{pid}/fd")), int(status["Threads"])

    def test_discs(self):
        """A disc by the bar's switch, by command, ejected by the guest, changed, given while another is in, pulled out."""
        self.show_desktop()
        self.station.wait_until(lambda: len(self.devices()) == 2, "both discs", 30, 0.3)
        self.assertEqual({device["state"] for device in self.devices().values()}, {"out"})
        # As a student does.
        tray = self.open_tray()
        self.screen.wait_for("one.iso", area=tray)
        self.station.shot("tray")
        self.switch("one.iso", tray)
        self.wait_for(self.ident("one"), "in")
        self.station.shot("in")
        self.screen.key("Escape")
        drive = self.read_in_guest("one")
        # The guest mounts a disc anew with each event of its drive.
        processes.wait_until(lambda: self.run_in_guest(WRITE_NOTHING.format(drive))[0] == 0, "a disc that is there and takes nothing", 30, 1)
        # An event from before the disc, which comes late, does not take it away.
        self.in_guest(f"ACTION=change DISKSEQ=1 /usr/lib/guest/media {drive}; grep -q ' /run/media/{drive} ' /proc/mounts")
        # As the guest does.
        self.eject_in_guest(drive)
        self.wait_for(self.ident("one"), "out")
        self.wait_for_none()
        # As a teacher does from afar.
        self.tell("give", self.ident("two"))
        self.wait_for(self.ident("two"), "in")
        self.read_in_guest("two")
        self.tell("take", self.ident("two"))
        self.wait_for(self.ident("two"), "out")
        self.wait_for_none()
        self.assertIn("There is no device", self.tell("give", "disc:/nowhere.iso", expect=1))
        # Its file goes while it is read.
        self.make_disc("gone")
        self.station.wait_until(lambda: self.ident("gone") in self.devices(), "a new disc", 30, 0.3)
        self.tell("give", self.ident("gone"))
        drive = self.read_in_guest("gone")
        self.run_in_guest(f"(while cat /dev/{drive}; do :; done) </dev/null >/dev/null 2>&1 &")
        (self.discs / "gone.iso").unlink()
        self.station.wait_until(lambda: self.ident("gone") not in self.devices(), "its end in the list", 30, 0.3)
        self.wait_for_none()
        self.assertEqual(self.station.state(), "ready")
        self.stop("--force")
        self.assertEqual(self.devices(), {})

    def test_scratched(self):
        """A disc that cannot be read to its end: the guest is told so, the kiosk goes on meanwhile, and the disc can be changed"""
        disc = self.discs / "one.iso"
        self.show_desktop(LD_PRELOAD=self.build / "tests/lib/badio.so", SCRATCHED_DISC=disc, SCRATCHED_FROM=str(GOOD))
        self.tell("give", self.ident("one"))
        self.wait_for(self.ident("one"), "in")
        drive = self.expect_disc()
        self.run_in_guest(f"(dd if=/dev/{drive} of=/tmp/read bs=2048; echo ended) </dev/null >/tmp/said 2>&1 &")
        tray = self.open_tray()
        self.screen.wait_for("one.iso", area=tray)
        self.screen.key("Escape")
        processes.wait_until(lambda: self.run_in_guest("grep ended /tmp/said")[0] == 0, "an end of the reading", 300, 1)
        self.assertIn("Input/output error", self.run_in_guest("cat /tmp/said")[1])
        size, digest = self.run_in_guest("stat -c %s /tmp/read; sha256sum /tmp/read")[1].split()[:2]
        self.assertLessEqual(int(size), GOOD)
        self.assertEqual(digest, hashlib.sha256(disc.read_bytes()[:int(size)]).hexdigest())
        self.assertEqual(self.devices()[self.ident("one")]["state"], "in")
        self.tell("take", self.ident("one"))
        self.wait_for(self.ident("one"), "out")
        self.wait_for_none()
        self.tell("give", self.ident("two"))
        self.read_in_guest("two")
        # The machine starts anew in the middle of a read, and the session ends in another one.
        self.tell("take", self.ident("two"))
        self.wait_for(self.ident("two"), "out")
        self.wait_for_none()
        self.read_without_end()
        self.run_in_guest("touch /tmp/before")
        self.desk.virsh("reset", guests.DOMAIN)
        self.station.wait_until(lambda: self.agent_answers() and self.run_in_guest("ls /tmp/before")[0] != 0, "a new start", guests.BOOT_SECONDS, 1)
        self.wait_for(self.ident("one"), "in")
        self.expect_disc()
        self.read_without_end()
        self.stop("--force")

    def expect_disc(self):
        """The beginning of the one disc can be read in the guest; the name of its drive there."""
        return processes.wait_until(lambda: self.run_in_guest(READABLE)[1].strip(), "a disc in the guest", 60, 0.5)

    def read_without_end(self):
        """The guest reads where the disc is scratched."""
        if self.devices()[self.ident("one")]["state"] != "in":
            self.tell("give", self.ident("one"))
        drive = self.expect_disc()
        self.run_in_guest(f"(while true; do dd if=/dev/{drive} of=/dev/null bs=2048 skip=600 iflag=direct; done) </dev/null >/dev/null 2>&1 &")
        self.station.wait_until(lambda: "scratched" in (self.devices()[self.ident("one")]["note"] or ""), "a read that failed", 60, 0.5)

    def test_several(self):
        """Four discs in at once, each read for itself, each leaving alone: by command, ejected by the guest, by its end; a fifth waits"""
        for name in ("three", "four"):
            self.make_disc(name)
        self.show_desktop(lambda text: text.replace("<usb/>", ""))  # whose places discs could have, too
        self.station.wait_until(lambda: len(self.devices()) == 4, "four discs", 30, 0.3)
        drives = {}
        for name in ("one", "two", "three", "four"):
            self.tell("give", self.ident(name))
            self.wait_for(self.ident(name), "in")
            drives[name] = self.read_in_guest(name)
        for name, drive in drives.items():
            self.assertEqual(self.read_in_guest(name), drive)
        self.assertEqual(len(set(drives.values())), len(drives))
        self.open_tray()
        self.station.shot("four")
        self.screen.key("Escape")
        self.make_disc("five")
        self.station.wait_until(lambda: self.ident("five") in self.devices(), "a fifth disc", 30, 0.3)
        self.tell("give", self.ident("five"))
        self.wait_for(self.ident("five"), "failed")
        self.assertIn("places are taken", self.devices()[self.ident("five")]["note"])
        self.tell("take", self.ident("two"))
        self.wait_for(self.ident("two"), "out")
        self.wait_for_none(drives["two"])
        self.eject_in_guest(drives["three"])
        self.wait_for(self.ident("three"), "out")
        self.wait_for_none(drives["three"])
        for name in ("one", "four"):
            self.assertEqual(self.devices()[self.ident(name)]["state"], "in")
            self.assertEqual(self.read_in_guest(name), drives[name])
        self.tell("give", self.ident("five"))
        self.wait_for(self.ident("five"), "in")
        for name in ("three", "four", "five"):
            (self.discs / f"{name}.iso").unlink()
        self.station.wait_until(lambda: len(self.devices()) == 2, lambda: f"two discs: {self.devices()}", 30, 0.3)
        self.assertEqual(self.read_in_guest("one"), drives["one"])
        self.stop("--force")

    def plug_stick(self, name, target, serial):
        """A stick with FAT on it in the guest; its image."""
        image = self.desk.folder / f"{name}.raw"
        processes.run("truncate", "--size", "64M", image)
        processes.run("/usr/sbin/mkfs.fat", "-n", name.upper(), image)
        xml = self.desk.folder / f"{name}.xml"
        xml.write_text(STICK.format(file=image, target=target, serial=serial), encoding="utf-8")
        self.desk.virsh("attach-device", guests.DOMAIN, xml)
        return image

    def wait_for_stick(self, device):
        """Waits until the guest has mounted it."""
        processes.wait_until(lambda: f" /run/media/{device} " in self.run_in_guest("cat /proc/mounts")[1], f"{device} in the guest", 60, 0.5)

    def in_guest(self, command):
        """A command that must succeed; its output."""
        status, output = self.run_in_guest(command)
        self.assertEqual(status, 0, f"{command}: {output}")
        return output

    @staticmethod
    def read_stick(image, name):
        """A file of it, as the next computer would read it; what is missing is empty."""
        return subprocess.run(["mtype", "-i", image, f"::{name}"], stdin=subprocess.DEVNULL, capture_output=True, check=False).stdout

    def ask_to_write_out(self, serial):
        """As the kiosk does before it takes a stick: the line that it shows then."""
        done = subprocess.run([self.station.build / "tests/guest/write-out", self.station.config_file, *STICK_IDS, serial], env=self.desk.env,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_written_out(self):
        """What a guest holds back is on the stick before it is taken; where files are open, where two are alike, and where nobody answers"""
        self.show_desktop()
        stick = self.plug_stick("homework", "sdx", "S1")
        self.wait_for_stick("sda")
        # The guest writes nothing by itself.
        self.in_guest("echo 0 >/proc/sys/vm/dirty_writeback_centisecs")
        self.in_guest("seq 1 200000 >/run/media/sda/essay")
        self.assertNotEqual(self.read_stick(stick, "essay"), ESSAY)
        self.run_in_guest("(exec 9>>/run/media/sda/notes; exec sleep 3600) </dev/null >/dev/null 2>&1 &")
        processes.wait_until(lambda: self.run_in_guest("test -e /run/media/sda/notes")[0] == 0, "an open file", 30, 0.3)
        self.assertIn("still used it", self.ask_to_write_out("S1"))
        self.assertEqual(self.read_stick(stick, "essay"), ESSAY)
        # A write after that, and nothing open.
        self.in_guest("killall sleep; seq 1 200000 >/run/media/sda/second")
        other = self.plug_stick("other", "sdy", "S2")
        self.wait_for_stick("sdb")
        self.assertNotEqual(self.read_stick(stick, "second"), ESSAY)
        self.assertIn("pull it out", self.ask_to_write_out("S1"))
        self.assertEqual(self.read_stick(stick, "second"), ESSAY)
        # Clean, as FAT has it, and the other one is left alone.
        processes.run("/usr/sbin/fsck.fat", "-n", stick)
        self.assertNotIn("/dev/sda ", self.in_guest("cat /proc/mounts"))
        self.wait_for_stick("sdb")
        # Which of two alike is meant, nobody knows: both are written out, and stay.
        self.plug_stick("twin", "sdz", "S2")
        self.wait_for_stick("sdc")
        self.in_guest("seq 1 200000 >/run/media/sdb/essay")
        self.assertIn("still used it", self.ask_to_write_out("S2"))
        self.assertEqual(self.read_stick(other, "essay"), ESSAY)
        self.wait_for_stick("sdb")
        # An agent that is there and does not answer; and then none at all.
        self.agent("guest-exec", path="/bin/sh", arg=["-c", "sleep 2; kill -STOP $(pidof qemu-ga)"])
        processes.wait_until(lambda: not self.agent_answers(), "an agent that stands still", 60, 1)
        self.assertIn("could not be asked", self.ask_to_write_out("S2"))
        self.stop("--force")

    def test_cycles(self):
        """Discs that come and go without end: no open file and no thread more (and, under a sanitizer, no memory)."""
        self.show_desktop()
        self.station.wait_until(lambda: len(self.devices()) == 2, "both discs", 30, 0.3)
        before = None
        for cycle in range(CYCLES):
            name = ("one", "two")[cycle % 2]
            self.tell("give", self.ident(name))
            self.wait_for(self.ident(name), "in")
            if cycle % 20 == 0:
                self.read_in_guest(name)
            if cycle % 20 == 10:
                self.eject_in_guest(self.read_in_guest(name))
            else:
                self.tell("take", self.ident(name))
            self.wait_for(self.ident(name), "out")
            if cycle == 20:
                before = self.figures()
        self.wait_for_none()
        after = self.figures()
        print(f"# {CYCLES} cycles; open files, threads: {before} before, {after} after")
        self.assertLessEqual(after[0], before[0] + 2)
        self.assertLessEqual(after[1], before[1] + 4)  # threads of the pool come and go
        self.stop("--force")


if __name__ == "__main__":
    cases.main()
