"""JSON Lines files."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from toolkit.data.sources.encodings import UTF_8
from toolkit.data.sources.lines import line_problem, read_lines
from toolkit.data.sources.source import Record
from toolkit.errors import DataError

_HEADER_ROWS = 100  # the first rows, whose fields are the columns


class JsonLinesSource:
    """A JSON Lines file, plain or gzipped: one object a line, whose fields are the columns.

    Fields may differ between lines; the columns are those of the first rows. Blank lines are
    skipped. The file is read as a stream.

    Args:
        path: The file.
        encodings: The encodings of the file, as for
            :func:`toolkit.data.sources.lines.read_lines`.

    Raises:
        DataError: None of the first lines can be read.
    """

    fixed_columns = False

    def __init__(self, path: Path, encodings: Sequence[str] = UTF_8) -> None:
        self.name = str(path)
        self._encodings = encodings
        self._path = path
        first = list(islice(self.records(), _HEADER_ROWS))
        if not first:
            raise DataError(f"{self.name} is empty; each of its lines should be a JSON object")
        self.columns = tuple(dict.fromkeys(column for record in first for column in record.values))
        if not self.columns:
            raise DataError(f"{self.name}, {first[0].place}: {first[0].problem or 'no fields'}")

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        row = 0
        lines = read_lines(self._path, newline="\n", encodings=self._encodings)
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            row += 1
            place = f"row {row} (line {number})"
            if (problem := line_problem(line)) is not None:
                yield Record(row, {}, place, problem)
                continue
            try:
                values = json.loads(line.rstrip("\r\n"))
            except json.JSONDecodeError as error:
                problem = (
                    f"not JSON: {error.msg.removesuffix(' at')} at character {error.pos + 1}; "
                    "each line should be a JSON object"
                )
                yield Record(row, {}, place, problem)
            except (ValueError, RecursionError) as error:
                yield Record(row, {}, place, f"not JSON that can be read: {error}")
            else:
                yield self._record(row, values, place)

    def _record(self, row: int, value: Any, place: str) -> Record:
        """Return the record of a line.

        Args:
            row: The number of the row, from 1.
            value: The value of its JSON.
            place: Its place, for messages.
        """
        if isinstance(value, dict):
            return Record(row, value, place)
        problem = 'not a JSON object; each line should be one, like {"text": "..."}'
        return Record(row, {}, place, problem)
