# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions in the sample appliances: how to see and steer the guest that runs in one."""
import base64
import hashlib
import json
import re
import subprocess
import time
from pathlib import Path

from PIL import Image

from . import cases, display, processes
from .station import DOMAIN, EMULATOR

# The ground colours that the sample appliances paint once one can work in them, and the names on their tiles.
COLOURS = {"tiny": "204888", "netlab": "185840", "desktop": "336699"}
NAMES = {"tiny": "Command line", "netlab": "Network lab", "desktop": "Linux desktop"}
BOOT_SECONDS = 240
# A guest that has used less processor time than this in so many seconds, and shows nothing, has stopped for good.
STILL_SECONDS, STILL_TIME = 20, 0.3
# What a Linux guest says when its processors wait for each other for good.
LOCKED_UP = "BUG: soft lockup"
# Of the host bar, and of its page of devices at the most, pixels.
BAR_HEIGHT = 86
TRAY_HEIGHT = 380
# A sector of the tiny guest's disk that neither its boot loader nor its file system uses.
FREE_SECTOR = 131070
# Writes a word there, and finds it again: for the guest's shell, to be formatted with the word.
WRITE = f"echo {{}} | dd of=/dev/vda bs=512 seek={FREE_SECTOR} conv=sync,fsync"
LOOK = f"dd if=/dev/vda bs=512 skip={FREE_SECTOR} count=1 | grep -q {{}}"
# So many bytes of a file are given to the guest's agent at once.
CHUNK = 30000


def kept(text):
    """A sample's descriptor whose state is kept."""
    return text.replace("<state>volatile</state>", "<state>kept</state>")


def one_processor(text):
    """The desktop's descriptor with one processor. Two that are emulated may wait for each other for good (docs/field-notes.md)."""
    return text.replace('<cpu count="2"/>', '<cpu count="1"/>')


