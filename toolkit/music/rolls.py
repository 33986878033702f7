"""Piano rolls: which of the 88 keys of a piano sound at each time step.

A roll is an array uint8 [T, 88] of 0 and 1. It has no onsets: a note that is struck again without
a rest and one that is held on look the same.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import DataError, quoted

#: The number of keys, and the MIDI pitches of the lowest and of the highest.
KEYS, LOWEST, HIGHEST = 88, 21, 108
#: The number of pitches of MIDI; a roll may come with a column for each of them.
PITCHES = 128
#: What some data has in the place of a pitch for a voice that rests.
RESTS = -1
#: The most time steps of a piece.
MOST_STEPS = 1_000_000

Roll = NDArray[np.uint8]


class Note(NamedTuple):
    """A key that sounds for some time steps.

    Attributes:
        key: The key, from 0.
        start: The first step.
        end: The step after the last.
    """

    key: int
    start: int
    end: int


def key_of(pitch: Any) -> int:
    """Return the key of a MIDI pitch, from 0.

    Raises:
        DataError: It is no whole number, or none of the 88 keys.
    """
    try:
        number = int(pitch)
        is_whole = number == pitch
    except (TypeError, ValueError, OverflowError):
        is_whole = False
    if not is_whole or isinstance(pitch, bool | np.bool_):
        raise DataError(f"{quoted(pitch)} is no MIDI pitch; that is a whole number, 60 for C4")
    if not LOWEST <= number <= HIGHEST:
        raise DataError(
            f"the pitch {number} is none of the 88 keys, whose pitches are {LOWEST} to {HIGHEST}"
        )
    return number - LOWEST


def empty_roll(steps: int) -> Roll:
    """Return a silent roll.

    Raises:
        DataError: It has more than ``MOST_STEPS`` steps.
    """
    if steps > MOST_STEPS:
        raise DataError(
            f"the piece has {steps:,} time steps, and at most {MOST_STEPS:,} are read; divide it, "
            "or read fewer steps a quarter"
        )
    return np.zeros((steps, KEYS), np.uint8)


def roll_of_pitches(steps: Sequence[Iterable[Any]]) -> Roll:
    """Return the roll of a piece that is given as the MIDI pitches of each time step.

    Raises:
        DataError: A step is no list of pitches of the 88 keys.
    """
    roll = empty_roll(len(steps))
    for number, pitches in enumerate(steps):
        if isinstance(pitches, str | bytes) or not isinstance(pitches, Iterable):
            raise DataError(
                f"step {number + 1} is {quoted(pitches)}; it should be a list of MIDI pitches, "
                "such as [60, 64, 67]"
            )
        for pitch in pitches:
            if isinstance(pitch, int | np.integer | float) and pitch == RESTS:
                continue
            try:
                roll[number, key_of(pitch)] = 1
            except DataError as error:
                raise DataError(f"step {number + 1}: {error}") from None
    return roll


def roll_of_matrix(values: NDArray[Any]) -> Roll:
    """Return the roll of a matrix [T, 88], or [T, 128] with a column for each MIDI pitch.

    A key sounds where a value is above 0, such as a velocity.

    Raises:
        DataError: The matrix has another shape or no numbers, a value is negative or missing, or a
            pitch outside the 88 keys sounds.
    """
    if values.ndim != 2 or values.shape[1] not in (KEYS, PITCHES):
        raise DataError(
            f"a roll of shape {list(values.shape)} cannot be read; it should be [T, {KEYS}], or "
            f"[T, {PITCHES}] with a column for each MIDI pitch"
        )
    if values.dtype.kind not in "biuf":
        raise DataError("the roll does not hold numbers")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise DataError("the roll has a value that is not finite")
    if values.dtype.kind != "b" and values.size and values.min() < 0:
        raise DataError("the roll has a negative value; a key that does not sound is 0")
    sounding: NDArray[np.bool_] = np.greater(values, 0)
    if values.shape[1] == PITCHES:
        outside = np.asarray(sounding.any(axis=0))
        outside[LOWEST : HIGHEST + 1] = False
        if outside.any():
            key_of(int(np.flatnonzero(outside)[0]))  # which raises
        sounding = sounding[:, LOWEST : HIGHEST + 1]
    roll = empty_roll(len(sounding))
    roll[:] = sounding
    return roll


def pitches_of(roll: NDArray[Any]) -> list[list[int]]:
    """Return the MIDI pitches of each time step of a roll, the lowest first."""
    return [[int(key) + LOWEST for key in np.flatnonzero(step)] for step in roll]


def notes_of(roll: NDArray[Any]) -> list[Note]:
    """Return the notes of a roll by start and key; consecutive steps of a key are one note."""
    framed = np.pad(np.asarray(roll, np.int8), ((1, 1), (0, 0)))
    change = np.diff(framed, axis=0)
    keys, starts = np.nonzero((change > 0).T)
    _, ends = np.nonzero((change < 0).T)
    order = np.lexsort((keys, starts))
    return [Note(*each) for each in np.stack([keys, starts, ends], axis=1)[order].tolist()]


def room(roll: NDArray[Any]) -> tuple[int, int]:
    """Return by how many semitones a roll can be moved down and up; (0, 0) if it is silent."""
    used = np.flatnonzero(np.asarray(roll).any(axis=0))
    return (int(used[0]), KEYS - 1 - int(used[-1])) if len(used) else (0, 0)
