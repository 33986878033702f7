"""Opening of series."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.data.options import table_format
from toolkit.data.series.arrays import ArraySource
from toolkit.data.series.folder import SeriesFolder
from toolkit.data.series.npz_file import NpzSource
from toolkit.data.series.options import SeriesOptions
from toolkit.data.series.table import by_sequences, open_table, separators
from toolkit.data.series.ts_file import TsSource
from toolkit.data.sources.memory import is_list, open_table_in_memory, unzipped
from toolkit.data.sources.open import TABLES_IN_WORDS, is_table, missing
from toolkit.data.sources.open import open_table as open_file
from toolkit.data.sources.source import Source
from toolkit.errors import DataError


def open_series(data: Any, part: str | None = None, options: SeriesOptions | None = None) -> Source:
    """Open series of any supported kind.

    Args:
        data: The path of a ``.ts`` file of the UEA and UCR archives, plain or gzipped, of a
            table, as for ``open_table``, with a time step a row or a series a row (in a cell of
            text as JSON), of a ``.npz`` file, or of a folder with a sub-folder for each class and a
            CSV or ``.npy`` file for each series; a table in memory, as for ``open_source``, with a
            series or a time step a row; a list of arrays [T, C]; an array [N, T, C]; a pair
            ``(series, labels)`` or a list of such pairs; ``(series, labels, lengths)`` with a
            padded array; or a source, which is returned unchanged.
        part: ``train`` or ``test``: the part to read of a folder with parts.
        options: The columns, and the order of the axes.

    Returns:
        A source whose records have a series and, where the data has them, a label and others.

    Raises:
        DataError: The data does not exist or is of an unsupported kind.
    """
    options = options or SeriesOptions()
    if isinstance(data, (str, os.PathLike)):
        return _open_path(os.fspath(data), part, options)
    if (table := open_table_in_memory(data, part)) is not None:
        return by_sequences(table, options)
    data = unzipped(data) if isinstance(data, list) else data
    if isinstance(data, tuple) and len(data) in (2, 3) and _has_series(data[0]):
        series, labels, lengths = (*data, None)[:3]
        return ArraySource(series, labels, lengths, options.layout)
    if _has_series(data):
        return ArraySource(data, layout=options.layout)
    if isinstance(data, Source):
        return data
    raise DataError(
        f"data of type {type(data).__name__} cannot be read; give a path, a DataFrame, a list of "
        "arrays [T, C], an array [N, T, C], a pair (series, labels), or (series, labels, lengths)"
    )


def _open_path(data: str, part: str | None, options: SeriesOptions) -> Source:
    """Open a file or folder."""
    path = Path(data)
    if not os.path.exists(data):
        raise missing(data, "series")
    if os.path.isdir(data):
        return SeriesFolder(path, part, options)
    if not os.path.isfile(data):
        raise DataError(f"{path} is no regular file; it is read more than once")
    name = path.name.lower().removesuffix(".gz")
    if (choices := separators(path)) is not None:
        return by_sequences(open_table(path, choices, options), options)
    if is_table(path):
        return by_sequences(open_file(path, table_format(options)), options)
    if name.endswith(".ts"):
        return TsSource(path)
    if path.name.lower().endswith(".npz"):
        return NpzSource(path, options)
    raise DataError(
        f"{path} is of no known format; it should end in {TABLES_IN_WORDS}, or in .ts (also .gz) "
        "or .npz"
    )


def _has_series(data: Any) -> bool:
    """Return whether data is a list of series, or an array of them."""
    return is_list(data) or (isinstance(data, np.ndarray) and data.ndim > 1)
