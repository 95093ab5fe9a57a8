#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""A station made of a machine and taken back: on trees of files that look like a machine's, without root."""
import json
import os
import re
import shutil
import subprocess
import unittest

import clikit

HASH = "$y$j9T$salt$hash"
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
                  "ada:x:1000:1000:Ada,,,:/home/ada:/bin/bash\n",
    "etc/shadow": f"root:*:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\nada:{HASH}:19000:0:99999:7:::\n",
    "etc/group": "root:x:0:\ndaemon:x:1:\nsudo:x:27:ada\nkvm:x:104:\nada:x:1000:\n",
    "etc/gshadow": "root:*::\ndaemon:*::\nsudo:*::ada\nkvm:!::\nada:!::\n",
    "etc/passwd-": "root:x:0:0:an older one:/root:/bin/bash\n",
    "etc/os-release": "ID=debian\nVERSION_ID=12\n",
    "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    # The administrator's own unit stands where a mask will.
    "etc/systemd/system/debug-shell.service": "[Service]\nExecStart=/bin/true\n",
    "etc/sysusers.d/other.conf": "# of another package\n",
    "usr/lib/systemd/system/ssh.service": "[Service]\nExecStart=/usr/sbin/sshd -D\n[Install]\nWantedBy=multi-user.target\n",
    "usr/lib/systemd/system/ssh.socket": "[Socket]\nListenStream=22\n[Install]\nWantedBy=sockets.target\n",
    "usr/lib/systemd/system/lightdm.service": "[Service]\nExecStart=/usr/sbin/lightdm\n[Install]\nAlias=display-manager.service\n",
}
UNITS = ["graphical.target", "multi-user.target", "ctrl-alt-del.target", "getty@.service", "autovt@.service",
         "console-getty.service", "getty-static.service", "serial-getty@.service", "debug-shell.service", "kbrequest.target",
         "reboot.target"]
LINKS = {
    "etc/systemd/system/display-manager.service": "/lib/systemd/system/lightdm.service",
    "etc/systemd/system/multi-user.target.wants/ssh.service": "/lib/systemd/system/ssh.service",
    "etc/systemd/system/default.target": "/lib/systemd/system/multi-user.target",
    "etc/systemd/system/getty.target.wants/getty@tty1.service": "/lib/systemd/system/getty@.service",
    "etc/systemd/system/serial-getty@.service": "/dev/null",
}
PROGRAMS = ["usr/lib/xorg/Xorg", "usr/bin/xinit", "usr/bin/xauth", "usr/bin/cage", "usr/bin/Xwayland"]
MASKED = ["ctrl-alt-del.target", "kbrequest.target", "getty@.service", "autovt@.service", "console-getty.service",
          "getty-static.service", "serial-getty@.service", "debug-shell.service"]
EXPOSURE = 66  # tenths; docs/admins.md tells what it consists of
STATE = "var/lib/asteroide/station.state"


def picture(root):
    """Every path below the folder with kind, mode and content."""
    seen = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            seen[name] = ("link", path.readlink())
        elif path.is_dir():
            seen[name] = ("folder", path.stat().st_mode)
        else:
            seen[name] = ("file", path.stat().st_mode, path.read_bytes())
    return seen


