"""Choice of the columns of series and groups, by option or by guess."""

import re
from collections.abc import Sequence
from itertools import islice

from toolkit.data.columns import find_column, guessed, learnt_column, require_column
from toolkit.data.labelled import columns as labelled
from toolkit.data.series.options import SeriesOptions
from toolkit.data.series.sequence_table import SequenceTable
from toolkit.data.sources.memory import is_list
from toolkit.data.sources.source import Source, is_missing
from toolkit.data.texts.columns import classes_of_texts
from toolkit.errors import DataError
from toolkit.options import option

SERIES_NAMES = ("x", "series", "values", "data", "frames", "sequence", "signal")
LABEL_NAMES = (
    *("label", "labels", "class", "classes", "category", "target"),
    *("activity", "action", "gesture", "movement"),
)
#: Beside series; in a table with a time step a row, y is a coordinate.
SERIES_LABEL_NAMES = (*LABEL_NAMES, "y")
GROUP_NAMES = (
    *("subject", "speaker", "user", "person", "participant", "patient", "signer", "performer"),
    "group",
)
#: The value of ``group_column`` for no groups.
NO_GROUPS = "none"
#: The end of a name that says that it is counted.
_NUMBERED = re.compile(r"(?<=\w)[ _.-]?(ids?|no|nr|num|number|idx)$")
_FIRST_ROWS = 20  # the number of rows whose values are looked at
#: The beginning of a list of numbers, or of lists, as JSON.
_WRITTEN = re.compile(r"\s*\[\s*(\[|\]|-?\d|null|NaN)")


def series_column(source: Source, options: SeriesOptions) -> str:
    """Return the column of the series: by option, by a usual name, or the only one with lists.

    Raises:
        DataError: The requested column does not exist, or none can be guessed.
    """
    if source.fixed_columns or isinstance(source, SequenceTable):
        return source.columns[0]
    if options.series_column is not None:
        return require_column(source, options.series_column, "series_column")
    if (own := learnt_column(source, options, "series_column")) is not None:
        return own
    candidates = nested_columns(source, options)
    guess = find_column(candidates, SERIES_NAMES)
    if guess is None and len(candidates) == 1:
        guess = candidates[0]
    names, instead = candidates or source.columns, classes_of_texts(source)
    return guessed(source, guess, "series", names, SERIES_NAMES, instead=instead)


def nested_columns(source: Source, options: SeriesOptions) -> list[str]:
    """Return the columns of lists of numbers, or of lists of these, by the first rows."""
    nested: set[str | None] = set()
    for record in islice(source.records(), _FIRST_ROWS):
        nested.update(name for name, value in record.values.items() if _is_nested(value))
    nested -= {options.label_column, options.group_column}
    return [column for column in source.columns if column in nested]


def label_column(source: Source, options: SeriesOptions, series: str) -> str:
    """Return the column of the labels: by option, by a usual name, or the only one left.

    Raises:
        DataError: The requested column does not exist, or none can be guessed.
    """
    if source.fixed_columns and len(source.columns) == 1:
        without = f"{source.name} has series without labels"
        raise DataError(getattr(source, "unlabelled", "") or without)
    if isinstance(source, SequenceTable) and source.is_one_sequence:
        raise DataError(
            f"{source.name} is one series without a label; for several, set "
            f"{option('sequence_column')} to the column that tells them apart, and "
            f"{option('label_column')}"
        )
    others = {series, options.group_column, _sequence_column(source), *usual_groups(source.columns)}
    return labelled.label_column(source, options, others, SERIES_LABEL_NAMES)


def group_column(source: Source, options: SeriesOptions) -> str | None:
    """Return the column of the groups: by option, or one with a usual name; None without them.

    Raises:
        DataError: The requested column does not exist.
    """
    if options.group_column == NO_GROUPS:
        return None
    if options.group_column is not None:
        return labelled.group_column(source, options)
    if source.fixed_columns:
        return None
    candidates = [
        column
        for column in usual_groups(source.columns)
        if column not in {options.series_column, options.label_column, _sequence_column(source)}
    ]
    return candidates[0] if candidates else None


def _sequence_column(source: Source) -> str | None:
    """Return the column that tells the sequences of a table with a time step a row apart."""
    return source.sequence_column if isinstance(source, SequenceTable) else None


def usual_groups(columns: Sequence[str]) -> list[str]:
    """Return the columns with usual names of groups, the most usual first."""
    return called(columns, GROUP_NAMES)


def called(columns: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return the columns with one of some names, perhaps with ``id`` or ``number`` behind it.

    ::

        ["User ID", "time", "subject_no"], ["subject", "user"]  ->  ["subject_no", "User ID"]
    """
    order = {name: place for place, name in enumerate(names)}
    places = {
        column: order.get(_NUMBERED.sub("", name), order.get(name, -1))
        for column in columns
        if (name := column.strip().lower())
    }
    return sorted((c for c in places if places[c] >= 0), key=lambda column: places[column])


def _is_nested(value: object) -> bool:
    """Return whether a value is a list of numbers, a list of lists, or either as JSON."""
    if isinstance(value, str):
        return _WRITTEN.match(value) is not None
    if getattr(value, "ndim", 0) > 1:
        return True
    if not is_list(value):
        return False
    first = next((each for each in value if not is_missing(each)), None)  # type: ignore[attr-defined]
    return not isinstance(first, (str, bytes, dict))
