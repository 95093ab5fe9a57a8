# SPDX-License-Identifier: GPL-3.0-or-later
"""The sound of a room: a PulseAudio of the desk's own, whose loudspeaker and microphone are none, and ears that measure."""
import subprocess
from collections import namedtuple

import numpy

from . import processes

RATE = 48000
# Of the tone that the room's microphone hears all the time, Hz.
VOICE = 700
# In decibels, of which 0 is the loudest that can be: less than one step of a sample.
SILENCE = -96

# frequency: of the loudest tone, Hz. level: of that tone, decibels; where it has gaps, of the tone between them.
# loudest: the loudest sample, decibels.
Heard = namedtuple("Heard", "frequency level loudest")


class Room:
    """What a station's sound comes to; close() it before the desk."""

    def __init__(self, desk):
        self.env = desk.env
        self.log = desk.folder / "log" / "pulseaudio.log"
        modules = ("module-native-protocol-unix", f"module-null-sink sink_name=room rate={RATE} channels=2",
                   f"module-sine-source source_name=voice rate={RATE} frequency={VOICE}")
        with open(self.log, "wb") as log:
            self.server = processes.start(
                ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes",
                 *[f"--load={module}" for module in modules]], env=self.env, stdout=log, stderr=log)
        processes.wait_until(lambda: self._ask("info", check=False), lambda: f"PulseAudio: {self.log.read_text()}")
        self._ask("set-default-sink", "room")
        self._ask("set-default-source", "voice")

    def close(self):
        """Switches the sound off."""
        self.server.terminate()
        self.server.wait()

    def _ask(self, *words, check=True):
        done = subprocess.run(["pactl", *words], env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=check, timeout=60)
        return done.stdout

    def players(self):
        """How many streams play."""
        return len(self._ask("list", "short", "sink-inputs").splitlines())

    def recorders(self):
        """How many streams record the microphone; our own ears are at the loudspeaker."""
        return len(self._ask("list", "short", "source-outputs").splitlines())

    def listen(self, seconds=2):
        """What there is to be heard from now on."""
        size = seconds * RATE * 4
        command = ["parec", "--device=room.monitor", "--raw", "--format=s16le", f"--rate={RATE}", "--channels=2", "--latency-msec=50"]
        with processes.start(command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as ears:
            data = ears.stdout.read(size)
            ears.terminate()
        assert len(data) == size, f"the room's sound ended: {self.log.read_text()}"
        return measure(data)


def decibels(amplitude):
    """Of an amplitude from 0 to 1."""
    return 20 * numpy.log10(max(amplitude, 1e-6))


def measure(data, channels=2):
    """What is in raw samples of 16 bits."""
    samples = numpy.frombuffer(data, "<i2")[::channels] / 32768
    frequency = _loudest_frequency(samples)
    window = RATE // 10
    tone = numpy.exp(-2j * numpy.pi * frequency * numpy.arange(window) / RATE) * numpy.hanning(window)
    parts = samples[:len(samples) // window * window].reshape(-1, window)
    amplitudes = abs(parts @ tone) * 4 / window
    return Heard(frequency, decibels(numpy.percentile(amplitudes, 75)), decibels(abs(samples).max()))


def _loudest_frequency(samples):
    spectrum = abs(numpy.fft.rfft(samples * numpy.hanning(len(samples))))
    return float(spectrum[1:].argmax() + 1) * RATE / len(samples)