class StationCase(clikit.CommandCase):
    """A machine in self.root, with ssh, an administrator, a display manager, and ASTEROIDE installed."""

    def setUp(self):
        super().setUp()
        build = (self.build / "ast-build.h").read_text(encoding="utf-8")
        self.places = dict(re.findall(r'#define (AST_\w+) "(/.*)"', build))
        self.root = self.folder / "root"
        for name, text in FILES.items():
            self.write(name, text)
        (self.root / "etc/shadow").chmod(0o640)
        for name in UNITS:
            self.write(f"usr/lib/systemd/system/{name}", f"[Unit]\nDescription={name}\n")
        for name, target in LINKS.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).symlink_to(target)
        for name in [*PROGRAMS, self.places["AST_BINDIR"][1:] + "/asteroide"]:
            self.write(name, "#!/bin/sh\n").chmod(0o755)
        self.install()

    def write(self, name, text):
        """A file in the tree."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def install(self):
        """What meson installs, from the build folder."""
        built = self.build / "data/station"
        station = self.root / self.places["AST_STATIONDIR"][1:]
        station.mkdir(parents=True)
        for path in built.iterdir():
            if path.is_file() and path.name != "asteroide-session":
                shutil.copy(path, station)
        session = self.root / self.places["AST_LIBEXECDIR"][1:] / "asteroide-session"
        session.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(built / "asteroide-session", session)
        session.chmod(0o755)

    def station(self, *words, **options):
        """asteroidectl station on the tree."""
        return self.run_program(self.program(), "station", *words, "--root", self.root, **options)

    def problems(self):
        """The points that check finds wrong, by name."""
        done = subprocess.run([self.program(), "station", "check", "--json", "--root", self.root], check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment(), timeout=clikit.PATIENCE)
        found = {point["name"]: point["problem"] for point in json.loads(done.stdout)["points"] if not point["good"]}
        self.assertEqual(done.returncode, 1 if found else 0, done.stderr)
        return found


class ThereAndBack(StationCase):
    """enable, disable."""

    def go_there_and_back(self, session, unit):
        """With one session; the tree is the same afterwards."""
        before = picture(self.root)
        told = self.station("enable", "--session", session).stdout
        self.assertIn("mask getty@.service\n", told)
        self.assertIn(f"enable {unit}\n", told)
        self.assertEqual(self.problems(), {})
        done = self.station("check").stdout
        self.assertEqual([line for line in done.splitlines() if not line.endswith(": good")], [])
        during = picture(self.root)
        self.assertEqual(self.station("enable").stdout, "There is nothing to change.\n")
        self.assertEqual(picture(self.root), during)
        self.station("disable")
        self.assertEqual(picture(self.root), before)
        self.assertIn("no station", self.station("disable").stdout)
        self.assertEqual(picture(self.root), before)

    def test_x11(self):
        """With an X server, and back, byte for byte and link for link"""
        self.go_there_and_back("x11", "asteroide.service")

    def test_cage(self):
        """With cage, and back"""
        self.go_there_and_back("cage", "asteroide-cage.service")

    def test_what_is_there(self):
        """What a station has that the machine had not"""
        self.station("enable")
        units = self.root / "etc/systemd/system"
        for unit in MASKED:
            self.assertEqual(str((units / unit).readlink()), "/dev/null")
        self.assertTrue((units / "graphical.target.wants/asteroide.service").is_symlink())
        self.assertTrue(str((units / "default.target").readlink()).endswith("/graphical.target"))
        self.assertFalse((units / "display-manager.service").is_symlink())
        self.assertEqual((self.root / "var/lib/asteroide/overlays").stat().st_mode & 0o7777, 0o700)
        self.assertEqual((self.root / STATE).stat().st_mode & 0o7777, 0o600)
        line = re.search("^asteroide:.*$", (self.root / "etc/passwd").read_text(), re.MULTILINE).group()
        self.assertTrue(line.endswith(":/var/lib/asteroide/home:/usr/sbin/nologin"), line)
        self.assertTrue((units / f"user-{line.split(':')[2]}.slice.d/asteroide.conf").exists())
        self.assertIn("kvm:x:104:asteroide\n", (self.root / "etc/group").read_text())

    def test_dry_run(self):
        """A dry run tells the same and changes nothing"""
        before = picture(self.root)
        would = self.station("enable", "--dry-run").stdout.splitlines()
        self.assertEqual(would.pop(), "Nothing was changed: that is what would be.")
        self.assertEqual(picture(self.root), before)
        did = self.station("enable").stdout.splitlines()
        self.assertEqual([re.sub(r"user-\d+", "user-UID", line) for line in did], would)
        during = picture(self.root)
        self.assertIn("take back /etc/pam.d/asteroide\n", self.station("disable", "--dry-run").stdout)
        self.assertEqual(picture(self.root), during)

    def test_others_changes_stay(self):
        """What others do to a station survives that it is one no more"""
        self.station("enable")
        with open(self.root / "etc/passwd", "a", encoding="utf-8") as passwd:
            passwd.write("bob:x:1001:1001::/home/bob:/bin/sh\n")
        group = self.root / "etc/group"
        group.write_text(group.read_text().replace("kvm:x:104:asteroide", "kvm:x:104:asteroide,bob"))
        self.write("var/lib/asteroide/overlays/netlab.kept.qcow2", "work")
        self.write("etc/sysctl.d/other.conf", "vm.swappiness=1\n")
        told = self.station("disable").stdout
        self.assertIn("leave /var/lib/asteroide/overlays, which is not empty\n", told)
        self.assertEqual((self.root / "etc/passwd").read_text(),
                         FILES["etc/passwd"] + "bob:x:1001:1001::/home/bob:/bin/sh\n")
        self.assertIn("kvm:x:104:bob\n", group.read_text())
        self.assertTrue((self.root / "var/lib/asteroide/overlays/netlab.kept.qcow2").exists())
        self.assertTrue((self.root / "etc/sysctl.d/other.conf").exists())
        self.assertFalse((self.root / STATE).exists())

    def test_a_user_that_was_there(self):
        """A user asteroide that was there before stays"""
        for name, line in {"passwd": "asteroide:x:900:900::/var/lib/asteroide/home:/usr/sbin/nologin\n",
                           "shadow": "asteroide:!:19000::::::\n", "group": "asteroide:x:900:\n",
                           "gshadow": "asteroide:!::\n"}.items():
            self.write(f"etc/{name}", FILES[f"etc/{name}"] + line)
        before = picture(self.root)
        self.station("enable")
        self.assertTrue((self.root / "etc/systemd/system/user-900.slice.d/asteroide.conf").exists())
        self.assertEqual(self.problems(), {})
        self.station("disable")
        self.assertEqual(picture(self.root), before)

    def test_half_done(self):
        """An enable that fails in the middle is told, and is taken back like any other"""
        before = picture(self.root)
        shipped = self.root / self.places["AST_STATIONDIR"][1:] / "logind.conf"
        text = shipped.read_text()
        shipped.unlink()
        done = self.station("enable", expect=1)
        self.assertRegex(done.stderr, r"logind\.conf is missing: .*\n.*It was not finished\.")
        shipped.write_text(text)
        self.station("disable")
        self.assertEqual(picture(self.root), before)


class Refusals(StationCase):
    """What enable does not do."""

    def assert_refused(self, pattern, *words):
        """Nothing is changed, and the reason is told; with --force it is done."""
        before = picture(self.root)
        done = self.station("enable", *words, expect=1)
        self.assertRegex(done.stderr, pattern)
        self.assertEqual(done.stdout, "")
        self.assertEqual(picture(self.root), before)
        self.station("enable", "--force", *words)

    def test_no_ssh(self):
        """No ssh server that is enabled"""
        (self.root / "etc/systemd/system/multi-user.target.wants/ssh.service").unlink()
        self.assert_refused("asteroidectl: No ssh server is enabled")
        self.assertEqual(list(self.problems()), ["ssh"])

    def test_ssh_by_socket(self):
        """The server's socket does as well"""
        (self.root / "etc/systemd/system/multi-user.target.wants/ssh.service").unlink()
        wants = self.root / "etc/systemd/system/sockets.target.wants"
        wants.mkdir()
        (wants / "ssh.socket").symlink_to("/lib/systemd/system/ssh.socket")
        self.station("enable")

    def test_no_administrator(self):
        """Nobody who could come in"""
        for text in (FILES["etc/shadow"].replace(HASH, "!" + HASH), FILES["etc/shadow"].replace("root:*", f"root:{HASH}")
                     .replace(f"ada:{HASH}", "ada:*")):
            self.write("etc/shadow", text)
            self.assertIn("Nobody could administer", self.station("enable", expect=1).stderr)
        self.assert_refused("Nobody could administer this machine over ssh")

    def test_not_in_sudo(self):
        """A password alone makes no administrator"""
        self.write("etc/group", FILES["etc/group"].replace("sudo:x:27:ada", "sudo:x:27:"))
        self.assert_refused("Nobody could administer this machine over ssh")

    def test_keys(self):
        """Authorized keys do as well, root's or a sudo member's"""
        self.write("etc/shadow", FILES["etc/shadow"].replace(HASH, "!"))
        for home in ("root", "home/ada"):
            self.station("enable", "--dry-run", expect=1)
            self.write(f"{home}/.ssh/authorized_keys", "ssh-ed25519 AAAA ada@desk\n")
            self.station("enable", "--dry-run")
            self.write(f"{home}/.ssh/authorized_keys", "# nobody yet\n\n")
        self.station("enable", "--dry-run", expect=1)

    def test_missing_programs(self):
        """A program that the session needs, with its package"""
        (self.root / "usr/bin/cage").unlink()
        (self.root / "usr/bin/xinit").chmod(0o644)
        self.assertIn("/usr/bin/xinit is missing; it is in the package xinit.", self.station("enable", expect=1).stderr)
        self.assert_refused("/usr/bin/cage is missing; it is in the package cage", "--session", "cage")

    def test_other_session(self):
        """A station with one session becomes one with the other only by way back"""
        self.station("enable")
        during = picture(self.root)
        self.assertIn("the other session", self.station("enable", "--session", "cage", expect=1).stderr)
        self.assertEqual(picture(self.root), during)

    def test_usage(self):
        """Wrong words; no root; no folder; a state file that is none"""
        for words in (["enabel"], ["enable", "--session", "wayland"], [], ["enable", "check"]):
            self.station(*words, expect=2)
        if os.geteuid() != 0:
            self.assert_complaint(self.run_program(self.program(), "station", "enable", "--dry-run", expect=1),
                                  r"Only root can do this\.$")
        self.assert_complaint(self.run_program(self.program(), "station", "check", "--root", "nowhere", expect=1),
                              r"There is no such folder for --root\.$")
        self.write(STATE, "nonsense")
        self.assert_complaint(self.station("disable", expect=1), "station.state: ")


