#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several monitors for one guest: on an X server whose monitors are plugged, moved and resized while the guest runs. What the guest
makes of them is asked of the guest itself."""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from PIL import Image, ImageChops  # noqa: E402
from stationkit import cases, display, guests, processes  # noqa: E402
from stationkit.intruder import Intruder  # noqa: E402
from stationkit.xorg import XorgCase  # noqa: E402

OUTPUT = re.compile(r"^\S+ connected (?:primary )?(\d+)x(\d+)\+(\d+)\+(\d+)", re.MULTILINE)
# What xev writes of a button.
BUTTON = re.compile(r"^Button(\w+) event.*?root:\((\d+),(\d+)\),\s*state (0x[0-9a-f]+)", re.MULTILINE | re.DOTALL)
# X's bits of the first button, and of all.
FIRST_BUTTON, BUTTONS = 0x100, 0x1f00
FIRST = (1280, 800)
SECOND = (1024, 768)
GROUND = guests.COLOURS["desktop"]
CYCLES = 20
# In the guest: the shell of the agent has no environment.
IN_GUEST = "export DISPLAY=:0 PATH=/usr/sbin:/usr/bin; "


# The card that tells the guest how its monitors stand together; virtio-gpu does not.
QXL = """<domain><devices><video><model type="qxl" ram="131072" vram="65536" vgamem="65536" heads="2" primary="yes"/></video></devices>
</domain></appliance>"""


def heads(count, qxl=False):
    """Gives a descriptor so many heads."""
    def change(text):
        text = text.replace('<display heads="1"/>', f'<display heads="{count}"/>')
        return text.replace("</appliance>", QXL) if qxl else text
    return change


def area(place, size):
    """Of a monitor, as pictures count."""
    return (*place, place[0] + size[0], place[1] + size[1])


def same_share(one, other):
    """Which part of two pictures, 0 to 1, is the same to the pixel?"""
    if one.size != other.size:
        return 0
    difference = ImageChops.difference(one, other).convert("L")
    return difference.histogram()[0] / (difference.width * difference.height)


# A place that does not matter.
ANYWHERE = (None, None)


def same_button(one, other):
    """Are two events of a button the same, give or take a pixel?"""
    place = other[1:3] == ANYWHERE or all(abs(a - b) <= 1 for a, b in zip(one[1:3], other[1:3]))
    return one[0] == other[0] and one[3] == other[3] and place


class Monitors(XorgCase, guests.GuestCase):
    """A guest on one and more monitors."""

    def setUp(self):
        super().setUp()
        self.intruder = Intruder(self.screen.name)
        self.addCleanup(self.intruder.close)
        self.addCleanup(self.one_monitor)

    def one_monitor(self):
        """As the screen was."""
        self.screen.set_monitor(0, *FIRST, "--primary", "--pos", "0x0")
        self.screen.unplug(1)

    def start_desktop(self, count=2, qxl=False, **env):
        """A session of the desktop with so many heads, whose agents are there."""
        self.is_qxl = qxl
        self.add_sample("desktop", change=heads(count, qxl))
        self.station.start_kiosk(**env)
        self.bring_up(lambda: self.start_from_outside("desktop"), GROUND, least=0.2)
        self.station.wait_state("ready")
        self.wait_for_agent()

    # What there is to see

    def in_guest(self, command):
        """Runs a command in the guest's session; its output."""
        status, output = self.run_in_guest(IN_GUEST + command)
        self.assertEqual(status, 0, f"{command}: {output}")
        return output

    def guest_view(self):
        """The guest's monitors as it sees them: left, top, width, height, in any order."""
        found = OUTPUT.findall(self.in_guest("xrandr"))
        return sorted((int(left), int(top), int(width), int(height)) for width, height, left, top in found)

    def expect_view(self, *monitors):
        """The guest sees these monitors, the kiosk's first; each shows what the guest paints there; the kiosk has a window on each."""
        seen = []

        def look():
            seen[:] = self.guest_view()
            return seen == sorted(monitors)
        self.station.wait_until(look, lambda: f"{monitors} in the guest, which sees {seen}", 60, 0.5)
        self.assertEqual(sorted(window.area for window in self.intruder.toplevels()), sorted(monitors))
        self.expect_picture(monitors)
        self.assertTrue(self.intruder.grabbed(), "somebody else can have the keyboard")

    def guest_picture(self, number, place):
        """What the guest paints on one of its monitors: qxl has one picture for all of them, virtio one for each."""
        if self.is_qxl:
            return self.desk.guest_screen().crop(place)
        return self.desk.guest_screen(number)

    def expect_picture(self, monitors):
        """Each monitor shows what the guest paints for it, pixel for pixel but for the pointer."""
        shares = []

        def look():
            kiosk = self.screen.look()
            places = [area(monitor[:2], monitor[2:]) for monitor in monitors]
            shares[:] = [same_share(self.guest_picture(number, place), kiosk.crop(place)) for number, place in enumerate(places)]
            return min(shares) > 0.999
        processes.wait_until(look, lambda: f"the guest's picture; {shares} of the monitors show it", 30, 0.5)

    # Cases

    def test_one_two_one(self):
        """A second monitor comes, moves, changes and goes while the guest runs: the guest follows."""
        self.start_desktop()
        self.expect_view((0, 0, *FIRST))
        self.screen.set_monitor(1, *SECOND, "--right-of", "DUMMY0")
        self.expect_view((0, 0, *FIRST), (FIRST[0], 0, *SECOND))
        self.station.shot("right")
        self.screen.set_monitor(1, 800, 600, "--right-of", "DUMMY0")
        self.expect_view((0, 0, *FIRST), (FIRST[0], 0, 800, 600))
        self.screen.set_monitor(1, 600, 800, "--right-of", "DUMMY0")
        self.expect_view((0, 0, *FIRST), (FIRST[0], 0, 600, 800))
        self.station.shot("upright")
        self.one_monitor()
        self.expect_view((0, 0, *FIRST))
        self.screen.set_monitor(0, *SECOND, "--primary", "--pos", "0x0")
        self.expect_view((0, 0, *SECOND))
        self.stop("--force")
        self.assertEqual([window.area for window in self.intruder.toplevels()], [(0, 0, *SECOND)])

    def test_plugged_in(self):
        """A monitor's cable is plugged in while the guest runs, and pulled out: the kiosk switches it, and the guest follows."""
        self.start_desktop()
        self.screen.plug(1, *SECOND)
        self.expect_view((0, 0, *FIRST), (FIRST[0], 0, *SECOND))
        self.screen.pull(1)
        self.expect_view((0, 0, *FIRST))
        self.stop("--force")

    def test_arrangement(self):
        """The monitors stand above each other, or the other way round: a guest whose card can be told so follows."""
        self.start_desktop(qxl=True)
        self.screen.set_monitor(1, *SECOND, "--right-of", "DUMMY0")
        self.expect_view((0, 0, *FIRST), (FIRST[0], 0, *SECOND))
        self.screen.change("--output", "DUMMY1", "--pos", "0x0", "--output", "DUMMY0", "--pos", f"0x{SECOND[1]}")
        self.expect_view((0, SECOND[1], *FIRST), (0, 0, *SECOND))
        self.station.shot("above")
        self.point_at(501, 301)
        self.screen.change("--output", "DUMMY1", "--pos", "0x0", "--output", "DUMMY0", "--pos", f"{SECOND[0]}x0")
        self.expect_view((SECOND[0], 0, *FIRST), (0, 0, *SECOND))
        self.point_at(SECOND[0] + 501, 301)
        self.one_monitor()
        self.expect_view((0, 0, *FIRST))
        self.stop("--force")

    def test_second_monitor_first(self):
        """Both monitors are there before the guest; the second is dark on the launcher, during the start and afterwards."""
        self.screen.set_monitor(1, *SECOND, "--right-of", "DUMMY0")
        second = area((FIRST[0], 0), SECOND)
        self.is_qxl = False
        self.add_sample("desktop", change=heads(2))
        self.station.start_kiosk()
        self.assertGreater(self.screen.share("000000", area=second), 0.999)
        self.start_from_outside("desktop")
        self.station.wait_until(lambda: self.screen.share(GROUND, area=second) > 0.9, "the guest on the second monitor", 240, 0.5)
        self.wait_for_agent()
        self.expect_view((0, 0, *FIRST), (FIRST[0], 0, *SECOND))
        self.stop("--force")
        self.station.wait_until(lambda: self.screen.share("000000", area=second) > 0.999, "darkness on the second monitor")

    def open_terminal(self, left, command):
        """A terminal in the guest at so many pixels from the left, which runs a command and has the keyboard."""
        self.in_guest(f"HOME=/home/user setsid xterm -T typed -geometry 40x10+{left}+300 -e sh -c '{command}' >/dev/null 2>&1 &")
        self.in_guest("xdotool search --sync --onlyvisible --name '^typed$' windowactivate --sync")

    def test_hands(self):
        """A click on the second monitor arrives there, also across the edge of both; keys reach the guest from wherever the pointer
        is, and the bar opens on the first monitor; right below it the pointer is the guest's."""
        self.start_desktop()
        self.screen.set_monitor(1, *SECOND, "--right-of", "DUMMY0")
        self.expect_view((0, 0, *FIRST), (FIRST[0], 0, *SECOND))
        self.open_terminal(FIRST[0] + 300, "exec cat >/tmp/typed")
        self.point_at(FIRST[0] + 400, 400)
        self.point_at(40, 700)
        self.point_at(FIRST[0] + SECOND[0] - 3, SECOND[1] - 3)
        self.screen.click(FIRST[0] + 400, 400)
        self.enter("from the second monitor")
        self.expect_typed("from the second monitor")
        self.screen.key("ctrl+alt+Home")
        bar = self.screen.wait_for("End session", area=(0, 0, FIRST[0], guests.BAR_HEIGHT))
        self.station.shot("bar")
        self.point_at(FIRST[0] // 2, bar[3] + 40)
        self.screen.key("Escape")
        self.stop("--force")

    def point_at(self, left, top):
        """Moves the pointer there, until the guest's is there too, give or take a pixel: its agent makes a new pointer for each
        arrangement, which X has to find first."""
        seen = []

        def look():
            # In both directions: the agent tells a new pointer only the coordinate that is not as before (field-notes.md).
            self.screen.move(left + 9, top + 9)
            self.screen.move(left, top)
            seen[:] = map(int, re.findall(r"[xy]:(\d+)", self.in_guest("xdotool getmouselocation")))
            return abs(seen[0] - left) <= 1 and abs(seen[1] - top) <= 1
        processes.wait_until(look, lambda: f"the pointer at {left}, {top}; it is at {seen}", 30, 0.3)

    def expect_typed(self, line):
        """The last line that has come to the terminal."""
        seen = []

        def look():
            seen[:] = self.in_guest("cat /tmp/typed").splitlines()
            return seen and seen[-1] == line
        processes.wait_until(look, lambda: f"“{line}” in the guest, which has {seen[-3:]}", 20, 0.3)

    def test_unplugged_while_held(self):
        """The second monitor goes while a key is down and the pointer on it: the guest hears of the release."""
        self.start_desktop()
        self.screen.set_monitor(1, *SECOND, "--right-of", "DUMMY0")
        self.expect_view((0, 0, *FIRST), (FIRST[0], 0, *SECOND))
        self.open_terminal(60, "exec cat >/tmp/typed")
        self.screen.move(FIRST[0] + 400, 400)
        with self.intruder.holding("a"):
            self.one_monitor()
            self.expect_view((0, 0, *FIRST))
        self.screen.key("Return")
        self.enter("released")
        self.expect_typed("released")
        self.stop("--force")

    def watch_buttons(self, name, left, top):
        """A window in the guest, 300 pixels wide and 200 high, that writes down the buttons which are pressed in it."""
        self.in_guest(f"HOME=/home/user setsid xev -name {name} -geometry 300x200+{left}+{top} -event button >/tmp/{name} 2>&1 &")
        self.in_guest(f"xdotool search --sync --onlyvisible --name '^{name}$'")

    def expect_button(self, name, *events, last=False):
        """What has come to such a window, or came last: of each event its kind, the pointer's place, and the buttons that were down
        before."""
        seen = []

        def look():
            found = BUTTON.findall(self.in_guest(f"cat /tmp/{name}"))
            seen[:] = [(kind, int(left), int(top), int(state, 16) & BUTTONS) for kind, left, top, state in found]
            latest = seen[-len(events):] if last else seen
            return len(latest) == len(events) and all(map(same_button, latest, events))
        processes.wait_until(look, lambda: f"{events} in the guest, where there was {seen}", 20, 0.3)

    def test_unplugged_while_pressed(self):
        """The second monitor goes while a button is down on it: the guest hears of the release, and of a click after that where the
        pointer is."""
        held, there = (FIRST[0] + 400, 400), (900, 600)
        self.start_desktop()
        self.screen.set_monitor(1, *SECOND, "--right-of", "DUMMY0")
        self.expect_view((0, 0, *FIRST), (FIRST[0], 0, *SECOND))
        self.watch_buttons("second", FIRST[0] + 300, 300)
        self.watch_buttons("first", 800, 500)
        self.point_at(*held)
        self.screen.press_button(*held)
        self.expect_button("second", ("Press", *held, 0))
        self.one_monitor()
        self.screen.release_button(*there)
        self.expect_view((0, 0, *FIRST))
        self.point_at(501, 301)
        # The first click is the guest's window manager's, which may keep its press.
        self.screen.click(*there)
        self.expect_button("first", ("Release", *there, FIRST_BUTTON), last=True)
        self.screen.click(*there)
        self.expect_button("first", ("Press", *there, 0), ("Release", *there, FIRST_BUTTON), last=True)
        # When its monitor went, or when it was let go: where the pointer is by then, is the guest's affair.
        self.expect_button("second", ("Press", *held, 0), ("Release", *ANYWHERE, FIRST_BUTTON))
        self.stop("--force")

    def test_large_pixels(self):
        """A station whose screens are fine, where the toolkit draws everything twice as large: the guest gets all pixels."""
        self.start_desktop(GDK_SCALE="2")
        self.expect_view((0, 0, *FIRST))
        self.screen.set_monitor(1, *SECOND, "--right-of", "DUMMY0")
        self.expect_view((0, 0, *FIRST), (FIRST[0], 0, *SECOND))
        self.point_at(FIRST[0] + 501, 301)
        self.station.shot("fine")
        # The launcher's letters are too large for its search to be read on so small a screen.
        self.assertEqual(self.station.ctl("stop", "--force").returncode, 0)
        self.station.wait_state("idle")

    def test_plugging_again_and_again(self):
        """Twenty times in and out: the kiosk has as many windows and open files as before."""
        self.start_desktop()
        counts = []
        for _ in range(CYCLES):
            self.screen.set_monitor(1, *SECOND, "--right-of", "DUMMY0")
            self.station.wait_until(lambda: len(self.guest_view()) == 2, "two monitors in the guest", 60, 0.2)
            self.one_monitor()
            self.station.wait_until(lambda: len(self.guest_view()) == 1, "one monitor in the guest", 60, 0.2)
            counts.append(self.count_what_is_held())
        self.expect_view((0, 0, *FIRST))
        # What is made once, for the first two monitors, stays.
        self.assertEqual(counts[1:], counts[1:2] * (CYCLES - 1))
        self.stop("--force")

    def count_what_is_held(self):
        """The windows on the screen, and the kiosk's open files: each channel has one."""
        return self.intruder.count_windows(), len(list(Path(f"/proc/{self.station.kiosk.pid}/fd").iterdir()))

    # Guests without an agent

    def start_tiny(self, count, factor):
        """The text console on a monitor that is by so much larger than its picture in both directions."""
        self.add_sample(change=heads(count))
        self.station.start_kiosk()
        self.start()
        self.enter("clear; echo 0123456789")
        width, height = self.desk.guest_screen().size
        self.screen.set_monitor(0, round(width * factor), round(height * factor), "--primary", "--pos", "0x0")
        return width, height

    def test_whole_factor(self):
        """A guest without an agent is enlarged by whole pixels where they fill the monitor; a second monitor stays dark."""
        width, height = self.start_tiny(2, 2)
        self.screen.set_monitor(1, 800, 600, "--right-of", "DUMMY0")
        whole = (0, 0, 2 * width, 2 * height)

        def look():
            enlarged = self.desk.guest_screen().resize(whole[2:], Image.NEAREST)
            self.seen = same_share(enlarged, self.screen.look().crop(whole))
            return self.seen > 0.999
        processes.wait_until(look, lambda: f"each pixel twice as large; {self.seen:.4f} are as they should be", 30, 0.5)
        second = area((2 * width, 0), (800, 600))
        self.assertGreater(self.screen.share("000000", area=second), 0.999)
        self.station.shot("twice")
        self.stop("--force")

    def test_other_factor(self):
        """Where no whole factor fits, edges are softened over one pixel, and no more."""
        width, height = self.start_tiny(1, 1.75)
        target = (round(width * 1.75), round(height * 1.75))

        def look():
            guest, kiosk = self.desk.guest_screen(), self.screen.look().crop((0, 0, *target))
            twice = guest.resize((2 * width, 2 * height), Image.NEAREST)
            sharp = display.difference(twice.resize(target, Image.BILINEAR), kiosk)
            soft = display.difference(guest.resize(target, Image.BILINEAR), kiosk)
            self.seen = sharp, soft
            return sharp < soft / 2
        processes.wait_until(look, lambda: f"a sharp picture; it differs by {self.seen} from a sharp and a soft one", 30, 0.5)
        self.station.shot("larger")
        self.stop("--force")


if __name__ == "__main__":
    cases.main()
