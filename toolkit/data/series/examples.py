"""Examples of labelled series, read and checked row by row."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.data.bad_rows import BadRowError
from toolkit.data.labelled.rows import LabelledRows
from toolkit.data.labels import Label
from toolkit.data.series import columns
from toolkit.data.series.layout import has_channels_first
from toolkit.data.series.options import SeriesOptions
from toolkit.data.series.values import as_series, read_values
from toolkit.data.sources.source import Record, Source
from toolkit.errors import DataError, count, quoted, shorten
from toolkit.options import option

logger = logging.getLogger("toolkit")

#: The series by which layout and channels are found: so many, of so many values in all.
_FIRST_SERIES, _FIRST_VALUES = 100, 10_000_000


class SeriesExample(NamedTuple):
    """A series with its label.

    Attributes:
        row: The row in the source, from 1.
        series: The time steps, float32 [T, C]; NaN is a missing value.
        label: Its label; None in unlabelled data.
        group: The group that a split must not divide.
        place: The place in the source, for messages.
        problem: In unlabelled data, the place and the reason if the series cannot be read; it is
            then empty.
    """

    row: int
    series: NDArray[np.float32]
    label: Label = None
    group: str | None = None
    place: str = ""
    problem: str | None = None


class SeriesRows(LabelledRows[SeriesExample]):
    """Base class of readers of sequences of time steps, each an array of one shape.

    Attributes:
        dtype: The type of the values of a time step.
        frame_shape: The shape of a time step.
        channel_names: The names of its channels, if they have names.
        channels_first: Whether the time steps are the second axis in the source.
    """

    EXAMPLE = SeriesExample

    options: SeriesOptions
    series_column: str
    dtype: np.dtype[Any] = np.dtype(np.float32)
    frame_shape: tuple[int, ...]
    channel_names: tuple[str, ...] = ()
    channels_first = False

    def content(self, example: SeriesExample) -> bytes:
        """Return the series of an example as bytes, for a checksum."""
        return repr(example.series.shape).encode() + example.series.tobytes()

    def _choose_labels(self, series_column: str, grouped: bool) -> None:
        """Choose the columns of labels and, if they are wanted, of groups."""
        self.label_column = columns.label_column(self.source, self.options, series_column)
        self.group_column = columns.group_column(self.source, self.options) if grouped else None
        self.group_is_guessed = self.options.group_column is None

    def _nothing(self) -> NDArray[Any]:
        """Return a series without time steps."""
        return np.zeros((0, *self.frame_shape), self.dtype)

    def _log_columns(self) -> None:
        """Log the guessed columns, at the beginning of the first iteration."""
        logged = self._logged_guesses
        super()._log_columns()
        self._logged_guesses = True
        if not logged and self.group_column is not None and self.group_is_guessed:
            logger.info(
                "group column: %s (guessed; rows of one group stay together; set %s to split at "
                "random)",
                *(quoted(self.group_column), option("group_column", columns.NO_GROUPS)),
            )

    _logged_guesses = False


class SeriesExamples(SeriesRows):
    """The labelled series of a source; see :class:`toolkit.data.labelled.rows.LabelledRows`.

    Args:
        source: The source of the rows, of ``open_series``. Where it has a ``layout`` or
            ``channel_names``, these go before options and guesses.
        options: The columns, and how their values are read.
        labelled: Whether to read labels.
        grouped: Whether to read groups, which a split needs.
        channels: The number of channels that a model expects; None for that of most of the first
            series.
        names: The names of these channels. Where the source has columns of the same names in
            another order, its channels are put into this one; without names on either side, or
            with no name in common, the order of the source is kept.

    Attributes:
        channels: The number of channels; 0 if no series can be read.
        channel_names: Their names: the columns of a table, otherwise ``1``, ``2`` and so on.
        channels_first: Whether series in the source are [C, T].

    Raises:
        DataError: A column does not exist or cannot be guessed, or some of the named channels are
            missing; in an iteration, a row is bad, or no row can be used.
        OptionError: The label rule is invalid or does not fit the target, or the separator of
            labels is empty.
    """

    def __init__(
        self,
        source: Source,
        options: SeriesOptions,
        labelled: bool = True,
        grouped: bool = True,
        channels: int | None = None,
        names: Sequence[str] = (),
    ) -> None:
        super().__init__(source, options, labelled)
        self.series_column = columns.series_column(source, options)
        if labelled:
            self._choose_labels(self.series_column, grouped)
        self._expected = channels
        self._layout = getattr(source, "layout", options.layout)
        self.channel_names = getattr(source, "channel_names", ())
        self._order = self._order_by(names)
        if self._order is not None:
            self.channel_names = tuple(names)
        self.channels = channels or len(self.channel_names)
        self.channels_first = self._layout == "channels_first"
        if self._layout == "auto" or not self.channels:
            self._look(channels)
        if len(self.channel_names) != self.channels:
            self.channel_names = tuple(str(number) for number in range(1, self.channels + 1))
        self.frame_shape = (self.channels,)

    def _read(self, record: Record) -> NDArray[np.float32]:
        """Return the series of a record."""
        values = read_values(record.values.get(self.series_column))
        series = as_series(values, self.channels_first)
        if series.shape[1] != self.channels:
            raise BadRowError(self._other_channels(values, series.shape[1]))
        return series if self._order is None else np.take(series, self._order, axis=1)

    def _guesses(self) -> Mapping[str, str | None]:
        """Return the columns of series and labels; those of tables are channels."""
        is_table = hasattr(self.source, "channel_names")
        return {"series": None if is_table else self.series_column, "label": self.label_column}

    def _log_columns(self) -> None:
        """Log the guessed columns and layout, at the beginning of the first iteration."""
        logged = self._logged_guesses
        super()._log_columns()
        if logged:
            return
        if self.channels_first and self._layout == "auto":
            logger.info(
                "%s: series are taken for [channels, time] by their shapes; if they are [time, "
                "channels], set %s",
                *(self.source.name, option("layout", "time_first")),
            )

    def _order_by(self, names: Sequence[str]) -> list[int] | None:
        """Return the place in the source of each of the named channels.

        None if the order of the source is kept.

        Raises:
            DataError: Some of the channels are missing, but not all.
        """
        own = self.channel_names
        if not own or not names or all(map(str.isdecimal, names)):
            return None
        if set(own) == set(names):
            return None if own == tuple(names) else [own.index(name) for name in names]
        missing = [name for name in names if name not in own]
        if 0 < len(missing) < len(names):
            raise DataError(
                f"{self.source.name} lacks the channels {shorten(missing)} of the model; it has: "
                f"{shorten(own)}"
            )
        return None

    def _look(self, channels: int | None) -> None:
        """Find the layout and the number of channels by the first series."""
        shapes = self._first_shapes()
        if self._layout == "auto":
            self.channels_first = has_channels_first(shapes, channels)
        axis = 0 if self.channels_first else 1
        widths = Counter(shape[axis] if len(shape) == 2 else 1 for shape in shapes)
        self.channels = channels or (widths.most_common(1)[0][0] if widths else 0)

    def _first_shapes(self) -> list[tuple[int, ...]]:
        """Return the shapes of the first series that have values."""
        shapes: list[tuple[int, ...]] = []
        size = 0
        for record in self.source.records():
            try:
                values = read_values(record.values.get(self.series_column))
            except BadRowError:
                continue
            if values.size:
                shapes.append(values.shape)
                size += values.size
            if len(shapes) == _FIRST_SERIES or size > _FIRST_VALUES:
                break
        return shapes

    def _other_channels(self, values: NDArray[Any], channels: int) -> str:
        """Return the problem of a series with another number of channels."""
        have = "the model takes" if self._expected else "others have"
        problem = f"the series has {count(channels, 'channel')} where {have} {self.channels}"
        if values.ndim == 1 or self.channels not in values.shape:
            return problem
        other = "time_first" if self.channels_first else "channels_first"
        return f"{problem}; if its axes are the other way round, set {option('layout', other)}"
