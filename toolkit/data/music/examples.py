"""Examples of pieces, read and checked one by one."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from toolkit.data.bad_rows import BadRowError, CheckedRows
from toolkit.data.music.options import MusicDataOptions
from toolkit.data.music.pieces import Piece
from toolkit.data.music.values import read_piece
from toolkit.data.sources.source import Record, Source
from toolkit.music.rolls import Roll, empty_roll


class MusicExample(NamedTuple):
    """A piece of music.

    Attributes:
        row: Its number in the source, from 1.
        piece: Its roll, with tempo and metre where these are known.
        place: Its place in the source, for messages.
        value: What the source has: a path, a roll or pitches.
        problem: In data for prediction, the place and the reason if it cannot be read; its roll is
            then empty.
    """

    row: int
    piece: Piece
    place: str
    value: Any = None
    problem: str | None = None

    @property
    def roll(self) -> Roll:
        """The keys that sound, uint8 [T, 88]."""
        return self.piece.roll


class MusicExamples(CheckedRows):
    """The pieces of a source; each iteration reads them again.

    A piece that cannot be used stops reading with an error that has its place and the reason, or is
    left out and counted with ``skip_bad_rows``. For prediction it is an example with a ``problem``.
    A piece to learn from has a note.

    Args:
        source: The source, of ``open_music``.
        options: How pieces are read.
        for_prediction: Whether the pieces are beginnings to go on from.

    Raises:
        DataError: In an iteration, a piece cannot be used, or none can.
        OptionError: In an iteration, the package mido is missing.
    """

    def __init__(
        self, source: Source, options: MusicDataOptions, for_prediction: bool = False
    ) -> None:
        super().__init__(source, not for_prediction, options)
        self.steps_per_quarter = options.steps_per_quarter

    def __iter__(self) -> Iterator[MusicExample]:
        good = 0
        for record in self.records():
            try:
                piece = self._read(record)
            except BadRowError as error:
                self.reject(record.place, str(error))
                if self.for_prediction:
                    problem = f"{record.place}: {error}"
                    nothing = Piece(empty_roll(0))
                    yield MusicExample(record.row, nothing, record.place, problem=problem)
                continue
            good += 1
            yield MusicExample(record.row, piece, record.place, record.values.get("roll"))
        self.finish(good)

    def _read(self, record: Record) -> Piece:
        """Return the piece of a record."""
        if record.problem is not None:
            raise BadRowError(record.problem)
        piece = read_piece(record.values.get("roll"), self.steps_per_quarter)
        if not (self.for_prediction or piece.roll.any()):
            raise BadRowError("the piece has no notes")
        return piece
