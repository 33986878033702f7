"""Series in the arrays of a NumPy file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from toolkit.data.columns import find_column, guessed, require_column
from toolkit.data.series.arrays import without_padding
from toolkit.data.series.columns import GROUP_NAMES, SERIES_LABEL_NAMES, SERIES_NAMES, called
from toolkit.data.series.options import SeriesOptions
from toolkit.data.sources.memory import flat
from toolkit.data.sources.numpy_file import read_arrays
from toolkit.data.sources.source import Record
from toolkit.errors import DataError, quoted

LENGTH_NAMES = ("lengths", "length", "n_steps", "steps")


class NpzSource:
    """A ``.npz`` file: an array of series, and arrays of labels, groups and lengths beside it.

    The columns are the names of the arrays with a value for each series. The file is read into
    memory.

    Args:
        path: The file.
        options: The array of the series, and the order of its axes.

    Raises:
        DataError: It cannot be read, needs ``pickle``, or has no array of series.
    """

    fixed_columns = False

    def __init__(self, path: Path, options: SeriesOptions) -> None:
        self.name = str(path)
        arrays = read_arrays(path)
        self.columns: tuple[str, ...] = tuple(arrays)
        if options.series_column is not None:
            name = require_column(self, options.series_column, "series_column")
        else:
            wide = [name for name, array in arrays.items() if array.ndim > 1]
            guess = find_column(wide, SERIES_NAMES) or (wide[0] if len(wide) == 1 else None)
            name = guessed(self, guess, "series", wide or self.columns, SERIES_NAMES)
        series: Any = arrays.pop(name)
        if not series.ndim:
            raise DataError(f"{self.name}: the array {quoted(name)} is a single value")
        lengths = find_column([*arrays], LENGTH_NAMES)
        self.layout = options.layout if lengths is None else "time_first"
        if lengths is not None:
            try:
                series = without_padding(series, arrays.pop(lengths), options.layout)
            except DataError as error:
                raise DataError(f"{self.name}: {error}") from None
        arrays = {other: flat(array) for other, array in arrays.items()}
        fitting = {n: array for n, array in arrays.items() if array.shape == (len(series),)}
        usual = {*called([*arrays], (*SERIES_LABEL_NAMES, *GROUP_NAMES))}
        for other in usual.union({options.label_column, options.group_column}) - {*fitting}:
            if other in arrays:
                raise DataError(
                    f"{self.name}: the array {quoted(other)} has the shape "
                    f"{list(arrays[other].shape)}, but there are {len(series)} series"
                )
        self._arrays = {name: series} | fitting
        self.columns = tuple(self._arrays)

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        for row, values in enumerate(zip(*self._arrays.values(), strict=True), start=1):
            yield Record(row, dict(zip(self.columns, values, strict=True)), f"row {row}")
