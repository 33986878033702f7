"""Tables with one time step a row, read as sequences."""

from array import array
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np

from toolkit.data.bad_rows import BadRowError
from toolkit.data.labels import class_name, to_number
from toolkit.data.options import join_names
from toolkit.data.sources.source import Record, Source, is_missing
from toolkit.errors import quoted


class TableColumns(NamedTuple):
    """The columns of a table with a time step a row.

    Attributes:
        sequence: The column of the sequence of each row; None if all rows are one sequence.
        time: The column of the times, if any.
        label: The column of the labels, if any.
        group: The column of the groups, if any.
        channels: The columns of the channels.
    """

    sequence: str | None
    time: str | None
    label: str | None
    group: str | None
    channels: tuple[str, ...]


class SequenceTable:
    """Collect the rows of a source, one for each time step, to sequences.

    ::

        id  label  ax   ay        {"series": [[0.1, 2], [0.3, 1.9]], "label": "run", "id": 1}
        1   run    0.1  2    ->   {"series": [[0.7, NaN]], "label": "walk", "id": 2}
        1   run    0.3  1.9
        2   walk   0.7

    The rows of a sequence need not stand together, but are in order of time. The values of all
    sequences are in memory while they are read, as 32-bit numbers.

    A sequence is bad if a value is no number, a time does not come after that before it, or its
    label or group changes. A row that cannot be read may belong to the sequence of the row before
    or after it: both are bad.

    Args:
        source: The table.
        columns: Its columns.
        named: Those that a run keeps, by option.
    """

    fixed_columns = False
    layout = "time_first"

    def __init__(
        self, source: Source, columns: TableColumns, named: Mapping[str, str] | None = None
    ) -> None:
        self.name = source.name
        self.sequence_column = columns.sequence if columns.sequence != "series" else None
        others = (columns.label, columns.group, self.sequence_column)
        self.columns = ("series", *dict.fromkeys(each for each in others if each))
        self.channel_names = columns.channels
        self.named_columns = {"channels": join_names(columns.channels), **(named or {})}
        self.is_one_sequence = columns.sequence is None
        self._source = source
        self._of = columns

    def records(self) -> Iterator[Record]:
        """Yield the sequences, by their first rows; each call starts again."""
        sequences: dict[str, _Sequence] = {}
        latest: _Sequence | None = None
        unread: str | None = None  # the problem of the row before
        for record in self._source.records():
            try:
                name = self._name(record)
            except BadRowError as error:
                unread = f"{record.place}: {error}"
                if latest is None:
                    sequences[""] = latest = _Sequence("", record.place, self._of)
                    latest.problem = str(error)
                latest.problem = latest.problem or unread
                continue
            if latest is None or name != latest.name:
                if name not in sequences:
                    sequences[name] = _Sequence(name, record.place, self._of)
                    if self.sequence_column is not None:
                        sequences[name].keep(self.sequence_column, record)
                latest = sequences[name]
            if unread is not None:
                latest.problem, unread = latest.problem or unread, None
            if latest.problem is None:
                latest.add(record)
        for row, name in enumerate([*sequences], start=1):
            yield sequences.pop(name).record(row)

    def _name(self, record: Record) -> str:
        """Return the name of the sequence of a row.

        Raises:
            BadRowError: The row cannot be read, or the name is missing.
        """
        if record.problem is not None or record.doubt is not None:
            raise BadRowError(record.problem or record.doubt or "")
        if self._of.sequence is None:
            return ""
        value = record.values.get(self._of.sequence)
        if is_missing(value):
            raise BadRowError(f"the sequence in column {quoted(self._of.sequence)} is missing")
        return class_name(value)


class _Sequence:
    """The rows of one sequence.

    Attributes:
        name: Its name; empty if it is the only one.
        problem: Why it is bad, or None.
    """

    def __init__(self, name: str, place: str, columns: TableColumns) -> None:
        self.problem: str | None = None
        self.name = name
        self._place = place
        self._of = columns
        self._values = array("f")
        self._time: Any = None
        self._latest = -np.inf
        self._constant = [each for each in (columns.label, columns.group) if each is not None]
        self._attributes: dict[str, object] = {}

    def keep(self, column: str, record: Record) -> None:
        """Keep the value of a column as one of the sequence."""
        self._attributes[column] = record.values.get(column)

    def add(self, record: Record) -> None:
        """Add a time step."""
        try:
            self._check_time(record)
            for column in self._constant:
                self._check_constant(record, column)
            cells = [record.values.get(column) for column in self._of.channels]
            try:
                step = array("f", map(float, cells))  # type: ignore[arg-type]
            except (TypeError, ValueError, OverflowError):
                step = array("f", map(_value, cells, self._of.channels))
            self._values += step
        except BadRowError as error:
            self.problem = f"{record.place}: {error}"

    def record(self, row: int) -> Record:
        """Return the record of the sequence."""
        place = f"sequence {quoted(self.name)} from {self._place}" if self.name else self._place
        if self.problem is not None:
            return Record(row, self._attributes, place, self.problem)
        series = np.frombuffer(self._values, np.float32).reshape(-1, len(self._of.channels))
        return Record(row, {"series": series, **self._attributes}, place)

    def _check_time(self, record: Record) -> None:
        """Check that the time of a row comes after that of the row before."""
        if self._of.time is None:
            return
        value = record.values.get(self._of.time)
        time = _seconds(value)
        if time is None or not np.isfinite(time):
            what = "missing" if is_missing(value) else f"{quoted(value)}, not a time"
            raise BadRowError(f"the time in column {quoted(self._of.time)} is {what}")
        if time <= self._latest:
            raise BadRowError(
                f"the time {quoted(value)} in column {quoted(self._of.time)} does not come after "
                f"{quoted(self._time)}; the rows of a sequence must be in order of time"
            )
        self._time, self._latest = value, time

    def _check_constant(self, record: Record, column: str) -> None:
        """Check that a label or group is that of the rows before."""
        value, before = record.values.get(column), self._attributes.get(column)
        if value == before or is_missing(value):
            return
        if before is None:
            self._attributes[column] = value
        elif class_name(before) != class_name(value):
            raise BadRowError(
                f"column {quoted(column)} changes from {quoted(before)} to {quoted(value)} within "
                "the sequence"
            )


def _value(cell: object, column: str) -> float:
    """Return the value of a channel, NaN if it is missing.

    Raises:
        BadRowError: It is no number.
    """
    number = np.nan if is_missing(cell) else to_number(cell)
    if number is None:
        raise BadRowError(f"column {quoted(column)} is {quoted(cell)}, not a number")
    return number


def _seconds(value: Any) -> float | None:
    """Return a time as a number that grows with it, or None if it is no time."""
    if (number := to_number(value)) is not None:
        return number
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return None
