"""Reading of text files line by line, plain or gzipped, with one-line error messages."""

import codecs
import gzip
import io
import os
import re
import shutil
import stat
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toolkit.data.sources.encodings import UTF_8, decoding, is_wide, log_control, marked
from toolkit.errors import DataError

LINE_LIMIT = 32 * 1024 * 1024
"""The maximum length of a line, in characters; a small compressed file can hold a huge one."""

_GZIP_MAGIC = b"\x1f\x8b"
_CONTROL = re.compile("[\x80-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SKIPPED_AT_ONCE = 1 << 20  # characters
_READ_AT_ONCE = 1 << 20  # bytes
#: The encodings that were found for files, by their identity and the encodings to choose from.
_found: dict[tuple[int, int, int, int, tuple[str, ...]], str] = {}
_MOST_FOUND = 10_000


def read_lines(
    path: Path, newline: str, piece: int | None = None, encodings: Sequence[str] = UTF_8
) -> Iterator[str]:
    r"""Yield the lines of a text file with their line ends; gzip is decompressed.

    A byte order mark decides the encoding, and is removed. A byte that cannot be decoded becomes a
    lone surrogate, so that only its row is bad; see
    :func:`toolkit.data.sources.encodings.undecodable`. A line above ``LINE_LIMIT`` is cut one
    character above it, for :func:`line_problem`, and the rest is skipped while reading, so that
    memory stays limited.

    Args:
        path: The file.
        newline: As in :func:`open`: ``""`` ends lines as the csv module requires, ``"\n"`` only at
            ``"\n"``.
        piece: Yield a line that is longer in pieces of at most this number of characters, instead
            of cutting it at ``LINE_LIMIT``; ends of lines then tell where one ends.
        encodings: The encoding of the file; of several, the first that fits all of it, or the last.

    Raises:
        DataError: The file is missing, unreadable or damaged; should be UTF-8 and has a NUL among
            its first two bytes, as UTF-16 and UTF-32 have; or should be one of these and has no
            byte order mark.
        OptionError: There is no such encoding.
    """
    count = 0
    try:
        with open(path, "rb") as file, _readable_again(file, len(encodings) > 1) as raw:
            encoding = _first_that_fits(raw, tuple(encodings))
            binary = _decompressed(raw)
            codec, errors = decoding(binary.peek(4)[:4], encoding, str(path))
            with io.TextIOWrapper(binary, encoding=codec, errors=errors, newline=newline) as lines:
                control = _CONTROL if codecs.lookup(codec).name == "iso8859-1" else None
                while line := lines.readline(piece or LINE_LIMIT + 1):
                    count += 1
                    if control is not None and (found := control.search(line)) is not None:
                        log_control(str(path), f"line {count}", ord(found[0]))
                        control = None
                    yield line
                    if piece is None and len(line) > LINE_LIMIT:
                        _skip_rest(lines, line, "\n" if newline == "\n" else ("\n", "\r"))
    except EOFError:
        raise DataError(
            f"{path} ends in the middle of its compressed data{_after_line(count)}; "
            "copy or download it again"
        ) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{path} is damaged{_after_line(count)} ({error}); copy or download it again"
        ) from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None


def _decompressed(raw: io.BufferedReader) -> io.BufferedReader:
    """Return a file, or what is in it where it is gzipped."""
    if raw.peek(2)[:2] != _GZIP_MAGIC:
        return raw
    return io.BufferedReader(gzip.GzipFile(fileobj=raw))


@contextmanager
def _readable_again(file: io.BufferedReader, is_needed: bool) -> Iterator[io.BufferedReader]:
    """Yield a file, or a copy of what comes from a pipe, which can be read only once."""
    if not is_needed or stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        yield file
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        copy.seek(0)
        with open(copy.fileno(), "rb", closefd=False) as again:
            yield again


