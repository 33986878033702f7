"""Spoken digit strings, made by formant synthesis.

A source, pulses of the voice and noise of the breath, passes a filter with the resonances of the
vocal tract (the source-filter model of Fant 1960). The phones of a word are targets of resonances
and of the strengths of both sources, between which these glide; typical resonances are those of
Peterson and Barney 1952. Speakers differ in pitch, melody, tempo, breath and the length of the
tract; those of the test part are not in training.
"""

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

#: The samples a second, and those from one setting of the filter to the next.
RATE, HOP = 8_000, 40
WINDOW = 4 * HOP
#: The numbers of speakers and of strings of each part.
SPEAKERS = {"train": 24, "test": 8}
STRINGS = {"train": 480, "test": 96}
#: The largest number of digits of a string, and the longest pause between two, in seconds.
MOST_DIGITS, LONGEST_PAUSE = 5, 0.12
SEED = 20


class Phone(NamedTuple):
    """A target of the vocal tract.

    Attributes:
        resonances: The first three resonances, in Hz.
        voice: The strength of the voice.
        noise: The strength of the noise.
        seconds: The duration at a usual tempo.
    """

    resonances: tuple[float, float, float]
    voice: float
    noise: float
    seconds: float


PHONES = {
    "z": Phone((250, 1700, 3300), 0.4, 0.35, 0.09),
    "s": Phone((1300, 2600, 3600), 0.0, 0.6, 0.11),
    "f": Phone((1100, 2000, 3000), 0.0, 0.25, 0.09),
    "th": Phone((1400, 2200, 3400), 0.0, 0.15, 0.09),
    "v": Phone((280, 1200, 2300), 0.4, 0.12, 0.06),
    "closure": Phone((300, 1500, 2500), 0.0, 0.0, 0.05),
    "t": Phone((1500, 2700, 3500), 0.0, 0.5, 0.03),
    "k": Phone((1200, 1800, 2600), 0.0, 0.45, 0.03),
    "n": Phone((260, 1450, 2500), 0.4, 0.0, 0.08),
    "w": Phone((300, 650, 2200), 0.6, 0.0, 0.07),
    "r": Phone((340, 1150, 1600), 0.7, 0.0, 0.07),
    "ee": Phone((280, 2250, 2900), 1.0, 0.0, 0.12),
    "ih": Phone((400, 1950, 2550), 1.0, 0.0, 0.08),
    "eh": Phone((550, 1800, 2500), 1.0, 0.0, 0.09),
    "uh": Phone((640, 1200, 2400), 1.0, 0.0, 0.12),
    "ah": Phone((730, 1150, 2450), 1.0, 0.0, 0.11),
    "aw": Phone((570, 850, 2400), 1.0, 0.0, 0.13),
    "oh": Phone((480, 900, 2350), 1.0, 0.0, 0.12),
    "oo": Phone((320, 900, 2250), 1.0, 0.0, 0.13),
}
WORDS = {
    "zero": "z ee r oh",
    "one": "w uh n",
    "two": "closure t oo",
    "three": "th r ee",
    "four": "f aw r",
    "five": "f ah ih v",
    "six": "s ih closure k s",
    "seven": "s eh v eh n",
    "eight": "eh ih closure t",
    "nine": "n ah ih n",
}


class Speaker(NamedTuple):
    """A speaker, as numbers of the synthesis.

    Attributes:
        pitch: The mean frequency of the voice, in Hz.
        melody: How much it moves, as a share.
        tempo: The durations of phones, as a multiple of the usual ones.
        tract: The resonances, as a multiple of the usual ones.
        breath: The strength of the noise in the voice.
    """

    pitch: float
    melody: float
    tempo: float
    tract: float
    breath: float


def speaker(random: np.random.Generator) -> Speaker:
    """Return a speaker; a short tract goes with a high voice."""
    height = random.uniform(0, 1)
    return Speaker(
        pitch=90 * 2.4**height * random.uniform(0.9, 1.1),
        melody=random.uniform(0.05, 0.2),
        tempo=random.uniform(0.8, 1.3),
        tract=0.92 + 0.2 * height + random.uniform(-0.03, 0.03),
        breath=random.uniform(0.01, 0.05),
    )


