"""Texts come in while answers go out."""

import codecs
import csv
import itertools
import json
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO

#: How many texts are answered at once when that many are there.
BATCH = 256
_CHUNK = 65536  # bytes read at once; what a pipe holds on Linux


def arriving_lines(descriptor: int) -> Iterator[str]:
    """Give the lines of a file descriptor, whatever bytes are in them.

    Lines end with a line feed (a carriage return before it is dropped). Bytes that are not UTF-8
    become U+FFFD; a byte order mark at the start is dropped.

    The descriptor is read without Python's own buffers: a thread that waits in them for input
    would keep the interpreter from ending.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
    begun: list[str] = []  # the pieces of the line whose end has not come yet
    chunk = b"start"
    while chunk:
        chunk = os.read(descriptor, _CHUNK)
        *ends, rest = decoder.decode(chunk, final=not chunk).split("\n")
        for end in ends:
            yield "".join([*begun, end]).removesuffix("\r")
            begun.clear()
        begun.append(rest)
    if line := "".join(begun):
        yield line.removesuffix("\r")


def arriving_batches(texts: Iterable[str], size: int = BATCH) -> Iterator[list[str]]:
    """Give what has arrived so far, at least one text and at most ``size``, never waiting for more.

    The texts are read in a thread of their own, at most a few batches ahead.
    """
    waiting: queue.Queue[str | _End] = queue.Queue(4 * size)

    def read() -> None:
        try:
            for text in texts:
                waiting.put(text)
        except BaseException as error:
            waiting.put(_End(error))
        else:
            waiting.put(_End(None))

    threading.Thread(target=read, daemon=True).start()
    while True:
        batch: list[str] = []
        item = waiting.get()
        while isinstance(item, str):
            batch.append(item)
            if len(batch) == size or waiting.empty():
                break
            item = waiting.get()
        if batch:
            yield batch
        if isinstance(item, _End):
            if item.error:
                raise item.error
            return


class _End:
    """Stands after the last text, with what went wrong in reading, if anything did."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def full_batches(texts: Iterable[Any], size: int = BATCH) -> Iterator[list[Any]]:
    """Give ``size`` texts at a time, for texts that are all there already."""
    remaining = iter(texts)
    while batch := list(itertools.islice(remaining, size)):
        yield batch


def answered(
    batches: Iterable[Sequence[Any]],
    predict: Callable[[Sequence[Any]], Sequence[Mapping[str, Any]]],
    output: TextIO,
    form: str,
) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Write the answer to each text, in order, and flush after each batch.

    Args:
        batches: The texts, or sentences as lists of tokens, or pairs that answers show otherwise.
        predict: What answers some of them.
        output: Where the answers go.
        form: ``jsonl`` or ``csv``.

    Yields:
        Each text with its answer, once the batch is written.
    """
    write = _csv_writer(output) if form == "csv" else _json_writer(output)
    for batch in batches:
        answers = list(zip(batch, predict(batch), strict=True))
        for text, found in answers:
            write({"tokens" if isinstance(text, list) else "text": text, **found})
        output.flush()
        yield from answers


def _json_writer(output: TextIO) -> Callable[[Mapping[str, Any]], object]:
    return lambda row: output.write(json.dumps(row, ensure_ascii=False) + "\n")


def _csv_writer(output: TextIO) -> Callable[[Mapping[str, Any]], object]:
    """Columns are named by the first answer; ``probabilities.pos`` is an entry of a mapping."""
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
    """A value in one field: names separated by ``|``, other lists as JSON."""
    if not isinstance(value, list):
        return value
    if value and all(isinstance(item, str) for item in value):
        return "|".join(value)
    return json.dumps(value, ensure_ascii=False) if value else ""
