"""Sound of a roll by additive synthesis: each note is a sum of decaying sines."""

import io
import logging
import wave
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.music.midi import TEMPO
from toolkit.music.rolls import LOWEST, notes_of

logger = logging.getLogger("toolkit")

#: Samples a second.
RATE = 22_050
#: The pitch and the frequency in hertz of the tuning note.
TUNING_PITCH, TUNING = 69, 440.0
#: The number of partials, how fast their loudness falls, and the seconds in which a note of
#: the tuning pitch loses 63 % of it.
PARTIALS, FALL, DECAY = 8, 1.5, 0.9
#: The seconds in which a note begins and ends.
ATTACK, RELEASE = 0.005, 0.06
#: The largest sample, of 1.
PEAK = 0.8
#: The most seconds of sound.
LONGEST = 3600


def sound_of(
    roll: NDArray[Any], steps_per_quarter: int, tempo: float = TEMPO
) -> NDArray[np.float32]:
    """Return the samples of a roll, float32 [N] in [-1, 1], ``RATE`` a second.

    What comes after the first hour is left out, and that is logged.

    Args:
        roll: Which keys sound, [T, 88].
        steps_per_quarter: The number of time steps of a quarter.
        tempo: Quarters a minute.
    """
    step = 60 / tempo / steps_per_quarter
    if len(roll) * step > LONGEST:
        logger.warning(
            "the music lasts for %.1f hours; the first is heard", len(roll) * step / 3600
        )
        roll = roll[: int(LONGEST / step)]
    samples = np.zeros(round((len(roll) * step + RELEASE) * RATE), np.float32)
    for key, start, end in notes_of(roll):
        tone = _tone(key + LOWEST, (end - start) * step)
        first = round(start * step * RATE)
        tone = tone[: len(samples) - first]
        samples[first : first + len(tone)] += tone
    loudest = float(np.abs(samples).max(initial=0))
    return samples * np.float32(PEAK / loudest) if loudest else samples


def _tone(pitch: int, seconds: float) -> NDArray[np.float32]:
    """Return the samples of one note, with its release after its end."""
    frequency = TUNING * 2 ** ((pitch - TUNING_PITCH) / 12)
    time = np.arange(round((seconds + RELEASE) * RATE)) / RATE
    partials = np.arange(1, PARTIALS + 1)
    partials = partials[partials * frequency < RATE / 2]
    tone = np.zeros(len(time))
    for number in partials:
        decay = DECAY * (TUNING / frequency) ** 0.5 / number**0.5
        tone += np.exp(-time / decay) * np.sin(2 * np.pi * number * frequency * time) / number**FALL
    begins = np.minimum(1, time / ATTACK)
    ends = np.clip((seconds + RELEASE - time) / RELEASE, 0, 1)
    return (tone * begins * ends).astype(np.float32)


def wav_bytes(roll: NDArray[Any], steps_per_quarter: int, tempo: float = TEMPO) -> bytes:
    """Return the sound of a roll as a WAV file: one channel of 16 bits; see ``sound_of``."""
    samples = np.round(sound_of(roll, steps_per_quarter, tempo) * 32_767).astype("<i2")
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return written.getvalue()
