"""Streams of inputs and answers."""

import codecs
import contextlib
import csv
import itertools
import json
import logging
import os
import queue
import re
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Protocol, TextIO

from toolkit.data.bad_rows import Unreadable, answer_readable
from toolkit.data.sources.encodings import decoding, undecodable
from toolkit.data.sources.lines import LINE_LIMIT, line_problem, read_lines, valid
from toolkit.errors import DataError

logger = logging.getLogger("toolkit.pipelines")

#: The largest number of texts in a batch.
BATCH = 256
#: The number of characters of texts from which a batch is full, too.
MOST_CHARACTERS = 1 << 22
#: The place within a batch, which is not that within all inputs.
_PLACE = re.compile(r"^row \d+: ")
_WAITING = 1 << 20  # bytes of answers that wait in memory rather than in a temporary file
_CHUNK = 65536  # bytes read at once; what a pipe holds on Linux


class AnswerWriter(Protocol):
    """A writer of answers to a stream."""

    def write(self, row: Mapping[str, Any]) -> None:
        """Write an input with its answer."""

    def close(self) -> None:
        """Write what is left."""


def arriving_lines(descriptor: int, encoding: str | None = None) -> Iterator[str | Unreadable]:
    """Yield the lines of a file descriptor as they arrive, whatever bytes they contain.

    Lines end with a line feed (a carriage return before it is dropped). Bytes that are not in the
    encoding become U+FFFD, and the first line with some is logged; a byte order mark at the start
    is dropped. A line above ``LINE_LIMIT``
    is not held in memory, and cannot be read.

    The descriptor is read without Python's buffers: a thread that waited in them for input would
    keep the interpreter from exiting.

    Args:
        descriptor: The file descriptor.
        encoding: The encoding; UTF-8 when None.

    Raises:
        DataError: It is not UTF-16 or UTF-32, and the encoding is.
        OptionError: There is no such encoding.
    """
    codec, errors = decoding(b"", encoding or "utf-8", "standard input")
    decoder = codecs.getincrementaldecoder(codec)(errors=errors)
    pieces: list[str] = []  # of a line whose end has not arrived, if it is not too long
    size, number = 0, 1
    replace = _Replacement("standard input")
    is_first = codec != "utf-8-sig"  # which drops a byte order mark itself

    def line() -> str | Unreadable:
        if size > LINE_LIMIT:
            return Unreadable(f"line {number}: the line has more than {LINE_LIMIT:,} characters")
        return replace("".join(pieces), number).removesuffix("\r")

    def add(piece: str) -> None:
        nonlocal size, is_first
        if piece and is_first:
            piece, is_first = piece.removeprefix("\ufeff"), False
        size += len(piece)
        if size > LINE_LIMIT:
            pieces.clear()
        else:
            pieces.append(piece)

    chunk = b"start"
    while chunk:
        chunk = os.read(descriptor, _CHUNK)
        try:
            *finished, rest = decoder.decode(chunk, final=not chunk).split("\n")
        except UnicodeError as error:  # UTF-16 without a byte order mark
            raise DataError(f"standard input cannot be read: {error}") from None
        for end in finished:
            add(end)
            yield line()
            pieces.clear()
            size, number = 0, number + 1
        add(rest)
    if size:
        yield line()


