#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""status, start, stop and reset: where no kiosk runs, and beside a session without a screen (libvirt's test driver)."""
import fcntl
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time

import clikit

NO_KIOSK = "No kiosk of this station answers on D-Bus"
IDLE = {"state": "idle", "appliance": None, "since": None, "failure": None, "paused": None, "exam": False, "warming": False, "resumable": False,
        "room": None}
EXAM = "[station]\nexam=yes\n"


class Headless:
    """`asteroidectl start --headless` in the background."""

    def __init__(self, case, ident="good", env=None):
        self.case = case
        self.process = subprocess.Popen(
            [case.program(), "--config", case.config, "start", "--headless", ident], cwd=case.folder, text=True,
            env=case.environment(**(env or {})), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        case.addCleanup(self.kill)

    def kill(self):
        """Ends it without a word; twice is harmless."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def wait_state(self, state):
        """Reads until it tells this state."""
        for line in self.process.stdout:
            if line.strip() == state:
                return
        self.case.fail(f"it ended before it was {state}: {self.process.stderr.read()}")

    def finish(self):
        """It ends well by itself; what it said until then."""
        out, err = self.process.communicate(timeout=clikit.PATIENCE)
        self.case.assertEqual((self.process.returncode, err), (0, ""))
        return out.split()

    def end(self, sign=signal.SIGTERM):
        """Asks it to end; what it said until then."""
        self.process.send_signal(sign)
        return self.finish()


class NoKiosk(clikit.CommandCase):
    """Files alone."""

    def write_state(self, text):
        """What a runner left."""
        self.runtime.mkdir(exist_ok=True)
        (self.runtime / "state.json").write_text(text, encoding="utf-8")

    def keep(self, ident):
        """A kept state."""
        self.overlays.mkdir(mode=0o700, exist_ok=True)
        path = self.overlays / f"{ident}.kept.qcow2"
        self.make_image(path)
        return path

    def test_status(self):
        """Idle, and it touches nothing"""
        self.assertEqual(self.ctl_json("status"), IDLE)
        self.assertEqual(self.ctl("status").stdout, "idle\nNo kiosk is running.\n")
        self.assertFalse(self.runtime.exists())

    def test_status_of_the_dead(self):
        """A runner that died while an appliance ran: idle, and what happened"""
        for state in ("preparing", "starting", "booting", "ready", "stopping", "discarding"):
            self.write_state(json.dumps({"state": state, "appliance": "good", "since": "2026-01-02T03:04:05.000006Z",
                                         "failure": None}))
            done = self.ctl("status", "--json")
            self.assertEqual(json.loads(done.stdout), IDLE)
            self.assert_complaint(done, f"“good” was {state}")

    def test_status_of_a_failure(self):
        """A failure stays told after its kiosk has gone"""
        failed = {"state": "failed", "appliance": "good", "since": "2026-01-02T03:04:05.000006Z",
                  "failure": {"code": "guest-lost", "message": "“Lab good” stopped unexpectedly."}, "paused": None,
                  "exam": False, "warming": False, "resumable": False,
        "room": None}
        self.write_state(json.dumps(failed))
        self.assertEqual(self.ctl_json("status"), failed)
        text = self.ctl("status", env={"TZ": "UTC"}).stdout
        self.assertEqual(text, "failed good, since 2026-01-02 03:04:05\nguest-lost: “Lab good” stopped unexpectedly.\n"
                               "No kiosk is running.\n")

    def test_status_of_an_exam(self):
        """Where no kiosk runs the configuration tells whether there is an exam, and not what the last kiosk had"""
        self.configure(more=EXAM)
        self.write_state(json.dumps(IDLE))
        self.assertEqual(self.ctl_json("status"), {**IDLE, "exam": True})
        self.assertEqual(self.ctl("status").stdout, "idle\nThe station is under exam.\nNo kiosk is running.\n")
        self.configure()
        for state in ("idle", "ready"):
            self.write_state(json.dumps({**IDLE, "state": state, "exam": True}))
            self.assertEqual(json.loads(self.ctl("status", "--json").stdout), IDLE)
        self.assertNotIn("exam", self.ctl("status").stdout)

    def test_status_of_nonsense(self):
        """A state file that was torn, or that says things nobody ever wrote"""
        for text in ("", "{", "[]", '{"state":"dancing"}', "\x00", '{"state":"ready"}',
                     '{"state":"ready","appliance":5,"since":"never","failure":"no"}'):
            self.write_state(text)
            self.assertEqual(json.loads(self.ctl("status", "--json").stdout), IDLE)
        self.ctl("status")

    def test_start(self):
        """No kiosk, no start; the way out is named"""
        done = self.ctl("start", "good", expect=1)
        self.assert_complaint(done, rf"{NO_KIOSK}.*--headless\.$")
        self.assertEqual(done.stdout, "")
        self.assert_nothing_left()

    def test_stop(self):
        """Nothing to end"""
        self.assertEqual(self.ctl("stop").stdout, "Nothing is running.\n")
        self.assertEqual(self.ctl("stop", "--force").stdout, "Nothing is running.\n")
        self.assert_nothing_left()

    def test_stop_sweeps(self):
        """What a dead runner left is swept, what is kept is not"""
        kept = self.keep("good")
        left = self.overlays / "good-0123456789ab.volatile.qcow2"
        self.make_image(left)
        self.write_state('{"state":"ready","appliance":"good"}')
        self.ctl("stop")
        self.assertFalse(left.exists())
        self.assertTrue(kept.exists())
        self.assertEqual(self.ctl("status", "--json").stderr, "")

    def test_stop_without_libvirt(self):
        """It is not known whether a guest is left: no success, and why"""
        self.configure(uri=clikit.NOWHERE)
        done = self.ctl("stop", expect=1)
        self.assertEqual(done.stdout, "")
        self.assert_complaint(done, r"It is not known whether a guest was left running\. libvirt does not answer at ")

    def test_reset(self):
        """Kept states go, by name or all"""
        good, removed, third = self.keep("good"), self.keep("removed"), self.keep("third")
        self.assertEqual(self.ctl("reset", "good").stdout, "1 kept state was dropped.\n")
        self.assertFalse(good.exists())
        # Of an appliance that is no longer there.
        self.assertEqual(self.ctl("reset", "removed", "good").stdout, "1 kept state was dropped.\n")
        self.assertFalse(removed.exists())
        self.assertTrue(third.exists())
        self.assertEqual(self.ctl("reset", "--all").stdout, "1 kept state was dropped.\n")
        self.assertEqual(self.ctl("reset", "--all").stdout, "0 kept states were dropped.\n")
        self.assert_nothing_left()

    def test_reset_of_none(self):
        """An unknown id: nothing is dropped, not even of the others"""
        kept = self.keep("good")
        for ident in ("none", "../good", "good.kept.qcow2", ""):
            self.assert_complaint(self.ctl("reset", "good", ident, expect=1),
                                  f"There is no appliance “{ident}” on this station")
        self.assertTrue(kept.exists())

    def test_reset_in_use(self):
        """A kept state that a running QEMU still uses"""
        kept, other = self.keep("good"), self.keep("other")
        with open(kept, "r+b") as image:
            # As QEMU: an open file description lock on one of the bytes from 100 on.
            fcntl.fcntl(image, 37, struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, 100, 1, 0))
            self.assert_complaint(self.ctl("reset", "--all", expect=1), "in use")
            self.assertTrue(kept.exists() and other.exists())
        self.ctl("reset", "--all")
        self.assert_nothing_left()

    def test_headless_without_libvirt(self):
        """No libvirt: the reason, and nothing left"""
        self.configure(uri=clikit.NOWHERE)
        done = self.ctl("start", "--headless", "good", expect=1)
        # Once when it looks for what was left, once for the start.
        self.assertEqual(len(done.stderr.splitlines()), 2)
        self.assertIn("asteroidectl: no-libvirt: libvirt does not answer at ", done.stderr)
        self.assertEqual(done.stdout.split(), ["preparing", "starting", "stopping", "discarding", "failed"])
        self.assert_nothing_left()
        status = self.ctl_json("status")
        self.assertEqual((status["state"], status["failure"]["code"]), ("failed", "no-libvirt"))

    def test_headless_without_qemu(self):
        """No QEMU tools: the reason, and nothing left"""
        empty = self.folder / "bin"
        empty.mkdir()
        done = self.ctl("start", "--headless", "good", expect=1, env={"PATH": str(empty)})
        self.assert_complaint(done, "no-qemu: ")
        self.assert_nothing_left()

    def test_headless_without_space(self):
        """No space: what there is and what is needed"""
        self.configure(more="[session]\nreserve-mib=16777216\n")
        done = self.ctl("start", "--headless", "good", expect=1)
        self.assert_complaint(done, r"no-space: Only .* is free in .*/overlays, a start needs 16\.0\sTiB")
        self.assert_nothing_left()

    def test_headless_without_memory(self):
        """More memory than the station has: refused before libvirt is asked"""
        self.add("vast", more='<memory unit="GiB">1024</memory>')
        self.assert_complaint(self.ctl("start", "--headless", "vast", expect=1),
                              "bad-descriptor: The appliance asks for more memory than this station has")
        self.assert_nothing_left()

    def test_headless_of_none(self):
        """An unknown appliance"""
        self.assert_complaint(self.ctl("start", "--headless", "none", expect=1), "There is no appliance “none”")

    def test_folders_that_cannot_be_used(self):
        """Files where run-time or overlay folder should be"""
        self.overlays.write_text("", encoding="utf-8")
        self.assertIn("asteroidectl: overlay-store: ", self.ctl("start", "--headless", "good", expect=1).stderr)
        shutil.rmtree(self.runtime)
        self.runtime.write_text("", encoding="utf-8")
        for words in (["start", "--headless", "good"], ["reset", "--all"]):
            self.assertIn(str(self.runtime), self.ctl(*words, expect=1).stderr)
        self.assertEqual(self.ctl_json("status"), IDLE)


class Session(clikit.CommandCase):
    """A whole session without a screen."""

    def test_whole(self):
        """Every state is told in its order; nothing is left"""
        run = Headless(self)
        run.wait_state("booting")
        overlays = list(self.overlays.glob("good-*.volatile.qcow2"))
        self.assertEqual(len(overlays), 1)
        status = self.ctl_json("status")
        self.assertEqual((status["state"], status["appliance"], status["failure"]), ("booting", "good", None))
        self.assertRegex(status["since"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$")
        self.assertEqual(run.end(), ["stopping", "discarding", "idle"])
        self.assertEqual(self.ctl_json("status")["state"], "idle")
        self.assert_nothing_left()

    def test_exam(self):
        """A session that runs is under the exam it began with, whatever the configuration says since"""
        self.configure(more=EXAM)
        run = Headless(self)
        run.wait_state("booting")
        self.configure()
        self.assertTrue(self.ctl_json("status")["exam"])
        self.assertEqual(self.ctl("status").stdout.splitlines()[1:], ["The station is under exam.", "No kiosk is running."])
        run.end()
        self.assertFalse(self.ctl_json("status")["exam"])

    def test_live(self):
        """A live CD needs no disk and no overlay"""
        folder = self.add("live", more='<cdrom href="live.iso"/>', disk=False)
        with open(folder / "live.iso", "wb") as image:
            image.truncate(40 * 2048)
            image.seek(16 * 2048)
            image.write(b"\x01CD001\x01")
        run = Headless(self, "live")
        run.wait_state("booting")
        self.assertEqual([path.name for path in self.overlays.glob("*.qcow2")], [])
        run.end(signal.SIGINT)
        self.assert_nothing_left()

    def test_kept(self):
        """What is kept stays, and reset drops it"""
        self.add("lasting", more="<state>kept</state>")
        for _ in range(2):
            run = Headless(self, "lasting")
            run.wait_state("booting")
            self.assertIn("lasting", self.ctl("reset", "--all", expect=1).stderr + "lasting")
            run.end()
            self.assertTrue(self.ctl_json("show", "lasting")["has-kept-state"])
        self.assertEqual(self.ctl("reset", "lasting").stdout, "1 kept state was dropped.\n")
        self.assertFalse(self.ctl_json("show", "lasting")["has-kept-state"])

    def test_second(self):
        """One guest at a time, also against files"""
        run = Headless(self)
        run.wait_state("booting")
        self.assert_complaint(self.ctl("start", "--headless", "good", expect=1), "already running on this station")
        self.assert_complaint(self.ctl("reset", "--all", expect=1), "already running on this station")
        self.assert_complaint(self.ctl("reset", "--all", "--force", expect=1), "already running on this station")
        self.assert_complaint(self.ctl("stop", expect=1), "does not answer on D-Bus")
        self.assertEqual(len(list(self.overlays.glob("*.qcow2"))), 1)
        self.assertEqual(self.ctl_json("status")["state"], "booting")
        run.end()
        self.assert_nothing_left()

    def test_killed(self):
        """A runner that was killed: said, swept, and the next start is a fresh one"""
        run = Headless(self)
        run.wait_state("booting")
        run.kill()
        done = self.ctl("status", "--json")
        self.assertEqual(json.loads(done.stdout)["state"], "idle")
        self.assert_complaint(done, "“good” was booting")
        self.assertEqual(len(list(self.overlays.glob("*.qcow2"))), 1)
        run = Headless(self)
        run.wait_state("booting")
        self.assertEqual(len(list(self.overlays.glob("*.qcow2"))), 1)
        run.end()
        self.assert_nothing_left()

    def test_output_that_nobody_reads(self):
        """A closed pipe does not end the guest, nor its cleaning up"""
        run = Headless(self)
        run.wait_state("preparing")
        run.process.stdout.close()
        end = time.monotonic() + clikit.PATIENCE
        while self.ctl_json("status")["state"] not in ("booting", "ready") and time.monotonic() < end:
            time.sleep(0.05)
        run.process.send_signal(signal.SIGTERM)
        self.assertEqual(run.process.wait(clikit.PATIENCE), 1)
        self.assert_nothing_left()


class OverBus(clikit.CommandCase):
    """The same on a private message bus, where the session can be steered."""

    def setUp(self):
        super().setUp()
        self.daemon = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address"], text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(self.daemon.communicate)
        self.addCleanup(self.daemon.terminate)
        self.bus = {"DBUS_SESSION_BUS_ADDRESS": self.daemon.stdout.readline().strip()}

    def environment(self, **more):
        return super().environment(**{**self.bus, **more})

    def running(self):
        """A session that is up and answers."""
        run = Headless(self)
        run.wait_state("booting")
        _, room = self.ctl("status").stdout.splitlines()
        self.assertRegex(room, r"^[\d.]+\s\w+ of [\d.]+\s\w+ written, [\d.]+\s\w+ left on the disk$")
        room = self.ctl_json("status")["room"]
        self.assertLess(room["used"], room["bound"])
        self.assertGreater(room["left"], 0)
        return run

    def test_stop(self):
        """stop over the bus waits for the end"""
        for words in (["stop"], ["stop", "--force"]):
            run = self.running()
            done = self.ctl(*words)
            self.assertEqual(done.stdout.split()[-1], "idle")
            run.finish()
            self.assert_nothing_left()

    def test_exam(self):
        """The exam is the running kiosk's, not what its configuration says by now"""
        for more, exam in ((EXAM, True), ("", False)):
            self.configure(more=more)
            run = Headless(self)
            run.wait_state("booting")
            self.configure(more="" if exam else EXAM)
            self.assertIs(self.ctl_json("status")["exam"], exam)
            self.assertEqual("The station is under exam." in self.ctl("status").stdout.splitlines(), exam)
            self.ctl("stop", "--force")
            run.finish()

    def test_refusals(self):
        """What is refused, is refused in the runner's words"""
        self.running()
        self.assert_complaint(self.ctl("start", "good", expect=1), "“Lab good” is already running on this station")
        self.assert_complaint(self.ctl("start", "none", expect=1), "There is no appliance “none”")
        self.assert_complaint(self.ctl("start", "--headless", "good", expect=1), "without --headless")
        self.assert_complaint(self.ctl("reset", "good", expect=1), "“Lab good” is running: end it")
        self.assertEqual(self.ctl_json("status")["appliance"], "good")
        self.ctl("stop", "--force")

    def test_reset_by_force(self):
        """reset --force ends what runs, then drops what was kept"""
        self.add("lasting", more="<state>kept</state>")
        run = Headless(self, "lasting")
        run.wait_state("booting")
        self.ctl("reset", "lasting", expect=1)
        done = self.ctl("reset", "lasting", "--force")
        self.assertEqual(done.stdout.splitlines()[-1], "1 kept state was dropped.")
        run.finish()
        self.assert_nothing_left()

    def test_other_station(self):
        """A station with another run-time folder is another station"""
        self.running()
        other = self.folder / "other.conf"
        other.write_text(self.config.read_text(encoding="utf-8").replace("runtime=run", "runtime=run2"), encoding="utf-8")
        done = self.run_program(self.program(), "--config", other, "status", "--json")
        self.assertEqual(json.loads(done.stdout), IDLE)
        done = self.run_program(self.program(), "--config", other, "start", "good", expect=1)
        self.assert_complaint(done, NO_KIOSK)
        self.ctl("stop", "--force")


if __name__ == "__main__":
    sys.exit(clikit.main())
