"""Reading of text files line by line, plain or gzipped, with one-line error messages."""

import gzip
import io
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from toolkit.errors import DataError

LINE_LIMIT = 32 * 1024 * 1024
"""The maximum length of a line, in characters; a small compressed file can hold a huge one."""

_GZIP_MAGIC = b"\x1f\x8b"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_NUL = 0
_SURROGATE = re.compile("[\ud800-\udfff]")
_SKIPPED_AT_ONCE = 1 << 20  # characters


def read_lines(path: Path, newline: str, piece: int | None = None) -> Iterator[str]:
    r"""Yield the lines of a UTF-8 file with their line ends; gzip is decompressed.

    A byte order mark is removed. An invalid byte becomes a lone surrogate (``surrogateescape``), so
    that only its row is bad. A line above ``LINE_LIMIT`` is cut one character above it, for
    :func:`line_problem`, and the rest is skipped while reading, so that memory stays limited.

    Args:
        path: The file.
        newline: As in :func:`open`: ``""`` ends lines as the csv module requires, ``"\n"`` only at
            ``"\n"``.
        piece: Yield a line that is longer in pieces of at most this number of characters, instead
            of cutting it at ``LINE_LIMIT``; ends of lines then tell where one ends.

    Raises:
        DataError: The file is missing, unreadable or damaged, or is UTF-16 or UTF-32: it begins
            with their byte order mark, or has a NUL among its first two bytes.
    """
    count = 0
    try:
        with open(path, "rb") as raw:
            binary: io.BufferedReader = raw
            if raw.peek(2)[:2] == _GZIP_MAGIC:
                binary = io.BufferedReader(gzip.GzipFile(fileobj=raw))
            head = binary.peek(4)[:4]
            if head[:2] in _UTF16_MARKS or _NUL in head[:2]:
                width = 32 if b"\0\0" in head else 16
                raise DataError(
                    f"{path} seems to be encoded in UTF-{width} (it begins with the bytes "
                    f"{head.hex(' ')}); save it as UTF-8"
                )
            with io.TextIOWrapper(
                binary, encoding="utf-8-sig", errors="surrogateescape", newline=newline
            ) as lines:
                while line := lines.readline(piece or LINE_LIMIT + 1):
                    count += 1
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


def _skip_rest(lines: io.TextIOWrapper, line: str, ends: str | tuple[str, ...]) -> None:
    """Skip the rest of a line that was cut."""
    while line and not line.endswith(ends):
        line = lines.readline(_SKIPPED_AT_ONCE)


def line_problem(line: str) -> str | None:
    """Return the problem of a line of :func:`read_lines` that is too long, or None."""
    return f"the line has more than {LINE_LIMIT:,} characters" if len(line) > LINE_LIMIT else None


def read_text(path: Path) -> str:
    """Return the text in a file, as :func:`read_lines` reads it, with its line ends.

    Raises:
        DataError: It cannot be read, or is longer than a line may be.
    """
    lines, size = [], 0
    for line in read_lines(path, newline=""):
        lines.append(line)
        size += len(line)
        if size > LINE_LIMIT:
            raise DataError(f"{path}: the text has more than {LINE_LIMIT:,} characters")
    return "".join(lines)


def plain_texts(data: Any) -> Any:
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
    for number, line in enumerate(read_lines(Path(data), "\n"), 1):
        if (problem := line_problem(line)) is not None:
            raise DataError(f"{os.fspath(data)}, line {number}: {problem}")
        lines.append(plain(line))
    return lines


def is_text_file(path: str | os.PathLike[str]) -> bool:
    """Return whether the name of a file ends in ``.txt`` or ``.txt.gz``."""
    return os.fspath(path).lower().removesuffix(".gz").endswith(".txt")


def plain(line: str) -> str:
    """Return a line of :func:`read_lines` without its end; U+FFFD replaces invalid bytes."""
    return line.rstrip("\r\n").encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _after_line(lines: int) -> str:
    """Return the place of a failure, for a message."""
    return f" after line {lines}" if lines else ""
