"""A piece of music as it is read: its roll, with tempo and metre where these are known."""

import math
from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

from toolkit.errors import DataError
from toolkit.music.rolls import KEYS, MOST_STEPS, Roll, empty_roll, key_of


class Piece(NamedTuple):
    """A piece of music.

    Attributes:
        roll: Which keys sound, uint8 [T, 88].
        tempo: Quarters a minute at its beginning; None if it is not known.
        metre: The beats of its first bar, and the unit of a beat; None if it is not known.
        metres: The number of different metres that it has, if they are known.
    """

    roll: Roll
    tempo: float | None = None
    metre: tuple[int, int] | None = None
    metres: int = 0


def roll_of_notes(notes: Iterable[tuple[int, float, float]], steps_per_quarter: int) -> Roll:
    """Return the roll of notes, whose starts and ends are moved to the nearest step.

    Times in the middle between two steps are moved to the later one, so that notes of equal length
    have equal lengths in steps. Each note has at least one step. The roll ends with the last note.

    Args:
        notes: Pitch, start and end of each note, in quarters from the beginning of the piece.
        steps_per_quarter: The number of time steps of a quarter.

    Raises:
        DataError: There are no notes, a pitch is none of the 88 keys, or the piece is too long.
    """
    steps = []
    for pitch, start, end in notes:
        first, after = (min(time * steps_per_quarter, MOST_STEPS + 1.0) for time in (start, end))
        begin, stop = (math.floor(time + 0.5) for time in (first, after))
        steps.append((key_of(pitch), begin, max(begin + 1, stop)))
    if not steps:
        raise DataError("the piece has no notes")
    roll = empty_roll(max(end for _, _, end in steps))
    written = [0] * KEYS  # the step after the last note of each key so far
    for key, start, end in sorted(steps, key=itemgetter(1)):
        roll[max(start, written[key]) : end, key] = 1
        written[key] = max(end, written[key])
    return roll
