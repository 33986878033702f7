"""Streams of inputs and answers."""

import codecs
import csv
import itertools
import json
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO

#: The largest number of texts in a batch.
BATCH = 256
_CHUNK = 65536  # bytes read at once; what a pipe holds on Linux


def arriving_lines(descriptor: int) -> Iterator[str]:
    """Yield the lines of a file descriptor as they arrive, whatever bytes they contain.

    Lines end with a line feed (a carriage return before it is dropped). Bytes that are not UTF-8
    become U+FFFD; a byte order mark at the start is dropped.

    The descriptor is read without Python's buffers: a thread that waited in them for input would
    keep the interpreter from exiting.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
    pieces: list[str] = []  # of a line whose end has not arrived
    chunk = b"start"
    while chunk:
        chunk = os.read(descriptor, _CHUNK)
        *finished, rest = decoder.decode(chunk, final=not chunk).split("\n")
        for end in finished:
            yield "".join([*pieces, end]).removesuffix("\r")
            pieces.clear()
        pieces.append(rest)
    if line := "".join(pieces):
        yield line.removesuffix("\r")


def arriving_batches(texts: Iterable[str], size: int = BATCH) -> Iterator[list[str]]:
    """Yield batches of the texts that have arrived, from one text up to ``size``.

    Another thread reads the texts, at most a few batches ahead.
    """
    received: queue.Queue[str | _End] = queue.Queue(4 * size)

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
        batch: list[str] = []
        item = received.get()
        while isinstance(item, str):
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
    """Yield batches of ``size`` texts; the last one may be smaller."""
    remaining = iter(texts)
    while batch := list(itertools.islice(remaining, size)):
        yield batch


def write_answers(
    batches: Iterable[Sequence[Any]],
    predict: Callable[[Sequence[Any]], Sequence[Mapping[str, Any]]],
    output: TextIO,
    form: str,
    input_name: Callable[[Any], str],
) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Write the answer to each input, in order, and flush after each batch.

    Args:
        batches: Batches of inputs: texts, lists of tokens, pairs or numbers.
        predict: Function from a batch to its answers.
        output: The stream to write to.
        form: ``jsonl`` or ``csv``.
        input_name: Function from an input to its name (column) beside the answer.

    Yields:
        Each input with its answer, after its batch is written.
    """
    write = _csv_writer(output) if form == "csv" else _json_writer(output)
    for batch in batches:
        answers = list(zip(batch, predict(batch), strict=True))
        for value, answer in answers:
            write({input_name(value): value, **answer})
        output.flush()
        yield from answers


def _json_writer(output: TextIO) -> Callable[[Mapping[str, Any]], object]:
    """Return a writer of JSON lines."""
    return lambda row: output.write(json.dumps(row, ensure_ascii=False) + "\n")


def _csv_writer(output: TextIO) -> Callable[[Mapping[str, Any]], object]:
    """Return a writer of CSV rows; the first answer names the columns.

    An entry of a mapping is a column such as ``probabilities.pos``.
    """
    writer: csv.DictWriter[str] | None = None

    def write(row: Mapping[str, Any]) -> None:
        nonlocal writer
        flat: dict[str, Any] = {}
        for name, value in row.items():
            if isinstance(value, Mapping):
                flat.update({f"{name}.{key}": item for key, item in value.items()})
            else:
                flat[name] = _field(value)
        if writer is None:
            writer = csv.DictWriter(output, list(flat), lineterminator="\n")
            writer.writeheader()
        writer.writerow(flat)

    return write


def _field(value: Any) -> Any:
    """Return a value as one CSV field: strings joined by ``|``, other lists as JSON."""
    if not isinstance(value, list):
        return value
    if value and all(isinstance(item, str) for item in value):
        return "|".join(value)
    return json.dumps(value, ensure_ascii=False) if value else ""
