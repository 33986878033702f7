"""Long text as a stream of pieces, and as ids on disk."""

import os
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data.corpus import room_on_disk
from toolkit.data.examples import TextExamples
from toolkit.data.files import read_lines
from toolkit.data.labels import natural_order
from toolkit.data.open import open_source
from toolkit.data.options import ColumnOptions
from toolkit.errors import DataError, quoted
from toolkit.text import utf8

#: About how many characters a piece of a long text has; it ends at the end of a line.
PIECE = 1 << 16
#: Files with a text a row; all others are one text each.
_ROWS = (".csv", ".tsv", ".jsonl", ".ndjson")
_PIECES_AT_ONCE = 64


class Piece(NamedTuple):
    """A part of a text.

    Attributes:
        text: The part.
        ends: Whether the text ends with it.
    """

    text: str
    ends: bool


class TextStream(Protocol):
    """Texts, of any length, that can be read again and again."""

    @property
    def name(self) -> str:
        """What to call them in messages."""

    def __iter__(self) -> Iterator[Piece]:
        """All texts from the first one on, piece by piece."""


def open_stream(data: Any, part: str | None = None, options: ColumnOptions | None = None) -> Any:
    """Opens text of any kind that the toolkit reads.

    Args:
        data: The path of a plain text file (one text), of a CSV, TSV or JSON Lines file (a text a
            row), each also ``.gz``, or of a folder of plain text files; the name of a TFDS data
            set; a DataFrame; a list of texts; a ``tf.data.Dataset``; a list of paths of plain text
            files is a list of texts. A stream is given back.
        part: ``train`` or ``test``: what to read of data that comes in parts.
        options: Which column holds the texts.

    Raises:
        DataError: The data is not there, or of no kind that can be read.
    """
    if isinstance(data, FileStream | FolderStream | RowStream):
        return data
    if isinstance(data, str | os.PathLike):
        path = Path(data)
        name = path.name.lower().removesuffix(".gz")
        if path.is_dir():
            return FolderStream(path)
        if path.is_file() and not name.endswith(_ROWS):
            return FileStream(path)
    return RowStream(open_source(data, part), options or ColumnOptions())


class FileStream:
    """A plain text file, also ``.gz``, that is one text.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path

    def __iter__(self) -> Iterator[Piece]:
        lines: list[str] = []
        size = 0
        for number, line in enumerate(read_lines(self._path, "\n"), 1):
            self._check(line, number)
            lines.append(line)
            size += len(line)
            if size >= PIECE:
                yield Piece("".join(lines), ends=False)
                lines, size = [], 0
        yield Piece("".join(lines), ends=True)

    def _check(self, line: str, number: int) -> None:
        if "\0" in line:
            raise DataError(
                f"{self.name}: line {number} has a NUL byte; this is no plain text file"
            )
        if not line.isascii() and any("\udc80" <= mark <= "\udcff" for mark in line):
            raise DataError(
                f"{self.name}: line {number} is not UTF-8 ({quoted(line.strip())}); "
                "save the file as UTF-8"
            )


class FolderStream:
    """A folder of plain text files, a text each; hidden ones are passed over.

    Args:
        path: The folder; of its sub-folders the files are read, too.

    Raises:
        DataError: It has no files.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        names = [
            str(file.relative_to(path))
            for file in path.rglob("*")
            if file.is_file() and not any(p.startswith(".") for p in file.relative_to(path).parts)
        ]
        if not names:
            raise DataError(f"{path} has no files; it should have plain text files")
        self._files = [path / name for name in natural_order(names)]

    def __iter__(self) -> Iterator[Piece]:
        for file in self._files:
            yield from FileStream(file)


class RowStream:
    """The texts of a source's rows.

    Args:
        source: Where the rows come from.
        options: Which column holds the texts.
    """

    def __init__(self, source: Any, options: ColumnOptions) -> None:
        self.name = source.name
        self._examples = TextExamples(source, options, labelled=False)

    def __iter__(self) -> Iterator[Piece]:
        for example in self._examples:
            yield Piece(example.text, ends=True)


class StreamCorpus:
    """Texts as one long row of ids, each text ended by id 0.

    Args:
        ids: The ids, int32 [N]; on disk.
    """

    def __init__(self, ids: NDArray[np.int32]) -> None:
        self.ids = ids

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def checksum(self) -> int:
        """The CRC-32 of all ids."""
        return zlib.crc32(np.ascontiguousarray(self.ids).data)

    def split(self, share: float) -> tuple[Self, Self]:
        """The beginning, and the share of all ids that is its end; they are not copied."""
        place = len(self) - round(share * len(self))
        return type(self)(self.ids[:place]), type(self)(self.ids[place:])


def encode_stream(stream: Iterable[Piece], tokenizer: Callable[[Any], Any]) -> StreamCorpus:
    """Reads texts once, and keeps their ids on disk; memory does not grow with them.

    Args:
        stream: The texts.
        tokenizer: Maps strings [B] to ids int32 [B, T], padded with 0 at the end, in TensorFlow
            ops; it is compiled.

    Raises:
        WorkError: The temporary file cannot be written.
    """
    compiled = tf.function(
        tokenizer, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False
    )
    count = 0
    # An anonymous file: the operating system removes it when nothing refers to it any more.
    with room_on_disk(), tempfile.TemporaryFile(prefix="toolkit-") as file:
        pieces: list[Piece] = []

        def write() -> int:
            rows = np.asarray(compiled(tf.constant([utf8(piece.text) for piece in pieces])))
            ids = np.pad(rows, [(0, 0), (0, 1)])  # room for the end of each text
            inside = ids != 0
            inside[np.arange(len(ids)), inside.sum(axis=1)] = [piece.ends for piece in pieces]
            found = ids[inside].astype(np.int32, copy=False)
            file.write(found.tobytes())
            return len(found)

        for piece in stream:
            pieces.append(piece)
            if len(pieces) == _PIECES_AT_ONCE or sum(len(p.text) for p in pieces) >= 4 * PIECE:
                count += write()
                pieces = []
        if pieces:
            count += write()
        file.flush()
        ids = np.memmap(file, np.int32, mode="r") if count else np.zeros(0, np.int32)
    return StreamCorpus(ids)
