"""Data in memory: data frames and lists."""

import operator
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit.data.sources.source import Record, first_repeated
from toolkit.errors import DataError, count, quoted

if TYPE_CHECKING:
    import pandas as pd


class FrameSource:
    """A pandas DataFrame; rows are numbered by position, independent of the index.

    Raises:
        DataError: Two columns have the same name.
    """

    name = "the DataFrame"
    fixed_columns = False

    def __init__(self, frame: "pd.DataFrame") -> None:
        self.columns = tuple(str(column) for column in frame.columns)
        if (column := first_repeated(self.columns)) is not None:
            raise DataError(f"{self.name} has two columns called {quoted(column)}")
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
            yield Record(row, dict(zip(self.columns, fields, strict=True)), f"row {row}")


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


def flat(data: Any) -> Any:
    """Return an array [N, 1] as [N]; other data unchanged."""
    return data.ravel() if isinstance(data, np.ndarray) and data.shape[1:] == (1,) else data


def is_list(data: Any) -> bool:
    """Return whether data is a list, a tuple, a one-dimensional array or a series."""
    return (
        isinstance(data, (list, tuple))
        or is_instance_of(data, "pandas", "Series")
        or is_instance_of(data, "pandas", "api.extensions.ExtensionArray")
        or (isinstance(data, np.ndarray) and data.ndim == 1)
    )


def is_instance_of(data: object, module: str, name: str) -> bool:
    """Return whether data is of a library's type, without importing the library."""
    try:
        return isinstance(data, operator.attrgetter(name)(sys.modules[module]))
    except (KeyError, AttributeError):  # not imported, or another module of this name
        return False
