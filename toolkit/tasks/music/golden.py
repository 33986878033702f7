"""The inputs of a golden file that need no data."""

from typing import Any

#: Chords of a cadence, as MIDI pitches.
CADENCE = ((48, 60, 64, 67), (53, 60, 65, 69), (55, 59, 62, 67), (48, 60, 64, 67))


def beginnings() -> list[Any]:
    """Return beginnings of music as MIDI pitches of each frame; one is empty."""
    chords = [list(chord) for chord in CADENCE]
    scale = [[60 + step] for step in (0, 2, 4, 5, 7, 9, 11, 12)]
    return [[chord for chord in chords for _ in range(2)], [], chords[:1], scale]
