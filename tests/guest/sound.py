#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tone that a guest plays is heard in the room, as loud as the guest and the station say; and the other way round."""
import base64
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, guests, processes, room  # noqa: E402
from stationkit.display import middle_of  # noqa: E402

TONE = 1000  # Hz
# Half of what can be heard is an eighth of the amplitude.
HALF = room.decibels(1 / 8)
# What rounding to samples, and a guest that stumbles while it is measured, may change, decibels.
ABOUT = 1.5


class Sound(guests.GuestCase):
    """Sessions in the desktop guest, with the station's sound."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.room = room.Room(cls.desk)

    @classmethod
    def tearDownClass(cls):
        cls.room.close()
        super().tearDownClass()

    def begin(self, change=lambda text: text, volume=100, **env):
        """A station with this volume, and a session in it."""
        self.add_sample("desktop", change=change)
        self.station.write_config(sound={"volume": volume})
        self.station.start_kiosk(**env)
        self.start_session()

    def start_session(self):
        """From the click to a guest with its agents."""
        self.start("desktop")
        self.station.wait_state("ready", seconds=guests.BOOT_SECONDS)
        self.wait_for_agent()

    def mixer(self, setting, control="Master"):
        """Turns the guest's own mixer, when its driver is there."""
        processes.wait_until(lambda: self.run_in_guest(f"amixer -q sset {control} {setting} 2>&1")[0] == 0, "the guest's mixer", 60, 1)

    def mixer_level(self):
        """How much the guest's own mixer takes away, decibels."""
        told = self.run_in_guest("amixer sget Master")[1]
        most = int(re.search(r"Limits:.* 0 - (\d+)", told)[1])
        return room.decibels((int(re.search(r"Playback (\d+) \[", told)[1]) / most) ** 3)

    def play(self):
        """The guest plays a tone from now on, as loud as its mixer goes."""
        self.mixer("100% unmute")
        self.run_in_guest(f"speaker-test -t sine -f {TONE} -c 1 >/dev/null 2>&1 </dev/null &")
        processes.wait_until(lambda: self.room.players() == 1, "the guest's sound in the room")

    def level(self):
        """How loud the tone is, when it has been so twice; it is the tone."""
        heard = [self.room.listen()]

        def is_steady():
            heard.append(self.room.listen())
            return all(one.level > room.SILENCE and abs(one.frequency / TONE - 1) < 0.01
                       for one in heard[-2:]) and abs(heard[-1].level - heard[-2].level) < ABOUT
        processes.wait_until(is_steady, lambda: f"a steady tone of {TONE} Hz: {heard[-3:]}")
        print(f"# heard: {heard[-1].frequency:.1f} Hz, {heard[-1].level:.2f} dB")
        return heard[-1].level

    def wait_for_level(self, level):
        """The tone becomes this loud."""
        heard = []

        def is_there():
            heard.append(self.room.listen())
            return abs(heard[-1].level - level) < ABOUT and abs(heard[-1].frequency / TONE - 1) < 0.01
        processes.wait_until(is_there, lambda: f"{level:.1f} dB: {heard[-3:]}")
        print(f"# heard: {heard[-1].frequency:.1f} Hz, {heard[-1].level:.2f} dB; expected {level:.2f} dB")

    def wait_for_silence(self):
        """Nothing at all is heard, while the stream goes on."""
        processes.wait_until(lambda: self.room.listen().loudest < room.SILENCE, "silence")
        self.assertEqual(self.room.players(), 1)

    def wait_to_be_told(self, words):
        """The bar, which is open, says exactly this of the sound."""
        told = []

        def is_told():
            told.append(" ".join(word.text for word in self.screen.read(self.bar())))
            return re.search(rf"Sound\s*{words}\b", told[-1])
        self.station.wait_until(is_told, lambda: f"“Sound {words}” in: {told[-1]}")

    def open_page(self, words):
        """The bar's page of the sound, by the loudspeaker beside “Help”; it says this."""
        self.screen.key("ctrl+alt+Home")
        _, top, right, bottom = self.screen.wait_for("Help", area=self.bar())
        self.screen.click(right + 9 + 8 + 20, (top + bottom) // 2)
        self.leave_the_bar()
        self.screen.wait_for("Quieter", area=self.bar())
        self.wait_to_be_told(words)

    def press(self, button, times=1):
        """Clicks on a button of the page, whose letters cannot be read below the pointer."""
        place = self.screen.wait_for(button, area=self.bar())
        for _ in range(times):
            self.screen.click(*middle_of(place))
        self.leave_the_bar()

    def leave_the_bar(self):
        """The pointer, which covers words."""
        self.screen.move(self.screen.size[0] // 2, self.screen.size[1] // 2)

    def turn_mixer_down(self):
        """The keyboard's key, which is the guest's."""
        before = self.mixer_level()
        self.screen.key("XF86AudioLowerVolume")
        processes.wait_until(lambda: self.mixer_level() < before, "a mixer that was turned down")

    def expect_mixer(self):
        """What the guest does to its own mixer is heard; how loud it is without."""
        full = self.level()
        self.mixer("50%")
        self.wait_for_level(full + self.mixer_level())
        self.mixer("mute")
        self.wait_for_silence()
        self.mixer("100% unmute")
        return full

    def expect_half(self, full):
        """What the bar's page does to the station's volume is heard."""
        self.open_page("100")
        self.press("Quieter", 5)
        self.wait_to_be_told("50")
        self.wait_for_level(full + HALF)

    def test_volume(self):
        """The configured volume; louder, muted, and not, by bar and keys; and the next session has the configured one again."""
        self.begin(volume=50)
        self.play()
        half = self.level()
        self.open_page("50")
        self.press("Louder", 2)
        self.wait_to_be_told("70")
        self.screen.key(*["XF86AudioRaiseVolume"] * 4)
        self.wait_to_be_told("100")
        self.station.shot("loud")
        self.wait_for_level(half - HALF)
        self.press("Mute")
        self.wait_to_be_told("off")
        self.wait_for_silence()
        self.station.shot("muted")
        self.screen.key("XF86AudioMute")
        self.wait_to_be_told("100")
        self.wait_for_level(half - HALF)
        self.screen.key("XF86AudioMute", "Escape")
        self.wait_for_silence()
        self.screen.key("ctrl+alt+Home")
        self.wait_to_be_told("off")
        self.screen.key("Escape")
        self.stop("--force")
        self.assertIsNone(self.screen.find("Sound off"))
        self.start_session()
        self.play()
        self.wait_for_level(half)
        self.open_page("50")
        self.stop("--force")

    def test_alsa(self):
        """Without a sound server it is the same, though ALSA has no volume for a stream."""
        rules = Path(self.desk.env["HOME"]) / ".asoundrc"
        rules.write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n", encoding="utf-8")
        self.addCleanup(rules.unlink)
        self.begin(GST_PLUGIN_FEATURE_RANK="pulsesink:NONE", GST_DEBUG="GST_ELEMENT_FACTORY:4", GST_DEBUG_NO_COLOR="1")
        self.play()
        self.assertRegex(self.station.kiosk.said(), 'creating element "alsasink"')
        full = self.expect_mixer()
        self.expect_half(full)
        self.stop("--force")

    def test_guest(self):
        """The guest's own mixer is heard, and the keyboard's keys are the guest's while the bar is closed."""
        self.begin()
        self.play()
        full = self.expect_mixer()
        self.wait_for_level(full)
        self.screen.key("XF86AudioMute")
        self.wait_for_silence()
        self.screen.key("XF86AudioMute")
        self.wait_for_level(full)
        for _ in range(4):
            self.turn_mixer_down()
        self.wait_for_level(full + self.mixer_level())
        self.open_page("100")
        self.stop("--force")

    def test_not_allowed(self):
        """Without <sound/> there is no card, no button, and nothing is opened in the room when the guest's agent comes."""
        self.begin(lambda text: text.replace("<sound/>", ""), GST_DEBUG="GST_ELEMENT_FACTORY:4", GST_DEBUG_NO_COLOR="1")
        self.assertNotEqual(self.run_in_guest("aplay -q -f dat -d 1 /dev/zero 2>&1")[0], 0)
        self.screen.key("ctrl+alt+Home")
        _, _, help_ends, _ = self.screen.wait_for("Help", area=self.bar())
        next_begins, _, _, _ = self.screen.wait_for("Devices", area=self.bar())
        self.assertLess(next_begins - help_ends, 60)  # no room for a loudspeaker between them
        self.assertEqual((self.room.players(), self.room.recorders()), (0, 0))
        self.assertEqual(re.findall(r'creating element "\w*(?:sink|src)"', self.station.kiosk.said()), [])
        self.stop("--force")

    def test_exam(self):
        """Under exam sound stays, and its volume can be turned."""
        self.begin(lambda text: text.replace("<state>", "<exam/><state>").replace('mode="warm"', 'mode="cold"'))
        self.play()
        full = self.level()
        self.expect_half(full)
        self.stop("--force")

    def record(self):
        """What the guest hears in eight seconds, of which the room's server and the codec may take some to begin."""
        self.assertEqual(self.run_in_guest(
            f"aplay -C -q -D plughw:0 -t raw -f S16_LE -r {room.RATE} -c 2 -d 8 /tmp/heard 2>&1"), (0, ""))
        handle = self.agent("guest-file-open", path="/tmp/heard", mode="r")
        data = self.agent("guest-file-read", handle=handle, count=4 << 20)["buf-b64"]
        self.agent("guest-file-close", handle=handle)
        return room.measure(base64.b64decode(data))

    def test_microphone(self):
        """With microphone="yes" the guest hears what is said in the room, and only while it listens is the microphone open."""
        self.begin(lambda text: text.replace("<sound/>", '<sound microphone="yes"/>'))
        self.mixer("100% cap", "Capture")
        self.assertEqual(self.room.recorders(), 0)
        heard = []

        def is_voice():
            heard.append(self.record())
            return heard[-1].loudest > -40 and abs(heard[-1].frequency / room.VOICE - 1) < 0.01
        processes.wait_until(is_voice, lambda: f"{room.VOICE} Hz in the guest: {heard}", 60)
        print(f"# heard in the guest: {heard[-1].frequency:.1f} Hz, at most {heard[-1].loudest:.2f} dB")
        self.station.wait_until(lambda: self.room.recorders() == 0, "a microphone that is closed again")
        self.stop("--force")


if __name__ == "__main__":
    cases.main()
