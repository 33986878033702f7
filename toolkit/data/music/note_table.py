"""Tables with a note a row."""

import math
from collections.abc import Iterator
from typing import Any

from toolkit.data.columns import find_column
from toolkit.data.music.pieces import Piece, roll_of_notes
from toolkit.data.sources.source import Record, Source, is_missing
from toolkit.errors import DataError, quoted, shorten
from toolkit.music.rolls import key_of

PITCH_NAMES = ("pitch", "midi_pitch", "midi_note", "note", "midi")
START_NAMES = ("start", "onset", "offset", "start_quarter", "onset_quarter", "start_time", "time")
END_NAMES = ("end", "end_quarter", "end_time")
DURATION_NAMES = ("duration", "length", "quarter_length", "quarterlength")
PIECE_NAMES = ("piece", "piece_id", "file", "filename", "song", "sequence", "title")


class Notes(list[tuple[int, float, float]]):
    """The notes of a piece: pitch, start and end in quarters, or why they cannot be used."""

    problem: str | None = None

    def piece(self, steps_per_quarter: int) -> Piece:
        """Return the piece.

        Raises:
            DataError: It cannot be used.
        """
        if self.problem is not None:
            raise DataError(self.problem)
        return Piece(roll_of_notes(self, steps_per_quarter))


def is_note_table(columns: Any) -> bool:
    """Return whether a table with these columns has a note a row."""
    return all(find_column(columns, names) for names in (PITCH_NAMES, START_NAMES))


class NoteTable:
    """The pieces of a table with a note a row; times are in quarters.

    Columns are found by their usual names: a pitch (a MIDI number), a start, and an end or a
    duration. Rows of a piece have the same value in the column of pieces, wherever they stand;
    without such a column all are one piece.

    Args:
        source: The table.

    Raises:
        DataError: There is neither a column of ends nor one of durations.
    """

    columns = ("roll",)
    fixed_columns = True

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self._source = source
        self._pitch, self._start, self._end, self._duration, self._piece = (
            find_column(source.columns, names)
            for names in (PITCH_NAMES, START_NAMES, END_NAMES, DURATION_NAMES, PIECE_NAMES)
        )
        if self._end is None and self._duration is None:
            raise DataError(
                f"{self.name} has a note a row, and needs a column end or duration, in quarters; "
                f"it has: {shorten(source.columns)}"
            )

    def records(self) -> Iterator[Record]:
        """Yield a record a piece, in the order of their first notes; each call starts again."""
        pieces: dict[object, Notes] = {}
        for record in self._source.records():
            name = record.values.get(self._piece) if self._piece else None
            notes = pieces.setdefault(None if is_missing(name) else name, Notes())
            if notes.problem is not None:
                continue
            try:
                if record.problem is not None:
                    raise DataError(record.problem)
                notes.append(self._note(record))
            except DataError as error:
                notes.problem = f"{record.place}: {error}"
        for row, (name, notes) in enumerate(pieces.items(), 1):
            place = f"piece {row}" if name is None else f"piece {quoted(name)}"
            yield Record(row, {"roll": notes}, place)

    def _note(self, record: Record) -> tuple[int, float, float]:
        """Return pitch, start and end of a row."""
        pitch = record.values.get(self._pitch or "")
        if isinstance(pitch, str):
            pitch = _number(pitch, "the pitch")
        key_of(pitch)
        start = _number(record.values.get(self._start or ""), "the start")
        if self._end is not None:
            end = _number(record.values.get(self._end), "the end")
        else:
            end = start + _number(record.values.get(self._duration or ""), "the duration")
        if start < 0 or end < start:
            raise DataError(f"the note lasts from quarter {start:g} to {end:g}")
        return int(pitch), start, end  # type: ignore[call-overload]


def _number(value: object, what: str) -> float:
    """Return a finite number."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise DataError(f"{what} is {quoted(value)}; it should be a number")
    return number
