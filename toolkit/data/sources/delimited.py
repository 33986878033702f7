"""CSV and TSV files."""

import csv
import logging
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from toolkit.data.sources.lines import read_lines
from toolkit.data.sources.source import Record, first_repeated
from toolkit.errors import DataError, quoted

logger = logging.getLogger("toolkit")

#: The possible separators of each file type; many spreadsheets write semicolons to CSV files.
CSV, TSV = ",;\t", "\t"

FIELD_LIMIT = 16 * 1024 * 1024
"""The maximum length of a field, since an unclosed quote extends a field to the end of the file."""


class DelimitedSource:
    r"""A CSV or TSV file (RFC 4180), plain or gzipped, whose first line names the columns.

    Quoted fields may contain separators, doubled quotes and line ends. Blank lines are skipped. The
    file is read as a stream.

    Args:
        path: The file.
        separators: The possible separators of fields. The one that splits the header into most
            columns is used, and logged unless it is the first; a tie goes to the earlier one.

    Raises:
        DataError: There is no header, or it names a column twice.
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
        """Yield the records from the first one; each call starts again."""
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
        """Return the number of columns of the header with a separator."""
        return max((len(fields) for _, fields, _ in islice(self._rows(separator), 1)), default=0)

    def _header(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        for _, fields, problem in self._rows():
            if problem is not None:
                raise DataError(f"{self.name}, header: {problem}")
            columns = tuple(field.strip() for field in fields)
            if (column := first_repeated(columns)) is not None:
                raise DataError(
                    f"{self.name} names the column {quoted(column)} twice in its header"
                )
            return columns
        raise DataError(f"{self.name} is empty; its first line should name the columns")

    def _rows(self, separator: str | None = None) -> Iterator[tuple[int, list[str], str | None]]:
        """Yield (number of the first line, fields, problem) of each row, including the header."""
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
