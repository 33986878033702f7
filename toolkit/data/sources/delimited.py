"""CSV and TSV files."""

import csv
import logging
import re
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal

from toolkit.data.sources.lines import LINE_LIMIT, read_lines
from toolkit.data.sources.source import Record, first_repeated
from toolkit.errors import DataError, quoted
from toolkit.options import option

logger = logging.getLogger("toolkit")

#: The possible separators of each file type; many spreadsheets write semicolons to CSV files.
CSV, TSV = ",;\t|", "\t"

FIELD_LIMIT = 16 * 1024 * 1024
"""The maximum length of a field, since an unclosed quote extends a field to the end of the file."""

Quoting = Literal["auto", "minimal", "none"]
"""Which quotes are not part of a field; see :class:`DelimitedSource`."""

#: The characters of lines that are read again after quotes that do not match, in one reading.
_READ_AGAIN = 2 * FIELD_LIMIT
#: The line with which spreadsheets announce a separator.
_ANNOUNCEMENT = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
#: The values that are remembered of columns: of the first rows and columns, and up to a length.
_ROWS, _COLUMNS, _LONGEST = 1000, 50, 40
#: The share of lines that look like rows from which they are taken for rows.
_MOST = 0.75


class DelimitedSource:
    r"""A CSV or TSV file (RFC 4180), plain or gzipped, whose first line names the columns.

    Quoted fields may contain separators, doubled quotes and line ends. Blank lines are skipped, and
    a first line ``sep=;`` announces the separator. Several columns without a name are called by
    their numbers, ``column 3``. The file is read as a stream.

    Where quotes do not match, the row of the opening quote is bad, and reading goes on with the
    next line.

    Args:
        path: The file.
        separators: The possible separators of fields. The one that splits the header into most
            columns is used, and logged unless it is the first; a tie goes to the earlier one.
        quoting: ``minimal``: a field that begins with a quote ends with one. ``auto``: the same,
            but a field with line ends is bad if its lines look like rows of their own. ``none``:
            quotes are part of the texts, and each line is a row.

    Raises:
        DataError: There is no header, or it names a column twice.
    """

    fixed_columns = False

    def __init__(self, path: Path, separators: str, quoting: Quoting = "auto") -> None:
        self.name = str(path)
        self._path = path
        self._quoting = quoting
        announced = _ANNOUNCEMENT.fullmatch(next(read_lines(path, newline=""), ""))
        self._first_line = 1 if announced is None else 2
        choices = announced[1] if announced else separators
        self.columns: tuple[str, ...] = ()
        self._separator = max(choices, key=self._columns_by)
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
            if problem is None:
                problem = self._wrong_number(fields)
            if problem is None:
                yield Record(row, dict(zip(self.columns, fields, strict=True)), place)
            else:
                yield Record(row, {}, place, problem)

    def _wrong_number(self, fields: Sequence[str]) -> str | None:
        """Return the problem of a row with more or fewer fields than the header, or None."""
        if len(fields) == len(self.columns):
            return None
        return (
            f"{len(fields)} fields where the header has {len(self.columns)}; a field that holds "
            f"{self._separator!r}, a quote or a line end must be quoted"
        )

    def _columns_by(self, separator: str) -> int:
        """Return the number of columns of the header with a separator."""
        return max((len(fields) for _, fields, _ in islice(self._rows(separator), 1)), default=0)

    def _header(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        for _, fields, problem in self._rows():
            if problem is not None:
                raise DataError(f"{self.name}, header: {problem}")
            columns = tuple(field.strip() for field in fields)
            if columns.count("") > 1:  # spreadsheets leave empty columns at the end
                columns = tuple(name or f"column {n}" for n, name in enumerate(columns, 1))
            if (column := first_repeated(columns)) is not None:
                raise DataError(
                    f"{self.name} names the column {quoted(column)} twice in its header"
                )
            return columns
        raise DataError(f"{self.name} is empty; its first line should name the columns")

    def _rows(self, separator: str | None = None) -> Iterator[tuple[int, list[str], str | None]]:
        """Yield (number of the first line, fields, problem) of each row, including the header."""
        csv.field_size_limit(FIELD_LIMIT)
        lines = _Lines(islice(read_lines(self._path, ""), self._first_line - 1, None))
        lines.number = self._first_line - 1
        reader = csv.reader(
            lines,
            delimiter=separator or self._separator,
            quoting=csv.QUOTE_NONE if self._quoting == "none" else csv.QUOTE_MINIMAL,
            strict=True,
        )
        values: list[set[str]] = [set() for _ in self.columns[:_COLUMNS]]
        before: Sequence[str] = self.columns
        while True:
            lines.begin_row()
            first = lines.number + 1
            problem = None
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                fields, problem = [], self._mismatch(lines, error)
            else:
                if not fields:
                    continue
                if len(lines.row) > 1 and self.columns:
                    problem = self._wrong_number(fields)
                    problem = problem or self._swallowed_rows(lines, values, before)
                elif lines.number <= _ROWS:
                    _remember(fields, values)
                before = fields
            if problem is None:
                yield first, fields, None
                continue
            swallowed = [] if lines.read_row_again() else lines.row[1:]
            yield first, [], problem
            for number, line in enumerate(swallowed, first + 1):
                if line.strip("\r\n"):
                    yield number, [], f"it was read as part of the row in line {first}, and is lost"

    def _mismatch(self, lines: "_Lines", error: csv.Error) -> str:
        """Return the problem of a row that ends in an error."""
        if len(lines.row) == 1 and "larger than" in str(error):
            return str(error)
        reason = str(error).replace("'\t'", "a tab")
        return (
            f"quotes that do not match, up to line {lines.number} ({reason}); quotes within a "
            f"quoted field are doubled; if they are part of the texts, set "
            f"{option('quoting', 'none')}"
        )

    def _swallowed_rows(
        self, lines: "_Lines", values: Sequence[set[str]], before: Sequence[str]
    ) -> str | None:
        """Return the problem of a row over several lines that seem to be a row each, or None.

        Without quotes, the first, the last and most other lines then have as many fields as the
        header. Since commas and line ends are common in texts, they must also have a value that its
        column has elsewhere, such as the name of a class; a tab beside a line end is enough.

        Args:
            lines: The lines of the row.
            values: Values of each column.
            before: The row before.
        """
        columns = len(self.columns)
        if self._quoting != "auto" or columns < 2:
            return None

        def is_row(line: str) -> bool:
            fields = line.split(self._separator)
            return len(fields) == columns and (
                self._separator == "\t"
                or any(
                    field.strip() in known or field == last
                    for field, known, last in zip(fields, values, before, strict=False)
                )
            )

        are_rows = [is_row(line) for line in (line.rstrip("\r\n") for line in lines.row) if line]
        if not (are_rows[0] and are_rows[-1] and sum(are_rows) >= _MOST * len(are_rows)):
            return None
        return (
            f"quotes from here to line {lines.number} make one text of lines that seem to be rows "
            f"of their own; if quotes are part of the texts, set {option('quoting', 'none')}, "
            f"otherwise {option('quoting', 'minimal')}"
        )


def _remember(fields: Sequence[str], values: Sequence[set[str]]) -> None:
    """Add the short fields of a row to the values of their columns."""
    for field, known in zip(fields, values, strict=False):
        if len(field) <= _LONGEST:
            known.add(field.strip())


class _Lines:
    """The lines of a file, of which those of the latest row can be read again.

    Args:
        lines: The lines.

    Attributes:
        number: The number of the latest line.
        row: The lines of the latest row.
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self.number = 0
        self.row: list[str] = []
        self._lines = lines
        self._size = 0
        self._again: deque[str] = deque()
        self._left = _READ_AGAIN

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.number += 1
        self.row.append(line)
        self._size += len(line)
        if self._size > LINE_LIMIT:
            raise csv.Error(f"row larger than {LINE_LIMIT:,} characters")
        return line

    def begin_row(self) -> None:
        """Begin a new row with the next line."""
        self.row, self._size = [], 0

    def read_row_again(self) -> bool:
        """Go back to the second line of the row; return False if too much was read again before.

        So the time stays proportional to the size of the file, whatever quotes it has.
        """
        size = self._size - len(self.row[0])
        if size > self._left:
            return False
        self._left -= size
        self._again.extendleft(reversed(self.row[1:]))
        self.number -= len(self.row) - 1
        return True