class Check(StationCase):
    """check names what is wrong, and enable mends it."""

    def test_no_station(self):
        """A machine that is none: every point but the conditions"""
        found = self.problems()
        self.assertGreater(len(found), 20)
        self.assertFalse({"ssh", "administrator", "kiosk", "xorg", "serial-getty"} & set(found))
        self.assertIsNone(json.loads(self.station("check", "--json", expect=1).stdout)["enabled"])

    def damages(self):
        """Each point's name, and what breaks it."""
        uid = re.search("^asteroide:x:([0-9]+):", (self.root / "etc/passwd").read_text(), re.MULTILINE).group(1)
        files = {"sysusers": "etc/sysusers.d/asteroide.conf", "tmpfiles": "etc/tmpfiles.d/asteroide.conf",
                 "pam": "etc/pam.d/asteroide", "polkit": "etc/polkit-1/rules.d/40-asteroide.rules",
                 "udev": "etc/udev/rules.d/59-asteroide.rules",
                 "dbus": "etc/dbus-1/system.d/org.asteroide.Kiosk1.conf", "apparmor": "etc/apparmor.d/asteroide-kiosk",
                 "sysrq": "etc/sysctl.d/zz-asteroide.conf", "logind": "etc/systemd/logind.conf.d/asteroide.conf",
                 "ctrl-alt-del-burst": "etc/systemd/system.conf.d/asteroide.conf",
                 "unit": "etc/systemd/system/asteroide.service",
                 "limits": f"etc/systemd/system/user-{uid}.slice.d/asteroide.conf"}
        for name, path in files.items():
            yield name, lambda path=path: self.append(path)
        names = ["ctrl-alt-del", "kbrequest", "getty", "autovt", "console-getty", "getty-static", "serial-getty", "debug-shell"]
        for name, unit in zip(names, MASKED):
            yield name, (self.root / "etc/systemd/system" / unit).unlink
        yield "enabled", (self.root / "etc/systemd/system/graphical.target.wants/asteroide.service").unlink
        yield "target", lambda: self.link("etc/systemd/system/default.target", "/lib/systemd/system/multi-user.target")
        yield "display-manager", lambda: self.link("etc/systemd/system/display-manager.service", "/lib/x.service")
        yield "overlays", lambda: (self.root / "var/lib/asteroide/overlays").chmod(0o755)
        yield "home", (self.root / "var/lib/asteroide/home").rmdir
        yield "appliances", lambda: (self.root / "var/lib/asteroide/appliances").chmod(0o777)
        yield "accounts", lambda: self.replace("etc/group", "kvm:x:104:asteroide", "kvm:x:104:")
        yield "accounts", self.drop_admin_group

    def drop_admin_group(self):
        """Without the group that may steer the kiosk."""
        for name in ("group", "gshadow"):
            path = self.root / "etc" / name
            path.write_text("".join(line for line in path.read_text().splitlines(True)
                                    if not line.startswith("asteroide-admin:")))

    def append(self, path):
        """One more line."""
        with open(self.root / path, "a", encoding="utf-8") as file:
            file.write("# changed\n")

    def replace(self, path, old, new):
        """Another text in its place."""
        text = (self.root / path).read_text()
        self.assertIn(old, text)
        (self.root / path).write_text(text.replace(old, new))

    def link(self, path, target):
        """A link to something else."""
        (self.root / path).unlink(missing_ok=True)
        (self.root / path).symlink_to(target)

    def test_damage(self):
        """One point broken: check names that one, enable mends it, disable is still exact"""
        before = picture(self.root)
        self.station("enable")
        for name, damage in list(self.damages()):
            damage()
            self.assertEqual(list(self.problems()), [name])
            self.station("enable")
            self.assertEqual(self.problems(), {}, name)
        self.station("disable")
        # That mask was the machine's own; what took it away was not enable, so it stays away.
        del before["etc/systemd/system/serial-getty@.service"]
        self.assertEqual(picture(self.root), before)

    def test_account(self):
        """A shell, or a password, of the station's user"""
        self.station("enable")
        self.replace("etc/passwd", ":/var/lib/asteroide/home:/usr/sbin/nologin", ":/var/lib/asteroide/home:/bin/bash")
        self.assertEqual(self.problems(), {"accounts": "The user asteroide has a shell."})
        self.replace("etc/passwd", ":/var/lib/asteroide/home:/bin/bash", ":/var/lib/asteroide/home:/usr/sbin/nologin")
        shadow = self.root / "etc/shadow"
        shadow.write_text(re.sub("^asteroide:[^:]*:", f"asteroide:{HASH}:", shadow.read_text(), flags=re.MULTILINE))
        self.assertEqual(self.problems(), {"accounts": "The user asteroide has a password."})
        # Not ours to mend by force: it is told, and the rest stays.
        self.assertIn("The user asteroide has a password.", self.station("enable", expect=1).stderr)

    def test_links_and_modes(self):
        """A file that others can write, or that is a link, is not as it should be"""
        self.station("enable")
        (self.root / "etc/pam.d/asteroide").chmod(0o666)
        self.assertEqual(list(self.problems()), ["pam"])
        (self.root / "etc/pam.d/asteroide").rename(self.root / "etc/elsewhere")
        self.link("etc/pam.d/asteroide", "../elsewhere")
        self.assertEqual(list(self.problems()), ["pam"])
        self.station("enable")
        self.assertEqual(self.problems(), {})


    def test_looser(self):
        """A profile that AppArmor only tells of is not as it should be"""
        self.station("enable")
        self.replace("etc/apparmor.d/asteroide-kiosk", "profile asteroide-kiosk {", "profile asteroide-kiosk flags=(complain) {")
        self.assertEqual(self.problems(), {"apparmor": "/etc/apparmor.d/asteroide-kiosk is not as ASTEROIDE brings it."})
        self.station("enable")
        self.assertEqual(self.problems(), {})


