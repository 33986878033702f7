"""Opening of series."""

import os
from typing import Any

import numpy as np

from toolkit.data.series.arrays import ArraySource
from toolkit.data.series.options import SeriesOptions
from toolkit.data.sources.memory import is_instance_of, is_list
from toolkit.data.sources.open import open_source
from toolkit.data.sources.source import Source
from toolkit.errors import DataError


def open_series(data: Any, part: str | None = None, options: SeriesOptions | None = None) -> Source:
    """Open series of any supported kind.

    Args:
        data: The path of a JSON Lines file, plain or gzipped; a pandas DataFrame with a column of
            lists or arrays; a list of arrays [T, C]; an array [N, T, C]; a pair ``(series,
            labels)``; ``(series, labels, lengths)`` with a padded array; or a source, which is
            returned unchanged.
        part: ``train`` or ``test``: the part to read of a folder with parts.
        options: The columns.

    Raises:
        DataError: The data does not exist or is of an unsupported kind.
    """
    options = options or SeriesOptions()
    if isinstance(data, (str, os.PathLike)):
        return open_source(os.fspath(data), part, options.quoting)
    if is_instance_of(data, "pandas", "DataFrame"):
        return open_source(data)
    if isinstance(data, tuple) and len(data) in (2, 3) and _has_series(data[0]):
        series, labels, lengths = (*data, None)[:3]
        return ArraySource(series, labels, lengths, options.layout)
    if _has_series(data):
        return ArraySource(data)
    if isinstance(data, Source):
        return data
    raise DataError(
        f"data of type {type(data).__name__} cannot be read; give a path, a DataFrame, a list of "
        "arrays [T, C], an array [N, T, C], a pair (series, labels), or (series, labels, lengths)"
    )


def _has_series(data: Any) -> bool:
    """Return whether data is a list of series, or an array of them."""
    return is_list(data) or (isinstance(data, np.ndarray) and data.ndim > 1)
