#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest that means harm gets nothing of its station but what it was given."""
import json
import os
import re
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, guests, processes, sockets  # noqa: E402
from stationkit.station import DOMAIN  # noqa: E402

MIB = 1 << 20
BOUND = 24 * MIB  # less than the tiny guest's disk
RESERVE = 64 * MIB  # of every station in these tests
LATE = re.compile("(under|over)run!!! ")  # aplay, of a sound that was not there in time


class Disk(guests.GuestCase):
    """A guest that writes until it can write no more."""

    def prepare(self, change=lambda text: text, bound=BOUND):
        """A station whose overlays are small."""
        self.add_sample(change=change)
        self.station.write_config(session={"overlay-mib": bound // MIB})
        self.station.start_kiosk()

    def overlay(self):
        """The one overlay's file."""
        found = [*self.station.overlays.glob("*.qcow2")]
        self.assertEqual(len(found), 1, found)
        return found[0]

    def fill(self):
        """The guest writes all over its disk, and is stopped."""
        self.enter("dd if=/dev/urandom of=/dev/vda bs=1M")
        self.station.wait_until(lambda: self.station.status().get("paused") == "no-space", "a guest that stands still", 120)

    def expect_within(self, bound=BOUND):
        """The overlay has almost its bound, and no more; the station has its reserve."""
        taken = self.overlay().stat().st_blocks * 512
        self.assertLessEqual(taken, bound)
        self.assertGreater(taken, bound - 4 * MIB)
        space = os.statvfs(self.station.overlays)
        self.assertGreaterEqual(space.f_bavail * space.f_frsize, RESERVE)

    def expect_told(self):
        """The screen and asteroidectl say it, and no key takes the bar away."""
        self.screen.wait_for("is used up", area=self.bar())
        self.station.shot("full")
        self.assertIsNone(self.screen.find("Go on", self.bar()))
        self.screen.key("Escape", "ctrl+alt+Home")
        self.screen.wait_for("is used up", area=self.bar())
        told = self.station.ctl("status").stdout
        self.assertRegex(told, r"2\d\.\d\sMiB of 24\.0\sMiB written")
        self.assertIn("disk space is used up", told)
        room = json.loads(self.station.ctl("status", "--json").stdout)["room"]
        self.assertEqual(room["bound"], BOUND)
        self.assertLessEqual(room["used"], BOUND)

    def times_told(self):
        """How often the kiosk said that the guest stands still."""
        return self.station.kiosk.said().count("tiny stands still: no-space")

    def go_on_in_vain(self):
        """A longer file looks like room that has become free, and “Go on” is there. QEMU knows its bound all the same."""
        self.assertEqual(self.times_told(), 1)
        before = self.overlay().stat().st_blocks
        os.truncate(self.overlay(), 3 * BOUND)
        self.screen.click_on("Go on", area=self.bar())
        self.station.wait_until(lambda: self.times_told() == 2, "a guest that stands still again")
        self.screen.wait_for("is used up", area=self.bar())
        self.assertLess(self.overlay().stat().st_blocks - before, 2 * MIB // 512)

    def end_paused(self):
        """Ends the session from the bar that stands there."""
        self.screen.click_on("End session", area=self.bar())
        self.screen.click_on("End it", area=guests.end_area(self.screen))
        self.wait_for_end()

    def test_full(self):
        """It stands still at its bound; the bar says so and ends it; the same appliance starts again."""
        self.prepare()
        self.start()
        self.fill()
        self.expect_told()
        self.expect_within()
        self.go_on_in_vain()
        self.expect_within()
        self.end_paused()
        self.start()
        self.enter("dd if=/dev/urandom of=/dev/vda bs=1M seek=40 count=8 && sync && paint 118811")
        self.wait_for_colour("118811", seconds=60)
        self.stop("--force")

    def test_full_in_exam(self):
        """Under exam the bar says it and ends nothing; asteroidectl does, at once."""
        self.prepare(lambda text: text.replace("<state>", "<exam/><state>"))
        self.start()
        self.fill()
        self.screen.wait_for("Ask whoever supervises", area=self.bar())
        self.station.shot("full")
        for button in ("End session", "Start afresh"):
            self.assertIsNone(self.screen.find(button, self.bar()), button)
        self.stop()

    def test_afresh(self):
        """“Start afresh” on the bar gives a new overlay."""
        self.prepare()
        self.start()
        self.fill()
        first = self.overlay()
        self.screen.click_on("Start afresh", area=self.bar())
        self.screen.wait_for("will be forgotten", area=self.bar())
        # The question's “no” is no way back to a guest that stands still.
        self.screen.click_on("Go on working", area=self.bar())
        self.screen.wait_for("is used up", area=self.bar())
        self.screen.click_on("Start afresh", area=self.bar())
        self.screen.click_on("Start it afresh", area=self.bar())
        processes.wait_until(lambda: not first.exists(), "the end of the old overlay", 60)
        self.wait_for_colour(guests.COLOURS["tiny"])
        self.assertIsNone(self.station.status()["paused"])
        self.stop("--force")

    def test_kept(self):
        """A kept overlay is full, is kept, and starts with another bound, also a smaller one."""
        self.prepare(guests.kept)
        write = "dd if=/dev/urandom of=/dev/vda bs=1M seek=30 count={} && sync && paint {}"
        self.start()
        self.enter(write.format(12, "118811"))
        self.wait_for_colour("118811", seconds=60)
        self.stop("--force")
        for bound, writes in ((BOUND, True), (8 * MIB, False), (40 * MIB, True)):
            self.assertEqual(self.station.kiosk.end(), 0, self.station.kiosk.said())
            self.station.write_config(session={"overlay-mib": bound // MIB})
            self.station.start_kiosk()
            self.start()
            taken = self.overlay().stat().st_blocks * 512
            self.assertGreaterEqual(self.overlay().stat().st_size, 12 * MIB)
            self.assertLess(self.overlay().stat().st_size, max(bound, 20 * MIB) + 1)
            if writes:
                self.enter(write.format(4, "884400"))
                self.wait_for_colour("884400", seconds=60)
            else:
                self.fill_from(44)
                self.assertLess(self.overlay().stat().st_blocks * 512 - taken, 5 * MIB)
            self.stop("--force")

    def fill_from(self, mib):
        """The guest writes from here on, and is stopped."""
        self.enter(f"dd if=/dev/urandom of=/dev/vda bs=1M seek={mib}")
        self.station.wait_until(lambda: self.station.status().get("paused") == "no-space", "a guest that stands still", 120)


class Process(guests.GuestCase):
    """QEMU and the kiosk while a guest runs, looked at from outside."""

    # Xvfb and the session bus stand for the station's own display and bus; they are the test's, not the kiosk's.
    HARNESS = ("Xvfb", "dbus-daemon")

    def expect_no_listener(self):
        """Nothing of the station listens but on unix sockets in folders that are closed to others."""
        pids = set(self.desk.processes()) - set(self.desk.processes(*self.HARNESS))
        found = sockets.sockets_of(pids)
        # The kiosk, libvirt and QEMU are among them, and can be looked into.
        self.assertIn(self.qemu(), {socket.pid for socket in found})
        self.assertIn(self.station.kiosk.pid, {socket.pid for socket in found})
        listening = [socket for socket in found if socket.listens]
        self.assertNotEqual(listening, [])  # libvirt's own
        self.assertEqual([socket for socket in listening if socket.table != "unix" or not self.is_closed(socket.address)], [])

    def is_closed(self, address):
        """Does a unix socket lie in a folder of the desk that nobody else can pass?"""
        path = Path(address)
        return address.startswith("/") and any(
            folder.stat().st_mode & 0o077 == 0 for folder in path.parents if self.desk.folder in folder.parents)

    def expect_sandbox(self):
        """QEMU has given up what it does not need."""
        words = processes.command_line(self.qemu())
        self.assertIn("-sandbox", words)
        self.assertEqual(words[words.index("-sandbox") + 1],
                         "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny")
        status = dict(line.split(":\t", 1) for line in
                      Path(f"/proc/{self.qemu()}/status").read_text(encoding="ascii").splitlines() if ":\t" in line)
        self.assertEqual(status["Seccomp"], "2")
        self.assertEqual(status["NoNewPrivs"], "1")

    def look(self, change):
        """A session with this card, looked at when it is ready."""
        self.add_sample(change=change)
        self.station.start_kiosk()
        self.start()
        self.station.wait_state("ready")
        self.expect_no_listener()
        self.expect_sandbox()

    def test_with_network(self):
        """With a network: no port, no socket that others reach, and a sandbox around QEMU."""
        self.look(lambda text: text.replace('<network type="none"/>', '<network type="user"/>'))
        self.stop("--force")

    def test_exam(self):
        """The same under exam."""
        self.look(lambda text: text.replace('<network type="none"/>', '<network type="user"/><exam/>'))
        self.stop("--force")

    def test_stopped_process(self):
        """A QEMU that is stopped by a signal answers nobody: it ends all the same, by the bar and by asteroidectl."""
        self.add_sample()
        self.station.write_config(session={"stop-seconds": "3"})
        self.station.start_kiosk()
        for end in (self.end_by_clicks, lambda: self.station.ctl("stop")):
            self.start()
            self.station.wait_state("ready")
            guest = self.qemu()
            os.kill(guest, signal.SIGSTOP)
            end()
            self.wait_for_end()
            self.assertFalse(processes.is_alive(guest))

    def test_helper(self):
        """A TPM is a process of its own, with a memory of its own: both go with the guest, however it ends."""
        card = '<tpm model="tpm-crb"><backend type="emulator" version="2.0"/></tpm>'
        self.add_sample(change=lambda text: text.replace(
            "</appliance>", f"<domain><devices>{card}</devices></domain></appliance>"))
        self.station.start_kiosk()
        for end in (lambda: self.enter("poweroff"), lambda: self.station.ctl("stop", "--force")):
            self.start()
            self.assertEqual(len(self.desk.processes("swtpm")), 1)
            self.assertNotEqual(self.tpm_files(), [])
            self.expect_no_listener()
            end()
            self.wait_for_end()
            self.assertEqual(self.tpm_files(), [])

    def tpm_files(self):
        """What TPMs remember."""
        return [*self.desk.folder.glob("**/tpm*-00.permall")]


class Microphone(guests.GuestCase):
    """A guest that would listen."""

    PLAYBACK, RECORD = 5, 6  # SPICE's numbers of the channels

    def channels(self):
        """Numbers of the channels that are connected to QEMU."""
        answer = self.desk.virsh("qemu-monitor-command", DOMAIN, '{"execute": "query-spice"}')
        return {channel["channel-type"] for channel in json.loads(answer)["return"]["channels"]}

    def look(self, devices):
        """A session with these devices, when it has its sound."""
        self.add_sample(change=lambda text: text.replace("<devices/>", f"<devices>{devices}</devices>"))
        self.station.start_kiosk()
        self.start()
        self.station.wait_until(lambda: self.PLAYBACK in self.channels(), "the channel of the sound")

    def codec(self):
        """The part of the guest's sound card that QEMU emulates."""
        return [word for word in processes.command_line(self.qemu()) if '"driver":"hda-' in word]

    def test_unasked(self):
        """Sound alone is a card without input."""
        self.look("<sound/>")
        self.assertRegex(" ".join(self.codec()), "hda-output")
        self.assertNotIn(self.RECORD, self.channels())
        self.stop("--force")

    def aplay(self, words):
        """The guest's aplay does what it is told; it may say that a slow guest was late."""
        status, said = self.run_in_guest(f"aplay -q {words} 2>&1")
        self.assertEqual((status, [line for line in said.splitlines() if not LATE.match(line)]), (0, []))

    def test_records(self):
        """A card with an input, brought by <domain>, in a guest that plays and records: the kiosk gives it nothing to hear."""
        card = '<domain><devices><sound model="ich9"><codec type="duplex"/></sound></devices></domain>'
        self.add_sample("desktop", change=lambda text: text.replace("</appliance>", f"{card}</appliance>"))
        self.station.start_kiosk(GST_DEBUG="GST_ELEMENT_FACTORY:4", GST_DEBUG_NO_COLOR="1")
        self.start("desktop")
        self.assertRegex(" ".join(self.codec()), "hda-duplex")
        self.wait_for_agent()
        # With the first sound the library asks for all channels of sound.
        self.aplay("-f dat -d 1 /dev/zero")
        self.station.wait_until(lambda: "may not use the microphone" in self.station.kiosk.said(), "the kiosk's refusal")
        # It records indeed, and nothing but silence.
        self.aplay("-D plughw:0 -C -t raw -f S16_LE -r 48000 -c 2 -d 1 /tmp/heard")
        self.assertEqual(self.run_in_guest("wc -c </tmp/heard; tr -d '\\000' </tmp/heard | wc -c"), (0, "192000\n0\n"))
        # The guest's agent would know the microphone's volume, for which the library would open it: nothing was made.
        made = set(re.findall(r'creating element "(\w*src)"', self.station.kiosk.said()))
        self.assertEqual(made, {"appsrc"})
        # The refusal has not taken the sound away.
        self.assertIn(self.PLAYBACK, self.channels())
        self.assertNotIn(self.RECORD, self.channels())
        self.stop("--force")

    def test_allowed(self):
        """Where the descriptor says so the channel is open, and the bar says it."""
        self.look('<sound microphone="yes"/>')
        self.station.wait_until(lambda: self.RECORD in self.channels(), "the channel of the microphone")
        self.screen.key("ctrl+alt+Home")
        self.screen.wait_for("can hear", area=(0, 0, self.screen.size[0], 120))
        self.station.shot("hears")
        self.stop("--force")


if __name__ == "__main__":
    cases.main()
