#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast a guest reads a disc that the kiosk gives it over USB redirection: against spicy, which gives it the same disc in the
same way, and against the same image as a CD of QEMU's own. The guest itself takes the times."""
import contextlib
import random
import re
import statistics
import subprocess

from benchkit import ROUNDS, BenchCase
from stationkit import cases, guests, processes

IMAGE_MIB = 64
# Each client's sessions, in turn, and how often both drives are read in each.
SESSIONS = max(1, ROUNDS // 3)
READINGS = max(1, ROUNDS // 2)
# QEMU has no CD on virtio-blk: a CD over virtio is one of SCSI. sda is the first on the controller that is named, and not on one that
# libvirt would add, of another model.
VIRTIO_CDROM = """<domain><devices><controller type="scsi" index="0" model="virtio-scsi"/>
  <disk type="file" device="cdrom"><driver name="qemu" type="raw"/><source file="{}"/><target dev="sda" bus="scsi"/><readonly/></disk>
</devices></domain></appliance>"""
# Each drive's name in the guest, behind what it hangs on.
DRIVES = 'for drive in /sys/block/sr*; do echo "$(readlink -f $drive/device | grep -o -e usb -e virtio | head -n 1)=${drive##*/}"; done'
# With dropped caches, as a program reads a disc that has just come: the guest reads ahead, piece by piece.
READ = """bash -c 'sync; echo 3 >/proc/sys/vm/drop_caches; TIMEFORMAT="%R s"; time dd if=/dev/{} of=/dev/null bs=64k' 2>&1"""
TOLD = re.compile(r"^(\d+)\+0 records in$.*^([0-9.]+) s$", re.MULTILINE | re.DOTALL)


class Throughput(BenchCase):
    """One guest at a time, now the kiosk's, now spicy's; each has both drives."""

    def make_image(self):
        """Bytes that are no file system, so that nobody but us reads them, and that nothing compresses."""
        discs = self.desk.folder / "discs"
        discs.mkdir(mode=0o755)
        image = discs / "bytes.iso"
        image.write_bytes(random.Random(0).randbytes(IMAGE_MIB << 20))
        return image

    def add_guest(self):
        """The desktop with one processor, so that emulator and client have the machine's others, and the image as its own CD."""
        def change(text):
            return text.replace('<cpu count="2"/>', '<cpu count="1"/>').replace("</appliance>", VIRTIO_CDROM.format(self.image))
        self.station.write_config(paths={"discs": self.image.parent})
        self.add_sample("desktop", change=change)

    @contextlib.contextmanager
    def our_session(self):
        """The guest in the kiosk, and the disc in its tray."""
        self.station.start_kiosk()
        # The pointer lies where the session before left it: on the words that are looked for.
        self.screen.move(4, 4)
        self.start("desktop")
        self.wait_for_agents()
        ident = f"disc:{self.image}"
        self.station.wait_until(lambda: ident in self.devices(), "the disc", 30, 0.3)
        given = self.station.ctl("give", ident)
        self.assertEqual(given.returncode, 0, given.stderr)
        yield
        if not self.domain:
            self.domain = self.write_domain(self.overlay)
        self.stop("--force")
        self.assertEqual(self.station.kiosk.end(), 0)

    @contextlib.contextmanager
    def spicy_session(self):
        """The same guest and the same disc without us: spicy brings it along."""
        self.make_overlay(self.overlay, "desktop")
        socket = self.desk.folder / "run/spicy"
        text = self.domain.read_text(encoding="utf-8")
        self.assertEqual(text.count("<listen type='none'/>"), 1)
        file = self.domain.with_name("spicy.xml")
        file.write_text(text.replace("<listen type='none'/>", f"<listen type='socket' socket='{socket}'/>"), encoding="utf-8")
        self.desk.virsh("create", file)
        # The rule is for other devices: with any, spicy gives the guest its discs.
        spicy = processes.start(["spicy", f"--uri=spice+unix://{socket}", f"--spice-share-cd={self.image}",
                                 "--spice-usbredir-redirect-on-connect=-1,-1,-1,-1,0"],
                                env=self.desk.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.wait_for_agents()
            yield
        finally:
            spicy.terminate()
            spicy.wait()
            self.destroy()

    def drives(self):
        """The redirected drive's name in the guest and that of QEMU's own, as soon as both have a disc."""
        names = {}
        self.assertEqual(self.run_in_guest("modprobe virtio_scsi")[0], 0)

        def look():
            names.update(line.split("=") for line in self.run_in_guest(DRIVES)[1].split())
            return all(name in names and self.run_in_guest(f"head -c 1 /dev/{names[name]} >/dev/null")[0] == 0 for name in ("usb", "virtio"))
        processes.wait_until(look, lambda: f"two discs in the guest; there are {names}", 60, 1)
        return names["usb"], names["virtio"]

    def read(self, drive):
        """Seconds that the guest took to read all of it."""
        said = self.run_in_guest(READ.format(drive), 300, 1)[1]
        told = TOLD.search(said)
        self.assertTrue(told, said)
        self.assertEqual(int(told[1]), IMAGE_MIB << 4)
        return float(told[2])

    def expect_image(self, drive):
        """What is read there is what is on the disc."""
        self.assertEqual(self.run_in_guest(f"sha256sum /dev/{drive}", 300, 1)[1].split()[0], self.digest)

    def take(self, session, redirected, own):
        """One session's readings."""
        with session:
            names = self.drives()
            for name in names:
                self.expect_image(name)
            for _ in range(READINGS):
                for name, series in zip(names, (redirected, own)):
                    series.append(self.read(name))

    def test_disc(self):
        """A disc that is read in a guest."""
        self.image = self.make_image()
        self.digest = guests.digest(self.image)
        self.overlay = self.station.folder / "bench.qcow2"
        self.domain = None
        self.add_guest()
        series = {name: [] for name in ("kiosk", "kiosk virtio", "spicy", "spicy virtio")}
        for _ in range(SESSIONS):
            self.take(self.our_session(), series["kiosk"], series["kiosk virtio"])
            self.take(self.spicy_session(), series["spicy"], series["spicy virtio"])
        self.compare(f"disc of {IMAGE_MIB} MiB : spicy", 1.1, series["kiosk"], series["spicy"])
        self.compare(f"disc of {IMAGE_MIB} MiB : virtio CD", None, series["kiosk"], series["kiosk virtio"])
        self.compare(f"spicy's disc of {IMAGE_MIB} MiB : virtio CD", None, series["spicy"], series["spicy virtio"])
        for name, times in series.items():
            print(f"# figure: {name}: {IMAGE_MIB / statistics.median(times):.1f} MiB/s")


if __name__ == "__main__":
    cases.main()
