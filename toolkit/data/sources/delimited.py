"""CSV and TSV files."""

import csv
import logging
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path

from toolkit.data.sources.encodings import UTF_8, undecodable
from toolkit.data.sources.joined_rows import JoinedRows, TableRow, have_columns
from toolkit.data.sources.lines import LINE_LIMIT, read_lines
from toolkit.data.sources.source import Record, distinct_names
from toolkit.data.sources.table_format import Quoting
from toolkit.errors import DataError
from toolkit.options import option

logger = logging.getLogger("toolkit")

#: The possible separators of each file type; many spreadsheets write semicolons to CSV files.
CSV, TSV = ",;\t|", "\t"

FIELD_LIMIT = 16 * 1024 * 1024
"""The maximum length of a field, since an unclosed quote extends a field to the end of the file."""

#: The characters of lines that are read again after quotes that do not match, in one reading.
_READ_AGAIN = 2 * FIELD_LIMIT
#: The number of rows that are compared with the header, or with each other.
_FIRST_ROWS = 100
#: The line with which spreadsheets announce a separator.
_ANNOUNCEMENT = re.compile(r'"?sep=([^"\r\n])"?\s*', re.IGNORECASE)


class DelimitedSource:
    r"""A CSV or TSV file (RFC 4180), plain or gzipped, whose first line usually names the columns.

    Quoted fields may contain separators, doubled quotes and line ends. Blank lines are skipped, and
    a first line ``sep=;`` announces the separator. Columns with one name, or of which several have
    none, are told apart by their numbers (see :func:`toolkit.data.sources.source.distinct_names`).
    The file is read as a stream.

    Where quotes do not match, the row of the opening quote is bad, and reading goes on with the
    next line. If that happens often, the lines that were read for a row are bad instead.

    Args:
        path: The file.
        separators: The possible separators of fields. The one that splits the header into most
            columns is used, and logged unless it is the first; a tie goes to the earlier one.
            Without a header it is the one that splits most of the first rows into equally many.
        quoting: ``minimal``: a field that begins with a quote ends with one. ``auto``: the same,
            but a field with line ends that looks like rows in a line each makes its row doubtful
            (see :class:`JoinedRows`). ``none``:
            quotes are part of the texts, and each line is a row.
        header: Whether the first line names the columns; otherwise their names are ``1``, ``2`` and
            so on.
        encodings: The encodings of the file, as for
            :func:`toolkit.data.sources.lines.read_lines`.

    Attributes:
        header: Whether the first line names the columns.

    Raises:
        DataError: There is no header, or it cannot be read.
    """

    fixed_columns = False

    def __init__(
        self,
        path: Path,
        separators: str,
        quoting: Quoting = "auto",
        header: bool = True,
        encodings: Sequence[str] = UTF_8,
    ) -> None:
        self.name = str(path)
        self.header = header
        self._encodings = encodings
        self._path = path
        self._quoting = quoting
        announced = _ANNOUNCEMENT.fullmatch(next(self._read_lines(), ""))
        self._first_line = 1 if announced is None else 2
        choices = announced[1] if announced else separators
        self.columns: tuple[str, ...] = ()
        self.separator = max(choices, key=self._columns_by)
        if self.separator != separators[0]:
            logger.info("%s: %r stands between fields", self.name, self.separator)
        self.columns = self._header()

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        before: Sequence[str] = ()
        for number, (line, fields, problem, lines) in enumerate(self._rows_below(), 1):
            place = f"row {number} (line {line})"
            if problem is not None:
                yield Record(number, {}, place, problem)
                continue
            doubt = None
            if len(lines) == 1:
                before = fields
            elif self._quoting == "auto" and self._joined_rows.is_joined(lines, before):
                doubt = (
                    f"quotes from here to line {line + len(lines) - 1} make one text of lines that "
                    f"seem to be rows of their own; if quotes are part of the texts, set "
                    f"{option('quoting', 'none')}, otherwise {option('quoting', 'minimal')}"
                )
            values = dict(zip(self.columns, fields, strict=True))
            lost = 1 if doubt is None else len(lines)
            yield Record(number, values, place, doubt=doubt, lines=lost)

    @cached_property
    def _joined_rows(self) -> JoinedRows:
        """The judge of fields with line ends, which reads the first rows once."""
        return JoinedRows(self._rows_below(), len(self.columns), self.separator)

    def _wrong_number(self, fields: Sequence[str]) -> str | None:
        """Return the problem of a row with more or fewer fields than the header, or None."""
        if len(fields) == len(self.columns):
            return None
        return (
            f"{len(fields)} fields where the {'header' if self.header else 'first row'} has "
            f"{len(self.columns)}; a field that holds {self.separator!r}, a quote or a line end "
            "must be quoted"
        )

    def first_line_is_data(self) -> bool:
        """Return whether the header has values of rows, and so seems to be a row itself.

        Rows that are the header once more, as in files that were joined, do not count, nor do names
        that count from 0, as pandas writes them.
        """
        names = [name for name in self.columns if name]
        if names == [str(number) for number in range(len(names))]:
            return False
        for row in islice(self._rows_below(), _FIRST_ROWS):
            fields = [field.strip() for field in row.fields]
            same = [
                name == field for name, field in zip(self.columns, fields, strict=False) if name
            ]
            if any(same) and not all(same):
                return True
        return False

    def _read_lines(self) -> Iterator[str]:
        """Yield the lines of the file."""
        return read_lines(self._path, newline="", encodings=self._encodings)

    def _columns_by(self, separator: str) -> tuple[int, int]:
        """Return how many of the first rows have the most frequent number of fields, and this.

        The first of these is 0 where the number is 1. If there is a header, it alone is read.
        """
        rows = islice(self._rows(separator), 1 if self.header else _FIRST_ROWS)
        numbers = Counter(len(row.fields) for row in rows if row.problem is None)
        most, fields = max(((n, fields) for fields, n in numbers.items()), default=(0, 0))
        return (most if fields > 1 else 0), fields

    def _rows_below(self) -> Iterator[TableRow]:
        """Yield the rows without the header."""
        return islice(self._rows(), int(self.header), None)

    def _header(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        for _, fields, problem, _ in self._rows():
            if problem is not None:
                raise DataError(f"{self.name}, {'header' if self.header else 'line 1'}: {problem}")
            if not self.header:
                return tuple(str(number) for number in range(1, len(fields) + 1))
            for number, field in enumerate(fields, 1):
                if (problem := undecodable(field)) is not None:
                    raise DataError(f"{self.name}, header: the name of column {number} {problem}")
            return distinct_names([field.strip() for field in fields], f"{self.name}, header:")
        should = "; its first line should name the columns" if self.header else ""
        raise DataError(f"{self.name} is empty{should}")

    def _rows(self, separator: str | None = None) -> Iterator[TableRow]:
        """Yield the rows, including the header.

        After quotes that do not match, and after a field that joins lines to a row of another
        number of fields than the header, where most lines have it, the next line is read again.
        """
        csv.field_size_limit(FIELD_LIMIT)
        lines = _Lines(islice(self._read_lines(), self._first_line - 1, None))
        lines.number = self._first_line - 1
        reader = csv.reader(
            lines,
            delimiter=separator or self.separator,
            quoting=csv.QUOTE_NONE if self._quoting == "none" else csv.QUOTE_MINIMAL,
            strict=True,
        )
        while True:
            lines.begin_row()
            first = lines.number + 1
            problem, begin_again = None, True
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                problem = self._mismatch(lines, error)
            else:
                if not fields:
                    continue
                if self.columns and (problem := self._wrong_number(fields)) is not None:
                    begin_again = have_columns(lines.row, len(self.columns), self.separator)
                    if len(lines.row) > 1 and not begin_again:
                        problem += f" (lines {first} to {lines.number})"
            if problem is None:
                yield TableRow(first, fields, None, lines.row)
                continue
            if not begin_again:
                yield TableRow(first, (), problem, lines.row)
                continue
            swallowed = [] if lines.read_row_again() else lines.row[1:]
            yield TableRow(first, (), problem, lines.row[:1])
            for number, line in enumerate(swallowed, first + 1):
                if line.strip("\r\n"):
                    lost = f"it was read as part of the row in line {first}, and is lost"
                    yield TableRow(number, (), lost, [line])

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
