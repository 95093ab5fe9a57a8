# SPDX-License-Identifier: GPL-3.0-or-later
"""A station in a folder of its own: a person's session, configuration, appliances, and the kiosk on its screen."""
import configparser
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from xml.sax.saxutils import escape

from PIL import Image

from . import processes
from .display import Display

DOMAIN = "asteroide"
EMULATOR = "qemu-system-x86_64"
BUS_NAME = "org.asteroide.Kiosk1"
DAEMONS = ("libvirtd", "virtlogd")
# What libvirt and QEMU may start beside a guest, and what must go with it.
HELPERS = ("asteroide-share", "dnsmasq", "passt", "qemu-bridge-helper", "slirp4netns", "swtpm", "virtiofsd")
# Of the environment a kiosk is started in nothing else is taken over.
INHERITED = ("PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS")


class Desk:
    """Somebody's session on a machine: a home, a screen, a session bus, and (once asked) libvirt's session daemon."""

    def __init__(self, screen=Display):
        # A short path: libvirt's sockets lie deep below it, and a socket's path may have 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="ast-", dir="/tmp"))
        for name in ("home", "config", "cache", "data", "state", "run", "log"):
            (self.folder / name).mkdir(mode=0o700)
        self.display = screen(self.folder / "screen")
        self.env = {name: os.environ[name] for name in INHERITED if name in os.environ}
        self.env |= {
            "HOME": str(self.folder / "home"), "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_CACHE_HOME": str(self.folder / "cache"), "XDG_DATA_HOME": str(self.folder / "data"),
            "XDG_STATE_HOME": str(self.folder / "state"), "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "TMPDIR": "/tmp", "LANG": "C.UTF-8", "DISPLAY": self.display.name, "GDK_BACKEND": "x11", "NO_AT_BRIDGE": "1",
            "GSETTINGS_BACKEND": "memory", "GTK_THEME": "Adwaita", "G_ENABLE_DIAGNOSTIC": "0",
            # A sanitizer's locks do not survive a fork in a process of several threads.
            "GST_REGISTRY_FORK": "no",
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.folder}/run/bus",
        }
        self.bus = processes.start(["dbus-daemon", "--session", "--nofork", "--nopidfile", "--nosyslog",
                                    f"--address={self.env['DBUS_SESSION_BUS_ADDRESS']}"], env=self.env)
        processes.wait_until((self.folder / "run/bus").exists, "the session bus")
        # For the same reason the daemon is there before a kiosk would start it; it ends by itself, or with the desk.
        self.virsh("uri")

    def processes(self, *programs):
        """Ids of the session's processes, all or those that run these programs."""
        pids = processes.belonging_to(self.folder)
        return processes.named(pids, *programs) if programs else pids

    def close(self):
        """Ends all that runs in the session and takes its folder away. Tells what ran that should not have."""
        lines = [processes.command_line(pid)[:3] for pid in self.end_guests()]
        for name in DAEMONS:
            processes.end(self.processes(name))
        self.bus.terminate()
        self.bus.wait()
        self.display.close()
        rest = self.processes()
        lines += [processes.command_line(pid)[:3] for pid in rest]
        processes.end(rest)
        shutil.rmtree(self.folder)
        if lines:
            raise AssertionError(f"left running: {lines}")

    def guests(self):
        """Ids of the guests that run. An emulator may also be one that libvirt asks what it can."""
        return [pid for pid in self.processes(EMULATOR) if any(word.startswith("guest=") for word in processes.command_line(pid))]

    def end_guests(self):
        """Kills the guests that run; their ids."""
        guests = self.guests()
        processes.end(self.processes(EMULATOR))
        return guests

    def virsh(self, *arguments, check=True):
        """What virsh prints about the session's guests."""
        done = subprocess.run(["virsh", "-q", "-c", "qemu:///session", *map(str, arguments)], env=self.env, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        if check and done.returncode:
            raise AssertionError(f"virsh {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout.strip()

    def call_kiosk(self, member, *arguments):
        """Calls a method of the kiosk over D-Bus: what it answered, or None. Quicker than asteroidectl."""
        interface, _, _ = member.rpartition(".")
        done = subprocess.run(["dbus-send", "--session", "--print-reply=literal", f"--dest={BUS_NAME}",
                               "/org/asteroide/Kiosk1", member if interface else f"{BUS_NAME}.{member}", *arguments],
                              env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
        return done.stdout if done.returncode == 0 else None

    def stop_by_bus(self):
        """Ends the guest at once."""
        if self.call_kiosk("Stop", "boolean:true") is None:
            raise AssertionError("the kiosk does not answer on the bus")

    def guest_screen(self, number=0):
        """The picture that the guest paints on one of its displays, asked of QEMU and not of the kiosk."""
        path = self.folder / "guest.ppm"
        self.virsh("screenshot", DOMAIN, path, "--screen", number)
        with Image.open(path) as picture:
            return picture.convert("RGB")


class Kiosk:
    """One process of the kiosk."""

    under = ()  # the words before its own: a program that starts it as a child of its own

    def __init__(self, station, env, *options):
        self.log = station.desk.folder / "log" / f"kiosk-{time.monotonic_ns()}.log"
        with open(self.log, "wb") as log:
            self.process = processes.start(
                [*self.under, station.build / "src/kiosk/asteroide", "--config", station.config_file, *options],
                env=station.desk.env | {"G_DEBUG": "fatal-criticals"} | env, stdout=log, stderr=log, cwd=station.folder)
        self.pid = self.process.pid

    def said(self):
        """All that it wrote."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def is_running(self):
        """Has it not ended yet?"""
        return self.process.poll() is None

    def tell(self, sign):
        """Sends it a signal."""
        self.process.send_signal(sign)

    def end(self, seconds=90):
        """Asks it to end and returns its exit status."""
        if self.is_running():
            self.tell(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.tell(signal.SIGABRT)
            self.process.wait()
            raise processes.Timeout(f"the kiosk did not end when told to:\n{self.said()}") from None

    def crash(self):
        """Kills it as a crash would."""
        self.process.kill()
        self.process.wait()


class Station:
    """A station's configuration and folders, and its one kiosk."""

    def __init__(self, desk, build, name="b12-07", shots=None):
        self.desk = desk
        self.screen = desk.display
        self.build = Path(build)
        self.folder = Path(tempfile.mkdtemp(prefix="s-", dir=desk.folder))
        self.appliances = self.folder / "appliances"
        self.overlays = self.folder / "overlays"
        self.runtime = self.folder / "runtime"
        self.config_file = self.folder / "asteroide.conf"
        self.appliances.mkdir()
        self.kiosk = None
        self.make_kiosk = Kiosk
        self.env = {}
        self.shots = Path(shots) if shots else None
        self.shot_count = 0
        self.config = {"station": {"name": name},
                       "paths": {"appliances": f"{self.appliances}", "overlays": self.overlays, "runtime": self.runtime},
                       "libvirt": {"accel": "tcg"},
                       "session": {"reserve-mib": 64}}
        self.write_config()

    # Setting up

    def write_config(self, **groups):
        """Adds keys to the configuration's groups and writes the file."""
        for group, keys in groups.items():
            self.config.setdefault(group, {}).update(keys)
        parser = configparser.RawConfigParser()
        parser.optionxform = str
        parser.read_dict(self.config)
        with open(self.config_file, "w", encoding="utf-8") as file:
            parser.write(file, space_around_delimiters=False)

    def add(self, ident, name=None, rest="", image="disk.raw", **elements):
        """A small appliance whose disk is empty; `elements` by their names, `rest` is XML as it stands."""
        body = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in elements.items())
        self.add_text(ident, f'<appliance xmlns="urn:asteroide:appliance:1" id="{ident}">'
                             f'<name>{escape(name or ident)}</name>{body}<memory unit="MiB">64</memory>'
                             f'<disk href="{image}"/>{rest}</appliance>')
        if image == "disk.raw":
            with open(self.appliances / ident / image, "wb") as disk:
                disk.truncate(1 << 20)

    def add_text(self, ident, descriptor):
        """A folder with these bytes as its descriptor; it comes into its place complete."""
        new = self.folder / "new" / ident
        new.mkdir(parents=True)
        (new / "appliance.xml").write_text(descriptor, encoding="utf-8")
        new.rename(self.appliances / ident)

    def add_folder(self, folder, ident=None, change=lambda text: text):
        """A copy of an appliance's folder, its images only linked; `change` may edit the descriptor."""
        source = Path(folder)
        target = self.appliances / (ident or source.name)
        target.mkdir()
        for file in source.iterdir():
            if file.suffix in (".qcow2", ".iso"):
                self._link_image(file, target / file.name)
            elif file.name != "appliance.xml" and not file.name.startswith("."):
                shutil.copy(file, target)
        text = (source / "appliance.xml").read_text(encoding="utf-8").replace(f'id="{source.name}"', f'id="{target.name}"')
        (target / "appliance.xml").write_text(change(text), encoding="utf-8")
        return target

    @staticmethod
    def _link_image(image, place):
        subprocess.run(["cp", "--reflink=auto", "--sparse=always", "--", image, place], check=True)
        place.chmod(0o444)

    # The kiosk

    def start_kiosk(self, *options, **env):
        """Starts the kiosk and waits until it stands on the screen and is steerable."""
        self.launch_kiosk(*options, **env)
        self.wait_state("idle")
        self.wait_until(lambda: self.status_on_bus() == "idle", "the kiosk on the bus", pause=0.2)
        return self.kiosk

    def launch_kiosk(self, *options, **env):
        """Starts the kiosk and waits for nothing."""
        self.kiosk = self.make_kiosk(self, self.env | env, *options)
        return self.kiosk

    def status_on_bus(self):
        """The state as the kiosk itself tells it over D-Bus, or None."""
        told = self.desk.call_kiosk("org.freedesktop.DBus.Properties.Get", f"string:{BUS_NAME}", "string:State")
        return told and told.split()[-1]

    def ctl(self, *arguments, **env):
        """asteroidectl with this station's configuration: the process that has ended."""
        return subprocess.run([self.build / "src/ctl/asteroidectl", *arguments, "--config", self.config_file],
                              env=self.desk.env | self.env | env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False, timeout=300)

    def state(self):
        """The state's word, as the runner wrote it last."""
        return self.status().get("state", "none")

    def status(self):
        """The status, as the runner wrote it last."""
        try:
            return json.loads((self.runtime / "state.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}

    def wait_until(self, predicate, what, seconds=60, pause=0.1):
        """Waits for something that the running kiosk has to bring about; no longer than the kiosk runs."""
        def look():
            if self.kiosk and not self.kiosk.is_running():
                raise AssertionError(f"the kiosk ended by itself, {self.kiosk.process.returncode}:\n{self.kiosk.said()}")
            return predicate()
        return processes.wait_until(look, what, seconds, pause)

    def wait_state(self, *states, seconds=120, pause=0.02):
        """Waits for one of these states."""
        self.wait_until(lambda: self.state() in states, lambda: f"state {' or '.join(states)}; it is {self.status()}",
                        seconds, pause)

    # What is there

    def domains(self):
        """Names of libvirt's guests in this session."""
        return self.desk.virsh("list", "--all", "--name").split()

    def overlay_files(self):
        """Names of the volatile overlays that exist."""
        return sorted(file.name for file in self.overlays.glob("*.volatile.qcow2")) + sorted(
            file.name for file in self.overlays.glob("*.new.qcow2")) if self.overlays.exists() else []

    def lock_exists(self):
        """Is there a file of the one-guest lock?"""
        return (self.runtime / "guest.lock").exists()

    def leftovers(self):
        """What should not be there after a session: domain, QEMU and its helpers, overlay, lock."""
        found = [f"process {pid}" for pid in (*self.desk.guests(), *self.desk.processes(*HELPERS))]
        if self.desk.processes("libvirtd"):
            found += [f"domain {name}" for name in self.domains()]
        found += [f"overlay {name}" for name in self.overlay_files()]
        return found + (["lock"] if self.lock_exists() else [])

    def shot(self, name):
        """Keeps a picture of the screen for people; its path."""
        if self.shots is None:
            return None
        self.shot_count += 1
        self.shots.mkdir(parents=True, exist_ok=True)
        path = self.shots / f"{self.shot_count:02}-{name}.png"
        self.screen.look().save(path)
        return path

    def close(self):
        """Ends the kiosk and looks whether it ended well and left nothing."""
        status = self.kiosk.end() if self.kiosk else 0
        left = self.leftovers()
        said = self.kiosk.said() if self.kiosk else ""
        if left:
            self.desk.end_guests()
        if status != 0:
            raise AssertionError(f"the kiosk ended with {status}:\n{said}")
        if left:
            raise AssertionError(f"left behind: {', '.join(left)}")
