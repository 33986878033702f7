"""Rows that a quote at the beginning of a text joins to one field."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

#: The rows of one line that are looked at, among how many of all, and with how many columns.
_ROWS, _ALL_ROWS, _COLUMNS = 1000, 10_000, 50
#: The length of the values that are compared.
_LONGEST = 40
#: Fewer rows than these say little.
_FEW = 10
#: So few values of a column are always classes, where the rows are not few.
_CLASSES = 5
#: The share of lines with the header's number of fields from which lines are taken for rows.
_MOST = 0.75


class TableRow(NamedTuple):
    """A row of a table.

    Attributes:
        line: The number of its first line.
        fields: Its fields; empty if it has a problem.
        problem: Why it cannot be read, or None.
        lines: Its lines.
    """

    line: int
    fields: Sequence[str]
    problem: str | None
    lines: Sequence[str]


class JoinedRows:
    """Judge whether a field with line ends joins rows that stand in a line each.

    Both are read alike, so other rows decide. Commas and line ends are common in texts; the names
    of classes at the ends of lines are not. The lines of a field are taken for rows only if

    - without quotes, the first, the last and most others have as many fields as the header;
    - in each column whose values repeat in rows of one line, such as that of the classes, and there
      is one, they have one of its values, beside that of the row before. Of fewer than ten rows of
      one line the values of all columns must repeat, but that with the quote; otherwise the same
      must hold for the lines between the first and the last, of which there must be ten, and which
      must have all values of the other rows;
    - they are more than the fields with line ends that are none: such a file is quoted well.

    So a row that is quoted by the rules is never taken for several unless pieces of its text are
    values of these columns.

    Args:
        rows: The rows of the table without its header.
        columns: The number of columns.
        separator: What stands between fields.
    """

    def __init__(self, rows: Iterable[TableRow], columns: int, separator: str) -> None:
        self._columns = columns
        self._separator = separator
        self._values: list[Counter[str]] = [Counter() for _ in range(min(columns, _COLUMNS))]
        self._single = 0
        self._texts = 0  # fields with line ends that are no rows
        for number, (_, fields, problem, lines) in enumerate(rows):
            if number == _ALL_ROWS or self._single == _ROWS:
                break
            if problem is not None or len(fields) != columns:
                continue
            if len(lines) > 1:
                self._texts += self._as_rows(lines) is None
                continue
            self._single += 1
            _count(fields, self._values)

    def is_joined(self, lines: Sequence[str], before: Sequence[str]) -> bool:
        """Return whether the lines of a row seem to be rows.

        Args:
            lines: The lines.
            before: The fields of the latest row of one line; empty if there is none.
        """
        rows = self._as_rows(lines)
        if rows is None or len(rows) <= self._texts:
            return False
        if (known := self._known(rows)) is None:
            return False
        for column, values in known.items():
            values.update(filter(None, before[column : column + 1]))
        fitting = sum(self._has_values(row, known) for row in rows)
        ends = self._has_values(rows[0], known) and self._has_values(rows[-1], known)
        return ends and fitting >= _MOST * len(_not_blank(lines))

    def _as_rows(self, lines: Sequence[str]) -> list[list[str]] | None:
        """Return the fields of those lines that have enough, or None if these are no rows."""
        split = [line.split(self._separator) for line in _not_blank(lines)]
        rows = [fields for fields in split if len(fields) == self._columns]
        if not rows or rows[0] is not split[0] or rows[-1] is not split[-1]:
            return None
        return rows if have_columns(lines, self._columns, self._separator) else None

    def _known(self, rows: Sequence[Sequence[str]]) -> dict[int, set[str]] | None:
        """Return the values of the columns that decide, or None if nothing can be decided."""
        opened = max(
            (column for column, field in enumerate(rows[0]) if field.startswith('"')), default=0
        )
        others = [column for column in range(len(self._values)) if column != opened]
        values = self._values
        if self._single >= _FEW:
            chosen = [c for c in others if _repeat(values[c]) or 0 < len(values[c]) <= _CLASSES]
            return {c: set(values[c]) for c in chosen} or None
        if others and all(len(values[c]) < values[c].total() for c in others):
            return {c: set(values[c]) for c in others}
        inner: list[Counter[str]] = [Counter() for _ in values]
        for row in rows[1:-1]:
            _count(row, inner)
        if len(rows) < _FEW + 2 or not others or not all(_repeat(inner[c]) for c in others):
            return None
        if any(set(values[c]) - set(inner[c]) for c in others):
            return None
        return {c: set(inner[c]) for c in others}

    def _has_values(self, row: Sequence[str], known: dict[int, set[str]]) -> bool:
        """Return whether a row has known values, and no decimal comma before them."""
        digits = {
            column
            for column, (one, two) in enumerate(pairwise(row), 1)
            if self._separator == "," and one[-1:].isdigit() and two[:1].isdigit()
        }
        return all(row[c] in values and c not in digits for c, values in known.items())


def have_columns(lines: Sequence[str], columns: int, separator: str) -> bool:
    """Return whether most lines have as many fields as a header, without quotes."""
    split = [line.split(separator) for line in _not_blank(lines)]
    return sum(len(fields) == columns for fields in split) >= _MOST * len(split)


def _not_blank(lines: Sequence[str]) -> list[str]:
    """Return the lines that are not blank, without their ends."""
    return [line for each in lines if (line := each.rstrip("\r\n"))]


def _count(fields: Sequence[str], values: Sequence[Counter[str]]) -> None:
    """Count the fields of a row that are not empty, up to a length."""
    for field, counter in zip(fields, values, strict=False):
        if field:
            counter[field[: _LONGEST + 1]] += 1


def _repeat(values: Counter[str]) -> bool:
    """Return whether a column has each value twice on average."""
    return bool(values) and 2 * len(values) <= values.total()
