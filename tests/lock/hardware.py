#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Monitors, touch screens, keyboards and pointers that come, change and go while the kiosk runs: on an X server with a driver
for cards and input devices that are not there."""
import itertools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from Xlib import X  # noqa: E402
from stationkit import cases, guests, lockcase, processes  # noqa: E402
from stationkit.display import middle_of  # noqa: E402
from stationkit.intruder import MODIFIERS  # noqa: E402
from stationkit.xorg import XorgCase  # noqa: E402

# The kiosk's ground, on monitors beside its own.
DARK = "000000"
# After half a second of rest a touch means more to GTK.
LONG_PRESS = 0.7


class Hardware(XorgCase, lockcase.LockCase):
    """A kind of device each."""

    report = {}
    report_file = "hardware.json"

    def setUp(self):
        self.monitors = [(0, 0, *self.screen.size)]  # as they have to be covered, the kiosk's first
        super().setUp()

    def whole(self):
        """A window a monitor, in any order."""
        return sorted(self.monitors)

    def windows(self):
        """The areas of all windows on the screen, in the same order."""
        return sorted(super().windows())

    # Monitors

    def covered(self):
        """Is the kiosk's window whole on its monitor, and does it have the keyboard?"""
        mine = [area for _, area, name in self.intruder.toplevels() if name == "ASTEROIDE"]
        return mine == self.monitors[:1] and self.windows() == self.whole() and self.intruder.grabbed()

    def tried_monitors(self, what, *monitors):
        """The monitors have changed to these, the kiosk's first: it follows, and hides what is beside it."""
        self.monitors = list(monitors)
        try:
            processes.wait_until(self.covered, what, 10)
        except processes.Timeout:
            self.row["escapes"].append(f"{what}: {self.intruder.toplevels()}, the keyboard is held: {self.intruder.grabbed()}")
        self.tried(what)
        for area in self.monitors[1:]:
            self.poke(what, area)

    def poke(self, what, area):
        """Every button in the middle and the corners of a monitor that is not the kiosk's, and a key: nothing comes of it."""
        left, top, width, height = area
        for x, y in ((left + width // 2, top + height // 2), (left, top), (left + width - 1, top + height - 1)):
            for button in range(1, 8):
                self.intruder.point(x, y, button)
                self.tried(f"{what}: button {button} at {x}, {y}")
        dark = self.screen.share(DARK, area=(left, top, left + width, top + height))
        self.row["attempts"] += 1
        if dark < 0.999:
            self.row["escapes"].append(f"{what}: something is on the other monitor, {dark:.3f} of it is dark")

    def change_monitors(self):
        """Every change that a person at the cables, or the monitor's own buttons, can make."""
        width, height = self.screen.size
        screen = self.screen
        first = (0, 0, width, height)
        screen.set_monitor(1, 1024, 768, "--right-of", "DUMMY0")
        self.tried_monitors("a second monitor at the right", first, (width, 0, 1024, 768))
        screen.set_monitor(0, 1024, 600)
        self.tried_monitors("the first one smaller", (0, 0, 1024, 600), (width, 0, 1024, 768))
        screen.set_monitor(0, 800, 1280, "--pos", "0x0")
        self.tried_monitors("the first one upright", (0, 0, 800, 1280), (width, 0, 1024, 768))
        screen.set_monitor(0, width, height, "--right-of", "DUMMY1")
        screen.set_monitor(1, 1024, 768, "--pos", "0x0")
        screen.set_monitor(0, width, height, "--pos", "1024x0")
        self.tried_monitors("the first one right of the second", (1024, 0, width, height), (0, 0, 1024, 768))
        screen.change("--output", "DUMMY1", "--primary")
        self.tried_monitors("the second one as the first", (0, 0, 1024, 768), (1024, 0, width, height))
        screen.change("--output", "DUMMY0", "--primary")
        self.tried_monitors("the first one again", (1024, 0, width, height), (0, 0, 1024, 768))
        screen.set_monitor(2, 640, 480, "--right-of", "DUMMY0")
        self.tried_monitors("a third monitor", (1024, 0, width, height), (0, 0, 1024, 768), (1024 + width, 0, 640, 480))
        screen.unplug(0)
        self.tried_monitors("the first one gone", (0, 0, 1024, 768), (1024 + width, 0, 640, 480))
        screen.unplug(2)
        self.tried_monitors("the third one gone", (0, 0, 1024, 768))
        screen.set_monitor(0, width, height, "--right-of", "DUMMY1", "--primary")
        screen.unplug(1)
        screen.set_monitor(0, width, height, "--pos", "0x0")
        self.tried_monitors("as it was", first)

    def test_monitors_launcher(self):
        """Monitors come, change and go on the launcher."""
        self.show_launcher()
        self.change_monitors()
        self.screen.wait_for("Alpha writer")
        self.station.shot("launcher")
        self.expect_held()

    def test_monitors_guest(self):
        """Monitors come, change and go in the middle of a session."""
        self.add_sample()
        self.station.start_kiosk()
        self.start()
        self.change_monitors()
        self.wait_for_colour(guests.COLOURS["tiny"])
        self.enter("paint 884400")
        self.wait_for_colour("884400", seconds=30)
        self.expect_same_picture()
        self.station.shot("guest")
        self.expect_held()
        self.stop("--force")

    def test_second_window(self):
        """Another program does to the window on a second monitor what it may do to the first one: it comes back as well."""
        self.show_launcher()
        width, height = self.screen.size
        second = (width, 0, 1024, 768)
        self.screen.set_monitor(1, *second[2:], "--right-of", "DUMMY0")
        self.addCleanup(self.screen.unplug, 1)
        self.tried_monitors("a second monitor", (0, 0, width, height), second)
        ident = next(window.ident for window in self.intruder.toplevels() if window.area == second)
        for _ in range(5):
            self.attack_window(self.intruder.window(ident))
        self.cover((width + 100, 100, 600, 400))
        self.expect_held()

    # Touch

    def gestures(self):
        """What fingers can do, by names: the places of each finger."""
        width, height = self.screen.size
        middle = (width // 2, height // 2)

        def way(start, end):
            return [(start[0] + (end[0] - start[0]) * part // 8, start[1] + (end[1] - start[1]) * part // 8) for part in range(9)]

        edges = {"left": ((0, middle[1]), (width - 1, middle[1])), "right": ((width - 1, middle[1]), (0, middle[1])),
                 "top": ((middle[0], 0), (middle[0], height - 1)), "bottom": ((middle[0], height - 1), (middle[0], 0))}
        for name, (start, end) in edges.items():
            for fingers in (1, 2, 3, 4):
                across = (0, 40) if name in ("left", "right") else (40, 0)
                yield f"{fingers} fingers from the {name}", [
                    way((start[0] + across[0] * number, start[1] + across[1] * number),
                        (end[0] + across[0] * number, end[1] + across[1] * number)) for number in range(fingers)]
        corners = ((-1, -1), (1, 1), (-1, 1), (1, -1))
        for fingers in (2, 3, 4):
            near = [(middle[0] + 20 * x, middle[1] + 20 * y) for x, y in corners[:fingers]]
            far = [(middle[0] + 300 * x, middle[1] + 300 * y) for x, y in corners[:fingers]]
            yield f"{fingers} fingers apart", [way(a, b) for a, b in zip(near, far)]
            yield f"{fingers} fingers together", [way(b, a) for a, b in zip(near, far)]
            yield f"{fingers} fingers at once", [[place] for place in far]

    def touch_everywhere(self, touch):
        """Every gesture, and long presses along the edges and in the corners."""
        width, height = self.screen.size
        for name, fingers in self.gestures():
            for _ in range(3):
                touch.gesture(*fingers)
                self.tried(name)
        for place in itertools.product((0, width // 2, width - 1), (height // 3, height // 2, height - 1)):
            touch.gesture([place], hold=LONG_PRESS)
            self.tried(f"a long press at {place}")

    def below(self, place):
        """What is to be seen just below a line of text, where a touch screen's handles would hang."""
        left, top = place[0] - 150, place[1] + 24
        return self.screen.look_when_still().crop((left, top, left + 300, top + 30)).tobytes()

    def test_touch_launcher(self):
        """Gestures on the launcher; long presses on a tile and in the search; then a tap on a tile starts it."""
        self.add_sample()
        self.station.start_kiosk()
        tile = middle_of(self.screen.wait_for(guests.NAMES["tiny"]))
        search = middle_of(self.screen.wait_for("Type to search"))
        touch = self.screen.device("touch")
        self.touch_everywhere(touch)
        self.assertEqual(self.station.state(), "idle")
        touch.gesture([search])
        self.screen.type("nosuch")
        self.screen.wait_for("No appliance matches")
        began = self.below(search)
        for _ in range(3):
            for name, hold in (("a tap", 0), ("two taps, which select a word", 0), ("a long press", LONG_PRESS)):
                touch.gesture([search], hold=hold)
                self.tried(f"{name} in the search")
                if self.below(search) != began:
                    self.row["escapes"].append(f"{name} in the search: something came up below it")
        self.station.shot("search")
        self.expect_held()
        self.screen.key("Escape")
        self.bring_up(lambda: touch.gesture([tile]), guests.COLOURS["tiny"])
        self.expect_held()
        self.stop("--force")

    def test_touch_guest(self):
        """Gestures in a guest, then on the bar over it; a finger opens and uses the bar."""
        self.add_sample()
        self.station.start_kiosk()
        self.start()
        touch = self.screen.device("touch")
        self.touch_everywhere(touch)
        self.expect_held()
        self.screen.key("ctrl+alt+Home")
        place = middle_of(self.screen.wait_for("Help", area=self.bar()))
        touch.gesture([place], hold=LONG_PRESS)
        self.tried("a long press on the bar")
        self.screen.wait_for("All keys go to the machine", area=self.bar())
        self.touch_everywhere(touch)
        self.station.shot("bar")
        self.expect_held()
        self.assertIn(self.station.state(), ("booting", "ready"))
        # Its answer comes behind all touches: none may be left for the launcher.
        self.screen.key("Escape")
        self.station.wait_until(lambda: self.screen.find("Back to work", self.bar()) is None, "an answer to Escape")
        self.stop("--force")

    # Keyboards and pointers

    def come_and_go(self, last_key):
        """A keyboard and a pointer vanish with a key or a button held, and come back; none of their keys is another's.
        The seat's own keyboard speaks last, with this key."""
        window = self.intruder.open((100, 100, 300, 200))
        window.configure(stack_mode=X.Below)
        for name in (*MODIFIERS, "a", "F11", "Escape"):
            code = self.intruder.code(name)
            self.screen.device("second-keyboard").key(code, True)
            self.tried(f"{name} pressed on the second keyboard")
            self.screen.plug_device("second-keyboard", False)
            self.tried_to_hide(f"the second keyboard gone with {name} held")
            self.screen.plug_device("second-keyboard")
            self.tried_to_hide(f"the second keyboard back after {name}")
            window.set_input_focus(X.RevertToParent, X.CurrentTime)
            for press in (True, False):
                self.screen.device("second-keyboard").key(self.intruder.code("a"), press)
            self.tried_to_hide("a key of the new keyboard")
            self.assertEqual(self.intruder.keys(), [], "somebody else has got the new keyboard's keys")
        for button in range(1, 8):
            self.screen.device("second-pointer").click(640, 400, button)
            self.screen.plug_device("second-pointer", False)
            self.screen.plug_device("second-pointer")
            self.tried_to_hide(f"a new pointer after button {button}")
        window.destroy()
        # The server believes the last device's scale of the next one's places, until the seat's own ones speak again.
        self.screen.device("pointer").click(2, 400)
        for press in (True, False):
            self.screen.device("keyboard").key(self.intruder.code(last_key), press)

    def test_devices_launcher(self):
        """Keyboards and pointers come and go on the launcher; afterwards plain letters search."""
        self.show_launcher()
        self.come_and_go("Escape")
        self.screen.key("Escape")
        self.screen.type("nosuch")
        self.screen.wait_for("No appliance matches")
        self.station.shot("launcher")
        self.expect_held()

    def test_devices_guest(self):
        """Keyboards and pointers come and go in a session; afterwards plain letters reach the guest."""
        self.add_sample()
        self.station.start_kiosk()
        self.start()
        self.come_and_go("Return")
        self.enter("paint 884400")
        self.wait_for_colour("884400", seconds=30)
        self.station.shot("guest")
        self.expect_held()
        self.stop("--force")

    # The last one: the server's own seat is not quite the same afterwards.
    def test_second_seat(self):
        """Another pair of pointer and keyboard on the screen, as only a program can make it: it opens nothing."""
        self.show_launcher()
        self.screen.run("xinput", "create-master", "other")
        self.screen.run("xinput", "reattach", "second-pointer", "other pointer")
        self.screen.run("xinput", "reattach", "second-keyboard", "other keyboard")
        keyboard, pointer = (self.screen.device(f"second-{kind}") for kind in ("keyboard", "pointer"))
        for button in (3, 2, 1):
            pointer.click(2, 400, button)
            self.tried(f"button {button} of another seat")
        for chord in (("F11",), ("Alt_L", "F4"), ("Control_L", "Shift_L", "i"), ("Shift_L", "F10"), ("Menu",), ("Super_L",)):
            for name in chord:
                keyboard.key(self.intruder.code(name), True)
            for name in reversed(chord):
                keyboard.key(self.intruder.code(name), False)
            self.tried(f"{'+'.join(chord)} of another seat")
        self.screen.run("xinput", "remove-master", "other pointer", "AttachToMaster", "Virtual core pointer", "Virtual core keyboard")
        self.tried_to_hide("the other seat gone")
        self.screen.type("nosuch")
        self.screen.wait_for("No appliance matches")
        self.expect_held()


if __name__ == "__main__":
    cases.main()
