"""Long text as a stream of pieces."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from toolkit.data.bad_rows import BadRowError, utf8
from toolkit.data.examples import TextExamples
from toolkit.data.files import read_lines
from toolkit.data.labels import natural_order
from toolkit.data.open import open_source
from toolkit.data.options import ColumnOptions, StreamColumnOptions
from toolkit.errors import DataError

#: About how many characters a piece of a long text has; it ends at the end of a line.
PIECE = 1 << 16
#: Files with a text a row; all others are one text each.
ROWS = (".csv", ".tsv", ".jsonl", ".ndjson")


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


def open_stream(
    data: Any, part: str | None = None, options: StreamColumnOptions | None = None
) -> Any:
    """Opens text of any kind that the toolkit reads.

    Args:
        data: The path of a plain text file (one text), of a CSV, TSV or JSON Lines file (a text a
            row), each also ``.gz``, or of a folder of plain text files; the name of a TFDS data
            set; a DataFrame; a list of texts; a ``tf.data.Dataset``; a list of paths of plain text
            files is a list of texts. A stream is given back.
        part: ``train`` or ``test``: what to read of data that comes in parts.
        options: Which column holds the texts, and whether lines are texts.

    Raises:
        DataError: The data is not there, or of no kind that can be read.
    """
    options = options or StreamColumnOptions()
    if isinstance(data, FileStream | FolderStream | RowStream | StreamPart):
        return data
    if isinstance(data, str | os.PathLike):
        path = Path(data)
        name = path.name.lower().removesuffix(".gz")
        if path.is_dir():
            return FolderStream(path, options.lines)
        if path.is_file() and not name.endswith(ROWS):
            return FileStream(path, options.lines)
    columns = ColumnOptions(text_column=options.text_column, skip_bad_rows=options.skip_bad_rows)
    return RowStream(open_source(data, part), columns)


class FileStream:
    """A plain text file, also ``.gz``.

    Args:
        path: The file.
        lines: Whether each line with anything on it is a text of its own, not the file one text.
    """

    def __init__(self, path: Path, lines: bool = False) -> None:
        self.name = str(path)
        self._path = path
        self._by_line = lines

    def __iter__(self) -> Iterator[Piece]:
        lines: list[str] = []
        size = 0
        for number, line in enumerate(read_lines(self._path, "\n"), 1):
            self._check(line, number)
            if self._by_line:
                if text := line.strip():
                    yield Piece(text, ends=True)
                continue
            lines.append(line)
            size += len(line)
            if size >= PIECE:
                yield Piece("".join(lines), ends=False)
                lines, size = [], 0
        if not self._by_line:
            yield Piece("".join(lines), ends=True)

    def _check(self, line: str, number: int) -> None:
        if "\0" in line:
            raise DataError(
                f"{self.name}: line {number} has a NUL byte; this is no plain text file"
            )
        if not line.isascii():
            try:
                utf8(line, f"line {number}")
            except BadRowError as error:
                raise DataError(f"{self.name}: {error}") from None


class FolderStream:
    """A folder of plain text files, a text each; hidden ones are passed over.

    Args:
        path: The folder; of its sub-folders the files are read, too.
        lines: As of ``FileStream``.

    Raises:
        DataError: It has no files.
    """

    def __init__(self, path: Path, lines: bool = False) -> None:
        self.name = str(path)
        self._by_line = lines
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
            yield from FileStream(file, self._by_line)


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


class StreamSize(NamedTuple):
    """How much text there is.

    Attributes:
        characters: In code points.
        texts: How many texts.
        last: The character at which the last of them begins.
    """

    characters: int
    texts: int
    last: int


def size_of(stream: TextStream) -> StreamSize:
    """Reads texts once to see how much there is.

    Raises:
        DataError: There is nothing, or something that is no text.
    """
    characters = texts = begin = last = 0
    for piece in stream:
        characters += len(piece.text)
        if piece.ends:
            texts, last, begin = texts + 1, begin, characters
    if not characters:
        raise DataError(f"{stream.name} has no text")
    return StreamSize(characters, texts, last)


class StreamPart:
    """A part of a stream: of several texts those that begin there, of a single one a piece.

    Args:
        stream: The whole.
        size: Of the whole.
        start: The character at which the part begins.
        stop: The one before which it ends.
    """

    def __init__(self, stream: TextStream, size: StreamSize, start: int, stop: int) -> None:
        self.name = stream.name
        self._stream = stream
        self._whole = size.texts > 1
        self._start = start
        self._stop = stop

    def __iter__(self) -> Iterator[Piece]:
        place = begin = 0
        for piece in self._stream:
            if self._whole:
                if self._start <= begin < self._stop:
                    yield piece
            else:
                low, high = (max(0, end - place) for end in (self._start, self._stop))
                if part := piece.text[low:high]:
                    yield Piece(part, ends=False)
            place += len(piece.text)
            if piece.ends:
                begin = place
        if not self._whole:
            yield Piece("", ends=True)


def parted(stream: TextStream, size: StreamSize, share: float) -> tuple[StreamPart, StreamPart]:
    """The beginning of a stream, and about the share of its characters that is its end.

    Of several texts, which stay whole, the end is at least the last one.
    """
    place = size.characters - round(share * size.characters)
    if size.texts > 1:
        place = min(place, size.last)
    return (
        StreamPart(stream, size, 0, place),
        StreamPart(stream, size, place, size.characters),
    )


def whole_texts(stream: TextStream) -> Iterator[str]:
    """The texts of a stream, each put together from its pieces."""
    pieces: list[str] = []
    for piece in stream:
        pieces.append(piece.text)
        if piece.ends:
            yield "".join(pieces)
            pieces = []
