"""Streams of text, read in pieces."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from toolkit.data.bad_rows import BadRowError, Unreadable, utf8
from toolkit.data.options import table_format
from toolkit.data.sources.encodings import UTF_8
from toolkit.data.sources.lines import line_problem, read_lines
from toolkit.data.sources.natural_order import natural_order
from toolkit.data.sources.open import is_table, open_source
from toolkit.data.streams.options import StreamColumnOptions, text_columns
from toolkit.data.texts.examples import TextExamples
from toolkit.errors import DataError

#: The approximate length of a piece of a long text, in characters; pieces end at line ends.
PIECE_LENGTH = 1 << 16
#: The length in characters from which a line is read in pieces.
LONG_LINE = 1 << 20
_LAST_SPACE = re.compile(r"(?<=\S)\s(?=\S*\Z)")


class Piece(NamedTuple):
    """A part of a text.

    Attributes:
        text: The characters of the part.
        ends: Whether it is the last part of its text.
    """

    text: str
    ends: bool


class TextStream(Protocol):
    """Texts of any length that can be read repeatedly."""

    @property
    def name(self) -> str:
        """The name of the stream, for messages."""

    def __iter__(self) -> Iterator[Piece]:
        """Yield all texts from the first one on, piece by piece."""


def open_stream(
    data: Any, part: str | None = None, options: StreamColumnOptions | None = None
) -> Any:
    """Open text of any supported kind as a stream.

    Args:
        data: The path of a plain text file (one text), plain or ``.gz``, of a table (one text a
            row; see ``open_table``), or of a folder of plain text files; the name of a TFDS data
            set; a DataFrame; a list of texts; a ``tf.data.Dataset``; or a stream, which is returned
            unchanged. Paths in a list are texts, and are not opened.
        part: ``train`` or ``test``: the part to read of data with parts.
        options: The column of the texts, and whether lines are texts.

    Raises:
        DataError: The data does not exist or is of an unsupported kind.
    """
    options = options or StreamColumnOptions()
    form = table_format(options)
    if isinstance(data, FileStream | FolderStream | RowStream | StreamPart):
        return data
    if isinstance(data, str | os.PathLike):
        path = Path(data)
        if path.is_dir():
            return FolderStream(path, options.lines, form.encodings)
        if path.is_file() and not is_table(path):
            return FileStream(path, options.lines, form.encodings)
    return RowStream(open_source(data, part, form), options)


class FileStream:
    """A plain text file, optionally ``.gz``.

    Args:
        path: The file.
        lines: Whether each line that is not blank is a text; otherwise the file is one text.
        encodings: The encodings of the file, as for
            :func:`toolkit.data.sources.lines.read_lines`.
    """

    def __init__(self, path: Path, lines: bool = False, encodings: Sequence[str] = UTF_8) -> None:
        self.name = str(path)
        self._path = path
        self._encodings = encodings
        self._by_line = lines

    def __iter__(self) -> Iterator[Piece]:
        return self._each_line() if self._by_line else self._whole()

    def _each_line(self) -> Iterator[Piece]:
        """Yield the lines that are not blank as texts."""
        for number, line in enumerate(self._read_lines(), 1):
            self._check(line, number)
            if (problem := line_problem(line)) is not None:
                raise DataError(f"{self.name}, line {number}: {problem}")
            if text := line.strip():
                yield Piece(text, ends=True)

    def _whole(self) -> Iterator[Piece]:
        """Yield the file as one text; pieces end at line ends, and in long lines at white space."""
        parts: list[str] = []
        size, number = 0, 1
        for part in self._read_lines(LONG_LINE):
            self._check(part, number)
            number += part.endswith("\n")
            parts.append(part)
            size += len(part)
            if size >= PIECE_LENGTH:
                whole, rest = "".join(parts), ""
                if not part.endswith("\n") and (space := _LAST_SPACE.search(whole)):
                    whole, rest = whole[: space.start()], whole[space.start() :]
                yield Piece(whole, ends=False)
                parts, size = [rest] * bool(rest), len(rest)
        yield Piece("".join(parts), ends=True)

    def _read_lines(self, piece: int | None = None) -> Iterator[str]:
        """Yield the lines of the file, long ones in pieces."""
        return read_lines(self._path, "\n", piece, self._encodings)

    def _check(self, line: str, number: int) -> None:
        """Raise ``DataError`` unless a line is plain text in UTF-8."""
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
    """A folder of plain text files, including those in sub-folders but not hidden ones.

    Args:
        path: The folder.
        lines: As for ``FileStream``.
        encodings: As for ``FileStream``.

    Raises:
        DataError: The folder has no files.
    """

    def __init__(self, path: Path, lines: bool = False, encodings: Sequence[str] = UTF_8) -> None:
        self.name = str(path)
        self._encodings = encodings
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
            yield from FileStream(file, self._by_line, self._encodings)


class RowStream:
    """The texts of the rows of a source; a bad row stops reading, or is left out and counted.

    Args:
        source: The source of the rows.
        options: The column of the texts, and what is done with bad rows.

    Attributes:
        source: The source of the rows.
        text_column: The column of the texts.
        named_columns: As for ``CheckedRows``.
    """

    def __init__(self, source: Any, options: StreamColumnOptions) -> None:
        self.name = source.name
        self.source = source
        self._texts, self._prompts = (
            TextExamples(source, text_columns(options), False, for_prediction=for_prediction)
            for for_prediction in (False, True)
        )
        self.text_column = self._texts.text_column
        self.named_columns = self._texts.named_columns

    def __iter__(self) -> Iterator[Piece]:
        for example in self._texts:
            yield Piece(example.text, ends=True)

    def prompts(self) -> Iterator[str | Unreadable]:
        """Yield the text of each row, for prediction."""
        for example in self._prompts:
            yield example.text if example.problem is None else Unreadable(example.problem)


class StreamSize(NamedTuple):
    """The size of a stream.

    Attributes:
        characters: The number of characters, in code points.
        texts: The number of texts.
        last: The offset of the last text, in characters.
    """

    characters: int
    texts: int
    last: int


def size_of(stream: TextStream) -> StreamSize:
    """Measure a stream in one pass.

    Raises:
        DataError: The stream is empty, or holds something else than text.
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
    """A part of a stream: the texts that begin in a range, or the range of a single text.

    Args:
        stream: The whole stream.
        size: The size of the whole stream.
        start: The offset at which the range begins, in characters.
        stop: The offset at which it ends, exclusive.
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
    """Split a stream in two, the second part with about a share of its characters.

    Several texts stay whole, and the second part has at least the last of them.
    """
    place = size.characters - round(share * size.characters)
    if size.texts > 1:
        place = min(place, size.last)
    return (
        StreamPart(stream, size, 0, place),
        StreamPart(stream, size, place, size.characters),
    )


def prompts(stream: TextStream) -> Iterator[str | Unreadable]:
    """Yield the texts of a stream for prediction, with those that cannot be read."""
    return stream.prompts() if isinstance(stream, RowStream) else whole_texts(stream)


def whole_texts(stream: TextStream) -> Iterator[str]:
    """Yield the texts of a stream, each joined from its pieces."""
    pieces: list[str] = []
    for piece in stream:
        pieces.append(piece.text)
        if piece.ends:
            yield "".join(pieces)
            pieces = []
