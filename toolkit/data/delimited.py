"""CSV and TSV files."""

import csv
import logging
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from toolkit.data.files import read_lines
from toolkit.data.source import Record, repeated
from toolkit.errors import DataError, quoted

logger = logging.getLogger("toolkit")

#: What stands between the fields of a file, by its ending: many a spreadsheet writes semicolons.
CSV, TSV = ",;\t", "\t"

FIELD_LIMIT = 16 * 1024 * 1024
"""The longest field in characters; without a limit an open quote swallows the whole file."""


class DelimitedSource:
    r"""A CSV or TSV file (RFC 4180), plain or gzipped, whose first line names the columns.

    Fields may hold separators, doubled quotes and line ends when they are quoted. Blank lines are
    passed over. The file is read as a stream, never as a whole.

    Args:
        path: The file.
        separators: What may stand between fields; it is what makes most columns of the header, and
            the first of those that make as many. Any but the first is said.

    Raises:
        DataError: there is no header, or it names a column twice.
    """

    fixed_columns = False

    def __init__(self, path: Path, separators: str) -> None:
        self.name = str(path)
        self._path = path
        self._separator = max(separators, key=self._columns_by)
        if self._separator != separators[0]:
            logger.info("%s: %r stands between fields", self.name, self._separator)
        self.columns = self._header()

    def records(self) -> Iterator[Record]:
        """Reads the rows from the first one; each call begins anew."""
        row = -1
        for line, fields, problem in self._rows():
            row += 1
            if row == 0:
                continue
            place = f"row {row} (line {line})"
            if problem is None and len(fields) != len(self.columns):
                problem = (
                    f"{len(fields)} fields where the header has {len(self.columns)}; a field "
                    f"that holds {self._separator!r}, a quote or a line end must be quoted"
                )
            if problem is None:
                yield Record(row, dict(zip(self.columns, fields, strict=True)), place)
            else:
                yield Record(row, {}, place, problem)

    def _columns_by(self, separator: str) -> int:
        """How many columns the header has by a separator."""
        return max((len(fields) for _, fields, _ in islice(self._rows(separator), 1)), default=0)

    def _header(self) -> tuple[str, ...]:
        for _, fields, problem in self._rows():
            if problem is not None:
                raise DataError(f"{self.name}, header: {problem}")
            columns = tuple(field.strip() for field in fields)
            if (column := repeated(columns)) is not None:
                raise DataError(
                    f"{self.name} names the column {quoted(column)} twice in its header"
                )
            return columns
        raise DataError(f"{self.name} is empty; its first line should name the columns")

    def _rows(self, separator: str | None = None) -> Iterator[tuple[int, list[str], str | None]]:
        """Yields (first line's number, fields, problem), header included, blank lines not."""
        csv.field_size_limit(FIELD_LIMIT)
        reader = csv.reader(
            read_lines(self._path, newline=""),
            delimiter=separator or self._separator,
            strict=True,
        )
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield line, [], f"quotes that do not match, up to line {reader.line_num} ({error})"
            else:
                if fields:
                    yield line, fields, None
