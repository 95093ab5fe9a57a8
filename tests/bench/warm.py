#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the click to a desktop in which one can work: booted, restored, restored ahead; against virsh and virt-viewer, and
against QEMU alone, which only reads the same memory, or maps it. “In which one can work”: the guest's agent is connected, and a key that
is typed changes the screen."""
import json
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import benchkit
import picture
from benchkit import ROUNDS
from stationkit import cases, processes, rfb
from stationkit.station import DOMAIN

TILE = "640,300"
# The desktop's ground, its terminal, and the cursor behind the shell's prompt, which moves on when a key is typed.
CURSOR = "234,100"
DESKTOP = ["--at", "1000,700=336699", "--at", "500,300=1d2733", "--at", f"{CURSOR}=ffb454", "--type", CURSOR]
PROMPT = "ffb454"
TYPE_SECONDS = 0.05
# libvirt's header of a memory image: a magic word, and numbers; the guest's description; then QEMU's stream, with its own magic.
STREAM = b"QEVM"
# What the stream calls the RAM that is in it, and the one beside it (src/core/memory-image.h).
RAM, MAPPED = b"pc.ram", b"mapped"
VIRSH = "virsh -q -c qemu:///session"
VIEWER_ROUNDS = max(1, ROUNDS // 3)


class WarmFigures(benchkit.BenchCase):
    """The sample desktop, as it is."""

    def usable(self, *start):
        """Seconds until the desktop can be used, and until it is on the screen."""
        seconds, _, there = self.tool("stopwatch", *start, *DESKTOP, "--file", self.station.runtime / "state.json", "--says", '"ready"')
        return seconds, there

    def come_to_rest(self):
        """What the guest before had of the station's memory is no longer at hand when the next one wants it."""
        self.screen.wait_for("Type to search")
        self.screen.move(640, 600)
        time.sleep(1)

    def our_start(self):
        """By a click on the tile."""
        self.come_to_rest()
        return self.usable("--click", TILE)

    def is_warm(self):
        """Does the guest's disk stand on a seed?"""
        return ".seed.qcow2" in self.desk.virsh("dumpxml", DOMAIN)

    def take(self, series, warm):
        """One session."""
        seconds, there = self.our_start()
        self.assertEqual(self.is_warm(), warm)
        series.setdefault("usable", []).append(seconds)
        series.setdefault("shown", []).append(there)

    def end(self):
        """The session, at once."""
        self.station.ctl("stop", "--force")
        self.station.wait_state("idle")

    def test_desktop(self):
        """Cold, warm, ahead; the floor; virt-viewer"""
        self.station.write_config(paths={"warm": self.station.folder / "warm"})
        self.add_sample("desktop")
        cold, warm, ahead = {}, {}, {}
        self.station.start_kiosk()
        for _ in range(ROUNDS):
            self.take(cold, False)
            domain = self.write_domain(self.station.folder / "bench.qcow2")
            self.end()
        asked = self.station.ctl("warm", "desktop")
        self.assertEqual(asked.returncode, 0, asked.stderr)
        memory = next((self.station.folder / "warm").glob("*.memory"))
        self.write_whole(memory, self.station.folder / "whole.memory")
        read, mapped = ([], []), ([], [])
        for number in range(ROUNDS):
            self.take(warm, True)
            if number == 0:
                words = Path(f"/proc/{self.qemu()}/cmdline").read_bytes().decode().split("\0")[:-1]
            self.end()
            self.come_to_rest()
            for kind, image, is_mapped in ((read, self.station.folder / "whole.memory", False), (mapped, memory, True)):
                for series, seconds in zip(kind, self.alone(words, image, is_mapped)):
                    series.append(seconds)
        self.assertEqual(self.station.kiosk.end(), 0)
        self.station.write_config(warm={"restore-ahead": "yes"})
        self.station.start_kiosk()
        for _ in range(ROUNDS):
            self.station.wait_until(self.stands_ahead, "the guest that waits", 60, 0.2)
            self.take(ahead, True)
            self.end()
        self.assertEqual(self.station.kiosk.end(), 0)
        viewer, boxes = self.viewer(domain), self.boxes(domain)
        self.compare("usable desktop, warm : cold", round(1 / 12, 3), warm["usable"], cold["usable"])
        self.compare("usable desktop, restored ahead : cold", round(1 / 40, 3), ahead["usable"], cold["usable"])
        self.compare("usable desktop, warm : QEMU alone reads the memory", 1.5, warm["usable"], read[0])
        self.compare("usable desktop, warm : QEMU alone reads the memory and its guest answers a key", None, warm["usable"], read[1])
        self.compare("usable desktop, warm : QEMU alone maps the memory and its guest answers a key", None, warm["usable"], mapped[1])
        self.compare("usable desktop, warm : QEMU alone maps the memory", None, warm["usable"], mapped[0])
        self.compare("desktop on the screen, warm : QEMU alone reads the memory", None, warm["shown"], read[0])
        self.compare("usable desktop, cold : virsh create + virt-viewer --kiosk", None, cold["usable"], viewer)
        if boxes:
            self.compare("usable desktop, cold : gnome-boxes --open-uuid", None, cold["usable"], boxes)
        else:
            print("# figure: GNOME Boxes is not installed, and was not timed")
        (self.build / "bench").mkdir(exist_ok=True)
        (self.build / "bench/warm.svg").write_text(picture.bars(
            "From the click to a desktop in which one can work",
            "Medians, smallest and largest; the sample desktop, emulated, all in one run of tests/run bench.",
            [*([("GNOME Boxes", boxes, False)] if boxes else []),
             ("virsh create and virt-viewer", viewer, False), ("ASTEROIDE, cold", cold["usable"], True),
             ("ASTEROIDE, warm", warm["usable"], True), ("ASTEROIDE, restored ahead", ahead["usable"], True),
             ("QEMU alone reads, a key is answered", read[1], False), ("QEMU alone reads the memory", read[0], False),
             ("QEMU alone maps, a key is answered", mapped[1], False), ("QEMU alone maps the memory", mapped[0], False)]),
            encoding="utf-8")
        size = sum(file.stat().st_blocks * 512 for file in (self.station.folder / "warm").iterdir()) / 2**20
        print(f"# figure: the pair takes {size:.0f} MiB")

    # QEMU alone

    @staticmethod
    def write_whole(memory, path):
        """The image with its RAM in it again, as QEMU had written it, but for the empty pages."""
        image = memory.read_bytes()
        names = image.index(bytes([len(MAPPED)]) + MAPPED)
        section = image[image.index(b"\x03ram") - 4:][:4]
        footer = (0x10).to_bytes(8, "big") + b"\x7e" + section
        begun = image.index(footer, names) + len(footer)
        named = bytes([len(RAM)]) + RAM
        with open(path, "wb") as whole, open(memory.with_suffix(".ram"), "rb") as ram:
            whole.write(image[:names] + named + image[names + len(named):begun] + b"\x02" + section)
            place = 0
            while page := ram.read(4096):
                if any(page):
                    whole.write((place | 0x08).to_bytes(8, "big") + named + page)
                place += len(page)
            whole.write(footer + image[begun:])

    def alone(self, words, memory, is_mapped):
        """Seconds from the start of QEMU to a running guest, and to its answer: the same devices, without a screen and without libvirt."""
        seed = next((self.station.folder / "warm").glob("*.seed.qcow2"))
        overlay = self.station.folder / "floor.qcow2"
        overlay.unlink(missing_ok=True)
        processes.run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", seed, overlay)
        bound = re.search(r'"offset":0,"size":(\d+)', " ".join(words))
        os.truncate(overlay, int(bound[1]))
        control = self.station.folder / "floor.sock"
        with open(memory, "rb") as stream:
            stream.seek(stream.read(1 << 20).index(STREAM))
            os.lseek(stream.fileno(), stream.tell(), os.SEEK_SET)
            command = self.without_libvirt(words, overlay, control, stream.fileno(), is_mapped)
            begun = time.monotonic()
            with subprocess.Popen(command, pass_fds=[stream.fileno()], env=self.desk.env, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as qemu:
                try:
                    runs, answers = (moment - begun for moment in self.wait_for_guest(control, qemu))
                finally:
                    qemu.kill()
        overlay.unlink()
        return runs, answers

    def wait_for_guest(self, control, qemu):
        """When it ran, and when it had answered a key, monotonic. It was saved standing still, and goes on when it is told to."""
        def ask(question):
            monitor.sendall(f'{{"execute":"{question}"}}\n'.encode())
            while "return" not in (said := json.loads(lines.readline() or "null") or {}):
                if not said:
                    raise AssertionError(qemu.stderr.read())
            return said["return"]

        with socket.socket(socket.AF_UNIX) as monitor, monitor.makefile("r") as lines:
            while monitor.connect_ex(str(control)):
                if qemu.poll() is not None:
                    raise AssertionError(qemu.stderr.read())
                time.sleep(0.001)
            monitor.settimeout(60)
            ask("qmp_capabilities")
            while ask("query-status")["status"] == "inmigrate":
                time.sleep(0.002)
            ask("cont")
            runs = typed = time.monotonic()
            # As the stopwatch does on the screen.
            with rfb.Viewer(self.station.folder / "floor.vnc", rfb.RAW) as viewer:
                place = tuple(map(int, CURSOR.split(",")))
                seen = None
                viewer.ask_for(*place, False)
                while seen is None or seen == PROMPT:
                    colour = viewer.colour(*place)
                    if colour:
                        viewer.ask_for(*place, True)
                        seen = colour if colour == PROMPT or seen else None
                    if seen and time.monotonic() - typed > TYPE_SECONDS:
                        viewer.press(ord("x"))
                        typed = time.monotonic()
                    time.sleep(0.001)
            return runs, time.monotonic()

    @staticmethod
    def without_libvirt(words, overlay, control, stream, is_mapped):
        """The command line of a restored guest, without what libvirt and SPICE were connected to."""
        pairs, rest = [], words[1:]
        while rest:
            word = rest.pop(0)
            pairs.append([word] + ([rest.pop(0)] if rest and not rest[0].startswith("-") else []))
        kept = []
        for pair in pairs:
            value = pair[1] if len(pair) > 1 else ""
            name = re.search(r"\bid=([\w-]+)", value)
            if pair[0] in ("-S", "-spice", "-mon", "-incoming", "-audiodev", "-display") or "masterKey" in value:
                continue
            if not is_mapped and ('"id":"mapped"' in value or value == "memory-backend=mapped"):
                continue
            if pair[0] == "-chardev":
                value = f"null,id={name[1]}" if name else value
            if pair[0] == "-netdev":
                continue
            if pair[0] == "-blockdev" and ".volatile.qcow2" in value:
                value = re.sub(r'"filename":"[^"]*"', f'"filename":"{overlay}"', value)
            kept += [pair[0]] + ([value] if value else [])
        return [words[0], *kept, "-vnc", f"unix:{control.with_name('floor.vnc')}", "-audiodev", "id=audio1,driver=none", "-incoming", f"fd:{stream}",
                "-qmp", f"unix:{control},server=on,wait=off"]

    # Without us

    def others_starts(self, *command, **variables):
        """Seconds from the start of somebody else's programs to the same desktop, on a screen of their own, which they fill only where there is
        a window manager."""
        times = []
        with self.unused_screen() as screen:
            manager = processes.start(["openbox"], env=self.desk.env | {"DISPLAY": screen.name})
            for _ in range(VIEWER_ROUNDS):
                self.make_overlay(self.station.folder / "bench.qcow2", "desktop")
                seconds, pid, _ = self.tool("stopwatch", *DESKTOP, "--", *command, env={"DISPLAY": screen.name} | variables)
                times.append(seconds)
                self.end_process(int(pid))
                self.destroy()
            manager.terminate()
            manager.wait()
        return times

    def viewer(self, domain):
        """virsh create and virt-viewer on the same guest."""
        show = f"exec virt-viewer -c qemu:///session --kiosk --attach {DOMAIN}"
        return self.others_starts("sh", "-c", f"{VIRSH} create {domain} && {show}")

    def boxes(self, domain):
        """GNOME Boxes on the same guest, where somebody has installed it: what comes with it changes the figures of all that plays sound."""
        if shutil.which("gnome-boxes") is None:
            return []
        settings = Path(self.desk.env["XDG_CONFIG_HOME"]) / "glib-2.0/settings/keyfile"
        settings.parent.mkdir(parents=True)
        settings.write_text("[org/gnome/boxes]\nfirst-run=false\n", encoding="ascii")  # no tutorial
        show = f"exec gnome-boxes --full-screen --open-uuid $({VIRSH} domuuid {DOMAIN})"
        return self.others_starts("sh", "-c", f"{VIRSH} define {domain} && {show}", GSETTINGS_BACKEND="keyfile")


if __name__ == "__main__":
    cases.main()
