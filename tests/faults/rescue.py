#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""What dies, and what goes on: the kiosk beside its guest, the guest under its kiosk, libvirt's daemon behind both."""
import configparser
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, faults, guests, processes  # noqa: E402
from stationkit.station import DOMAIN  # noqa: E402


class Rescue(faults.FaultCase):
    """The tiny guest."""

    def begin(self, colour="884400"):
        """A session in which somebody has worked: on the screen and on the disk; its guest and its overlay."""
        self.add_sample()
        self.start_plainly()
        self.start()
        self.enter(f"{guests.WRITE.format('mine')} && paint {colour}")
        self.wait_for_colour(colour, seconds=60)
        return self.qemu(), self.station.overlay_files()

    def expect_nothing(self):
        """The launcher, and nothing of a session."""
        self.station.wait_until(lambda: not self.station.leftovers(), lambda: f"swept: {self.station.leftovers()}", 60, 0.2)
        self.screen.wait_for("Type to search")
        self.assertFalse((self.station.runtime / "session").exists())

    def change_facts(self, **changes):
        """What the dead kiosk has noted, otherwise."""
        path = self.station.runtime / "session"
        facts = configparser.RawConfigParser()
        facts.optionxform = str
        facts.read(path, encoding="utf-8")
        for key, value in changes.items():
            facts.set("session", key, value)
        with open(path, "w", encoding="utf-8") as file:
            facts.write(file, space_around_delimiters=False)

    # The kiosk dies

    def test_kiosk_dies(self):
        """Killed or crashed, again and again: the next kiosk shows the same guest, with all that was done in it, and it can be worked in."""
        guest, overlay = self.begin()
        for number, sign in enumerate((signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT)):
            with self.fault(f"kiosk dies of {sign.name} beside a guest"):
                self.station.kiosk.tell(sign)
                self.station.kiosk.process.wait()
                self.next_kiosk()
                self.wait_for_colour("884400")
            self.assertEqual((self.qemu(), self.station.overlay_files()), (guest, overlay))
            self.station.wait_state("ready", seconds=60)
            self.assertEqual(self.station.status()["appliance"], "tiny")
            self.enter(f"{guests.LOOK.format('mine')} && paint 11881{number}")
            self.wait_for_colour(f"11881{number}", seconds=30)
            self.enter("paint 884400")
            self.wait_for_colour("884400", seconds=30)
        self.station.shot("same_guest")
        # It ends as it would have ended.
        self.end_by_clicks()
        self.wait_for_end()
        self.expect_nothing()

    def test_kiosk_dies_early(self):
        """It dies before the guest has anything to show."""
        self.add_sample()
        self.station.start_kiosk()
        self.choose()
        # Its facts are written before, and the domain is there while QEMU is still begun.
        self.station.wait_until(lambda: self.station.domains() == [DOMAIN] and self.desk.guests(), "the guest", 60, 0.02)
        guest = self.qemu()
        with self.fault("kiosk dies before its guest shows anything"):
            self.station.kiosk.crash()
            self.next_kiosk()
            self.wait_for_colour(guests.COLOURS["tiny"])
        self.assertEqual(self.qemu(), guest)
        self.stop("--force")

    def test_not_of_this_session(self):
        """After a restart of the station, an end, another person: neither the guest nor its overlay can be reached."""
        for name, changes in {"boot": {"boot": "00000000-0000-0000-0000-000000000000"}, "end": {"ending": "true"},
                              "person": {"seen": "0", "touched": "0"}, "exam": {"exam": "true"}}.items():
            with self.subTest(name):
                guest, _ = self.begin() if name == "boot" else self.begin_again()
                with self.fault(f"kiosk dies, and the session is nobody's any more: {name}"):
                    self.station.kiosk.crash()
                    self.change_facts(**changes)
                    self.station.launch_kiosk()
                    processes.wait_until(lambda pid=guest: not processes.is_alive(pid), "the end of the guest", 60, 0.1)
                    self.expect_nothing()

    def begin_again(self):
        """One more session on the same kiosk."""
        self.start()
        return self.qemu(), self.station.overlay_files()

    def test_idle(self):
        """Nobody is there any more: the screen asks, a key keeps the session, and without one it ends."""
        self.add_sample()
        self.station.write_config(session={"idle-minutes": "1", "stop-seconds": "1"})
        self.station.start_kiosk()
        self.start()
        self.screen.wait_for("Nobody has used this machine", 60)
        self.station.shot("asks")
        self.screen.key("space")
        processes.wait_until(lambda: self.screen.find("Nobody has used this machine") is None, "no question", 20, 0.1)
        self.station.wait_state("idle", seconds=180)
        self.expect_nothing()

    # The guest dies

    def die_of(self, code, words):
        """The guest is gone; the screen says so, and asks."""
        self.station.wait_state("failed", seconds=120)
        status = self.station.status()
        self.assertEqual((status["failure"]["code"], status["resumable"]), (code, True))
        self.screen.wait_for(words)
        self.station.shot(code)
        self.assertEqual(self.desk.processes("qemu-system-x86_64"), [])
        self.assertEqual(len(self.station.overlay_files()), 1)

    def go_on(self):
        """What was written is still there."""
        overlay = self.station.overlay_files()
        self.screen.click_on("with my work")
        self.station.wait_state("booting", "ready")
        self.wait_for_colour(guests.COLOURS["tiny"])
        self.assertEqual(self.station.overlay_files(), overlay)
        self.enter(f"{guests.LOOK.format('mine')} && paint 118811")
        self.wait_for_colour("118811", seconds=30)

    def test_guest_dies(self):
        """Its process is killed: the person goes on from the disk; killed once more, and ends it."""
        guest, _ = self.begin()
        with self.fault("guest's process dies, and the person goes on"):
            os.kill(guest, signal.SIGKILL)
            self.die_of("guest-lost", "stopped unexpectedly")
            # Also for another kiosk.
            self.station.kiosk.crash()
            self.station.launch_kiosk()
            self.die_of("guest-lost", "stopped unexpectedly")
            self.go_on()
        with self.fault("guest's process dies, and the person ends it"):
            os.kill(self.qemu(), signal.SIGKILL)
            self.die_of("guest-lost", "stopped unexpectedly")
            self.screen.click_on("End session")
            self.wait_for_end()
        self.expect_nothing()

    def test_both_die(self):
        """Guest and kiosk at once: the next kiosk says so, and what was written is still there."""
        guest, _ = self.begin()
        with self.fault("guest and kiosk die"):
            self.station.kiosk.crash()
            os.kill(guest, signal.SIGKILL)
            self.station.launch_kiosk()
            self.die_of("guest-lost", "stopped unexpectedly")
            self.go_on()
        self.stop("--force")

    def test_panic(self):
        """Its system crashes, and is asked no more."""
        self.begin()
        with self.fault("guest's kernel panics"):
            self.enter("panic")
            self.die_of("guest-crashed", "has crashed")
            self.go_on()
        self.stop("--force")

    def test_hangs(self):
        """Its own watchdog finds that it hangs: it stands still, the bar says why, and it may go on."""
        self.add_sample("desktop", change=lambda text: text.replace('mode="warm"', 'mode="cold"'))
        self.station.start_kiosk()
        self.start("desktop")
        guest = self.qemu()
        self.wait_for_agent()
        with self.fault("guest hangs, says its watchdog"):
            self.run_in_guest("(busybox watchdog -T 2 -F /dev/watchdog & sleep 1; kill -KILL $!) </dev/null >/dev/null 2>&1")
            self.station.wait_until(lambda: self.station.status().get("paused") == "watchdog", "a guest that stands still", 120)
            self.screen.wait_for("It may recover", area=self.bar())
            self.station.shot("hangs")
            # The next kiosk knows it, too.
            self.station.kiosk.crash()
            self.station.launch_kiosk()
            self.station.wait_until(lambda: self.station.status().get("paused") == "watchdog", "a guest that stands still", 60)
            self.screen.click_on("Go on", area=self.bar())
            self.station.wait_until(lambda: self.station.status().get("paused") is None, "a guest that goes on", 30)
        self.assertEqual(self.qemu(), guest)
        self.stop("--force")

    # libvirt's daemon

    def test_daemon_dies(self):
        """Killed, and late: the guest goes on, the screen does not stand still, and the session ends as ever."""
        guest, _ = self.begin()
        for sign in (signal.SIGKILL, signal.SIGTERM):
            with self.fault(f"libvirtd ends by {sign.name}"):
                for pid in self.desk.processes("libvirtd"):
                    os.kill(pid, sign)
                    processes.wait_until(lambda dead=pid: not processes.is_alive(dead), "the daemon's end", 30, 0.1)
                self.enter("paint 118811")
                self.wait_for_colour("118811", seconds=30)
                self.enter("paint 884400")
                self.wait_for_colour("884400", seconds=30)
                self.station.wait_state("ready")
            self.assertEqual(self.qemu(), guest)
        (daemon,) = self.desk.processes("libvirtd") or [self.desk.virsh("uri") and self.desk.processes("libvirtd")[0]]
        with self.fault("libvirtd does not answer"):
            os.kill(daemon, signal.SIGSTOP)
            try:
                self.enter("paint 118811")
                self.wait_for_colour("118811", seconds=30)
                self.screen.key("ctrl+alt+Home")
                self.screen.click_on("End session", area=self.bar())
                self.screen.click_on("End it", area=guests.end_area(self.screen))
                self.screen.wait_for("shutting down", area=self.bar())
            finally:
                os.kill(daemon, signal.SIGCONT)
            self.wait_for_end()

    def test_job_of_nobody(self):
        """Daemon, guest and kiosk are killed while the daemon begins the guest: that keeps no later one from its start."""
        guest, _ = self.begin()
        status = self.desk.folder / f"run/libvirt/qemu/run/{DOMAIN}.xml"
        with self.fault("libvirtd, guest and kiosk are killed at once, in the middle of a job"):
            self.station.kiosk.crash()
            processes.kill(self.desk.processes("libvirtd") + [guest])
            # As it is before QEMU has a number. The next daemon would keep this guest, and its job, for ever.
            noted = status.read_text(encoding="utf-8")
            self.assertIn("  <vcpus>", noted)
            status.with_suffix(".pid").unlink()
            status.write_text(noted.replace("  <vcpus>", "  <job type='none' async='start'/>\n  <vcpus>").replace(f"pid='{guest}'", "pid='0'"),
                              encoding="utf-8")
            self.station.launch_kiosk()
            self.die_of("guest-lost", "stopped unexpectedly")
            self.go_on()
        self.stop("--force")


if __name__ == "__main__":
    cases.main()
