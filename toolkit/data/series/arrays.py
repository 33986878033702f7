"""Series in memory: lists of arrays, and arrays of series with or without lengths."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data.series.options import Layout
from toolkit.data.sources.memory import flat, is_list
from toolkit.data.sources.source import Record
from toolkit.errors import DataError, count
from toolkit.options import option

logger = logging.getLogger("toolkit")

_NO_LENGTHS = "lengths are whole numbers of time steps"


class ArraySource:
    """Series in a list or an array, optionally with labels and lengths.

    Args:
        series: A list of arrays [T, C] or [T], or an array [N, T, C] or [N, T].
        labels: Their labels, or None.
        lengths: The number of time steps of each series of a padded array, or None.
        layout: The order of the axes of a padded array.

    Raises:
        DataError: The numbers of series, labels and lengths differ, or a length does not fit.
    """

    name = "the list"
    fixed_columns = True

    def __init__(
        self, series: Any, labels: Any = None, lengths: Any = None, layout: Layout = "auto"
    ) -> None:
        if isinstance(series, np.ndarray):
            self.name = "the array"
        if labels is not None and not is_list(labels := flat(labels)):
            raise DataError(
                f"labels of type {type(labels).__name__} cannot be read; give a list, an array [N] "
                "or a Series"
            )
        if labels is not None and len(labels) != len(series):
            raise DataError(
                f"{len(series):,} series with {count(len(labels), 'label')}; give one each"
            )
        self.columns = ("series",) if labels is None else ("series", "label")
        self.layout = layout if lengths is None else "time_first"
        self._series = series if lengths is None else without_padding(series, lengths, layout)
        self._labels = labels

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        columns = [self._series] if self._labels is None else [self._series, self._labels]
        for row, values in enumerate(zip(*columns, strict=True), start=1):
            yield Record(row, dict(zip(self.columns, values, strict=True)), f"row {row}")


def without_padding(series: Any, lengths: Any, layout: Layout = "auto") -> Sequence[NDArray[Any]]:
    """Return padded series up to their lengths.

    Args:
        series: [N, T, C], [N, T], or [N, C, T]; frames of videos [N, T, H, W] or [N, T, H, W, C].
        lengths: The number of time steps of each, [N].
        layout: The order of the axes; auto takes the last for time, and logs it, where the longest
            length fits that one alone.

    Returns:
        Views [T, C] or [T], or of frames.

    Raises:
        DataError: The arrays have other shapes, or a length is no number of steps.
    """
    try:
        series = np.asarray(series)
    except ValueError:
        raise DataError(
            "series of unequal lengths need no lengths; give (series, labels)"
        ) from None
    try:
        lengths = flat(np.asarray(lengths))
    except ValueError:
        raise DataError(_NO_LENGTHS) from None
    if series.ndim not in (2, 3, 4, 5) or lengths.shape != series.shape[:1]:
        raise DataError(
            f"series of shape {list(series.shape)} with lengths of shape {list(lengths.shape)}; "
            "padded series are [N, T, C], padded videos [N, T, H, W, C], and lengths [N]"
        )
    if lengths.dtype.kind not in "iuf" or not np.isfinite(lengths).all():
        raise DataError(_NO_LENGTHS)
    if not np.array_equal(lengths, np.round(lengths)):
        raise DataError(_NO_LENGTHS)
    longest = int(lengths.max(initial=0))
    if series.ndim == 3:
        _, first, last = series.shape
        fits_last_alone = first < longest <= last
        if guess := layout == "auto" and fits_last_alone:
            logger.info(
                "series are taken for [N, channels, time] by their lengths; if they are [N, time, "
                "channels], set %s",
                option("layout", "time_first"),
            )
        if guess or layout == "channels_first":
            series = series.transpose(0, 2, 1)
    steps = series.shape[1]
    wrong = np.flatnonzero((lengths < 1) | (lengths > steps))
    if len(wrong):
        raise DataError(
            f"the length of series {wrong[0] + 1} is {lengths[wrong[0]]}; it can be 1 to {steps}"
        )
    return [one[:end] for one, end in zip(series, lengths.astype(int).tolist(), strict=True)]
