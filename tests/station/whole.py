#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Debian machine that is made a station, with the units, the login manager, the X server and the kernel that a station has;
tried by its keyboard, from inside, and by the plug; and made what it was. Each case goes on where the one before it ended."""
import json
import random
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, guests, processes, tap  # noqa: E402
from stationkit.display import share  # noqa: E402
from stationkit.machine import Gone, Machine, Refused  # noqa: E402

# A key for the only administrator; nobody has its other half.
ADMIN_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA nobody@example"
# An emulated guest in an emulated machine starts some thirty times more slowly than in a real one.
GUEST_SECONDS = 1200
# What a person who is no administrator could come to on a console.
SHELLS = ("agetty", "login", "bash", "xterm", "sulogin")
LAUNCHER = "Command line"
BUS = "org.asteroide.Kiosk1 /org/asteroide/Kiosk1 org.asteroide.Kiosk1"
# How a machine is seen in one look: what must stay as it is, whatever keys are pressed.
LOOK = f"""
cat /proc/sys/kernel/random/boot_id /sys/class/tty/tty0/active
ps -eo pid=,comm= | grep -E ' ({'|'.join(("asteroide", "Xorg", "cage", *SHELLS))})$'
dmesg | grep ' sysrq: ' || true
"""
# Text consoles, zapping, the kernel's and systemd's keys, and what desktops make of the rest.
CHORDS = ([f"{held}+F{number}" for held in ("ctrl+alt", "alt", "ctrl+alt+shift") for number in range(1, 13)]
          + [f"ctrl+alt+{key}" for key in ("BackSpace", "Escape", "Delete", "Print", "Up", "Left", "Right", "minus", "plus", "t", "l")]
          + ["alt+Up", "alt+Left", "alt+Right", "alt+Tab", "alt+F4", "alt+space", "super+l", "super+r", "ctrl+c", "ctrl+z", "Print"]
          + [f"alt+Print+{key}" for key in "0123456789abcdefghijklmnopqrstuvwxyz"]
          + ["ctrl+alt+Delete"] * 8)
# How a kiosk dies, and how an administrator ends the whole session.
CRASHES = {"the kiosk is killed": "pkill -KILL -x -u asteroide asteroide", "the kiosk crashes": "pkill -SEGV -x -u asteroide asteroide",
           "X is killed": "pkill -KILL -x Xorg"}
END_OF_SESSION = "loginctl terminate-session $(loginctl list-sessions --no-legend | awk '/asteroide/ {print $1}')"
# Those that would leave the session, where the page does not matter.
WAYS_OUT = [chord for chord in CHORDS if chord.startswith(("ctrl+alt+", "alt+Print+"))][::2] + ["ctrl+alt+Delete"] * 8


class Whole(cases.ExplainedCase):
    """One machine for all cases."""

    build = None

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="ast-"))
        made = cls.build.parent / "build/station"
        payload = cls.folder / "payload"
        shutil.copytree(made / "installed", payload, symlinks=True)
        for appliance in ("tiny", "reader", "desktop"):
            shutil.copytree(cls.build.parent / f"build/appliances/{appliance}", payload / f"var/lib/asteroide/appliances/{appliance}")
        cls.machine = Machine(cls.folder / "machine", made / "machine", payload)
        cls.attempts = cls.escapes = 0
        cls.etc = None
        cls.shots = cls.build / "screenshots/station/whole"
        cls.shots.mkdir(parents=True, exist_ok=True)

    @classmethod
    def tearDownClass(cls):
        cls.machine.close()
        shutil.rmtree(cls.folder)
        print(f"# station: {cls.attempts} attempts, {cls.escapes} escapes")

    def tearDown(self):
        self.shot(tap.name_of(self))

    def explain(self):
        try:
            for line in self.run_in("journalctl -b --no-pager -q | tail -60").splitlines():
                print(f"# {line}")
        except (Gone, AssertionError) as error:
            print(f"# nothing from inside: {error}; the serial line: {self.machine.serial()[-2000:]!r}")

    def shot(self, name):
        """Keeps a picture."""
        self.machine.look().save(self.shots / f"{name}.png")

    def run_in(self, script, **options):
        """A command in the machine."""
        return self.machine.run(script, **options)

    def as_user(self, user, script, status=0):
        """A command in the machine, by one of its users."""
        return self.run_in(f"runuser -u {user} -- sh -c '{script}'", status=status)

    def restart(self):
        """An orderly restart by an administrator."""
        before = self.machine.boot()
        try:
            self.run_in("systemctl reboot", seconds=20, patience=10)
        except Gone:
            pass
        self.machine.wait_for_boot(before)

    def wait_for_launcher(self, seconds=240):
        """Waits until an appliance can be chosen; the picture alone may be the one that the last session left."""
        processes.wait_until(lambda: self.run_in(f"busctl get-property {BUS} State", status=None).startswith("s "), "a kiosk", seconds, 0.5)
        self.machine.wait_for(LAUNCHER, seconds)

    def state(self):
        """What the kiosk is at."""
        return json.loads(self.run_in("asteroidectl status --json"))["state"]

    def wait_state(self, *states, seconds=300):
        """Waits for the kiosk to come to one of these."""
        return processes.wait_until(lambda: (now := self.state()) in states and now, lambda: f"{states}: {self.state()}", seconds, 0.5)

    def pids(self, program):
        """The processes of the station's user that run a program."""
        return self.run_in(f"pgrep -x -u asteroide {program}", status=None).split()

    def press_all(self, chords=CHORDS):
        """Chords; after each, the machine must look as before."""
        self.assertTrue(self.pids("asteroide"))
        before = self.run_in(LOOK)
        for chord in chords:
            self.machine.press(chord)
            type(self).attempts += 1
            if (now := self.run_in(LOOK)) != before:
                type(self).escapes += 1
                self.fail(f"{chord}: {before} became {now}")

    def expect_nothing_left(self):
        """No guest; and no overlay, as soon as the kiosk has libvirt to ask whose it is."""
        self.assertEqual(self.pids("qemu-system-x86"), [])
        processes.wait_until(lambda: self.run_in("ls /var/lib/asteroide/overlays | grep -v last-used", status=None) == "",
                             "the removal of the overlay", 120, 0.5)

    def figure(self, text):
        """Told of a success, too."""
        print(f"# figure: {text}")

    # What the machine is before

    def test_plain_machine(self):
        """The control: on a machine that is no station, the keys lead to consoles and to the kernel"""
        self.machine.wait_for_boot()
        self.machine.wait_for("station login", 120)
        self.machine.press("ctrl+alt+F3")
        processes.wait_until(lambda: "tty3" in self.run_in(LOOK), "another console", 30)
        self.machine.wait_for("tty3", 60)
        self.machine.press("alt+Print+s")
        processes.wait_until(lambda: "sysrq: Emergency Sync" in self.run_in(LOOK), "an answer of the kernel", 30)
        before = self.machine.boot()
        self.machine.press("ctrl+alt+Delete")
        self.machine.wait_for_boot(before)

    def test_becomes_a_station(self):
        """One command and a restart: the launcher is on the screen"""
        self.machine.wait_for_boot()
        self.run_in("mount -o ro /dev/vdb /mnt && cp -r --preserve=mode,links /mnt/. / && umount /mnt && ldconfig")
        refused = self.run_in("asteroidectl station enable", status=None)
        self.assertIn("administ", refused)
        self.run_in(f"mkdir -p /root/.ssh && echo '{ADMIN_KEY}' >/root/.ssh/authorized_keys")
        type(self).etc = self.etc_now()
        planned = self.run_in("asteroidectl station enable --dry-run")
        self.assertEqual(self.etc_now(), self.etc)
        done = self.run_in("asteroidectl station enable")
        # But for the last lines, and the number of a user who is not there before.
        self.assertEqual(planned.splitlines()[:-1], re.sub(r"user-\d+", "user-UID", done).splitlines()[:-1])
        told = len(self.machine.serial())
        self.restart()
        self.run_in("useradd -M student; useradd -M -G asteroide-admin steward")
        self.wait_for_launcher()
        self.assertEqual(self.run_in("asteroidectl station check | grep -v ': good$'", status=1), "")
        self.assertEqual(self.run_in("systemctl list-units --failed --no-legend"), "")
        self.assertEqual(self.run_in("cat /sys/class/tty/tty0/active"), "tty7\n")
        self.assertNotIn("login:", self.machine.serial()[told:])

    def etc_now(self):
        """Everything in /etc, by content; of the accounts' files only what is said of other accounts."""
        return self.run_in("""cd /etc
accounts='passwd shadow group gshadow subuid subgid'
find . -type f ! -name '*-' ! -name .pwd.lock ! -name ld.so.cache ! -name machine-id \
  $(printf '! -name %s ' $accounts) -print0 | sort -z | xargs -0 sha256sum
find . -type l -printf '%p %l\\n' | sort
grep -v asteroide $accounts""")

    # What an administrator is told

    def test_explained(self):
        """A refusal is in the journal with its fields, under the kiosk's name; root's report has it, and nothing of the machine's id"""
        self.run_in("asteroidectl start nobody", status=1)
        entry = json.loads(self.run_in("journalctl -q -b -t asteroide ASTEROIDE_CODE=no-such-appliance -n 1 -o json"))
        self.assertEqual([entry[f"ASTEROIDE_{name}"] for name in ("STATION", "STATE", "APPLIANCE")], ["station", "idle", "nobody"])
        self.assertEqual(entry["_UID"], self.run_in("id -u asteroide").strip())
        path = self.run_in("asteroidectl report --output /root/report.tar.gz").strip()
        self.assertEqual(self.run_in(f"stat -c %a%U {path}"), "600root\n")
        told = self.run_in(f"tar -xzOf {path}; rm {path}")
        for words in ("nobody (no-such-appliance)", "ctrl-alt-del: good", "idle", "libvirt", "Command line"):
            self.assertIn(words, told)
        self.assertNotIn(self.run_in("cat /etc/machine-id").strip(), told)

    # Least privilege

    def test_account(self):
        """The session's user: no shell, no password, no group that amounts to root, nothing of the system to write to"""
        entry = self.run_in("getent passwd asteroide").strip().split(":")
        self.assertIn(entry[6], ("/usr/sbin/nologin", "/bin/false"))
        self.assertIn(self.run_in("getent shadow asteroide").split(":")[1][0], "!*")
        self.assertLessEqual(set(self.run_in("id -nG asteroide").split()), {"asteroide", "kvm"})
        own = ("/var/lib/asteroide/home", "/var/lib/asteroide/overlays", "/var/lib/asteroide/warm", "/run/asteroide", "/run/user/", "/tmp", "/var/tmp", "/run/lock",
               "/run/screen")
        writable = self.as_user("asteroide", "find / -xdev -writable ! -type l; find /run -writable ! -type l ! -type s", status=None)
        found = [path for path in writable.splitlines() if path.startswith("/") and not path.startswith((*own, "/dev/", "/proc/"))]
        self.assertEqual(found, [])
        for command in ("sudo -n true", "su -c true root </dev/null", "pkexec true", "systemctl restart asteroide",
                        "systemctl reboot", "cat /etc/shadow"):
            with self.subTest(command=command):
                self.assertNotEqual(self.as_user("asteroide", f"{command} && echo done", status=None).splitlines()[-1:], ["done"])

    def in_session(self, script, status=0):
        """A command by the session's user, in the session's own view of the files."""
        kiosk = self.pids("asteroide")[0]
        return self.run_in(f"nsenter -t {kiosk} -m setpriv --reuid asteroide --regid asteroide --init-groups sh -c '{script}'",
                           status=status)

    def test_view(self):
        """The session sees no homes, no system's libvirt, and cannot write what it reads"""
        for command in ("ls /root", "ls /home", "ls /run/libvirt", "virsh -q -c qemu:///system list",
                        "virsh -q -r -c qemu:///system list", "touch /usr/x", "touch /etc/x", "touch /var/lib/asteroide/appliances/x",
                        "touch /usr/local/etc/asteroide/asteroide.conf"):
            with self.subTest(command=command):
                self.assertNotEqual(self.in_session(f"{command} && echo done", status=None).splitlines()[-1:], ["done"])
        self.in_session("ls /var/lib/asteroide/appliances/tiny/disk.qcow2")
        kiosk = self.pids("asteroide")[0]
        self.assertEqual(self.run_in(f"cat /proc/{kiosk}/attr/current"), "asteroide-kiosk (enforce)\n")
        self.assertIn("CapEff:\t0000000000000000", self.run_in(f"cat /proc/{kiosk}/status"))

    def test_usb_access(self):
        """Only the session's user may have the helper open USB devices, and only for that need nobody's password"""
        def may(action, user):
            told = self.run_in(f"pkcheck -a {action} --process $(pgrep -o -u {user}) 2>&1; echo $?")
            return told.splitlines()[-1] == "0"
        self.run_in("runuser -u student -- sleep 600 >/dev/null 2>&1 &")
        self.assertTrue(may("org.spice-space.lowlevelusbaccess", "asteroide"))
        self.assertFalse(may("org.spice-space.lowlevelusbaccess", "student"))
        self.assertFalse(may("org.freedesktop.policykit.exec", "asteroide"))

    # Keys, devices, exits

    def test_keys(self):
        """No chord leads out of the launcher; and all of them did arrive"""
        self.run_in("systemd-run -q --unit=recorder sh -c 'cat /dev/input/by-path/*-event-kbd >/run/keys'")
        self.press_all()
        self.run_in("systemctl stop recorder")
        # struct input_event: two longs of time, type, code, value; a key (1) pressed (1).
        heard = self.run_in("od -An -v -t u2 -w24 /run/keys | awk '$9 == 1 && $11 == 1' | wc -l")
        # With Alt held, QEMU's keyboard lets go of it and presses it again before and after SysRq, as real ones do (hw/input/ps2.c).
        again = 2 * sum("alt" in chord and "Print" in chord for chord in CHORDS)
        self.assertEqual(int(heard), sum(chord.count("+") + 1 for chord in CHORDS) + again)
        self.machine.press("Escape", "Escape")  # letters went into the search
        self.assertIn("none", self.run_in("systemctl start getty@tty2 && echo started || echo none", status=None))
        self.wait_for_launcher(30)
        self.assertEqual(self.state(), "idle")

    def test_devices(self):
        """Keyboards and mice that come and go write into the search, and nowhere else"""
        before = self.run_in(LOOK)
        for name in ("usb-kbd", "usb-mouse", "usb-tablet", "usb-wacom-tablet"):
            self.machine.plug(name, "more")
            processes.wait_until(lambda: "more" in str(self.machine.ask("qom-list", path="/machine/peripheral")), "the device", 30)
            time.sleep(2)  # the kernel's, udev's and the server's turn
            self.machine.press("ctrl+alt+F2", "alt+F4")
            self.machine.unplug("more")
            processes.wait_until(lambda: "more" not in str(self.machine.ask("qom-list", path="/machine/peripheral")), "its end", 30)
            self.assertEqual(self.run_in(LOOK), before)
            type(self).attempts += 1
        self.machine.plug("usb-kbd", "more")
        time.sleep(3)
        self.machine.press("z", "z", "z")
        self.machine.wait_for("No appliance matches", 60)
        self.machine.unplug("more")
        self.machine.press("Escape")
        self.wait_for_launcher(60)

    def test_stick(self):
        """What is on a stick that is plugged in is not looked at by the base"""
        self.machine.plug_stick("stick", self.machine.folder / "payload.raw")
        told = processes.wait_until(lambda: self.run_in("udevadm info -q property /dev/sda", status=None) if "sda" in self.run_in("ls /dev")
                                    else "", "the stick", 60, 0.5)
        self.assertIn("UDISKS_IGNORE=1", told)
        self.assertNotIn("ID_FS_", told)
        # The same file system on a disk that is the machine's own is looked at.
        self.assertIn("ID_FS_TYPE=ext4", self.run_in("udevadm info -q property /dev/vdb"))
        self.machine.unplug("stick")

    def test_exits(self):
        """Whatever ends, the launcher is back: the kiosk, the X server, what began them, the session"""
        for name, command in (CRASHES | {"xinit ends": "pkill -TERM -x xinit"}).items():
            self.crash(name, command)
            self.wait_for_launcher()
            type(self).attempts += 1
        before = self.run_in("systemctl show -P MainPID asteroide").strip()
        ended = float(self.run_in(f"cut -d' ' -f1 /proc/uptime; {END_OF_SESSION}"))
        processes.wait_until(lambda: self.run_in("systemctl show -P MainPID asteroide").strip() not in ("0", before), "another session", 60, 0.3)
        over, again = (int(self.run_in(f"systemctl show -P {when}TimestampMonotonic asteroide")) / 1e6
                       for when in ("ActiveExit", "ExecMainStart"))
        self.wait_for_launcher()
        self.figure(f"the session is ended: it is over after {over - ended:.1f} s, the next one begins {again - over:.1f} s later")
        self.assertEqual(self.run_in("cat /sys/class/tty/tty0/active"), "tty7\n")
        type(self).attempts += 1

    def crash(self, name, command):
        """The kiosk dies; another one is there, in the same session."""
        session, before = self.run_in("systemctl show -P MainPID asteroide"), self.pids("asteroide")
        ended = float(self.run_in(f"cut -d' ' -f1 /proc/uptime; {command}"))
        processes.wait_until(lambda: (now := self.pids("asteroide")) and now != before, f"{name}: another kiosk", 60, 0.3)
        begun = int(self.run_in(f"cut -d' ' -f22 /proc/{self.pids('asteroide')[0]}/stat")) / 100
        self.assertEqual(self.run_in("systemctl show -P MainPID asteroide"), session)
        self.figure(f"{name}: another one begins {begun - ended:.1f} s later")

    def test_limits(self):
        """Processes and memory without end in the session: the base and the kiosk go on"""
        scope = "/sys/fs/cgroup$(cut -d: -f3 /proc/$(pgrep -x -u asteroide asteroide)/cgroup)/cgroup.procs"
        greedy = {"processes": "i=0; while [ $i -lt 2200 ]; do sleep 900 & i=$((i + 1)); done; wait", "memory": "tail /dev/zero"}
        kiosk = self.pids("asteroide")
        for name, command in greedy.items():
            with self.subTest(name):
                told = self.run_in(f"echo $$ >{scope} && setpriv --reuid asteroide --regid asteroide --clear-groups sh -c '{command}'",
                                   status=None, seconds=300)
                self.assertRegex(told, {"processes": "[Cc]annot fork", "memory": "Killed|^$"}[name])
                self.assertEqual(self.pids("asteroide"), kiosk)
        self.assertIn("user-", self.run_in("journalctl -q -k -b -o cat -g 'Memory cgroup out of memory|oom-kill:.*user'"))
        self.run_in("pkill -x -u asteroide sleep", status=None)
        self.wait_for_launcher(60)

    # With a guest

    def test_guest(self):
        """A guest, chosen by the pointer: its limits, its sandbox, nobody listening; and no chord leads out of it"""
        self.machine.click_on(LAUNCHER)
        self.wait_state("ready")
        qemu = self.pids("qemu-system-x86")[0]
        status = dict(line.split(":\t", 1) for line in self.run_in(f"cat /proc/{qemu}/status").splitlines() if ":\t" in line)
        self.assertEqual((status["Seccomp"], status["NoNewPrivs"], status["CapEff"]), ("2", "1", "0" * 16))
        slice_ = self.run_in("id -u asteroide").strip()
        self.assertIn(f"/user.slice/user-{slice_}.slice/", self.run_in(f"cat /proc/{qemu}/cgroup"))
        limits = self.run_in(f"cd /sys/fs/cgroup/user.slice/user-{slice_}.slice && cat memory.max pids.max").split()
        total = int(self.run_in("awk '/^MemTotal/ {print $2 * 1024}' /proc/meminfo"))
        self.assertLess(int(limits[0]), total)
        self.assertEqual(limits[1], "2048")
        # The administrator's ssh is the only one that listens to anybody else.
        listening = self.run_in("ss -Hlntup; ss -Hlxp | grep -E '[[:space:]]@'", status=None)
        others = [line for line in listening.splitlines() if not any(own in line for own in ('"sshd"', '"systemd'))]
        self.assertEqual(others, [])
        self.press_all()
        self.assertEqual(self.pids("qemu-system-x86"), [qemu])
        self.assertEqual(self.state(), "ready")

    def test_steering(self):
        """Over the system bus: root and the group asteroide-admin may, others may not, nor take the kiosk's name"""
        for member in ("Stop b true", "Start s tiny", "Reset as 0"):
            with self.assertRaises(Refused):
                self.as_user("student", f"busctl call {BUS} {member}")
            type(self).attempts += 1
        with self.assertRaises(Refused):
            self.as_user("student", "busctl call org.freedesktop.DBus / org.freedesktop.DBus RequestName su org.asteroide.Kiosk1 7")
        self.assertEqual(self.state(), "ready")
        self.as_user("steward", f"busctl call {BUS} Stop b true")
        self.wait_state("idle")
        self.expect_nothing_left()
        self.as_user("steward", f"busctl call {BUS} Start s tiny")
        self.wait_state("ready")

    def test_guest_dies(self):
        """The guest is killed: the screen says so, and what was written is there until somebody has chosen"""
        self.run_in("pkill -KILL -u asteroide -f qemu-system-x86_64")
        self.wait_state("failed")
        self.assertEqual(self.pids("qemu-system-x86"), [])
        self.machine.click_on("End session")
        self.wait_for_launcher()
        self.expect_nothing_left()

    def test_kiosk_dies_with_a_guest(self):
        """The kiosk dies beside a guest, or its X server: the next one shows the same guest; the session is ended: there is none"""
        guest, overlay = self.begin()
        for name, command in CRASHES.items():
            self.crash(name, command)
            self.expect_same_guest(guest, overlay)
        self.shot("same_guest")
        self.press_all(WAYS_OUT)
        self.run_in(END_OF_SESSION)
        processes.wait_until(lambda: self.pids("qemu-system-x86") != guest, "the guest's end", 60, 0.5)
        self.wait_for_launcher()
        self.wait_state("idle")
        self.expect_nothing_left()

    def test_graphics_reset(self):
        """The graphics card goes and comes again beside a guest, as at a reset: the picture is there again, and the guest is the same"""
        guest, overlay = self.begin()
        self.run_in("cd /sys/bus/virtio/drivers/virtio_gpu && card=$(ls -d virtio*) && echo $card >unbind && sleep 3 && echo $card >bind")
        self.expect_same_guest(guest, overlay)
        self.shot("graphics_reset")
        self.press_all(WAYS_OUT)
        self.run_in("asteroidectl stop --force")
        self.wait_for_launcher()
        self.expect_nothing_left()

    def test_clock_jumps(self):
        """The clock of the station jumps a year ahead beside a guest, and back: the session goes on, and ends when it is told to"""
        guest, overlay = self.begin()
        for years in ("+1", "-2", "+1"):
            self.run_in(f"date -s \"$(date -d '{years} year')\"")
            self.expect_same_guest(guest, overlay)
            self.crash(f"the kiosk is killed after {years} year", CRASHES["the kiosk is killed"])
            self.expect_same_guest(guest, overlay)
        self.run_in("asteroidectl stop --force")
        self.wait_for_launcher()
        self.expect_nothing_left()

    def test_memory_short(self):
        """The kernel needs the guest's memory and kills it: the screen says so"""
        self.run_in("asteroidectl start tiny")
        self.wait_state("ready")
        self.run_in("echo 1000 >/proc/$(pgrep -x -u asteroide qemu-system-x86)/oom_score_adj && echo f >/proc/sysrq-trigger")
        self.wait_state("failed")
        self.assertIn("Out of memory: Killed process", self.run_in("journalctl -q -k -b -o cat -g 'Killed process.*qemu'"))
        self.shot("memory_short")
        self.machine.click_on("End session")
        self.wait_for_launcher()
        self.expect_nothing_left()

    def begin(self):
        """A session with a guest that can be seen; the guest's processes, and the overlays."""
        self.run_in("asteroidectl start tiny")
        self.wait_state("ready")
        self.wait_for_colour(guests.COLOURS["tiny"], seconds=GUEST_SECONDS)
        return self.pids("qemu-system-x86"), self.run_in("ls /var/lib/asteroide/overlays")

    def expect_same_guest(self, guest, overlay):
        """A kiosk is there that shows it."""
        processes.wait_until(lambda: self.run_in(f"busctl get-property {BUS} State", status=None) == 's "ready"\n', "a session that goes on", 240, 0.5)
        self.wait_for_colour(guests.COLOURS["tiny"])
        self.assertEqual(self.pids("qemu-system-x86"), guest)
        self.assertEqual(self.run_in("ls /var/lib/asteroide/overlays"), overlay)

    def make_medium(self, name):
        """A megabyte that nobody has seen before: the file, and the colour in which a guest shows that it has read it."""
        file = self.folder / name
        file.write_bytes(random.randbytes(1 << 20))
        return file, guests.digest(file)[:6]

    def devices(self):
        """The states of what the kiosk lists."""
        return {device["id"]: device["state"] for device in json.loads(self.run_in("asteroidectl devices --json"))}

    def wait_for_device(self, state, kind):
        """Waits until the one device of a kind has a state; its id."""
        return processes.wait_until(
            lambda: next((ident for ident, now in self.devices().items() if ident.startswith(kind) and now == state), None),
            lambda: f"{kind} {state}: {self.devices()}", 120, 0.5)

    def wait_for_colour(self, colour, head=0, least=0.5, seconds=300):
        """Waits until the guest shows a digest, or its desktop."""
        processes.wait_until(lambda: share(self.machine.look(head), colour) > least, lambda: f"{colour}; {self.devices()}", seconds, 0.5)

    def test_devices_in_a_guest(self):
        """A stick and a disc are in the guest by themselves, to the byte, and are back when they are pulled out or it ends"""
        stick, stick_colour = self.make_medium("stick.raw")
        disc, disc_colour = self.make_medium("disc.iso")
        self.run_in("asteroidectl start reader")
        self.wait_for_colour("204888", seconds=GUEST_SECONDS)
        self.machine.plug_stick("lesson", stick)
        ident = self.wait_for_device("in", "usb:")
        self.wait_for_colour(stick_colour)
        self.shot("stick_in")
        # The station has it back, and gives it again.
        self.run_in(f"asteroidectl take {ident}")
        self.wait_for_device("out", "usb:")
        self.wait_for_colour("204888")
        self.run_in(f"asteroidectl give {ident}")
        self.wait_for_colour(stick_colour)
        self.machine.unplug("lesson")
        processes.wait_until(lambda: ident not in self.devices(), "its end", 60, 0.5)
        self.wait_for_colour("204888")
        # A disc in the drive.
        self.machine.put_in(disc)
        drive = self.wait_for_device("in", "drive:")
        self.wait_for_colour(disc_colour)
        self.shot("disc_in")
        self.run_in(f"asteroidectl take {drive}")
        processes.wait_until(lambda: not self.machine.has_disc(), "an open tray", 60, 0.5)
        self.wait_for_colour("204888")
        self.machine.put_in(disc)
        self.wait_for_colour(disc_colour)
        self.machine.eject()
        self.wait_for_device("out", "drive:")
        self.wait_for_colour("204888")
        # The kiosk is killed beside a guest that has a stick: the station has it back, and the next kiosk gives it again.
        again, again_colour = self.make_medium("again.raw")
        self.machine.plug_stick("again", again)
        self.wait_for_colour(again_colour)
        self.crash("the kiosk dies beside a stick", CRASHES["the kiosk is killed"])
        self.wait_state("ready")
        self.wait_for_device("in", "usb:")
        self.wait_for_colour(again_colour)
        self.run_in("asteroidectl stop --force")
        self.wait_state("idle")
        self.machine.unplug("again")

    def test_share(self):
        """A folder is offered to a guest by a process of its own, which ends with it"""
        descriptor, conf = "/var/lib/asteroide/appliances/tiny/appliance.xml", "/usr/local/etc/asteroide/asteroide.conf"
        self.run_in(f"mkdir -p /var/lib/asteroide/shares/lesson && cp {descriptor} /run/tiny && cp {conf} /run/kept"
                    f" && printf '\n[shares]\nlesson=/var/lib/asteroide/shares/lesson\n' >>{conf}"
                    f" && sed -i 's|<devices/>|<devices><share folder=\"lesson\"/></devices>|' {descriptor} && systemctl restart asteroide")
        self.wait_for_launcher()
        self.run_in("asteroidectl start tiny")
        self.wait_state("ready")
        self.assertEqual(len(self.pids("asteroide-share")), 1)
        self.run_in("asteroidectl stop --force")
        self.wait_state("idle")
        self.assertEqual(self.pids("asteroide-share"), [])
        self.run_in(f"cp /run/tiny {descriptor} && cp /run/kept {conf} && systemctl restart asteroide")
        self.wait_for_launcher()

    def wait_for_second_head(self, *states):
        """Waits until the kernel says this of the second monitor: is it there, and is it lit?"""
        told = []

        def look():
            told[:] = self.run_in("cd /sys/class/drm/card?-Virtual-2 && cat status enabled").split()
            return told == list(states)
        processes.wait_until(look, lambda: f"{states}: {told}", 60, 0.5)

    def test_second_monitor(self):
        """A monitor is plugged in while a guest runs, and pulled out: it is lit, dark and locked, and the guest goes on beside it"""
        ground, second = guests.COLOURS["tiny"], (1024, 768)
        self.run_in("asteroidectl start tiny")
        self.wait_for_colour(ground, seconds=GUEST_SECONDS)
        for _ in range(2):
            self.machine.plug_monitor(*second)
            self.wait_for_second_head("connected", "enabled")
            processes.wait_until(lambda: self.machine.look(1).size == second, lambda: f"a picture of {second}: {self.machine.look(1).size}")
            self.shot("second_monitor_0")
            self.machine.look(1).save(self.shots / "second_monitor_1.png")
            # Nothing of the base: no pointer's cross, no text, no console.
            self.wait_for_colour("000000", head=1, least=0.99)
            self.wait_for_colour(ground)
            self.press_all(WAYS_OUT)
            self.machine.plug_monitor(0, 0)
            self.wait_for_second_head("disconnected", "disabled")
            self.wait_for_colour(ground)
            self.assertEqual(self.machine.look().size, self.machine.size)
        self.run_in("asteroidectl stop --force")
        self.wait_for_launcher()

    def test_bad_configuration(self):
        """A configuration that is none: a screen that says so, and no way out of it"""
        conf = "/usr/local/etc/asteroide/asteroide.conf"
        self.run_in(f"cp {conf} /run/kept && printf '[paths\\nappliances=../..\\0\\n' >{conf} && systemctl restart asteroide")
        try:
            self.machine.wait_for("This station is not ready", 120)
            self.press_all(WAYS_OUT)
            self.shot("not_ready")
        finally:
            self.run_in(f"cp /run/kept {conf} && systemctl restart asteroide")
        self.wait_for_launcher()

    def test_power_failure(self):
        """The plug is pulled in the middle of a session: the launcher, and nothing of the session"""
        self.run_in("asteroidectl start tiny")
        self.wait_state("ready")
        self.run_in("sync")
        before = self.machine.boot()
        self.machine.reset()
        self.machine.wait_for_boot(before)
        self.wait_for_launcher()
        self.expect_nothing_left()
        self.assertEqual(self.state(), "idle")

    def test_profile(self):
        """In all of this, AppArmor had nothing to refuse"""
        self.assertEqual(self.run_in("journalctl -q -k -o cat -g 'apparmor=.DENIED.*asteroide-kiosk'", status=1), "")

    # The other session, and back

    def test_cage(self):
        """The same machine with cage"""
        self.run_in("asteroidectl station disable && asteroidectl station enable --session cage")
        self.restart()
        self.wait_for_launcher()
        self.assertEqual(self.pids("Xorg"), [])
        self.press_all()
        self.run_in("pkill -KILL -x -u asteroide asteroide")
        self.wait_for_launcher()
        self.run_in("pkill -KILL -x -u asteroide cage")
        self.wait_for_launcher()
        guest, overlay = self.begin()
        self.run_in("pkill -KILL -x -u asteroide cage")
        self.expect_same_guest(guest, overlay)
        self.shot("cage_guest")
        self.press_all(WAYS_OUT)

    def test_is_a_station_no_more(self):
        """One command and a restart: a login on the console, and /etc as it was"""
        self.run_in("userdel student && userdel steward && asteroidectl station disable")
        self.assertEqual(set(self.etc_now().splitlines()) ^ set(self.etc.splitlines()), set())
        self.restart()
        self.machine.wait_for("station login", 120)
        self.assertEqual(self.run_in("pgrep -x asteroide", status=1), "")


def prepare(build):
    """Where the programs are."""
    Whole.build = Path(build).resolve()


if __name__ == "__main__":
    tap.main(prepare)
