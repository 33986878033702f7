"""Data in memory: data frames and lists."""

import operator
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit.data.sources.hub_dataset import HubDatasetSource
from toolkit.data.sources.source import (
    Record,
    Source,
    distinct_names,
    first_repeated,
    log_weights,
)
from toolkit.errors import DataError, count, quoted, shorten

if TYPE_CHECKING:
    import pandas as pd


class FrameSource:
    """A pandas DataFrame; rows are numbered by position, independent of the index.

    Columns with one name are told apart by their numbers; see
    :func:`toolkit.data.sources.source.distinct_names`.

    Args:
        frame: The frame.
        name: The name of the source, for messages.
        sheet_rows: The number of each row in the sheet that it comes from, if it does.
    """

    fixed_columns = False

    def __init__(
        self,
        frame: "pd.DataFrame",
        name: str = "the DataFrame",
        sheet_rows: Sequence[int] | None = None,
    ) -> None:
        self.name = name
        self._sheet_rows = sheet_rows
        self.columns = distinct_names([str(column) for column in frame.columns], name)
        self._frame = frame

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        arrays = []
        for position in range(len(self.columns)):
            column = self._frame.iloc[:, position]
            values = column.to_numpy(dtype=object, copy=True)
            values[column.isna().to_numpy()] = None
            arrays.append(values)
        for row, fields in enumerate(zip(*arrays, strict=True), start=1):
            place = f"row {row}"
            if self._sheet_rows is not None:
                place += f" (row {self._sheet_rows[row - 1]} of the sheet)"
            yield Record(row, dict(zip(self.columns, fields, strict=True)), place)


class RowSource:
    """A list of rows, each a mapping from columns to values; other values are bad rows.

    Args:
        rows: The rows. Names of columns that are no strings, such as numbers, become strings.
        name: The name of the source, for messages.

    Raises:
        DataError: Two names are one as strings.
    """

    fixed_columns = False

    def __init__(self, rows: Sequence[Any], name: str = "the list") -> None:
        self.name = name
        self._rows = rows
        names = dict.fromkeys(column for row in rows if isinstance(row, Mapping) for column in row)
        self.columns = tuple(_as_strings(names, name))
        self._all_strings = all(isinstance(column, str) for column in names)

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        for row, values in enumerate(self._rows, start=1):
            if isinstance(values, Mapping):
                if not self._all_strings:
                    values = {str(column): value for column, value in values.items()}
                yield Record(row, values, f"row {row}")
                continue
            shown = "null" if values is None else quoted(values)
            problem = f"it is {shown}; each row should be an object with names and values"
            yield Record(row, {}, f"row {row}", problem)


def _as_strings(names: Iterable[object], where: str) -> list[str]:
    """Return names of columns as strings.

    Raises:
        DataError: Two of them are one as strings.
    """
    strings = [str(name) for name in names]
    if (name := first_repeated(strings)) is not None:
        raise DataError(f"{where} names the column {quoted(name)} twice, as a string and otherwise")
    return strings


class ColumnSource:
    """Columns of equal length, by name.

    Args:
        columns: The columns.
        name: The name of the source, for messages.

    Raises:
        DataError: They are of unequal lengths.
    """

    fixed_columns = False

    def __init__(self, columns: Mapping[str, Sequence[object]], name: str) -> None:
        lengths = {column: len(values) for column, values in columns.items()}
        if len({*lengths.values()}) > 1:
            different = shorten([f"{column} {length:,}" for column, length in lengths.items()])
            raise DataError(f"{name} has columns of unequal lengths: {different}")
        self.name = name
        self.columns = tuple(columns)
        self._values = [*columns.values()]

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        for row, values in enumerate(zip(*self._values, strict=True), start=1):
            yield Record(row, dict(zip(self.columns, values, strict=True)), f"row {row}")


class ListSource:
    """Texts, optionally with labels, in lists, arrays or series.

    Args:
        texts: The texts.
        labels: Their labels, or None.

    Raises:
        DataError: The numbers of texts and labels differ.
    """

    name = "the list"
    fixed_columns = True

    def __init__(self, texts: Sequence[object], labels: Sequence[object] | None = None) -> None:
        if labels is not None and len(labels) != len(texts):
            raise DataError(
                f"{count(len(texts), 'text')} with {count(len(labels), 'label')}; give one each"
            )
        self.columns = ("text",) if labels is None else ("text", "label")
        self._texts = texts
        self._labels = labels

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        columns = [self._texts] if self._labels is None else [self._texts, self._labels]
        for row, values in enumerate(zip(*columns, strict=True), start=1):
            yield Record(row, dict(zip(self.columns, values, strict=True)), f"row {row}")


