#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Warm starts of the sample desktop: prepared, used again and again, stale, damaged, giving way, and restored ahead."""
import json
import os
import re
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, guests, processes  # noqa: E402
from stationkit.station import DOMAIN  # noqa: E402

STARTS = 3
MANY_STARTS = 50
# What the launcher says of it.
AT_ONCE = "ready at once"
IN_GUEST = "export DISPLAY=:0 PATH=/usr/sbin:/usr/bin; "


class Warm(guests.GuestCase):
    """One prepared desktop for most of it: each case uses what the ones before left."""

    def setUp(self):
        super().setUp()
        self.warm = self.desk.folder / "warm"
        # What a pair depends on is the same for all cases: the appliance's folder, and the station's name for itself.
        self.desktop = self.desk.folder / "shelf/desktop"
        self.station.runtime = self.desk.folder / "runtime"
        if not self.desktop.exists():
            self.desktop.parent.mkdir()
            self.station.add_folder(self.appliances / "desktop", change=guests.one_processor).rename(self.desktop)
        self.station.write_config(paths={"warm": self.warm, "appliances": self.desktop.parent, "runtime": self.station.runtime},
                                  warm={"quota-mib": 4096})

    # What the station says

    def listed(self):
        """What is told of the desktop."""
        done = self.station.ctl("warm", "--list", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return {line["id"]: line for line in json.loads(done.stdout)}["desktop"]

    def prepare(self):
        """There is a pair, whatever was before."""
        if self.listed()["warmth"] == "fresh":
            return
        done = self.station.ctl("warm", "desktop")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.listed()["warmth"], "fresh")

    def files(self):
        """Of the pairs, by their names."""
        return sorted(file.name for file in self.warm.iterdir())

    def contents(self):
        """Of the pairs' files."""
        return {name: guests.digest(self.warm / name) for name in self.files()}

    def in_guest(self, command):
        """Runs a command in the guest; its output."""
        status, output = self.run_in_guest(IN_GUEST + command)
        self.assertEqual(status, 0, f"{command}: {output}")
        return output.strip()

    def start_desktop(self, warm=True):
        """A session whose agents answer; was it restored?"""
        self.bring_up(lambda: self.start_from_outside("desktop"), guests.COLOURS["desktop"], least=0.2)
        self.wait_for_agent()
        self.assertEqual(self.is_warm(), warm)

    def is_warm(self):
        """Does the guest's disk stand on a seed?"""
        return ".seed.qcow2" in self.desk.virsh("dumpxml", DOMAIN)

    def is_mapped(self):
        """Is the RAM of the pair QEMU's memory?"""
        ram = next(self.warm.glob("*.ram"))
        return f" {ram.stat().st_ino} " in Path(f"/proc/{self.qemu()}/maps").read_text(encoding="utf-8")

    def wait_for_address(self):
        """Until the guest's card, which was plugged in later, has found the network."""
        self.station.wait_until(lambda: "inet 10.0.2." in self.run_in_guest(IN_GUEST + "ip -4 addr show scope global")[1],
                                "an address in the guest", 60, 0.5)

    # The cases

    def test_prepared(self):
        """Prepared by a command; the folder holds one immutable pair, and nothing is left of the guest that was booted for it."""
        self.assertEqual(self.listed()["warmth"], "none")
        done = self.station.ctl("warm", "desktop")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.split(), ["desktop", "preparing", "starting", "booting", "ready", "stopping", "discarding", "idle"])
        self.assertEqual(self.station.leftovers(), [])
        line = self.listed()
        self.assertEqual((line["warmth"], line["why"]), ("fresh", None))
        self.assertEqual([name.split(".", 1)[1] for name in self.files()], ["memory", "ram", "seed.qcow2", "warm"])
        for name, mode in zip(self.files(), (0o400, 0o600, 0o400)):
            self.assertEqual(os.stat(self.warm / name).st_mode & 0o777, mode)
        before = self.files()
        done = self.station.ctl("warm", "--all")
        self.assertEqual((done.returncode, self.files()), (0, before), done.stderr)

    def test_used(self):
        """Three in a row: each a clean desktop in which one can work, with the station's card, the time, and numbers of its own."""
        self.prepare()
        before = self.contents()
        self.station.start_kiosk()
        self.screen.wait_for(AT_ONCE)
        self.station.shot("launcher")
        seen = [self.one_session(number) for number in range(STARTS)]
        for what in ("generation", "machine-id", "random", "uuid"):
            self.assertEqual(len({session[what] for session in seen}), STARTS, [session[what] for session in seen])
        # The station's own, at each start.
        self.assertEqual(len({session["mac"] for session in seen}), 1)
        # What three guests have written is theirs.
        self.assertEqual(self.contents(), before)

    def one_session(self, number):
        """Works in a desktop; what it says of itself."""
        self.start_desktop()
        self.enter("echo here >/tmp/typed")
        self.station.wait_until(lambda: self.run_in_guest("cat /tmp/typed")[1] == "here\n", "what was typed", 30, 0.3)
        self.station.shot(f"session_{number}")
        # Of an earlier student there is nothing.
        self.assertEqual(self.in_guest("ls /home/user/mine 2>/dev/null || echo none"), "none")
        self.in_guest("echo secret >/home/user/mine; sync")
        self.station.wait_until(lambda: abs(float(self.in_guest("date +%s")) - time.time()) < 5, "the time in the guest", 30, 0.5)
        self.wait_for_address()
        self.station.wait_until(lambda: "virtual machine fork" in self.in_guest("dmesg"), "the kernel's word on the new generation", 30, 0.5)
        xml = self.desk.virsh("dumpxml", DOMAIN)
        session = {
            "generation": re.search(r"<genid>(.*)</genid>", xml)[1],
            "mac": re.search(r"<mac address='(.*)'/>", xml)[1],
            "machine-id": self.in_guest("cat /etc/machine-id"),
            "random": self.in_guest("head -c 16 /dev/urandom | od -An -tx1"),
            "uuid": self.in_guest("cat /proc/sys/kernel/random/uuid"),
        }
        self.assertEqual(self.in_guest("cat /sys/class/net/e*/address"), session["mac"])
        self.assertTrue(self.is_mapped())
        self.assertRegex(session["machine-id"], "^[0-9a-f]{32}$")
        self.stop("--force")
        return session

    def test_afresh(self):
        """“Start afresh” in the bar is a warm start, too; and the clipboard, a monitor's size and a disc are there as after a boot."""
        self.prepare()
        disc = self.desk.folder / "discs/lesson.iso"
        disc.parent.mkdir(exist_ok=True)
        (self.desk.folder / "tree").mkdir(exist_ok=True)
        (self.desk.folder / "tree/read.me").write_text("a lesson\n", encoding="utf-8")
        processes.run("xorriso", "-report_about", "WARNING", "-as", "mkisofs", "-R", "-V", "LESSON", "-o", disc, self.desk.folder / "tree")
        self.station.write_config(paths={"discs": disc.parent})
        self.station.start_kiosk()
        self.start_desktop()
        self.in_guest("touch /home/user/mine")
        first = self.station.overlay_files()
        self.screen.key("ctrl+alt+Home")
        self.screen.click_on("Start afresh", area=self.bar())
        self.screen.click_on("Start it afresh", area=guests.end_area(self.screen))
        self.station.wait_until(lambda: self.station.state() in ("booting", "ready") and self.station.overlay_files() not in ([], first),
                                "another overlay", 60)
        self.wait_for_colour(guests.COLOURS["desktop"], least=0.2)
        self.wait_for_agent()
        self.assertTrue(self.is_warm())
        self.assertEqual(self.in_guest("ls /home/user/mine 2>/dev/null || echo none"), "none")
        self.assertIn("1280x800", self.in_guest("xrandr | grep '*'"))
        self.assertEqual(self.station.ctl("give", f"disc:{disc}").returncode, 0)
        self.station.wait_until(lambda: self.run_in_guest("cat /run/media/sr*/read.me")[1] == "a lesson\n", "the disc in the guest", 60, 0.5)
        self.stop("--force")

    def test_damaged(self):
        """A pair that was flipped, cut or lost: a cold start without a word to the student, one to the admin, and no second try."""
        for harm, suffix in ((self.flip, ".memory"), (self.flip, ".ram"), (self.cut, ".memory"), (Path.unlink, ".seed.qcow2")):
            self.prepare()
            harm(next(self.warm.glob(f"*{suffix}")))
            self.station.start_kiosk()
            self.start_from_outside("desktop")
            self.station.wait_state("booting", "ready")
            self.assertFalse(self.is_warm())
            self.assertEqual(len(self.station.overlay_files()), 1)
            self.stop("--force")
            self.assertIn("desktop (warm): it starts cold", self.station.kiosk.said())
            self.screen.wait_for("boots first")
            self.assertEqual(self.station.kiosk.end(), 0)
            line = self.listed()
            self.assertEqual(line["warmth"], "damaged", line)
            self.assertTrue(line["why"], line)
            self.assertEqual(self.files(), ["desktop.warm"])

    @staticmethod
    def flip(path):
        """One bit in the middle, and nothing that the file system would show."""
        found = path.stat()
        path.chmod(0o600)
        with open(path, "r+b") as file:
            file.seek(found.st_size // 2)
            byte = file.read(1)[0]
            file.seek(found.st_size // 2)
            file.write(bytes([byte ^ 16]))
        path.chmod(found.st_mode & 0o777)
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))

    @staticmethod
    def cut(path):
        """As a full disk or a power cut leaves it."""
        path.chmod(0o600)
        os.truncate(path, path.stat().st_size // 2)

    def test_stale(self):
        """Another descriptor: the pair is not used, the tile says so, and the next “warm” makes another; the same image under another
        date needs none."""
        self.prepare()
        descriptor = self.desktop / "appliance.xml"
        text = descriptor.read_text(encoding="utf-8")
        before = self.files()
        os.utime(self.desktop / "disk.qcow2")
        self.assertEqual((self.listed()["warmth"], self.listed()["why"]), ("stale", "an image has changed"))
        self.assertEqual(self.station.ctl("warm", "desktop").returncode, 0)
        self.assertEqual((self.listed()["warmth"], self.files()), ("fresh", before))
        self.station.start_kiosk()
        self.screen.wait_for(AT_ONCE)
        descriptor.write_text(text.replace("512</memory>", "513</memory>"), encoding="utf-8")
        self.screen.wait_for("boots first: its descriptor")
        self.station.shot("stale")
        self.assertEqual(self.station.ctl("start", "desktop").returncode, 0)
        self.station.wait_state("booting", "ready")
        self.assertFalse(self.is_warm())
        self.stop("--force")
        descriptor.write_text(text, encoding="utf-8")
        self.screen.wait_for(AT_ONCE)

    def test_gives_way(self):
        """Prepared by the running kiosk, unseen behind the launcher; whoever comes meanwhile comes first."""
        self.station.ctl("warm", "--drop", "desktop")
        self.station.start_kiosk()
        asked = processes.start([self.build / "src/ctl/asteroidectl", "warm", "--all", "--config", self.station.config_file],
                                env=self.desk.env, stdout=-1, stderr=-1, text=True)
        self.screen.wait_for("is being prepared for quick starts")
        self.station.shot("warming")
        self.station.wait_state("booting")
        self.assertTrue(self.station.status()["warming"])
        self.choose("desktop")
        said, complaint = asked.communicate(timeout=120)
        self.assertEqual(asked.returncode, 1, said)
        self.assertIn("It gave way to a session", complaint)
        self.wait_for_colour(guests.COLOURS["desktop"], least=0.2)
        self.assertFalse(self.is_warm())
        self.stop("--force")
        self.assertEqual(self.files(), [])
        # Nobody comes.
        self.assertEqual(self.station.ctl("warm", "--all").returncode, 0)
        self.screen.wait_for(AT_ONCE)
        self.assertEqual(self.station.leftovers(), [])

    def test_ahead(self):
        """Restored ahead: a click only lets it go on, also one that comes early; another choice, or the kiosk's end, lets it go."""
        self.prepare()
        self.station.write_config(warm={"restore-ahead": "yes"})
        self.station.start_kiosk()
        self.wait_for_ahead()
        self.assertEqual(self.station.state(), "idle")
        self.choose("desktop")
        self.wait_for_colour(guests.COLOURS["desktop"], least=0.2)
        self.wait_for_agent()
        self.assertTrue(self.is_warm())
        self.enter("echo here >/tmp/typed")
        self.station.wait_until(lambda: self.run_in_guest("cat /tmp/typed")[1] == "here\n", "what was typed", 30, 0.3)
        self.station.wait_until(lambda: abs(float(self.in_guest("date +%s")) - time.time()) < 5, "the time in the guest", 30, 0.5)
        self.station.ctl("stop", "--force")
        # Somebody is quicker than it.
        self.station.wait_until(lambda: self.station.domains() == [DOMAIN], "the guest that will wait", 60, 0.05)
        overlay = self.station.overlay_files()
        self.choose("desktop")
        self.wait_for_colour(guests.COLOURS["desktop"], least=0.2)
        self.enter("echo here >/tmp/early")
        self.station.wait_until(lambda: self.run_in_guest("cat /tmp/early")[1] == "here\n", "what was typed early", 30, 0.3)
        self.wait_for_address()
        self.assertEqual(self.station.overlay_files(), overlay)
        self.station.ctl("stop", "--force")
        self.wait_for_ahead()
        tiny = self.station.add_folder(self.appliances / "tiny").rename(self.desktop.parent / "tiny")
        self.addCleanup(shutil.rmtree, tiny)
        self.screen.click_on(guests.NAMES["tiny"])
        self.wait_for_colour(guests.COLOURS["tiny"])
        self.assertFalse(self.is_warm())
        self.station.ctl("stop", "--force")
        self.wait_for_ahead()
        self.assertEqual(self.station.kiosk.end(), 0)
        self.assertEqual(self.station.leftovers(), [])

    def wait_for_ahead(self):
        """Until the desktop stands behind the launcher."""
        self.station.wait_until(lambda: self.stands_ahead() and self.is_warm(), "the guest that waits", 60, 0.3)

    def test_read(self):
        """Without mapping, what was mapped is stale; the next pair's memory is one file, and is used as well."""
        self.prepare()
        self.station.write_config(warm={"map-memory": "no"})
        self.assertEqual((self.listed()["warmth"], self.listed()["why"]), ("stale", "its memory is kept in another way now"))
        self.prepare()
        self.assertEqual([name.split(".", 1)[1] for name in self.files()], ["memory", "seed.qcow2", "warm"])
        self.station.start_kiosk()
        self.start_desktop()
        self.assertNotIn(".ram", Path(f"/proc/{self.qemu()}/maps").read_text(encoding="utf-8"))
        self.stop("--force")

    def test_many(self):
        """Fifty starts in a row: nothing grows, neither on the disk nor in the kiosk."""
        self.prepare()
        self.station.start_kiosk()
        for number in range(MANY_STARTS + 1):
            self.assertEqual(self.station.ctl("start", "desktop").returncode, 0)
            self.station.wait_state("ready", seconds=60)
            self.assertTrue(self.is_warm())
            self.station.ctl("stop", "--force")
            self.station.wait_state("idle")
            if number == 5:
                first = self.taken()
        last = self.taken()
        print(f"# after 5: {first}; after {MANY_STARTS}: {last}")
        self.assertEqual((last["files"], last["descriptors"], last["threads"]), (first["files"], first["descriptors"], first["threads"]))
        self.assertLess(last["memory"], first["memory"] * 1.1)
        self.assertLess(last["disk"], first["disk"] * 1.01)

    def taken(self):
        """What the kiosk and its files take: MiB, and numbers."""
        time.sleep(3)
        process = Path(f"/proc/{self.station.kiosk.pid}")
        files = [file for folder in (self.warm, self.station.overlays) for file in folder.iterdir()]
        return {"descriptors": len(list((process / "fd").iterdir())), "threads": len(list((process / "task").iterdir())),
                "memory": processes.memory(self.station.kiosk.pid), "files": len(files),
                "disk": sum(file.stat().st_blocks for file in files) / 2048}


if __name__ == "__main__":
    cases.main()
