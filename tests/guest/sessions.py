#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can become of a session: refused, lost, ended, kept, begun again."""
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, guests, processes  # noqa: E402
from stationkit.display import Display, middle_of  # noqa: E402
from stationkit.station import DOMAIN, Kiosk  # noqa: E402


class Sessions(guests.GuestCase):
    """Sessions in the tiny guest."""

    def test_only_one(self):
        """A second start is refused: by the bus, without a screen, and on a second kiosk."""
        self.add_sample()
        self.station.add("alpha", "Alpha writer")
        self.station.start_kiosk()
        self.start()
        guest = self.qemu()
        # What draws the launcher's pictures takes no memory from the guest.
        processes.wait_until(lambda: not self.desk.processes("asteroide-icons"), "the end of the painter")
        for options in (["start", "alpha"], ["start", "tiny"], ["start", "--headless", "alpha"]):
            done = self.station.ctl(*options)
            self.assertEqual(done.returncode, 1, options)
            self.assertIn("running", done.stderr)
        # A kiosk that cannot see the first one on a bus: only the lock tells.
        second = Display(self.station.folder / "second")
        kiosk = Kiosk(self.station, {"DISPLAY": second.name, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"})
        second.click_on("Alpha writer")
        second.wait_for("Another appliance is already running on this station")
        self.assertEqual(kiosk.end(), 0, kiosk.said())
        second.close()
        done = self.station.ctl("start", "--headless", "alpha", DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Another appliance is already running", done.stderr)
        self.assertEqual(self.qemu(), guest)
        self.assertEqual(self.station.domains(), [DOMAIN])
        self.stop("--force")

    def test_bar(self):
        """What the bar offers: help, devices, Ctrl+Alt+Del in the guest, and the same appliance afresh, on a new overlay."""
        self.add_sample()
        self.station.start_kiosk()
        self.start()
        self.station.wait_state("ready")
        first = self.station.overlay_files()
        self.screen.key("ctrl+alt+Home")
        self.screen.wait_for("written", area=self.bar())
        self.screen.click_on("Help", area=self.bar())
        self.screen.wait_for("All keys go to the machine", area=self.bar())
        self.screen.key("Escape", "ctrl+alt+Home")
        self.screen.click_on("Devices", area=self.bar())
        self.screen.wait_for("Open to this machine: nothing", area=self.bar())
        self.screen.wait_for("Closed to it: network, sound, microphone", area=self.bar())
        self.station.shot("devices")
        self.screen.key("Escape", "ctrl+alt+Home")
        self.screen.click_on("Ctrl+Alt+Del", area=self.bar())
        self.screen.move(640, 500)
        processes.wait_until(lambda: self.screen.share(guests.COLOURS["tiny"]) < 0.1, "the guest's restart", 60, 0.1)
        self.wait_for_colour(guests.COLOURS["tiny"])
        self.screen.key("ctrl+alt+Home")
        place = self.screen.wait_for("End session", area=self.bar())
        for _ in range(2):
            self.screen.click(*middle_of(place))
        self.station.wait_until(lambda: self.screen.find("Go on working", self.bar()) is None, "an answer to a double click")
        self.assertEqual(self.station.state(), "ready")
        self.screen.key("ctrl+alt+Home")
        self.screen.click_on("Start afresh", area=self.bar())
        self.screen.wait_for("will be forgotten", area=self.bar())
        self.screen.click_on("Start it afresh", area=self.bar())
        processes.wait_until(lambda: self.station.overlay_files() not in ([], first), "a new overlay", 60, 0.1)
        self.station.wait_state("ready")
        self.assertEqual(len(self.station.overlay_files()), 1)
        self.stop("--force")

    def test_kiosk_is_told_to_end(self):
        """A kiosk that is told to end takes its guest along."""
        self.add_sample()
        self.station.start_kiosk()
        self.start()
        self.assertEqual(self.station.kiosk.end(), 0, self.station.kiosk.said())
        self.assertEqual(self.station.leftovers(), [])

    def test_reboot(self):
        """A guest that starts itself anew stays on the screen, in the same session."""
        self.add_sample()
        self.station.start_kiosk()
        self.start()
        guest = self.qemu()
        self.enter("paint 884400")
        self.wait_for_colour("884400", seconds=30)
        self.screen.key("ctrl+alt+Delete")
        self.wait_for_colour(guests.COLOURS["tiny"])
        self.assertEqual(self.qemu(), guest)
        self.assertIn(self.station.state(), ("booting", "ready"))
        self.enter("poweroff")
        self.wait_for_end()

    def test_power_button(self):
        """A guest that listens is asked, and goes by itself."""
        self.add_sample()
        self.station.start_kiosk()
        self.start()
        self.station.wait_state("ready")
        began = time.monotonic()
        told = self.stop()
        self.assertLess(time.monotonic() - began, 50)
        self.assertIn("stopping", told)

    def test_deaf(self):
        """A guest that does not listen is forced after the countdown, and verified gone."""
        self.add_sample()
        self.station.write_config(session={"stop-seconds": "6"})
        self.station.start_kiosk()
        self.start()
        self.station.wait_state("ready")
        self.desk.virsh("suspend", DOMAIN)
        guest = self.qemu()
        self.end_by_clicks()
        self.screen.wait_for("it will be switched off", 10, self.bar())
        self.station.shot("countdown")
        self.wait_for_end(30)
        self.assertFalse(processes.is_alive(guest))

    def test_no_patience(self):
        """“Switch off now” cuts the countdown short."""
        self.add_sample()
        self.station.start_kiosk()
        self.start()
        self.station.wait_state("ready")
        self.desk.virsh("suspend", DOMAIN)
        self.end_by_clicks()
        self.screen.click_on("Switch off now", area=self.bar())
        self.wait_for_end(20)

    def test_restart_stopped(self):
        """An administrator's stop in the middle of “Start afresh” means what it says: no guest afterwards."""
        self.add_sample("tiny", change=guests.kept)
        self.station.start_kiosk()
        self.start()
        self.station.wait_state("ready")
        self.desk.virsh("suspend", DOMAIN)
        self.screen.key("ctrl+alt+Home")
        self.screen.click_on("Start afresh", area=self.bar())
        self.screen.click_on("Start it afresh", area=self.bar())
        self.screen.wait_for("it will be switched off", 10, self.bar())
        self.stop("--force")
        self.screen.wait_for("keeps your work")
        self.assertEqual(self.station.state(), "idle")

    def test_kept(self):
        """What an appliance keeps survives a session, and a crash of the kiosk; `reset` drops it."""
        self.add_sample("tiny", change=guests.kept)
        place = f"of=/dev/vda bs=512 seek={guests.FREE_SECTOR}"
        look = guests.LOOK.format("kept")
        self.station.start_kiosk()
        self.screen.wait_for("keeps your work")
        self.start()
        self.enter(f"echo kept | dd {place} conv=sync && sync && paint 884400")
        self.wait_for_colour("884400", seconds=30)
        self.assertEqual(self.station.ctl("reset", "tiny").returncode, 1)
        self.stop()
        self.start()
        self.enter(f"{look} && paint 118811")
        self.wait_for_colour("118811", seconds=30)
        self.station.kiosk.crash()
        self.next_kiosk()
        self.wait_for_colour("118811")
        self.stop()
        done = self.station.ctl("reset", "tiny")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(list(self.station.overlays.glob("tiny*")), [])
        self.start()
        self.enter(f"{look} || paint 551155")
        self.wait_for_colour("551155", seconds=30)
        self.stop("--force")

    def test_layers(self):
        """A disk with two layers boots, each layer is seen, and none is changed."""
        folder = self.add_sample("tiny", change=lambda text: text.replace(
            "<network ", '<layer href="one.qcow2"/><layer href="two.qcow2"/><network '))
        for image, below, letter, sector in (("one", "disk", "0x41", 0), ("two", "one", "0x42", 1)):
            processes.run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", f"{below}.qcow2", folder / f"{image}.qcow2")
            processes.run("qemu-io", "-c", f"write -P {letter} {(guests.FREE_SECTOR + sector) * 512} 512", folder / f"{image}.qcow2")
            (folder / f"{image}.qcow2").chmod(0o444)
        images = sorted(folder.glob("*.qcow2"))
        before = [guests.digest(image) for image in images]
        self.station.start_kiosk()
        self.start()
        self.enter(f"dd if=/dev/vda bs=512 skip={guests.FREE_SECTOR} count=2 | grep -q AB && paint 118811")
        self.wait_for_colour("118811", seconds=30)
        self.stop("--force")
        self.assertEqual([guests.digest(image) for image in images], before)

    def test_headless(self):
        """Without a kiosk asteroidectl runs a guest by itself, and ends it when it is told to."""
        self.add_sample()
        command = [self.build / "src/ctl/asteroidectl", "start", "--headless", "tiny", "--config", self.station.config_file]
        with processes.start(command, env=self.desk.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
            self.station.wait_state("ready")
            self.assertEqual(len(self.desk.guests()), 1)
            self.assertLess(abs(self.desk.guest_screen().width - 720), 10)
            child.terminate()
            self.assertEqual(child.wait(90), 0, child.stdout.read())
        self.assertEqual(self.station.leftovers(), [])


if __name__ == "__main__":
    cases.main()
