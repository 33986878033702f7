"""Opening of pieces of music."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.data.columns import find_column
from toolkit.data.music.midi_file import is_midi
from toolkit.data.music.note_table import NoteTable, is_note_table
from toolkit.data.music.options import MusicDataOptions
from toolkit.data.music.sources import MidiFiles, PieceList, no_parts, open_json, open_npz
from toolkit.data.options import table_format
from toolkit.data.sources.memory import open_table_in_memory
from toolkit.data.sources.open import TABLES_IN_WORDS, is_table, missing, open_table
from toolkit.data.sources.source import Record, Source
from toolkit.errors import DataError, shorten

ROLL_NAMES = ("roll", "frames", "pitches", "notes", "piece", "x", "sequence")
FILE_NAMES = ("file", "path", "midi", "midi_filename", "filename", "file_name", "midi_file")


def open_music(
    data: Any, part: str | None = None, options: MusicDataOptions | None = None
) -> Source:
    """Open pieces of music of any supported kind.

    Args:
        data: The path of a MIDI file, or of a folder of them; of a JSON file with a list of pieces,
            or with such a list for each part, where ``FILE:valid`` names a part; of another
            table, as for ``open_table``, with a piece, a note or the path of a MIDI file a row; of
            a ``.npz`` file of rolls. Or such a table in memory, as for ``open_source``; a list of
            pieces, each a path, an array [T, 88] or [T, 128], or a list of the MIDI pitches of each
            time step; or a source, which is returned unchanged.
        part: ``train`` or ``test``: the part to read of data with parts.
        options: How tables are read.

    Returns:
        A source whose records have a ``roll``, as ``toolkit.data.music.values.read_piece`` takes
        it.

    Raises:
        DataError: The data does not exist or is of an unsupported kind.
    """
    options = options or MusicDataOptions()
    if isinstance(data, str | os.PathLike):
        return _open_path(os.fspath(data), part, options)
    if (table := open_table_in_memory(data, part)) is not None:
        return _of_table(table, "")
    if isinstance(data, np.ndarray) and data.ndim == 3:
        return PieceList([*data], "the array")
    if isinstance(data, list | tuple):
        return PieceList(data)
    if isinstance(data, Source):
        return data
    raise DataError(
        f"data of type {type(data).__name__} cannot be read; give a path, a DataFrame of notes, or "
        "a list of pieces: paths of MIDI files, arrays [T, 88], or lists of pitches"
    )


def _open_path(data: str, part: str | None, options: MusicDataOptions) -> Source:
    """Open a file or folder."""
    named = ""
    if not os.path.exists(data):
        file, _, named = data.rpartition(":")
        if not (named and os.path.exists(file)):
            raise missing(data, "pieces")
        data, part = file, named
    path = Path(data)
    if os.path.isdir(data):
        return MidiFiles(path, part, named)
    if not os.path.isfile(data):
        raise DataError(f"{path} is no regular file; it is read more than once")
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".json"):
        return open_json(path, part, named)
    if path.name.lower().endswith(".npz"):
        return open_npz(path, part, named)
    if named:
        raise no_parts(path, named)
    if is_midi(path):
        return PieceList([data], data, ["the file"])
    if is_table(path):
        return _of_table(open_table(path, table_format(options)), str(path.parent))
    raise DataError(
        f"{path} is of no known format; it should end in {TABLES_IN_WORDS}, or in .mid or .npz, or "
        "be a folder of MIDI files"
    )


class PieceTable:
    """A table with a piece a row.

    Args:
        source: The table.
        column: The column of the pieces.
        folder: The folder to which the paths of files in it are relative.
    """

    columns = ("roll",)
    fixed_columns = True

    def __init__(self, source: Source, column: str, folder: str) -> None:
        self.name = source.name
        self._source = source
        self._column = column
        self._folder = folder

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        for record in self._source.records():
            value: Any = record.values.get(self._column)
            place = record.place
            if is_midi(value):
                value = os.path.join(self._folder, value)
                place = f"{place}, file {value}"
            yield record._replace(values={"roll": value}, place=place)


def _of_table(source: Source, folder: str) -> Source:
    """Return the pieces of a table with a note or a piece a row."""
    if is_note_table(source.columns):
        return NoteTable(source)
    column = find_column(source.columns, (*ROLL_NAMES, *FILE_NAMES))
    if column is None:
        raise DataError(
            f"{source.name} has neither notes (columns pitch, start, end) nor pieces (a column "
            f"roll or file); it has: {shorten(source.columns)}"
        )
    return PieceTable(source, column, folder)
