#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong ends on a screen that says what, and lets go of everything."""
import functools
import os
import signal
import socket
import sys
import urllib.parse
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, display  # noqa: E402


class FailureCase(cases.StationCase):
    """What a failure screen tells people, and phones."""

    def assert_code(self, words, **expected):
        """The one QR code of the screen tells this, and the time that stands beside it."""
        told, = self.screen.codes()
        first, *lines = told.split("\n")
        self.assertEqual(first, "ASTEROIDE")
        facts = dict(line.split(" ", 1) for line in lines)
        when = datetime.fromisoformat(facts.pop("time"))
        self.assertEqual(facts, expected)
        self.assert_time(words, when)

    def assert_time(self, words, when):
        """It is the page's, of this zone."""
        self.assertEqual(when.utcoffset(), when.replace(tzinfo=None).astimezone().utcoffset())
        self.assertTrue(display.find(words, f"{when:%Y-%m-%d %H:%M:%S}"), f"{when} in: {' '.join(w.text for w in words)}")


class Failures(FailureCase):
    """Each failure by its cause, from outside."""

    def expect_failure(self, code, *phrases):
        """The failure screen with these words; the way back leads to the launcher."""
        self.station.wait_state("failed")
        self.assertEqual(self.station.status()["failure"]["code"], code)
        self.screen.wait_for("Back to the appliances")
        words = self.screen.read()
        self.station.shot(code)
        for phrase in (*phrases, code, "For the person who looks after this room", "b12-07"):
            self.assertTrue(display.find(words, phrase), f"{phrase} in: {' '.join(w.text for w in words)}")
        self.assert_code(words, station="b12-07", code=code, appliance="alpha")
        self.assertEqual(self.station.leftovers(), [])
        self.screen.click_on("Back to the appliances")
        self.station.wait_state("idle")
        self.screen.wait_for("Type to search")

    def test_image_goes(self):
        """An image that goes just before the start."""
        self.station.add("alpha", "Alpha writer")
        kiosk = self.station.start_kiosk()
        self.screen.wait_for("Alpha writer")
        # Held still, so that it hears of the key before it hears of the file.
        kiosk.process.send_signal(signal.SIGSTOP)
        (self.station.appliances / "alpha/disk.raw").unlink()
        self.screen.key("Return")
        kiosk.process.send_signal(signal.SIGCONT)
        self.expect_failure("image-missing", "Alpha writer")
        self.screen.click_on("Alpha writer")
        self.station.wait_state("idle")

    def test_image_damaged(self):
        """An image that is damaged is grey, and says so; the others go on."""
        self.station.add("alpha", "Alpha writer")
        self.station.add("beta", "Beta router", image="b.qcow2")
        (self.station.appliances / "beta/b.qcow2").write_bytes(b"QFI\xfb\0\0\0\x03 cut short")
        self.station.start_kiosk()
        self.screen.click_on("Beta router")
        self.screen.click_on("Alpha writer")
        self.station.wait_state("booting", "ready")
        self.assertEqual(self.station.status()["appliance"], "alpha")
        self.assertEqual(self.station.ctl("stop", "--force").returncode, 0)

    def test_no_libvirt(self):
        """libvirt does not answer: the launcher says so before, the failure screen after the click."""
        self.station.write_config(libvirt={"uri": f"qemu+unix:///session?socket={self.station.folder}/none"})
        self.station.add("alpha", "Alpha writer")
        self.station.start_kiosk()
        self.screen.wait_for("No appliance can start on this station. Tell the admin: no-libvirt")
        self.screen.key("F1")
        self.screen.wait_for("libvirt does not answer")
        self.station.shot("notice")
        self.screen.key("F1")
        self.screen.click_on("Alpha writer")
        self.expect_failure("no-libvirt", "libvirt does not answer", "Check that libvirt is installed")

    def test_no_space(self):
        """The file system of the overlays is too full."""
        free = os.statvfs(self.station.folder)
        self.station.write_config(session={"reserve-mib": (free.f_bavail * free.f_frsize >> 20) + 1024})
        self.station.add("alpha", "Alpha writer")
        self.station.start_kiosk()
        self.screen.click_on("Alpha writer")
        self.expect_failure("no-space", "Free space")

    def test_try_again(self):
        """“Try again” starts the same appliance once more."""
        self.station.overlays.write_text("in the way", encoding="utf-8")
        self.station.add("alpha", "Alpha writer")
        self.station.start_kiosk()
        self.screen.click_on("Alpha writer")
        self.station.wait_state("failed")
        self.station.overlays.unlink()
        self.screen.wait_for("Back to the appliances")
        self.screen.key("Tab")  # the advice begins with the button's words: a click might go there
        self.screen.key("Return")
        self.station.wait_state("booting", "ready")
        self.assertEqual(self.station.status()["appliance"], "alpha")
        self.assertEqual(self.station.ctl("stop", "--force").returncode, 0)

    def test_bad_configuration(self):
        """A mistake in the configuration is named by file and line, and the screen stays."""
        self.station.add("alpha", "Alpha writer")
        with open(self.station.config_file, "a", encoding="utf-8") as file:
            file.write("\nthis is no key file\n")
        # Its own path is of letters by chance, some of which cannot be read off the screen.
        config = Path("/proc/self/cwd") / self.station.config_file.name
        kiosk = self.station.launch_kiosk("--config", config)
        self.screen.wait_for("This station is not ready")
        words = self.screen.read()
        self.station.shot("bad-configuration")
        self.assertIn(f"{config}:16:", " ".join(word.text for word in words))
        for phrase in ("This line is neither a [group]", "bad-configuration", "Mend the station's configuration"):
            self.assertTrue(display.find(words, phrase), f"{phrase} in: {' '.join(w.text for w in words)}")
        self.assert_code(words, station=socket.gethostname(), code="bad-configuration")
        self.screen.key("Escape", "Return", "F1", "alt+F4")
        self.screen.click(640, 400)
        self.screen.wait_for("This station is not ready")
        self.assertTrue(kiosk.is_running())

    def test_help_url(self):
        """The code leads to the room's own page, which gets station, code, time and appliance."""
        self.station.write_config(station={"name": "Salle 2 & «é»", "help-url":
                                           "https://help.example.org/{code}?where={station}&when={time}&what={appliance}"},
                                  session={"reserve-mib": 16 << 20})
        self.station.add("alpha", "Alpha writer")
        self.station.start_kiosk()
        self.screen.click_on("Alpha writer")
        self.station.wait_state("failed")
        self.screen.wait_for("Back to the appliances")
        words = self.screen.read()
        self.station.shot("help-url")
        told, = self.screen.codes()
        address, _, query = told.partition("?")
        self.assertEqual(address, "https://help.example.org/no-space")
        values = dict(urllib.parse.parse_qsl(query, strict_parsing=True))
        self.assert_time(words, datetime.fromisoformat(values.pop("when")))
        self.assertEqual(values, {"where": "Salle 2 & «é»", "what": "alpha"})

    def test_no_room_for_a_code(self):
        """A station's name that is endless leaves no code, and the page as it is."""
        self.station.write_config(station={"name": "b12-07 " * 100})
        self.station.add("alpha", "Alpha writer")
        self.station.overlays.write_text("in the way", encoding="utf-8")
        self.station.start_kiosk()
        self.screen.wait_for("Alpha")
        self.screen.key("Return")
        self.station.wait_state("failed")
        self.screen.wait_for("cannot be used right now")
        self.assertEqual(self.screen.codes(), [])

    def test_no_display(self):
        """Without a display: a sentence, and exit status 1."""
        for name in ("", ":4711"):
            kiosk = self.station.launch_kiosk(DISPLAY=name)
            self.assertEqual(kiosk.process.wait(60), 1)
            self.assertIn("There is no display to draw on.", kiosk.said())
        self.station.kiosk = None

    def test_wrong_usage(self):
        """What the command line does not know: a sentence, and exit status 2."""
        kiosk = self.station.launch_kiosk("--nonsense")
        self.assertEqual(kiosk.process.wait(60), 2)
        self.assertIn("--nonsense", kiosk.said())
        self.station.kiosk = None


class SmallScreen(FailureCase):
    """The smallest monitor that is still in use."""

    screen_type = functools.partial(display.Display, width=1024, height=768)

    def test_long_words(self):
        """However many words there are, the whole page is there."""
        self.station.write_config(libvirt={"uri": f"qemu+unix:///session?socket=/none{'/deeper-and-deeper' * 40}"})
        self.station.add("alpha", "Alpha " + " ".join(["wide words"] * 8))
        self.station.start_kiosk()
        self.screen.wait_for("Alpha")
        self.screen.key("Return")
        self.station.wait_state("failed")
        self.screen.wait_for("Back to the appliances")
        words = self.screen.read()
        self.station.shot("long-words")
        self.assert_code(words, station="b12-07", code="no-libvirt", appliance="alpha")
        self.assertTrue(display.find(words, "libvirt does not answer at"))
        width, height = self.screen.size
        self.screen.move(width // 2, height // 2)
        for y in (0, height - 1):
            self.assertEqual(self.screen.share("ffffff", area=(0, y, width, y + 1)), 0, "the card ends on the screen")


if __name__ == "__main__":
    cases.main()
