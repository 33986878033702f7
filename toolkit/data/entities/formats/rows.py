"""Rows with entities as tools for annotation write them: in lists, JSON and JSON Lines."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from toolkit.data.entities.formats import label_studio, spacy
from toolkit.data.sources.encodings import UTF_8
from toolkit.data.sources.json_file import open_json as open_table_of_json
from toolkit.data.sources.json_file import parse_json
from toolkit.data.sources.json_lines import JsonLinesSource
from toolkit.data.sources.lines import read_lines
from toolkit.data.sources.source import Record, Source
from toolkit.errors import count, quoted

logger = logging.getLogger("toolkit")

#: The column in which Prodigy says whether a text is an example; other readers add it.
ANSWER = "answer"
#: The answer of a text that nobody has annotated.
UNANNOTATED = "unannotated"

_HEADER_ROWS = 100  # the first rows, whose keys are the columns


class RowReader:
    """Reads rows: objects, pairs of spaCy, tasks of Label Studio.

    Args:
        name: The name of the source, for messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._said: set[str] = set()
        self._several: dict[str, list[str]] = {}

    def record(self, row: int, content: Any, place: str) -> Record:
        """Return the record of a row.

        Args:
            row: The number of the row, from 1.
            content: What stands in it.
            place: Its place, for messages.
        """
        if label_studio.is_task(content):
            self.say("format: Label Studio (found)")
            values, annotations, which = label_studio.task_values(content)
            if isinstance(values, str):
                return Record(row, {}, place, values)
            if annotations > 1:
                self._several.setdefault(which, []).append(place)
            return Record(row, values if annotations else {**values, ANSWER: UNANNOTATED}, place)
        if spacy.is_pair(content):
            self.say("format: spaCy (found)")
            return Record(row, spacy.pair_values(content), place)
        if isinstance(content, Mapping):
            return Record(row, content, place)
        problem = f"the row is {_shown(content)}; it should be an object with text and entities"
        return Record(row, {}, place, problem)

    def all_records(self, records: Iterator[Record]) -> Iterator[Record]:
        """Yield records that are read by this reader, and at their end log what was chosen."""
        self._several.clear()
        yield from records
        for which, places in self._several.items():
            tasks = count(len(places), "task")
            self.say(
                f"{self._name}: of {tasks} with several annotations, the first at {places[0]}, "
                f"{which} is read"
            )

    def say(self, message: str) -> None:
        """Log a message once."""
        if message not in self._said:
            self._said.add(message)
            logger.info("%s", message)


class RowSource:
    """A list of rows: objects, pairs of spaCy or tasks of Label Studio.

    Args:
        rows: The rows.
        name: The name of the source, for messages.
        places: The places of the rows, if they are not numbers.
    """

    fixed_columns = False

    def __init__(
        self, rows: Sequence[Any], name: str = "the list", places: Sequence[str] | None = None
    ) -> None:
        self.name = name
        self._rows = rows
        self._places = places
        self._reader = RowReader(name)
        first = islice(self.records(), _HEADER_ROWS)
        self.columns = tuple(dict.fromkeys(column for record in first for column in record.values))

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        return self._reader.all_records(self._records())

    def _records(self) -> Iterator[Record]:
        for row, content in enumerate(self._rows, start=1):
            place = f"row {row}" if self._places is None else self._places[row - 1]
            yield self._reader.record(row, content, place)


class RowLinesSource(JsonLinesSource):
    """A JSON Lines file with a row a line, as those of ``RowSource``.

    Args:
        path: The file.
        encodings: The encodings of the file, as for
            :func:`toolkit.data.sources.lines.read_lines`.

    Raises:
        DataError: None of the first lines can be read.
    """

    def __init__(self, path: Path, encodings: Sequence[str] = UTF_8) -> None:
        self._reader = RowReader(str(path))
        super().__init__(path, encodings)

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        return self._reader.all_records(super().records())

    def _record(self, row: int, value: Any, place: str) -> Record:
        is_array = isinstance(value, list) and spacy.is_pair(value)
        if is_array or isinstance(value, Mapping):
            return self._reader.record(row, value, place)
        return super()._record(row, value, place)


def is_row(value: object) -> bool:
    """Return whether a value in a list is a row with named values."""
    if isinstance(value, Mapping):
        return True
    return spacy.is_pair(value) and value[1] is not None  # type: ignore[index]


def open_json(path: Path, encodings: Sequence[str] = UTF_8) -> Source:
    """Open a JSON file: one array of rows, or one object or pair a line, or columns.

    The rows may also be the ``annotations`` of one object, as of the NER annotator, and documents
    of spaCy, whose sentences are rows then. They are held in memory, so an array may be longer than
    a line of other files; an object in one line may not.

    Args:
        path: The file.
        encodings: The encodings of the file, as for :func:`toolkit.data.sources.lines.read_lines`.

    Raises:
        DataError: The file is no JSON, or has no rows.
    """
    first = next(
        (line.strip() for line in read_lines(path, "\n", encodings=encodings) if line.strip()), ""
    )
    if _is_pair(first):
        return RowLinesSource(path, encodings)
    if not first.startswith("[") and first != "{":
        try:
            content = json.loads(first)  # where all stands in one line
        except (ValueError, RecursionError):
            return RowLinesSource(path, encodings)
        if isinstance(content, dict) and all(isinstance(v, dict) for v in content.values()):
            return open_table_of_json(path, encodings)  # columns, as pandas writes them
        rows = None if label_studio.is_task(content) else _rows_of(content)
        return RowLinesSource(path, encodings) if rows is None else _source(rows, path)
    rows = _rows_of(parse_json(path, encodings))
    return open_table_of_json(path, encodings) if rows is None else _source(rows, path)


def _is_pair(text: str) -> bool:
    """Return whether a line is a pair of spaCy."""
    try:
        return text.startswith("[") and spacy.is_pair(json.loads(text))
    except (ValueError, RecursionError):
        return False


def _source(rows: Sequence[Any], path: Path) -> RowSource:
    """Return the source of rows of a file; the sentences of documents of spaCy become rows."""
    if not all(map(spacy.is_document, rows)):
        return RowSource(rows, str(path))
    logger.info("format: spaCy (found)")
    sentences, places = [], []
    for number, document in enumerate(rows, start=1):
        for values, place in spacy.document_rows(document):
            sentences.append(values)
            places.append(f"document {number}, {place}")
    return RowSource(sentences, str(path), places)


def _rows_of(content: Any) -> list[Any] | None:
    """Return the rows in the content of a JSON file; None if there are none."""
    if label_studio.is_task(content) or spacy.is_document(content):
        return [content]
    rows = content.get("annotations") if isinstance(content, dict) else content
    return rows if isinstance(rows, list) and any(map(is_row, rows)) else None


def _shown(value: object) -> str:
    """Return a value of JSON for a message."""
    return "null" if value is None else quoted(value)
