#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kiosk on the sample appliances, for appliances/try: on the person's display, or by itself on one of its own."""
import argparse
import configparser
import os
import subprocess
import tempfile
import time
from pathlib import Path

from stationkit import guests, processes
from stationkit.station import Desk, Station

STATION = "trial"


def on_display(build, appliances):
    """Opens the kiosk in a window and waits until the person closes it."""
    with tempfile.TemporaryDirectory(prefix="asteroide-try-", dir="/var/tmp") as folder:
        file = Path(folder) / "asteroide.conf"
        config = configparser.RawConfigParser()
        config.read_dict({"station": {"name": STATION},
                          "paths": {"appliances": appliances, "overlays": f"{folder}/overlays", "runtime": f"{folder}/runtime"}})
        with open(file, "w", encoding="utf-8") as stream:
            config.write(stream, space_around_delimiters=False)
        command = [build / "src/kiosk/asteroide", "--windowed", "--config", file]
        if "DBUS_SESSION_BUS_ADDRESS" not in os.environ:
            command = ["dbus-run-session", "--", *command]
        print("the kiosk is open; close its window to end it")
        print(f"steer it: {build}/src/ctl/asteroidectl --config {file} status", flush=True)
        return subprocess.run([str(word) for word in command], check=False, stdin=subprocess.DEVNULL).returncode


class Trial:
    """One session as a student has it, on a screen that nobody sees, with a picture of each step."""

    def __init__(self, build, appliances, shots):
        self.desk = Desk()
        self.station = Station(self.desk, build, STATION, shots)
        self.screen = self.desk.display
        # The images stay where they are: nothing of them is copied, so that a second trial takes no longer than a boot.
        self.station.write_config(paths={"appliances": appliances}, libvirt={"accel": "auto"})

    def step(self, name, told):
        """One more picture, and a word about it."""
        print(f"  {told:60} {self.station.shot(name)}", flush=True)

    def wait_for_colour(self, colour):
        """Waits for a guest's ground colour."""
        self.station.wait_until(lambda: self.screen.share(colour) > 0.5, "the guest's picture", guests.BOOT_SECONDS, 0.2)

    def run(self):
        """Pick, boot, first picture, a key, the end."""
        self.station.start_kiosk()
        self.screen.wait_for(guests.NAMES["tiny"])
        self.step("launcher", "the appliances of this station")
        began = time.monotonic()
        self.screen.click_on(guests.NAMES["tiny"])
        self.station.wait_state("preparing", "starting", "booting", "ready")
        self.step("start", "picked by a click")
        self.wait_for_colour(guests.COLOURS["tiny"])
        self.step("guest", f"at work after {time.monotonic() - began:.1f} s")
        self.screen.type_into_guest("paint 884400")
        self.screen.key("Return")
        self.wait_for_colour("884400")
        self.step("typed", "keys reach the guest: it was told to change its colour")
        self.screen.key("ctrl+alt+Home")
        self.screen.click_on("End session", area=guests.bar(self.screen))
        area = guests.end_area(self.screen)
        self.step("end", "asked whether the session is to end")
        self.screen.click_on("End it", area=area)
        self.station.wait_state("idle")
        self.screen.wait_for("Type to search")
        self.step("back", "back at the launcher, the guest and its overlay are gone")
        self.station.close()


def by_itself(build, appliances, shots):
    """Drives one session."""
    for old in shots.glob("*.png"):
        old.unlink()
    trial = Trial(build, appliances, shots)
    try:
        trial.run()
    except Exception:
        print(f"what was on the screen: {trial.station.shot('failed')}")
        print(trial.station.kiosk.said() if trial.station.kiosk else "")
        trial.desk.end_guests()
        raise
    finally:
        if trial.station.kiosk:
            trial.station.kiosk.process.kill()
        trial.desk.close()
    print(f"screenshots: {shots}")
    return 0


def main():
    """trial.py --build FOLDER --appliances FOLDER --shots FOLDER [--on-display]"""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("build", "appliances", "shots"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--on-display", action="store_true")
    arguments = parser.parse_args()
    if arguments.on_display:
        return on_display(arguments.build, arguments.appliances)
    return by_itself(arguments.build, arguments.appliances, arguments.shots)


if __name__ == "__main__":
    processes.run_as_child(main)