def speak(words: str, who: Speaker, random: np.random.Generator) -> NDArray[np.int16]:
    """Return a recording of words, with the noise of a room."""
    phones, counts = [], []
    for number, word in enumerate(words.split()):
        pause = random.uniform(0, LONGEST_PAUSE) if number else random.uniform(0.05, 0.15)
        phones.append(PHONES["closure"])
        counts.append(pause)
        for name in WORDS[word].split():
            phones.append(PHONES[name])
            counts.append(PHONES[name].seconds * who.tempo * random.uniform(0.85, 1.2))
    phones.append(PHONES["closure"])
    counts.append(random.uniform(0.05, 0.15))
    steps = np.maximum(2, np.round(np.array(counts) * RATE / HOP)).astype(int)
    targets = np.array([[*phone.resonances, phone.voice, phone.noise] for phone in phones])
    targets[:, :3] *= random.uniform(0.96, 1.04, (len(phones), 3))
    tracks = smooth(np.repeat(targets, steps, axis=0))
    wave = filtered(source(tracks, who, random), tracks[:, :3] * who.tract)
    wave *= random.uniform(0.1, 0.6) / np.abs(wave).max()
    wave += random.normal(0, 10 ** random.uniform(-3.5, -2.5), len(wave))
    return np.round(wave * 2**15).clip(-(2**15), 2**15 - 1).astype(np.int16)


def smooth(tracks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return targets [T, D] as they glide into each other, within 35 ms."""
    width = 7
    padded = np.pad(tracks, [(width // 2, width // 2), (0, 0)], mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=0)
    return windows @ (np.hanning(width + 2)[1:-1] / np.hanning(width + 2).sum())


def source(
    tracks: NDArray[np.float64], who: Speaker, random: np.random.Generator
) -> NDArray[np.float64]:
    """Return pulses of the voice and noise, with the strengths of the tracks [T, 5]."""
    time = np.arange(len(tracks) * HOP)
    voice, noise = (np.interp(time / HOP, np.arange(len(tracks)), tracks[:, n]) for n in (3, 4))
    falling = np.linspace(who.melody, -who.melody, len(time))
    sway = who.melody * np.sin(2 * np.pi * (random.uniform(1, 3) * time / RATE + random.random()))
    phase = np.cumsum(who.pitch * (1 + falling + sway) / RATE) + random.random()
    pulses = np.diff(np.floor(phase), prepend=np.floor(phase[0])) * np.sqrt(RATE / who.pitch)
    rounded = np.convolve(pulses, 0.8 ** np.arange(40))[: len(time)]  # the voice's own low-pass
    breath = random.normal(0, 1, len(time))
    return voice * (rounded + who.breath * breath) + noise * breath


def filtered(wave: NDArray[np.float64], resonances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a wave through a filter whose resonances [T, 3] change every ``HOP`` samples."""
    frequency = np.fft.rfftfreq(WINDOW, 1 / RATE)[None, :, None]
    centre = resonances[:, None]
    width = 50 + 0.06 * centre
    gain = centre**2 / np.sqrt((centre**2 - frequency**2) ** 2 + (width * frequency) ** 2)
    padded = np.pad(wave, (WINDOW // 2, WINDOW))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][: len(resonances)]
    spectrum = np.fft.rfft(frames * np.hanning(WINDOW + 1)[:-1]) * gain.prod(axis=2)
    changed = np.fft.irfft(spectrum, WINDOW)
    result = np.zeros(len(padded))
    for part in range(WINDOW // HOP):  # the quarters of all windows
        piece = changed[:, part * HOP : (part + 1) * HOP].ravel()
        result[part * HOP : part * HOP + len(piece)] += piece
    return result[WINDOW // 2 : WINDOW // 2 + len(wave)]


class Saying(NamedTuple):
    """A recording of a string of digits.

    Attributes:
        recording: Its samples.
        words: What is said.
        speaker: Who says it.
    """

    recording: NDArray[np.int16]
    words: str
    speaker: str


def sayings(part: Literal["train", "test"], number: int | None = None) -> list[Saying]:
    """Return strings of one to five digits.

    Args:
        part: The part, with speakers of its own.
        number: The number of strings; None for all.
    """
    random = np.random.default_rng([SEED, len(part)])
    people = [speaker(random) for _ in range(SPEAKERS[part])]
    made = []
    for _ in range(STRINGS[part] if number is None else number):
        who = int(random.integers(len(people)))
        digits = random.choice([*WORDS], random.integers(1, MOST_DIGITS + 1))
        words = " ".join(digits.tolist())
        made.append(Saying(speak(words, people[who], random), words, f"{part}_{who:02}"))
    return made


def digits(part: Literal["train", "test"]) -> Any:
    """Return the strings as a table of recordings, transcripts and speakers."""
    import pandas as pd

    rows = sayings(part)
    return pd.DataFrame(
        {
            "audio": [(RATE, row.recording) for row in rows],
            "transcript": [row.words for row in rows],
            "speaker": [row.speaker for row in rows],
        }
    )