def digest(path):
    """SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bar(screen):
    """Where the host bar opens."""
    return (0, 0, screen.size[0], BAR_HEIGHT)


def end_area(screen):
    """Where “End it” stands, once it is asked; alone, so that the frame of the other button is not taken for a letter of it."""
    screen.move(screen.size[0] / 2, screen.size[1] / 2)  # off the letters
    left, _, _, _ = screen.wait_for("Go on working", area=bar(screen))
    return (left - 170, *bar(screen)[1:2], left - 24, bar(screen)[3])


class Hung(AssertionError):
    """A guest that has stopped for good before it was up."""


class GuestCase(cases.StationCase):
    """A case with a guest in it."""

    # What is about the desktop itself, or measures it, leaves it what it has.
    both_processors = False

    def explain(self):
        """What the guest has, and what its kernel said last, too, where its agent answers."""
        super().explain()
        if self.agent_answers():
            for line in self.run_in_guest("grep /run/media /proc/mounts; ls /sys/class/block; dmesg | tail -n 40")[1].splitlines():
                print(f"# guest: {line}")

    def add_sample(self, name="tiny", ident=None, change=lambda text: text):
        """A sample appliance in the station."""
        return self.station.add_folder(self.appliances / name, ident, lambda text: change(text if self.both_processors else one_processor(text)))

    def add_many(self, station, count):
        """Appliances with the samples' icons, whose disks are empty."""
        icons = [(self.appliances / name / "icon.svg").read_bytes() for name in NAMES]
        for number in range(count):
            ident = f"a{number:04}"
            station.add(ident, f"Appliance {number}", '<icon href="icon.svg"/>', summary="One of many, with a line of text",
                        category=f"group {number % 5}")
            (station.appliances / ident / "icon.svg").write_bytes(icons[number % len(icons)])

    def tool(self, name, *arguments, seconds=180, **options):
        """What one of our instruments prints, as numbers."""
        options["env"] = self.desk.env | options.get("env", {})
        done = subprocess.run([str(word) for word in (self.build / "tests/bench" / name, *arguments)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=seconds, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [float(word) for word in done.stdout.split()]

    def choose(self, name="tiny"):
        """Clicks on the tile of a sample appliance."""
        # A pointer that rests on the name hides it.
        self.screen.move(640, 700)
        self.screen.click_on(NAMES[name])

    def wait_for_colour(self, colour, least=0.5, seconds=BOOT_SECONDS, may_hang=False):
        """Waits until the guest's colour covers the screen. `may_hang`: Hung where the guest has stopped on the way to it."""
        since, used = time.monotonic(), 0

        def look():
            nonlocal since, used
            if self.station.state() == "failed":
                raise AssertionError(f"the session failed: {self.station.status()}")
            if self.screen.share(colour) > least:
                return True
            if may_hang and time.monotonic() - since > STILL_SECONDS:
                now = sum(processes.cpu_seconds(pid) for pid in self.desk.processes(EMULATOR))
                if now - used <= STILL_TIME:
                    raise Hung(f"a guest that uses no processor any more, after {now:.1f} s of it")
                if self.screen.find(LOCKED_UP):
                    raise Hung(f"a guest whose kernel says “{LOCKED_UP}”, after {now:.1f} s of processor")
                since, used = time.monotonic(), now
            return False
        self.station.wait_until(
            look, lambda: f"{colour} on the screen, which has {self.screen.share(colour):.2f} of it", seconds, 0.3)

    def start(self, name="tiny"):
        """A session from the click to a guest in which one can work."""
        self.bring_up(lambda: self.choose(name), COLOURS[name])

    def bring_up(self, begin, colour, **options):
        """Begins a session whose guest comes to show a colour. The kernel of an emulated guest may stop for good on the way
        (docs/field-notes.md): then, once, the session is begun again."""
        def follow(**more):
            begin()
            self.station.wait_state("preparing", "starting", "booting", "ready", "failed", seconds=30)
            self.wait_for_colour(colour, **options, **more)
        try:
            follow(may_hang=True)
        except Hung as hung:
            print(f"# {hung}: begun again")
            self.station.ctl("stop", "--force")
            self.station.wait_state("idle")
            follow()

    def gate(self):
        """The file that holds back what `hold_back` does."""
        return self.station.folder / "gate"

    def hold_back(self, program, which="*"):
        """For a kiosk's environment: a program that does not begin while the gate is there; of its calls, those whose words match."""
        def release():
            self.gate().unlink(missing_ok=True)
            processes.wait_until(lambda: not self.desk.processes("sh", "qemu-img"), "the end of what was held back")
        self.gate().touch()
        self.addCleanup(release)
        return wrapper(self.station.folder / "held", program,
                       f'case "$*" in {which}) while [ -e {self.gate()} ]; do env -i sleep 0.1; done ;; esac')

    def next_kiosk(self):
        """Takes the session on, whose kiosk is dead. Until it tells so itself, picture and state may be what the dead one has left."""
        self.assertIn("[session]", (self.station.runtime / "session").read_text(encoding="utf-8"))
        self.station.launch_kiosk()
        self.station.wait_until(lambda: self.station.status_on_bus() in ("booting", "ready"),
                                lambda: f"a session that goes on; {self.station.status_on_bus()}", 60, 0.02)

    def wait_for_end(self, seconds=120):
        """Back at the launcher, with nothing left; also of a guest that did not hear the button and was forced after a minute."""
        self.station.wait_state("idle", seconds=seconds)
        self.assertEqual(self.station.leftovers(), [])
        self.screen.wait_for("Type to search")

    def start_from_outside(self, ident):
        """Begins a session by asteroidectl."""
        done = self.station.ctl("start", ident)
        self.assertEqual(done.returncode, 0, done.stderr)

    def stop(self, *options):
        """Ends the session from outside."""
        done = self.station.ctl("stop", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.wait_for_end()
        return done.stdout

    def end_by_clicks(self):
        """Ends the session as a person does: the bar, “End session”, “End it”."""
        self.screen.key("ctrl+alt+Home")
        self.screen.click_on("End session", area=self.bar())
        area = end_area(self.screen)
        self.station.shot("end")
        self.screen.click_on("End it", area=area)

    def bar(self):
        """Where the host bar is."""
        return bar(self.screen)

    def enter(self, command):
        """Types a command into the guest's shell, no faster than the guest shows it."""
        self.screen.type_into_guest(command)
        self.screen.key("Return")

    def expect_same_picture(self):
        """The kiosk shows what the guest paints: fitted into the screen, in the middle."""
        def worst():
            guest = self.desk.guest_screen()
            scale = min(self.screen.size[0] / guest.width, self.screen.size[1] / guest.height)
            fitted = guest.resize((round(guest.width * scale), round(guest.height * scale)), Image.BILINEAR)
            whole = Image.new("RGB", self.screen.size)
            whole.paste(fitted, ((whole.width - fitted.width) // 2, (whole.height - fitted.height) // 2))
            self.seen = display.difference(whole, self.screen.look())
            return self.seen < 6
        processes.wait_until(worst, lambda: f"the guest's picture on the kiosk; they differ by {self.seen:.1f} of 255", 20, 0.5)

    def qemu(self):
        """The process of the one guest."""
        found = self.desk.guests()
        self.assertEqual(len(found), 1, found)
        return found[0]

    def stands_ahead(self):
        """Does a guest wait behind the launcher? One that is just being restored stands still, too, but not because it was told to."""
        return self.station.domains() == [DOMAIN] and self.desk.virsh("domstate", "--reason", DOMAIN) == "paused (user)"

    # The same guest without us

    def write_domain(self, overlay):
        """The domain as the kiosk made it, as a file, for anybody to start on another overlay."""
        xml = self.desk.virsh("dumpxml", DOMAIN)
        file = self.station.folder / "domain.xml"
        # What libvirt adds to a running domain (ids, aliases of it) is left to libvirt again; the bound is our overlay's own.
        xml = re.sub(r"<source file='[^']*\.volatile\.qcow2'[^>]*>\s*<slices>.*?</source>", f"<source file='{overlay}'/>", xml,
                     flags=re.DOTALL)
        xml = re.sub(r"\n\s*<alias name='(?!ua-)[^']*'/>", "", xml)
        xml = re.sub(r"(<domain [^>]*) id='\d+'", r"\1", xml)
        xml = re.sub(r"<source mode='bind' path='[^']*'/>", "<source mode='bind'/>", xml)
        file.write_text(xml, encoding="utf-8")
        return file

    def make_overlay(self, overlay, name="tiny"):
        """An overlay that is none of the kiosk's."""
        processes.run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", self.station.appliances / name / "disk.qcow2", overlay)

    # The station's devices

    def devices(self):
        """What the kiosk tells of each device, by id."""
        done = self.station.ctl("devices", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return {device["id"]: device for device in json.loads(done.stdout)}

    def open_tray(self):
        """As a student does; where the tray stands then."""
        self.screen.key("ctrl+alt+Home")
        self.screen.click_on("Devices", area=self.bar())
        self.screen.move(900, 700)  # off the letters
        return (0, 0, self.screen.size[0], TRAY_HEIGHT)

    def switch(self, name, tray):
        """Turns the switch beside the name."""
        place = self.screen.wait_for(name, area=tray)
        self.screen.click(50, display.middle_of(place)[1] + 8)

    # The guest's agent (desktop)

    def agent(self, command, **arguments):
        """What QEMU's guest agent answers."""
        text = json.dumps({"execute": command, "arguments": arguments})
        return json.loads(self.desk.virsh("qemu-agent-command", "--timeout", "20", DOMAIN, text))["return"]

    def agent_answers(self):
        """Is there an agent?"""
        try:
            return self.agent("guest-ping") == {}
        except (AssertionError, ValueError):
            return False

    def wait_for_agents(self):
        """Waits for QEMU's agent, and for SPICE's in the session, which hears of no copied text before."""
        processes.wait_until(self.agent_answers, "the guest's agent", BOOT_SECONDS, 1)
        processes.wait_until(lambda: self.run_in_guest("pidof spice-vdagent")[0] == 0, "the session's agent in the guest", BOOT_SECONDS, 1)

    def wait_for_agent(self):
        """Waits until there is one."""
        self.station.wait_until(self.agent_answers, "the guest's agent", 120, 0.5)

    def run_in_guest(self, command, seconds=60, pause=0.3):
        """Runs a shell command by way of the agent: exit status and output. What is timed wants a long pause between the looks."""
        pid = self.agent("guest-exec", path="/bin/sh", arg=["-c", command], **{"capture-output": True})["pid"]
        done = processes.wait_until(lambda: (status := self.agent("guest-exec-status", pid=pid))["exited"] and status, command,
                                    seconds, pause)
        return done["exitcode"], base64.b64decode(done.get("out-data", "")).decode()

    def put_in(self, program, place):
        """Copies a program of ours into the guest, by its agent."""
        handle = self.agent("guest-file-open", path=place, mode="w")
        data = program.read_bytes()
        for at in range(0, len(data), CHUNK):
            self.agent("guest-file-write", handle=handle, **{"buf-b64": base64.b64encode(data[at:at + CHUNK]).decode()})
        self.agent("guest-file-close", handle=handle)
        self.assertEqual(self.run_in_guest(f"chmod +x {place}")[0], 0)


def wrapper(folder, program, lines):
    """A program in a folder that is to stand in front of PATH: these lines, then the real one."""
    folder = Path(folder)
    folder.mkdir(exist_ok=True)
    path = folder / program
    path.write_text(f"#!/bin/sh\n{lines}\nexec /usr/bin/{program} \"$@\"\n", encoding="utf-8")
    path.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}
