"""A piece of music from whatever a row has: a path, a roll, pitches or notes."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.data.bad_rows import BadRowError
from toolkit.data.music.midi_file import is_midi, read_midi
from toolkit.data.music.note_table import Notes
from toolkit.data.music.pieces import Piece
from toolkit.data.sources.source import is_missing
from toolkit.errors import DataError, quoted
from toolkit.music.rolls import KEYS, PITCHES, empty_roll, roll_of_matrix, roll_of_pitches


def read_piece(value: Any, steps_per_quarter: int) -> Piece:
    """Return a piece of music.

    Args:
        value: The path of a MIDI file; a matrix [T, 88] or [T, 128]; the MIDI pitches of each time
            step, or their JSON; or notes. A missing value and an empty string are a piece without
            time steps.
        steps_per_quarter: The number of time steps of a quarter, for notes.

    Raises:
        BadRowError: It cannot be read.
        OptionError: It is a MIDI file, and the package mido is missing.
    """
    try:
        return _piece(value, steps_per_quarter)
    except DataError as error:
        raise BadRowError(str(error)) from None


def _piece(value: Any, steps_per_quarter: int) -> Piece:
    """Return a piece, or raise a ``DataError``."""
    if isinstance(value, Notes):
        return value.piece(steps_per_quarter)
    if isinstance(value, str | os.PathLike):
        text = os.fspath(value)
        if is_midi(text):
            return read_midi(Path(text), steps_per_quarter)
        if text.lstrip()[:1] != "[" and text.strip():
            raise DataError(
                f"{quoted(text)} is neither a MIDI file (.mid) nor a list of the pitches of each "
                "time step, such as [[60, 64, 67], [60]]"
            )
        try:
            value = json.loads(text) if text.strip() else []
        except (ValueError, RecursionError):
            raise DataError(
                "the list of pitches is not JSON, such as [[60, 64, 67], [60]]"
            ) from None
    if isinstance(value, np.ndarray) and value.dtype != object:
        return Piece(roll_of_matrix(value))
    if isinstance(value, np.ndarray):
        value = list(value)
    if is_missing(value):
        return Piece(empty_roll(0))
    if not isinstance(value, list | tuple):
        raise DataError(
            f"{quoted(value)} is no piece; it should be a list of the pitches of each time step, "
            "such as [[60, 64, 67], [60]]"
        )
    if _is_matrix(value):
        return Piece(roll_of_matrix(np.asarray(value)))
    return Piece(roll_of_pitches(value))


def _is_matrix(steps: Sequence[Any]) -> bool:
    """Return whether lists are rows of a matrix of 0 and 1 rather than pitches."""
    if not steps or any(not isinstance(step, list | tuple | np.ndarray) for step in steps):
        return False
    if {len(step) for step in steps} not in ({KEYS}, {PITCHES}):
        return False
    return all(value in (0, 1) for step in steps for value in step)