class _Replacement:
    """A function that puts U+FFFD for bytes that cannot be decoded, and logs the first of them.

    Args:
        name: The name of the lines' source.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_logged = False

    def __call__(self, line: str, number: int) -> str:
        """Return a line, counted from 1, in which lone surrogates stand for such bytes."""
        if not self._is_logged and (problem := undecodable(line)) is not None:
            self._is_logged = True
            logger.warning(
                "%s: line %d %s; it is read with U+FFFD there", self._name, number, problem
            )
        return valid(line)


def file_lines(path: Path, encodings: Sequence[str]) -> Iterator[str | Unreadable]:
    """Yield the lines of a file, as ``arriving_lines`` does those of one in plain UTF-8.

    Args:
        path: The file, plain or gzipped.
        encodings: Its encodings, as for ``toolkit.data.sources.lines.read_lines``.
    """
    replace = _Replacement(str(path))
    for number, line in enumerate(read_lines(path, "\n", encodings=encodings), 1):
        problem = line_problem(line)
        text = replace(line.rstrip("\r\n"), number)
        yield text if problem is None else Unreadable(f"line {number}: {problem}")


def arriving_batches(texts: Iterable[Any], size: int = BATCH) -> Iterator[list[Any]]:
    """Yield batches of the texts that have arrived, from one text up to ``size``.

    Another thread reads the texts, at most a few batches ahead.
    """
    received: queue.Queue[Any] = queue.Queue(4 * size)

    def read() -> None:
        try:
            for text in texts:
                received.put(text)
        except BaseException as error:
            received.put(_End(error))
        else:
            received.put(_End(None))

    threading.Thread(target=read, daemon=True).start()
    while True:
        batch: list[Any] = []
        item = received.get()
        while not isinstance(item, _End):
            batch.append(item)
            if len(batch) == size or received.empty():
                break
            item = received.get()
        if batch:
            yield batch
        if isinstance(item, _End):
            if item.error:
                raise item.error
            return


class _End:
    """Mark of the end of the texts, with the error of reading, if any."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def full_batches(texts: Iterable[Any], size: int = BATCH) -> Iterator[list[Any]]:
    """Yield batches of ``size`` texts; the last one, and those of long texts, may be smaller."""
    batch: list[Any] = []
    characters = 0
    for text in texts:
        batch.append(text)
        characters += len(text) if isinstance(text, str) else 0
        if len(batch) == size or characters >= MOST_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def write_answers(
    batches: Iterable[Sequence[Any]],
    predict: Callable[[Sequence[Any]], Sequence[Mapping[str, Any]]],
    output: TextIO,
    form: str,
    beside: Callable[[Any, int], Mapping[str, Any]],
    unreadable: Mapping[str, Any] | None = None,
    writers: Mapping[str, Callable[[TextIO], AnswerWriter]] = MappingProxyType({}),
    written: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda answer: answer,
    kept: Iterator[Mapping[str, Any]] | None = None,
    entries: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Write the answer to each input, in order, and flush after each batch.

    Args:
        batches: Batches of inputs: texts, lists of tokens, pairs or numbers, and
            ``toolkit.data.Unreadable`` in the place of those that cannot be read.
        predict: Function from a batch to its answers.
        output: The stream to write to.
        form: ``jsonl``, ``csv``, or one of ``writers``.
        beside: Function from an input and its number, from 1, to what is written beside its answer.
        unreadable: The answer to an input that cannot be read, beside its ``error``, which has a
            column of its own in CSV; None where all inputs can be read.
        writers: Further formats by name; see ``Pipeline``.
        written: Function from an answer to what is written of it.
        kept: What is written of each input beside that, if anything.
        entries: The entries that a mapping may have, by its name, for the columns of CSV.

    Yields:
        Each input that can be read with its answer, which has also ``row``, the number of the
        input; after its batch is written.
    """
    with contextlib.ExitStack() as stack:
        writer: AnswerWriter = writers.get(form, _JsonWriter)(output)
        if form == "csv":
            waiting = stack.enter_context(
                tempfile.SpooledTemporaryFile(_WAITING, "w+", encoding="utf-8")
            )
            writer = _CsvWriter(output, unreadable is not None, waiting, entries)
        further = itertools.repeat({}) if kept is None else kept
        yield from _written(batches, predict, output, writer, beside, unreadable, written, further)


def _written(
    batches: Iterable[Sequence[Any]],
    predict: Callable[[Sequence[Any]], Sequence[Mapping[str, Any]]],
    output: TextIO,
    writer: AnswerWriter,
    beside: Callable[[Any, int], Mapping[str, Any]],
    unreadable: Mapping[str, Any] | None,
    written: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    kept: Iterator[Mapping[str, Any]],
) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Write and yield answers as ``write_answers``, by a writer."""
    numbers = itertools.count(1)
    for batch in batches:
        values = [each.value if isinstance(each, Unreadable) else each for each in batch]
        answers = answer_readable(
            batch,
            lambda read: predict([e.value if isinstance(e, Unreadable) else e for e in read]),
            unreadable,
        )
        rows = []
        for each, value, answer, number in zip(batch, values, answers, numbers, strict=False):
            name = {} if (name := getattr(value, "name", None)) is None else {"name": name}
            if "error" in answer and not isinstance(each, Unreadable):
                answer = {**answer, "error": _PLACE.sub("", answer["error"])}
            writer.write({**name, **beside(value, number), **next(kept, {}), **written(answer)})
            if "error" not in answer:
                rows.append((value, {**answer, "row": number}))
        output.flush()
        yield from rows
    writer.close()


class _JsonWriter:
    """A writer of JSON lines."""

    def __init__(self, output: TextIO) -> None:
        self._output = output

    def write(self, row: Mapping[str, Any]) -> None:
        """Write an answer."""
        self._output.write(json.dumps(row, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Do nothing; all is written."""


class _CsvWriter:
    """A writer of CSV rows; the first answer without an error names the columns.

    An entry of a mapping is a column such as ``probabilities.pos``.

    Args:
        output: The stream to write to.
        errors: Whether there is a column ``error``.
        waiting: A file for the rows before the first answer without an error, as JSON lines, since
            their number has no limit.
        entries: The entries that a mapping may have, by its name.
    """

    def __init__(
        self,
        output: TextIO,
        errors: bool,
        waiting: IO[str],
        entries: Mapping[str, Sequence[str]],
    ) -> None:
        self._output = output
        self._entries = entries
        self._errors = errors
        self._waiting = waiting
        self._names: dict[str, None] = {}  # of the columns of the rows that wait
        self._writer: csv.DictWriter[str] | None = None

    def write(self, row: Mapping[str, Any]) -> None:
        """Write an answer; those before the first without an error wait for it."""
        flat: dict[str, Any] = {}
        for name, value in row.items():
            if isinstance(value, Mapping):
                keys = [*dict.fromkeys([*self._entries.get(name, ()), *value])]
                flat.update({f"{name}.{key}": value.get(key) for key in keys})
            else:
                flat[name] = _field(value)
        if self._writer is None and "error" in flat:
            self._names.update(dict.fromkeys(flat))
            self._waiting.write(json.dumps(flat) + "\n")
            return
        if self._writer is None:
            self._writer = self._begin({**dict.fromkeys(flat), **self._names})
        self._writer.writerow(flat)

    def close(self) -> None:
        """Write the answers that wait."""
        if self._writer is None and self._names:
            self._begin(self._names)

    def _begin(self, names: Iterable[str]) -> "csv.DictWriter[str]":
        """Write the header and the answers that wait."""
        columns = [name for name in names if name != "error"]
        columns += ["error"] * self._errors
        writer = csv.DictWriter(self._output, columns, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        self._waiting.seek(0)
        writer.writerows(map(json.loads, self._waiting))
        self._waiting.seek(0)
        self._waiting.truncate()
        return writer


def _field(value: Any) -> Any:
    """Return a value as one CSV field: strings joined by ``|``, other lists as JSON."""
    if not isinstance(value, list):
        return value
    if value and all(isinstance(item, str) for item in value):
        return "|".join(value)
    return json.dumps(value, ensure_ascii=False) if value else ""