def columns_of(data: Mapping[Any, Any], name: str) -> ColumnSource | None:
    """Return the columns of a mapping from names to lists, or to mappings from rows; else None.

    Raises:
        DataError: The columns are of unequal lengths, or have different rows.
    """
    if data and all(isinstance(values, Mapping) for values in data.values()):
        rows = [*next(iter(data.values()))]
        if any({*values} != {*rows} for values in data.values()):
            raise DataError(f"{name} has columns of different rows")
        data = {column: [values[row] for row in rows] for column, values in data.items()}
    columns = dict(zip(_as_strings(data, name), map(flat, data.values()), strict=True))
    return ColumnSource(columns, name) if columns and all(map(is_list, columns.values())) else None


def open_table_in_memory(data: Any, part: str | None = None) -> Source | None:
    """Open a table of pandas, polars, pyarrow or ``datasets``, a dict of lists or a list of dicts.

    Args:
        data: The table, or anything else.
        part: The part to read of a ``DatasetDict``.

    Returns:
        The source; None if the data is no table.

    Raises:
        DataError: The columns are of unequal lengths, or there is no such part.
    """
    if is_instance_of(data, "datasets", "DatasetDict"):
        if part not in data:
            raise DataError(f"the DatasetDict has no part {part!r}; give one of {[*data]}")
        return open_table_in_memory(data[part])
    if is_instance_of(data, "polars", "LazyFrame"):
        raise DataError("a LazyFrame cannot be read; give its collect()")
    if is_instance_of(data, "pandas", "DataFrame"):
        return FrameSource(data)
    if is_instance_of(data, "polars", "DataFrame"):
        return ColumnSource({name: data[name].to_list() for name in data.columns}, "the DataFrame")
    if is_instance_of(data, "pyarrow", "Table"):
        return ColumnSource(data.to_pydict(), "the Table")
    if any(is_instance_of(data, "datasets", kind) for kind in ("Dataset", "IterableDataset")):
        return HubDatasetSource(data)
    if isinstance(data, Mapping):
        return columns_of(data, "the dict")
    if isinstance(data, list) and _are_rows(data):
        return RowSource(data)
    return None


def _are_rows(data: Sequence[Any]) -> bool:
    """Return whether values are mappings, of which some may be missing."""
    return any(isinstance(row, Mapping) for row in data) and all(
        row is None or isinstance(row, Mapping) for row in data
    )


def unzipped(data: Any) -> Any:
    """Return a list of pairs ``(x, y)`` as a pair of lists; other data unchanged.

    A weight after each pair, and a list of weights after a pair of lists, are left out, which is
    logged. Two pairs in a tuple are a pair of lists.
    """
    is_pair = isinstance(data, tuple) and len(data) == 2
    if isinstance(data, list | tuple) and data and not is_pair and all(map(_is_pair, data)):
        data = tuple([*column] for column in zip(*data, strict=False))
    if isinstance(data, tuple) and len(data) == 3 and _are_weights(flat(data[2])):
        log_weights("the data")
        return data[:2]
    return data


def _are_weights(data: Any) -> bool:
    """Return whether data is a list of numbers."""
    return is_list(data) and all(map(_is_number, data))


def _is_pair(value: object) -> bool:
    """Return whether a value is ``(x, y)`` or ``(x, y, weight)``; y is a label or several.

    Numbers in a list are labels beside a text alone, as they may be the values of a series.
    """
    if not isinstance(value, tuple) or len(value) not in (2, 3) or _is_number(value[0]):
        return False
    label = value[1]
    if is_list(label):
        names = (str, int, np.integer) if isinstance(value[0], str) else str
        return all(isinstance(name, names) for name in label)
    return getattr(label, "shape", ()) == ()


def _is_number(value: object) -> bool:
    """Return whether a value is a number of Python or NumPy."""
    return isinstance(value, int | float | np.number)


def flat(data: Any) -> Any:
    """Return an array, tensor or frame [N, 1] as [N]; other data unchanged."""
    if is_instance_of(data, "pandas", "DataFrame") and data.shape[1] == 1:
        return data.iloc[:, 0]
    if not isinstance(data, np.ndarray) and callable(getattr(data, "numpy", None)):
        data = data.numpy()  # of a tensor
    return data.ravel() if isinstance(data, np.ndarray) and data.shape[1:] == (1,) else data


def is_list(data: Any) -> bool:
    """Return whether data is a sequence of values: a list, a one-dimensional array, a column."""
    return (
        (isinstance(data, Sequence) and not isinstance(data, str | bytes | bytearray))
        or is_instance_of(data, "pandas", "Series")
        or is_instance_of(data, "pandas", "Index")
        or is_instance_of(data, "pandas", "api.extensions.ExtensionArray")
        or is_instance_of(data, "polars", "Series")
        or (isinstance(data, np.ndarray) and data.ndim == 1)
    )


def is_instance_of(data: object, module: str, name: str) -> bool:
    """Return whether data is of a library's type, without importing the library."""
    try:
        return isinstance(data, operator.attrgetter(name)(sys.modules[module]))
    except (KeyError, AttributeError):  # not imported, or another module of this name
        return False