def _first_that_fits(file: io.BufferedReader, encodings: tuple[str, ...]) -> str:
    """Return the first encoding that fits all of a file, or the last.

    This is found once for a file, as long as that does not change.
    """
    if len(encodings) == 1:
        return encodings[0]
    status = os.fstat(file.fileno())
    key = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, encodings)
    if key not in _found:
        if len(_found) >= _MOST_FOUND:
            _found.clear()
        _found[key] = next((name for name in encodings[:-1] if _fits(file, name)), encodings[-1])
    return _found[key]


def _fits(file: io.BufferedReader, encoding: str) -> bool:
    """Return whether all of a file can be decoded; the file is then at its beginning again.

    In UTF-16 and UTF-32 much of ASCII can be decoded to other letters; only with a NUL does a file
    fit them, or with a byte order mark.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    binary = _decompressed(file)
    has_nul = not is_wide(encoding) or marked(binary.peek(4)[:4]) is not None
    try:
        while chunk := binary.read(_READ_AT_ONCE):
            decoder.decode(chunk)
            has_nul = has_nul or b"\0" in chunk
        decoder.decode(b"", final=True)
    except UnicodeError:  # UTF-16 without a mark has no byte that cannot be decoded
        return False
    finally:
        file.seek(0)
    return has_nul


def _skip_rest(lines: io.TextIOWrapper, line: str, ends: str | tuple[str, ...]) -> None:
    """Skip the rest of a line that was cut."""
    while line and not line.endswith(ends):
        line = lines.readline(_SKIPPED_AT_ONCE)


def line_problem(line: str) -> str | None:
    """Return the problem of a line of :func:`read_lines` that is too long, or None."""
    return f"the line has more than {LINE_LIMIT:,} characters" if len(line) > LINE_LIMIT else None


def read_text(path: Path, encodings: Sequence[str] = UTF_8) -> str:
    """Return the text in a file, as :func:`read_lines` reads it, with its line ends.

    Raises:
        DataError: It cannot be read, or is longer than a line may be.
    """
    lines, size = [], 0
    for line in read_lines(path, newline="", encodings=encodings):
        lines.append(line)
        size += len(line)
        if size > LINE_LIMIT:
            raise DataError(f"{path}: the text has more than {LINE_LIMIT:,} characters")
    return "".join(lines)


def plain_texts(data: Any, encodings: Sequence[str] = UTF_8) -> Any:
    """Return the texts of data for prediction that has nothing but texts; other data unchanged.

    A ``.txt`` file, plain or gzipped, has a text a line, whatever is in the lines. In lines and in
    lists of strings, U+FFFD replaces what is not Unicode text, as in exported models.

    Raises:
        DataError: The file cannot be read, or a line is too long.
    """
    if isinstance(data, list) and all(isinstance(text, str) for text in data):
        return [text if text.isascii() else _SURROGATE.sub("\ufffd", text) for text in data]
    if not (isinstance(data, str | os.PathLike) and is_text_file(data) and os.path.isfile(data)):
        return data
    lines = []
    for number, line in enumerate(read_lines(Path(data), "\n", encodings=encodings), 1):
        if (problem := line_problem(line)) is not None:
            raise DataError(f"{os.fspath(data)}, line {number}: {problem}")
        lines.append(plain(line))
    return lines


def is_text_file(path: str | os.PathLike[str]) -> bool:
    """Return whether the name of a file ends in ``.txt`` or ``.txt.gz``."""
    return os.fspath(path).lower().removesuffix(".gz").endswith(".txt")


def has_wide_mark(path: str | os.PathLike[str]) -> bool:
    """Return whether a regular file begins with the byte order mark of UTF-16 or UTF-32."""
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        return marked(file.read(4)) in ("utf-16", "utf-32")


def plain(line: str) -> str:
    """Return a line of :func:`read_lines` without its end; U+FFFD replaces invalid bytes."""
    return valid(line.rstrip("\r\n"))


def valid(text: str) -> str:
    """Return a text with U+FFFD for bytes that could not be decoded, by their lone surrogates."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:  # of a file in another encoding
        return _SURROGATE.sub("\ufffd", text)


def _after_line(lines: int) -> str:
    """Return the place of a failure, for a message."""
    return f" after line {lines}" if lines else ""
