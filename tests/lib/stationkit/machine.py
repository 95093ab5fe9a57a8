# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole computer (QEMU, emulated): its screen, its keyboard and pointer, the plug, and an agent that runs commands in it
as root without being on its screen or its network."""
import base64
import json
import random
import socket
import time
from pathlib import Path

from PIL import Image

from . import processes, rfb
from .display import Person

# Names of keys, as xdotool has them, where QEMU's are others.
KEYS = {"Return": "ret", "Escape": "esc", "space": "spc", "Delete": "delete", "BackSpace": "backspace", "Tab": "tab", "Up": "up",
        "Down": "down", "Left": "left", "Right": "right", "super": "meta_l", "minus": "minus", "plus": "kp_add", "Print": "sysrq",
        "period": "dot", "slash": "slash", "grave": "grave_accent"}
# The first monitor, pixels.
SIZE = (1280, 800)
# An absolute pointer's place, from edge to edge.
POINTER_RANGE = 0x7fff
# A PS/2 keyboard keeps 16 bytes, and a chord of four has up to 12.
BETWEEN_CHORDS = 0.06


class Gone(Exception):
    """The agent does not answer: the machine starts, or is off."""


class Refused(AssertionError):
    """A command in the machine ended otherwise than it should."""


class Machine(Person):
    """One machine; its disk is an overlay that is thrown away. `image` is what tests/station/build made, `payload` a folder
    that it finds on a second disk."""

    def __init__(self, folder, image, payload):
        self.folder = Path(folder)
        self.folder.mkdir()
        disk, second = self.folder / "disk.qcow2", self.folder / "payload.raw"
        processes.run("qemu-img", "create", "-q", "-f", "qcow2", "-b", image / "disk.qcow2", "-F", "qcow2", disk)
        _make_disk(payload, second)
        command = [
            "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "Nehalem",
            "-smp", "2", "-m", "2048", "-kernel", image / "kernel", "-initrd", image / "initrd",
            "-append", "root=/dev/vda rw console=tty0 console=ttyS0 quiet no_timer_check systemd.show_status=yes",
            "-drive", f"if=none,id=disk,format=qcow2,file={disk},cache=unsafe", "-device", "virtio-blk-pci,drive=disk",
            "-drive", f"if=none,id=payload,format=raw,file={second},readonly=on", "-device", "virtio-blk-pci,drive=payload",
            "-device", f"virtio-vga,id=video,xres={SIZE[0]},yres={SIZE[1]},max_outputs=2", "-display", "none",
            # QEMU plugs a monitor in where a viewer asks for a size; this one is the second head's.
            "-vnc", f"unix:{self.folder / 'second-head'},display=video,head=1",
            "-serial", f"file:{self.folder / 'serial.log'}",
            "-device", "ide-cd,id=cd", "-device", "qemu-xhci,id=usb", "-device", "usb-tablet", "-device", "virtio-serial",
            "-chardev", f"socket,id=agent,path={self.folder / 'agent'},server=on,wait=off",
            "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
            "-qmp", f"unix:{self.folder / 'monitor'},server=on,wait=off"]
        with open(self.folder / "qemu.log", "wb") as log:
            self.qemu = processes.start(command, stdout=log, stderr=log)
        processes.wait_until((self.folder / "monitor").exists, self.said, 60)
        self.monitor = _Talk(self.folder / "monitor", 60)
        self.monitor.read()
        self.ask("qmp_capabilities")
        self.size = SIZE

    def said(self):
        """What QEMU complained of."""
        return (self.folder / "qemu.log").read_text(errors="replace")

    def serial(self):
        """All that the machine wrote on its serial line."""
        return (self.folder / "serial.log").read_text(errors="replace")

    def close(self):
        """Pulls the plug for good."""
        self.monitor.close()
        self.qemu.kill()
        self.qemu.wait()

    def ask(self, command, **arguments):
        """One command to QEMU; its answer."""
        self.monitor.write({"execute": command, "arguments": arguments})
        while "event" in (answer := self.monitor.read()):
            continue
        if "error" in answer:
            raise AssertionError(f"{command}: {answer['error']['desc']}")
        return answer["return"]

    # The agent

    def run(self, script, status=0, seconds=120, patience=60):
        """What a shell script, run by root in the machine, writes; Refused, if it ends otherwise. `status` None takes any end. Gone,
        where the machine's agent is silent for `patience` seconds."""
        agent = _Talk(self.folder / "agent", patience)
        try:
            mark = random.getrandbits(31)
            agent.write({"execute": "guest-sync", "arguments": {"id": mark}})
            while agent.read().get("return") != mark:
                continue
            agent.write({"execute": "guest-exec", "arguments": {"path": "/bin/sh", "arg": ["-c", f"export LC_ALL=C.UTF-8\n{script}"],
                                                                "capture-output": True}})
            pid = agent.answer()["pid"]
            begun, end = time.monotonic(), time.monotonic() + seconds
            while True:
                agent.write({"execute": "guest-exec-status", "arguments": {"pid": pid}})
                told = agent.answer()
                if told["exited"]:
                    break
                if time.monotonic() > end:
                    raise processes.Timeout(f"not within {seconds} s: the end of “{script}”")
                time.sleep(min(0.5, max(0.05, (time.monotonic() - begun) / 4)))
        finally:
            agent.close()
        output, errors = (base64.b64decode(told.get(name, "")).decode(errors="replace") for name in ("out-data", "err-data"))
        if status is not None and told.get("exitcode") != status:
            raise Refused(f"“{script}” ended with {told.get('exitcode')}: {output}{errors}")
        return output + errors

    def boot(self):
        """The id of the start that this is; Gone."""
        return self.run("cat /proc/sys/kernel/random/boot_id", seconds=20, patience=10).strip()

    def wait_for_boot(self, before=None, seconds=300):
        """Waits for a start that is not this one."""
        def look():
            try:
                return (now := self.boot()) != before and now
            except Gone:
                return None
        return processes.wait_until(look, lambda: f"a start of the machine, which says: {self.serial()[-2000:]}", seconds, 1)

    # Eyes and hands

    def look(self, head=0):
        """What is on a monitor now, as a picture."""
        path = self.folder / "screen.png"
        self.ask("screendump", filename=str(path), format="png", device="video", head=head)
        with Image.open(path) as picture:
            return picture.convert("RGB")

    def press(self, *chords):
        """Presses chords, one after the other: "Return", "ctrl+alt+F1"."""
        for chord in chords:
            keys = [KEYS.get(name, name.lower()) for name in chord.split("+")]
            for down in (True, False):
                self.ask("input-send-event", events=[
                    {"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": key}}}
                    for key in (keys if down else reversed(keys))])
            time.sleep(BETWEEN_CHORDS)

    def click(self, x, y):
        """Moves the pointer there and presses its first button."""
        self.ask("input-send-event", events=[
            {"type": "abs", "data": {"axis": axis, "value": int(place * POINTER_RANGE / size)}}
            for axis, place, size in zip("xy", (x, y), self.size)])
        for down in (True, False):
            time.sleep(0.2)
            self.ask("input-send-event", events=[{"type": "btn", "data": {"down": down, "button": "left"}}])

    def plug(self, driver, ident, **options):
        """A device more, at its USB."""
        self.ask("device_add", driver=driver, id=ident, bus="usb.0", **options)

    def unplug(self, ident):
        """The device is pulled out."""
        self.ask("device_del", id=ident)

    def plug_stick(self, ident, file):
        """A stick with this image, read-only."""
        node = {"driver": "raw", "node-name": ident, "read-only": True, "file": {"driver": "file", "filename": str(file)}}
        self.ask("blockdev-add", **node)
        self.plug("usb-storage", ident, drive=ident, removable=True)

    def plug_monitor(self, width, height):
        """A second monitor of this size, pixels, is plugged in; none, with 0 and 0."""
        with rfb.Viewer(self.folder / "second-head", rfb.EXTENDED_SIZE) as viewer:
            viewer.resize(width, height)

    def put_in(self, file):
        """A disc into the drive."""
        self.ask("blockdev-change-medium", id="cd", filename=str(file), format="raw", **{"read-only-mode": "read-only"})

    def eject(self):
        """The button of the drive, which the base locks: it is asked, and opens the tray. The disc is taken out, the tray closed, as
        QEMU's drive tells of a change only then."""
        try:
            self.ask("blockdev-open-tray", id="cd")
        except AssertionError as error:
            if "locked" not in str(error):
                raise
        processes.wait_until(lambda: not self.has_disc(), "an open tray", 60, 0.5)
        self.ask("blockdev-remove-medium", id="cd")
        self.ask("blockdev-close-tray", id="cd")

    def has_disc(self):
        """Is there a disc in the drive, and its tray closed?"""
        drive = next(entry for entry in self.ask("query-block") if entry.get("qdev") == "cd")
        return "inserted" in drive and not drive.get("tray_open", False)

    def reset(self):
        """The plug, out and in."""
        self.ask("system_reset")


class _Talk:
    """Lines of JSON over a socket."""

    def __init__(self, path, seconds):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("r", encoding="utf-8", errors="replace")

    def write(self, message):
        """One message."""
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def read(self):
        """The next message; Gone."""
        try:
            line = self.file.readline()
        except TimeoutError:
            raise Gone("no answer") from None
        if not line:
            raise Gone("the connection ended")
        # What a broken-off answer leaves is no message.
        try:
            return json.loads(line.lstrip("\xff\ufffd"))
        except ValueError:
            return {}

    def answer(self):
        """What the next message returns; Gone, where it is an error."""
        message = self.read()
        if "return" not in message:
            raise Gone(str(message))
        return message["return"]

    def close(self):
        """Ends the connection."""
        self.file.close()
        self.socket.close()


def _make_disk(folder, path):
    """A file system of a folder's files, with room to spare."""
    size = sum(file.lstat().st_size for file in Path(folder).rglob("*"))
    with open(path, "wb") as file:
        file.truncate(size * 5 // 4 + (32 << 20))
    processes.run("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", folder, path)
