"""Options of the columns of series, and of the order of their axes."""

from dataclasses import dataclass
from typing import Literal

from toolkit.data.options import LabelOptions

Layout = Literal["auto", "time_first", "channels_first"]
"""The order of the axes of a series; :class:`SeriesOptions` defines the values."""


@dataclass(kw_only=True)
class SeriesOptions(LabelOptions):
    """The columns of series and of groups, and which axis of a series is time.

    Args:
        series_column: The column of the series, each a list of time steps with a list of channels
            each; guessed, and logged, when not given.
        sequence_column: In a table with a time step a row, the column that says to which sequence
            a row belongs; guessed, and logged, when not given.
        time_column: In such a table, the column of the times, which must increase within a
            sequence; guessed, and logged, when not given.
        channels: In such a table, the columns of the channels, separated by commas (a name with a
            comma stands in quotes); all that hold numbers and nothing else of these when not
            given.
        layout: The order of the axes of a series: time_first for [T, C], channels_first for [C, T];
            auto finds it by the shapes, and logs channels_first.
        group_column: The column of groups, such as subjects; a split never divides rows with equal
            values. When not given, it is one with a usual name, such as subject or speaker, and
            logged; none for no groups.
    """

    series_column: str | None = None
    sequence_column: str | None = None
    time_column: str | None = None
    channels: str | None = None
    layout: Layout = "auto"
    group_column: str | None = None
