#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storage that fails under a guest or before it: unreadable images, unwritable overlays, folders that go away, images that change."""
import errno
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from stationkit import cases, faults, guests, processes  # noqa: E402

# All of the guest's disk that its image has.
READ = "dd if=/dev/vda of=/dev/null bs=1M"


class Disk(faults.FaultCase):
    """The tiny guest."""

    def begin(self):
        """A session on storage that can be broken."""
        self.switch = self.station.folder / "broken"
        self.add_sample()
        # libvirt gives a guest few variables, and these only to its own.
        broken = {"LD_PRELOAD": self.build / "tests/lib/badio.so", "BROKEN_SWITCH": self.switch,
                  "BROKEN_READS": f"{self.station.appliances}/", "BROKEN_WRITES": f"{self.station.overlays}/"}
        lines = f"export {' '.join(f'{name}={value}' for name, value in broken.items())}"
        self.start_plainly(**guests.wrapper(self.station.folder / "bad-disk", "qemu-system-x86_64", lines))
        self.start()

    def paints(self, command, colour):
        """The command is good, says the guest."""
        self.enter(f"{command} && paint {colour}")
        self.wait_for_colour(colour, seconds=60)

    def times_still(self):
        """How often the kiosk has said that the guest stands still."""
        return self.station.kiosk.said().count("stands still: disk-error")

    def stands_still(self, command, number):
        """The storage breaks under a command, and the guest stands still; the screen says why. Whole again, it goes on."""
        before = self.times_still()
        self.switch.write_text(str(int(number)), encoding="ascii")
        self.enter(f"{command} && paint 118811")
        self.station.wait_until(lambda: self.station.status().get("paused") == "disk-error", "a guest that stands still", 120)
        self.screen.wait_for("disk of this station failed", area=self.bar())
        self.station.shot(errno.errorcode[number])
        # Nothing is better yet: it stands still again.
        self.screen.click_on("Go on", area=self.bar())
        self.station.wait_until(lambda: self.times_still() == before + 2, "one more time", 60)
        self.screen.wait_for("disk of this station failed", area=self.bar())
        self.switch.unlink()
        self.screen.click_on("Go on", area=self.bar())
        self.wait_for_colour("118811", seconds=60)
        # The picture may come before the word.
        self.station.wait_until(lambda: self.station.status()["paused"] is None, "a guest that goes on", 30)

    def test_image_unreadable(self):
        """The image cannot be read any more for a while."""
        self.begin()
        with self.fault("image cannot be read under a guest, EIO"):
            self.stands_still(READ, errno.EIO)
        self.stop("--force")

    def test_overlay_unwritable(self):
        """The overlay cannot be written any more for a while: a disk that fails, a file system that has become read-only."""
        self.begin()
        for count, number in enumerate((errno.EIO, errno.EROFS)):
            with self.fault(f"overlay cannot be written under a guest, {errno.errorcode[number]}"):
                self.stands_still(guests.WRITE.format(f"mine{count}"), number)
                self.paints(guests.LOOK.format(f"mine{count}"), "884400")
        self.end_by_clicks()
        self.wait_for_end()

    def test_read_only(self):
        """Overlays cannot be made where they belong: said, and gone when it is."""
        self.add_sample()
        self.start_plainly()
        with self.fault("overlays' folder is read-only"):
            self.station.overlays.mkdir(exist_ok=True)
            self.station.overlays.chmod(0o555)
            try:
                self.choose()
                self.station.wait_state("failed")
                self.station.shot("failed")
                self.assertEqual(self.station.status()["failure"]["code"], "overlay-store")
            finally:
                self.station.overlays.chmod(0o755)
            self.screen.click_on("Back to the")
            self.start()
        self.stop("--force")

    def test_folders_vanish(self):
        """The folder of the overlays, and that of the run-time files, go away under a guest: it is worked on, ended, and begun again."""
        for name in ("overlays", "runtime"):
            with self.subTest(name):
                if self.station.kiosk is None:
                    self.begin()
                with self.fault(f"{name} folder vanishes under a guest"):
                    shutil.rmtree(getattr(self.station, name))
                    self.paints(f"{guests.WRITE.format(name)} && {guests.LOOK.format(name)}", "118811")
                    self.end_by_clicks()
                    self.screen.wait_for("Type to search", 120)
                    processes.wait_until(lambda: not self.station.leftovers(), lambda: f"left: {self.station.leftovers()}", 60)
                    self.start()
        self.stop("--force")

    def test_image_replaced(self):
        """Somebody puts another image in the place of one that is in use: the guest keeps its own; what was kept on it is not mixed with the other."""
        self.add_sample()
        kept = self.add_sample("tiny", "kept", change=lambda text: guests.kept(text).replace(
            "<name>Command line</name>", "<name>Kept line</name>"))
        self.start_plainly()
        with self.fault("image is replaced under a guest"):
            self.bring_up(lambda: self.screen.click_on("Kept line"), guests.COLOURS["tiny"])
            self.paints(guests.WRITE.format("mine"), "884400")
            (image,) = kept.glob("*.qcow2")
            new = image.with_suffix(".new")
            shutil.copyfile(image, new)
            processes.run("qemu-io", "-f", "qcow2", "-c", "write -q -P 77 16M 64k", new)
            new.rename(image)
            self.paints(f"{guests.LOOK.format('mine')} && {READ}", "118811")
            self.end_by_clicks()
            self.wait_for_end()
            self.screen.click_on("Kept line")
            self.station.wait_state("failed")
            self.station.shot("failed")
            self.assertEqual(self.station.status()["failure"]["code"], "overlay-store")
            self.screen.wait_for("made on another image")
            self.screen.click_on("Back to the")
            self.start()
        self.stop("--force")


if __name__ == "__main__":
    cases.main()
