"""Generated chorales: four voices by a grammar of chords, with voice leading and cadences.

A chorale has two to four phrases in one major or minor key. A phrase begins on the tonic, follows
``NEXT``, and ends with a half cadence (on V) or an authentic one (V and I); the last one is
authentic::

    I vi ii V | I IV ii V I

Of all voicings of a chord the one is taken in which the voices move least, without parallel fifths
and octaves, crossed voices and a doubled leading note. Where soprano or bass leaps by a third, a
passing note may fill it. So the bass tells more of the other voices than their own last notes do.
"""

import itertools
import random
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

#: The semitones of the steps of each mode, that of minor with a raised seventh.
SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 11)}
#: The chords, by the step of their root from 0, that may follow each, the likelier ones repeated.
NEXT = {
    0: (3, 3, 4, 5, 5, 1),
    1: (4, 4, 4, 6),
    3: (4, 4, 1, 0),
    4: (0, 0, 5),
    5: (1, 3, 3, 4),
    6: (0,),
}
TONIC, DOMINANT, LEADING = 0, 4, 6
#: The ranges of bass, tenor, alto and soprano, as MIDI pitches.
RANGES = ((40, 60), (48, 67), (55, 74), (60, 79))
#: The numbers of chorales, and of chords in a phrase, its cadence included.
CHORALES = {"train": 80, "test": 20}
PHRASES, CHORDS = (2, 4), (4, 8)
#: The shares of chords on their third, and of thirds that are filled.
INVERTED, FILLED = 0.25, 0.6
#: The cost of forbidden parallels, in semitones.
PARALLEL = 40
#: The quarters of the last chord of a phrase; others have one.
HELD = 2

Voices = tuple[int, ...]


class Chord(NamedTuple):
    """A chord: its notes from the root, as steps of the scale, and the note in the bass."""

    steps: tuple[int, int, int]
    bass: int


def chorales(part: Literal["train", "test"]) -> Any:
    """Return the notes of chorales as a table of piece, pitch, start and end in quarters."""
    import pandas as pd

    draw = random.Random(f"chorales {part}")
    rows = [
        (f"{part} {number + 1}", *note)
        for number in range(CHORALES[part])
        for note in chorale(draw)
    ]
    return pd.DataFrame(rows, columns=["piece", "pitch", "start", "end"])


def chorale(draw: random.Random) -> list[tuple[int, float, float]]:
    """Return the notes of a chorale: pitch, start and end in quarters."""
    scale = SCALES[draw.choice([*SCALES])]
    tonic = draw.randrange(12)
    degrees = [(tonic + step) % 12 for step in scale]
    phrases = draw.randint(*PHRASES)
    chords: list[tuple[Chord, int]] = []
    for number in range(phrases):
        chords += phrase(draw, is_last=number == phrases - 1)
    voicings: list[Voices] = []
    for chord, _ in chords:
        choices = [*_voicings(chord, degrees)]
        before = voicings[-1] if voicings else None
        voicings.append(min(choices, key=lambda v: (_cost(before, v, degrees), draw.random())))
    return [*_notes(draw, voicings, [quarters for _, quarters in chords], degrees)]


def phrase(draw: random.Random, is_last: bool) -> list[tuple[Chord, int]]:
    """Return the chords of a phrase with their quarters."""
    length = draw.randint(*CHORDS)
    degrees = [TONIC]
    while len(degrees) < length - 2:
        degrees.append(draw.choice(NEXT[degrees[-1]]))
    authentic = is_last or draw.random() < 0.4
    if degrees[-1] == DOMINANT:
        degrees.append(TONIC)
    degrees += [DOMINANT, TONIC] if authentic else [draw.choice((1, 3)), DOMINANT]
    made = []
    for place, root in enumerate(degrees):
        free = 0 < place < len(degrees) - 2
        inverted = root == LEADING or (free and draw.random() < INVERTED)
        steps = (root, (root + 2) % 7, (root + 4) % 7)
        made.append((Chord(steps, steps[1 if inverted else 0]), 1))
    made[-1] = (made[-1][0], HELD)
    return made


def _voicings(chord: Chord, degrees: list[int]) -> Iterator[Voices]:
    """Yield all voicings of a chord, from bass to soprano."""
    classes = [degrees[step] for step in chord.steps]
    leading = degrees[LEADING]
    choices = [
        [pitch for pitch in range(low, high + 1) if pitch % 12 in classes]
        for low, high in RANGES[1:]
    ]
    basses = [p for p in range(RANGES[0][0], RANGES[0][1] + 1) if p % 12 == degrees[chord.bass]]
    for bass, tenor, alto, soprano in itertools.product(basses, *choices):
        voices = bass, tenor, alto, soprano
        if not (bass < tenor < alto < soprano and soprano - alto <= 12 and alto - tenor <= 12):
            continue
        found = [pitch % 12 for pitch in voices]
        if {*found} == {*classes} and found.count(leading) < 2:
            yield voices


def _cost(before: Voices | None, after: Voices, degrees: list[int]) -> float:
    """Return how far the voices move, and more for parallel fifths and octaves."""
    if before is None:
        return abs(after[-1] - 70)
    cost = float(sum(abs(new - old) for old, new in zip(before, after, strict=True)))
    for low, high in itertools.combinations(range(4), 2):
        interval = (before[high] - before[low]) % 12
        moves = before[low] != after[low] and before[high] != after[high]
        if moves and interval in (0, 7) and (after[high] - after[low]) % 12 == interval:
            cost += PARALLEL
    if before[-1] % 12 == degrees[LEADING] and after[-1] - before[-1] != 1:
        cost += 4  # the leading note of the melody rises
    return cost


def _notes(
    draw: random.Random, voicings: list[Voices], quarters: list[int], degrees: list[int]
) -> Iterator[tuple[int, float, float]]:
    """Yield the notes of all voices, with passing notes."""
    start = 0.0
    for place, (voices, length) in enumerate(zip(voicings, quarters, strict=True)):
        following = voicings[place + 1] if place + 1 < len(voicings) else voices
        for voice, (pitch, goal) in enumerate(zip(voices, following, strict=True)):
            end = start + length
            passing = [
                p for p in range(min(pitch, goal) + 1, max(pitch, goal)) if p % 12 in degrees
            ]
            fills = voice in (0, 3) and length == 1 and abs(goal - pitch) in (3, 4)
            if fills and len(passing) == 1 and draw.random() < FILLED:
                yield pitch, start, start + 0.5
                yield passing[0], start + 0.5, end
            else:
                yield pitch, start, end
        start += length