class Shipped(StationCase):
    """What other programs say of the files."""

    def shipped(self, name):
        """The file's place in the build folder."""
        return self.build / "data/station" / name

    def ask(self, *words):
        """Runs a tool that must have nothing to complain of."""
        if not clikit.has(words[0]):
            raise unittest.SkipTest(f"{words[0]} is not installed")
        done = subprocess.run([str(word) for word in words], check=False, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=clikit.PATIENCE, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                                                                                  "LC_ALL": "C.UTF-8"})
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_units(self):
        """systemd understands every line of the units, and its audit finds them no weaker than they were"""
        for name in ("asteroide.service", "asteroide-cage.service"):
            unit = self.folder / name
            # The one line that is about what is installed on this machine.
            unit.write_text(re.sub("^ExecStart=.*", "ExecStart=/bin/true", self.shipped(name).read_text(), flags=re.MULTILINE))
            self.assertEqual(self.ask("systemd-analyze", "verify", "--man=no", unit), "")
            self.ask("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", unit)

    def test_dbus_policy(self):
        """The D-Bus policy is well formed"""
        self.ask("xmllint", "--noout", "--nonet", self.shipped("dbus.conf"))

    def test_apparmor(self):
        """AppArmor's parser takes the profile"""
        self.ask("apparmor_parser", "--skip-kernel-load", "--skip-cache", self.shipped("apparmor"))

    def play(self, session, tool, script_of_tool, **variables):
        """Runs the session's script, with something else in the place of xinit or cage."""
        script = self.root / self.places["AST_LIBEXECDIR"][1:] / "asteroide-session"
        self.ask("sh", "-n", script)
        tools = self.folder / "tools"
        tools.mkdir()
        # The tool has ended because the kiosk has, and the kiosk as it should.
        done = ": >$XDG_RUNTIME_DIR/asteroide.ended"
        for name, text in {"aa-exec": "", "xauth": "", "mcookie": "echo c00c1e", tool: f"{script_of_tool}\n{done}"}.items():
            (tools / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
            (tools / name).chmod(0o755)
        script.write_text(script.read_text().replace("PATH=/usr/sbin:/usr/bin:/sbin:/bin", f"PATH={tools}:/usr/bin:/bin"))
        done = subprocess.run([script, session], check=False, env={"PATH": "/usr/bin", **variables}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=clikit.PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def test_crashes(self):
        """A kiosk that crashes is begun again on its display; one that ends by itself ends the session, and not if its display ended it"""
        script = self.root / self.places["AST_LIBEXECDIR"][1:] / "asteroide-session"
        kiosk, runs, ended = self.folder / "kiosk", self.folder / "runs", self.folder / "asteroide.ended"
        for text, status, times, is_over in (
                ('[ "$(wc -l <{runs})" = 3 ] || kill -SEGV $$', 0, 3, True), ("exit 1", 1, 1, False), ("kill -KILL $$", 1, 6, False),
                ("trap 'exit 0' TERM; kill $PPID; while :; do sleep 0.1; done", 0, 1, False)):
            with self.subTest(text):
                runs.write_text("", encoding="utf-8")
                ended.unlink(missing_ok=True)
                kiosk.write_text(f"#!/bin/sh\necho run >>{runs}\n{text.format(runs=runs)}\n", encoding="utf-8")
                kiosk.chmod(0o755)
                done = subprocess.run([script, "keep", kiosk], check=False, capture_output=True, timeout=clikit.PATIENCE,
                                      env={"PATH": "/usr/bin", "XDG_RUNTIME_DIR": str(self.folder)})
                self.assertEqual((done.returncode, len(runs.read_text().splitlines()), ended.exists()), (status, times, is_over), done.stderr)

    def test_display_dies(self):
        """A display server that dies is begun again in the same session, until the kiosk has ended as it should"""
        runs = self.folder / "runs"
        runs.touch()
        script = f'echo run >>{runs}; [ "$(wc -l <{runs})" -ge 3 ] || exit 0'
        self.play("cage", "cage", script, XDG_RUNTIME_DIR=str(self.folder))
        self.assertEqual(len(runs.read_text().splitlines()), 3)

    def test_clean_environment(self):
        """The session passes on only what is named in it"""
        seen = self.play("cage", "cage", "env", HOME="/h", LANG="C.UTF-8", XDG_RUNTIME_DIR=str(self.folder), SPICE_NOGRAB="1",
                         GTK_MODULES="x", GTK_DEBUG="interactive", LD_BIND_NOW="1", EVIL="a\nLD_AUDIT=b",
                         XDG_VTNR="7 $(touch /nowhere)")
        names = {line.split("=")[0] for line in seen}
        self.assertEqual(names - {"PWD", "SHLVL", "_", "OLDPWD"}, {"PATH", "HOME", "LANG", "XDG_RUNTIME_DIR", "XDG_VTNR",
                                                                 "WLR_RENDERER"})
        self.assertIn("XDG_VTNR=7 $(touch /nowhere)", seen)

    def test_server(self):
        """The X server: the locks' own file, a cookie, no network, its console, no blanking; the kiosk its one client"""
        words = self.play("x11", "xinit", 'printf "%s\\n" "$@"', XDG_RUNTIME_DIR=str(self.folder), XDG_VTNR="8")
        client, server = words[:words.index("--")], " ".join(words[words.index("--") + 1:])
        self.assertEqual(client[1:], ["keep", "/usr/bin/aa-exec", "-p", "asteroide-kiosk", self.places["AST_BINDIR"] + "/asteroide"])
        self.assertTrue(client[0].endswith("/asteroide-session"))
        cookie = self.folder / "asteroide.xauth"
        self.assertEqual(cookie.stat().st_mode & 0o7777, 0o600)
        for part in ("/usr/lib/xorg/Xorg :0 vt8 ", f"-auth {cookie}", "-nolisten tcp", "-nolisten local", "-s 0", "-dpms",
                     f"-config {self.places['AST_STATIONDIR']}/xorg.conf"):
            self.assertIn(part, server)
        flags = dict(re.findall(r'^ +Option "(\w+)" "(\w+)"', self.shipped("xorg.conf").read_text(), re.MULTILINE))
        self.assertEqual((flags["DontVTSwitch"], flags["DontZap"], flags["BlankTime"]), ("true", "true", "0"))

    def test_system_users(self):
        """systemd-sysusers and systemd-tmpfiles understand their files"""
        self.station("enable")
        self.assertIn("asteroide", (self.root / "etc/passwd").read_text())
        told = self.ask("systemd-tmpfiles", f"--root={self.root}", "--cat-config")
        self.assertIn("/var/lib/asteroide/overlays 0700 asteroide asteroide", told)


if __name__ == "__main__":
    clikit.main()
