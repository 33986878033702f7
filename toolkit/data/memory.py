"""Data that is in memory already: data frames and lists."""

import operator
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit.data.source import Record, repeated
from toolkit.errors import DataError, count, quoted

if TYPE_CHECKING:
    import pandas as pd


class FrameSource:
    """A pandas DataFrame; rows are numbered by position, whatever the index is.

    Raises:
        DataError: the frame has two columns of one name.
    """

    name = "the DataFrame"
    fixed_columns = False

    def __init__(self, frame: "pd.DataFrame") -> None:
        self.columns = tuple(str(column) for column in frame.columns)
        if (column := repeated(self.columns)) is not None:
            raise DataError(f"{self.name} has two columns called {quoted(column)}")
        self._frame = frame

    def records(self) -> Iterator[Record]:
        """Reads the rows from the first one; each call begins anew."""
        arrays = []
        for position in range(len(self.columns)):
            column = self._frame.iloc[:, position]
            values = column.to_numpy(dtype=object, copy=True)
            values[column.isna().to_numpy()] = None
            arrays.append(values)
        for row, fields in enumerate(zip(*arrays, strict=True), start=1):
            yield Record(row, dict(zip(self.columns, fields, strict=True)), f"row {row}")


class ListSource:
    """Texts, or texts and their labels, in lists, arrays or series.

    Args:
        texts: The texts.
        labels: As many labels, or None.

    Raises:
        DataError: there are not as many labels as texts.
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
        """Reads the rows from the first one; each call begins anew."""
        columns = [self._texts] if self._labels is None else [self._texts, self._labels]
        for row, values in enumerate(zip(*columns, strict=True), start=1):
            yield Record(row, dict(zip(self.columns, values, strict=True)), f"row {row}")


def is_list(data: Any) -> bool:
    """Whether the data is a list of things: a list, tuple, one-dimensional array or series."""
    return (
        isinstance(data, (list, tuple))
        or is_a(data, "pandas", "Series")
        or (isinstance(data, np.ndarray) and data.ndim == 1)
    )


def is_a(data: object, module: str, name: str) -> bool:
    """Whether data is of a library's type, without importing a library that is not in use."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(data, operator.attrgetter(name)(loaded))
