#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""What surrounds a session: keys that are held across its changes, chords in haste, signals, what X clients hand to each other,
and texts that guests and descriptors bring."""
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from Xlib import X  # noqa: E402
from stationkit import cases, guests, lockcase, processes  # noqa: E402
from stationkit.intruder import MODIFIERS  # noqa: E402
from stationkit.lockcase import SETTLED  # noqa: E402

# What is held down across a change, one set after the other.
HELD = (*((name,) for name in MODIFIERS), ("a",), ("F5",), ("Control_L", "Alt_L", "Home"))
# The kiosk ends in good order, and its guest with it.
ENDING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
# The system's default is to kill, to stop or to ignore.
KILLING = (signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF, signal.SIGTRAP,
           signal.SIGXCPU)
HARMLESS = (signal.SIGWINCH, signal.SIGPIPE, signal.SIGCONT, signal.SIGURG, signal.SIGCHLD)
STOPPING = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
SELECTIONS = ("PRIMARY", "SECONDARY", "CLIPBOARD", "XdndSelection")
# Markup, both directions of writing at once, and what a terminal would obey; XML itself has no other control characters.
NASTY = "<b>&lt;\u202eneddih\u2066</b> \u200b%s%n {0} $(id)"


class Surroundings(lockcase.LockCase):
    """A kind of trouble each."""

    report = {}
    report_file = "surroundings.json"

    def launcher_types(self, what):
        """Do plain letters search? Then they are taken back."""
        self.screen.key("Escape")
        self.screen.type("nosuch")
        self.screen.wait_for("No appliance matches", 30)
        self.screen.key("Escape")
        self.tried(what)

    def guest_types(self, colour):
        """Do plain letters reach the guest?"""
        self.enter(f"paint {colour}")
        self.wait_for_colour(colour, seconds=30)

    # Keys

    def hold(self, chord, press=True):
        """Presses keys and keeps them down, or lets go of them, the last one first."""
        for name in chord if press else reversed(chord):
            self.intruder.hold(name, press)

    def end_guest(self, kind):
        """At once, as asked for by the kiosk; as QEMU ends that is told to; or as a guest dies."""
        if kind == 0:
            self.desk.stop_by_bus()
        else:
            os.kill(self.qemu(), signal.SIGTERM if kind == 1 else signal.SIGKILL)
        self.station.wait_state("failed" if kind == 2 else "idle")

    def test_held_keys(self):
        """Keys held across start and end of a guest, the bar, and a crash stick nowhere."""
        self.add_sample()
        self.station.start_kiosk()
        for number, chord in enumerate(HELD):
            name = "+".join(chord)
            self.screen.wait_for(guests.NAMES["tiny"])
            self.screen.move(640, 300)
            self.intruder.hold("Return")
            self.station.wait_state("preparing", "starting", "booting", "ready", seconds=30)
            self.hold(chord)
            self.wait_for_colour(guests.COLOURS["tiny"])
            self.tried(f"{name} held while a guest starts")
            self.hold(chord, False)
            self.intruder.hold("Return", False)
            self.hold(chord)
            for _ in range(2):
                self.screen.key("Control_L+Alt_L+Home")
                self.tried(f"{name} held while the bar opens or closes")
            self.hold(chord, False)
            self.hold(chord)
            self.end_guest(number % 3)
            self.tried(f"{name} held while the guest ends")
            self.hold(chord, False)
            if number % 3 == 2:
                self.screen.click_on("End session")
                self.station.wait_state("idle")
            self.launcher_types(f"letters after {name}")
        self.expect_held()

    def close_bar(self):
        """Where it is open."""
        if self.screen.find("Back to work", area=self.bar()):
            self.screen.click_on("Back to work", area=self.bar())

    def test_haste(self):
        """The bar's chord fifty times without a rest; storms of keys while a guest starts and ends."""
        self.add_sample()
        self.station.start_kiosk()
        for number in range(3):
            self.choose()
            self.storm("a start")
            self.station.wait_state("booting", "ready", "idle", "failed", seconds=60)
            self.station.wait_until(lambda: self.station.state() != "idle" or self.screen.find(guests.NAMES["tiny"]), "a page")
            if self.station.state() == "idle":
                self.start()
            self.wait_for_colour(guests.COLOURS["tiny"])
            for _ in range(50):
                self.intruder.press(("Control_L", "Alt_L", "Home"))
                self.tried("the bar's chord in haste")
            if number == 0:
                self.close_bar()
                self.guest_types("884400")
            self.desk.stop_by_bus()
            self.storm("an end", "Escape", "F1")
            self.wait_for_idle()
            self.launcher_types("letters after the storm")
        self.expect_held()

    def storm(self, what, *keys):
        """A hundred keys as fast as they go."""
        keys = keys or ("F1",)
        for number in range(100):
            self.intruder.press((keys[number % len(keys)],), 0)
            self.tried(f"{what}: a storm of {', '.join(keys)}")

    def wait_for_idle(self):
        """The end, with nothing left, whatever the launcher shows then."""
        self.station.wait_state("idle")
        self.screen.key("Escape")
        self.screen.wait_for("Type to search")

    # Signals

    def tried_signal(self, number, statuses):
        """A signal to a kiosk that stands on the screen: it stays, or ends with one of these."""
        self.station.kiosk.process.send_signal(number)
        if statuses:
            status = self.station.kiosk.process.wait(60)
            self.assertIn(status, statuses, signal.Signals(number).name)
            self.row["attempts"] += 1
            processes.wait_until(lambda: not self.windows(), lambda: f"{signal.Signals(number).name}: the windows gone: {self.windows()}", 30, 0.1)
        else:
            time.sleep(SETTLED)
            self.tried(signal.Signals(number).name)
            self.assertTrue(self.station.kiosk.is_running(), signal.Signals(number).name)

    def test_signals_launcher(self):
        """Signals on the launcher: it stays, or it ends and the next one stands there as ever."""
        self.show_launcher()
        for number in HARMLESS:
            self.tried_signal(number, ())
        for number in STOPPING:
            self.tried_signal(number, ())
            self.tried_signal(signal.SIGCONT, ())
            self.screen.key("F1")
            self.screen.wait_for("b12-07")
            self.screen.key("F1")
        for number in (*ENDING, *KILLING):
            self.tried_signal(number, (0,) if number in ENDING else (-number,))
            self.station.start_kiosk()
            self.screen.wait_for("Alpha writer")
            self.tried("the next kiosk")
        self.launcher_types("letters after the signals")
        self.expect_held()

    def test_signals_guest(self):
        """Signals in a session: a kiosk that is asked ends its guest; what kills it leaves one that the next kiosk shows."""
        self.add_sample()
        self.station.start_kiosk()
        self.start()
        for number in (*HARMLESS, *STOPPING, signal.SIGCONT):
            self.tried_signal(number, ())
        self.guest_types("884400")
        for number in (*ENDING, *KILLING[:2]):
            self.tried_signal(number, (0,) if number in ENDING else (-number,))
            if number in ENDING:
                self.assertEqual(self.station.leftovers(), [])
                self.station.start_kiosk()
                self.tried("the next kiosk")
                self.start()
            else:
                self.next_kiosk()
                self.wait_for_colour("884400")
                self.tried("the next kiosk, with its guest")
            self.guest_types("884400")
        self.expect_held()
        self.stop("--force")

    # What X clients hand to each other

    def try_to_hand(self, where):
        """A file dropped on the window, and selections that change: nobody wants them."""
        target = self.intruder.window(self.kiosk_window())
        owner = self.intruder.offer(*SELECTIONS)
        for _ in range(3):
            for place in ((640, 400), (960, 70), (2, 2)):
                self.intruder.drop(target, owner, place)
                time.sleep(0.1)
                self.tried_to_read(f"a file dropped at {place}, {where}")
            self.intruder.offer(*SELECTIONS)
            for button in (1, 2, 3):
                self.intruder.point(2, 400, button)
                self.tried_to_read(f"selections and button {button}, {where}")
        for name in SELECTIONS:
            self.assertIn(self.intruder.owner(name), self.intruder.own, f"{name} is somebody else's, {where}")

    def tried_to_read(self, what):
        """An attempt that has succeeded when somebody reads what is offered."""
        self.tried(what)
        asked = self.intruder.asked()
        if asked:
            self.row["escapes"].append(f"{what}: {asked} was read")

    def test_handed(self):
        """Files that are dropped and selections of other clients, on the launcher and in a guest without a clipboard."""
        self.add_sample()
        self.station.start_kiosk()
        self.screen.wait_for(guests.NAMES["tiny"])
        self.try_to_hand("on the launcher")
        self.start()
        self.try_to_hand("in a guest")
        self.screen.key("ctrl+alt+Home")
        self.screen.wait_for("Back to work", area=self.bar())
        self.try_to_hand("on the bar")
        self.close_bar()
        self.guest_types("884400")
        self.expect_held()
        self.stop("--force")

    def test_search(self):
        """Characters by their numbers, and its text pulled out of the search: no window, and nothing to catch."""
        self.station.add("alpha", "Alpha writer")
        self.station.start_kiosk()
        self.screen.click_on("Type to search")
        for digits in ("1f600", "0", "202e", "e000", "10ffff", "ffffffff"):
            self.intruder.press(("Control_L", "Shift_L", "u"))
            self.tried("a character by its number")
            for digit in digits:
                self.intruder.press((digit,))
            self.intruder.press(("Return",))
            self.tried(f"the character {digits}")
        self.assertEqual(self.station.state(), "idle")
        self.launcher_types("letters after all that")
        self.screen.type("nosuch")
        for _ in range(5):
            self.intruder.press(("Control_L", "a"))
            self.intruder.drag((840, 72), (640, 500))
            self.tried("the text pulled out of the search")
            self.assertEqual(self.intruder.owner("XdndSelection"), X.NONE)
        self.expect_held()

    # Texts

    def test_descriptors(self):
        """Names, summaries and categories with markup, both directions of writing, and of ten thousand characters."""
        long = "W" * 10000
        self.add_sample(change=lambda text: text.replace(guests.NAMES["tiny"], "Plain &lt;u&gt;%s" + "W" * 80, 1))
        self.station.add("markup", NASTY, summary=NASTY, category="<i>lab</i>")
        self.station.add("endless", long, summary=long, category=long)
        self.station.add("lines", "one\n\n\ttwo", summary="\n" * 200)
        self.station.start_kiosk()
        self.screen.wait_for("Plain <u>")
        self.screen.wait_for("neddih")
        self.tried("the launcher")
        self.station.shot("launcher")
        self.bring_up(lambda: self.screen.click_on("Plain <u>"), guests.COLOURS["tiny"])
        self.screen.key("ctrl+alt+Home")
        self.screen.wait_for("End session", area=(0, 0, *self.screen.size))
        self.tried("the bar")
        self.screen.click_on("End session", area=(0, 0, *self.screen.size))
        self.screen.wait_for("Go on working", area=(0, 0, *self.screen.size))
        self.tried("the bar's question")
        self.station.shot("bar")
        self.screen.key("Escape")
        self.expect_held()
        self.stop("--force")

    def test_guest_texts(self):
        """Window titles and a clipboard of a guest's own, with markup and ten thousand characters, stay in the guest."""
        self.add_sample("desktop", change=lambda text: text.replace("<clipboard/>", ""))
        self.station.start_kiosk()
        self.start("desktop")
        self.wait_for_agent()
        self.screen.wait_for("user@desktop")
        began = [name for _, _, name in self.intruder.toplevels()]
        for text in ("<b>root</b>", "\\xe2\\x80\\xaeneddih", "A" * 200):
            self.enter(f"printf '\\033]0;{text}\\007'")
            time.sleep(SETTLED)
            self.tried("a window's title in the guest")
            self.assertEqual([name for _, _, name in self.intruder.toplevels()], began)
        self.enter("clear; head -c 10000 /dev/zero | tr '\\0' '<'")
        time.sleep(SETTLED)
        for _ in range(3):
            for button in (1, 1, 1):
                self.intruder.point(640, 400, button)
            time.sleep(SETTLED)
            self.tried("a text marked in the guest")
            for name in SELECTIONS:
                self.assertEqual(self.intruder.owner(name), X.NONE, f"the guest's {name}")
        self.station.shot("guest")
        self.screen.key("ctrl+alt+Home")
        self.screen.wait_for("Back to work", area=self.bar())
        self.tried("the bar")
        self.expect_held()
        self.stop("--force")

    def test_guest_clipboard(self):
        """Where the clipboard is open, the guest's text comes through its agent as it is, and goes nowhere else."""
        self.add_sample("desktop")
        self.station.start_kiosk()
        self.start("desktop")
        self.wait_for_agents()
        self.screen.wait_for("user@desktop")
        for text in ("<b>root</b>&amp;<a href='file:///'>%s%n</a>", "<" * 10000):
            # Twice the quotes: for the guest's shell, which is typed into.
            self.enter("head -c 10000 /dev/zero | tr '\\0' '<' | xclip -sel c" if len(text) == 10000
                       else f'printf %s "{text}" | xclip -sel c')
            processes.wait_until(lambda: self.intruder.owner("CLIPBOARD") != X.NONE, "the guest's clipboard", 30)
            processes.wait_until(lambda text=text: self.intruder.read("CLIPBOARD") == text, "the guest's text", 30, 0.5)
            self.tried("a clipboard with markup")
        self.screen.key("ctrl+alt+Home")
        self.screen.wait_for("Back to work", area=self.bar())
        self.assertIsNone(self.screen.find("root", self.bar()))
        self.tried("the bar")
        self.screen.key("Escape")
        self.expect_held()
        self.stop("--force")


if __name__ == "__main__":
    cases.main()
