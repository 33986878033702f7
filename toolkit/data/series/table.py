"""Opening of tables of series: their columns, by option or by guess."""

import logging
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from toolkit.data.columns import (
    find_column,
    guessed,
    learnt_column,
    log_guess,
    named_columns,
    require_column,
)
from toolkit.data.labels import class_name, to_number
from toolkit.data.options import split_names, table_format
from toolkit.data.series import columns
from toolkit.data.series.options import SeriesOptions
from toolkit.data.series.sequence_table import SequenceTable, TableColumns
from toolkit.data.sources.delimited import CSV, TSV, DelimitedSource
from toolkit.data.sources.lines import read_lines
from toolkit.data.sources.source import Record, Source, is_missing
from toolkit.data.texts.columns import classes_of_texts
from toolkit.errors import DataError, OptionError, shorten
from toolkit.options import option

logger = logging.getLogger("toolkit")

SEQUENCE_NAMES = (
    *("sequence", "series", "seq", "id", "recording", "clip", "sample", "segment", "case"),
    *("trial", "session", "file", "filename", "video"),
)
TIME_NAMES = ("time", "timestamp", "datetime", "t", "seconds", "ms", "frame", "step", "index")
#: The usual names of what is no channel.
_NO_CHANNELS = (*SEQUENCE_NAMES, *TIME_NAMES, *columns.LABEL_NAMES, *columns.GROUP_NAMES)
#: Sequences of fewer steps do not tell what is constant.
_SHORT = 5
_FIRST_ROWS = 2000  # the number of rows by whose values columns are guessed


def separators(path: Path) -> str | None:
    """Return the possible separators of a table by its ending, or None if it is no table."""
    endings = {".csv": CSV, ".tsv": TSV}
    return endings.get(Path(path.name.lower().removesuffix(".gz")).suffix)


def open_table(
    path: Path, separators: str, options: SeriesOptions, like: Source | None = None
) -> DelimitedSource:
    """Open a CSV or TSV file; its first line is a header unless it has numbers alone.

    Numbers that count from 0 are a header too, which is logged: pandas writes one for an array.

    Args:
        path: The file.
        separators: The possible separators of fields.
        options: The format of tables.
        like: The first table of several; in the others, numbers that count from 0 are a header if
            they are its columns.

    Raises:
        DataError: It cannot be read.
    """
    quoting, header, encodings, _ = table_format(options)
    if not header:
        return DelimitedSource(path, separators, quoting, header, encodings)
    lines = read_lines(path, "\n", encodings=encodings)
    line = next((line for line in lines if line.strip()), "")
    rows = [[cell.strip() for cell in line.strip().split(each)] for each in separators]
    counting = next((row for row in rows if len(row) > 1 and row == _counted(len(row))), None)
    if counting is None:
        is_row = any(all(to_number(cell or "nan") is not None for cell in row) for row in rows)
        header = not (line and is_row)
    elif like is None:
        logger.info("%s: the first line counts from 0, and is taken for a header", path)
        header = True
    else:
        header = set(counting) == set(like.columns)
    return DelimitedSource(path, separators, quoting, header, encodings)


def by_sequences(source: Source, options: SeriesOptions) -> Source:
    """Return the source, or its sequences if it is a table with a time step a row.

    Raises:
        DataError: A requested column does not exist, or none can be guessed.
        OptionError: Columns of labels are requested of a table with a time step a row.
    """
    if source.fixed_columns:
        return source
    if options.sequence_column is None and (
        options.series_column is not None or columns.nested_columns(source, options)
    ):
        return source
    if options.label_columns is not None:
        raise OptionError(
            f"{option('label_columns')} is for tables with a series a row; in {source.name} each "
            "row is a time step"
        )
    chosen = table_columns(source, options)
    by_option = {"sequence_column": chosen.sequence, "time_column": chosen.time}
    return SequenceTable(source, chosen, named_columns(source, options, by_option))


def table_columns(source: Source, options: SeriesOptions) -> TableColumns:
    """Choose the columns of a table with a time step a row; guesses are logged.

    Without a column of sequences, and without others than numbers, all rows are one sequence. The
    columns of labels and groups may be missing. Columns that describe a sequence are no channels.

    Raises:
        DataError: A requested column does not exist, or none can be guessed.
    """
    first, requested = _first_rows(source), _requested(source, options)
    free = [column for column in source.columns if column not in requested]
    groups = columns.usual_groups(free)
    if options.group_column is None:
        group = groups[0] if groups else None
    else:
        group = options.group_column if options.group_column in free else None
    label = options.label_column if options.label_column in free else None
    label = label or learnt_column(source, options, "label_column")
    label = label or find_column([c for c in free if c != group], columns.LABEL_NAMES)
    sequence = _by_name(source, options, "sequence", SEQUENCE_NAMES, free, {label, group})
    time = _by_name(source, options, "time", TIME_NAMES, free, {label, group, sequence})
    used = {sequence, time, label, group}
    others = used.union(columns.called(free, _NO_CHANNELS))
    left = [column for column in free if column not in others]
    numbers = [column for column in left if _has_numbers(first, column)]
    words = [column for column in left if column not in numbers]
    if sequence is None and (label or words):
        names, instead = left or source.columns, classes_of_texts(source)
        guessed(source, None, "sequence", names, SEQUENCE_NAMES, instead=instead)
    if label is None and len(words) == 1:
        (label,) = words
    if sequence is not None:
        numbers = [c for c in numbers if not _describes(first, c, sequence)] or numbers
    channels = requested or _channels(source, options, numbers, used | {label})
    return TableColumns(sequence, time, label, group, channels)


def step_columns(source: Source, options: SeriesOptions) -> TableColumns:
    """Choose the columns of a table that is one series: those of times and of channels.

    Raises:
        DataError: A requested column does not exist, or none can be guessed.
    """
    first, requested = _first_rows(source), _requested(source, options)
    free = [column for column in source.columns if column not in requested]
    time = _by_name(source, options, "time", TIME_NAMES, free, set())
    numbers = [column for column in free if column != time and _has_numbers(first, column)]
    channels = requested or _channels(source, options, numbers, {time})
    return TableColumns(None, time, None, None, channels)


def _counted(number: int) -> list[str]:
    """Return the names that pandas gives to so many columns: 0, 1 and so on."""
    return [str(each) for each in range(number)]


def _first_rows(source: Source) -> list[Record]:
    """Return those of the first rows that can be read."""
    records = islice(source.records(), _FIRST_ROWS)
    return [record for record in records if record.problem is None]


def _requested(source: Source, options: SeriesOptions) -> tuple[str, ...]:
    """Return the columns of the channels by option; empty without one."""
    names = split_names(options.channels or "")
    return tuple(require_column(source, name, "channels") for name in names if name)


def _by_name(
    source: Source,
    options: SeriesOptions,
    what: str,
    names: Sequence[str],
    free: Sequence[str],
    others: set[str | None],
) -> str | None:
    """Return a column by option, or by a usual name, which is logged; None if there is none."""
    name = f"{what}_column"
    if (requested := getattr(options, name)) is not None:
        return require_column(source, requested, name)
    if (own := learnt_column(source, options, name)) is not None and own not in others:
        return own
    found = columns.called([column for column in free if column not in others], names)
    if not found:
        return None
    log_guess(source, options, what, found[0])
    return found[0]


def _channels(
    source: Source, options: SeriesOptions, numbers: Sequence[str], used: set[str | None]
) -> tuple[str, ...]:
    """Return the columns of a run's own channels if all are there, otherwise those given.

    The latter are logged, beside the columns that are not used.

    Raises:
        DataError: There are none.
    """
    own = split_names(options.named_columns.get("channels", ""))
    if own and set(own) <= set(source.columns):
        return own
    if not numbers:
        raise DataError(
            f"{source.name}: which columns hold the channels? set {option('channels')} to some of: "
            f"{shorten(source.columns)}"
        )
    rest = [column for column in source.columns if column not in used.union(numbers)]
    left_out = f"; left out: {shorten(rest)}" if rest else ""
    logger.info("channels: %s (guessed; set %s%s)", shorten(numbers), option("channels"), left_out)
    return tuple(numbers)


def _has_numbers(records: Sequence[Record], column: str) -> bool:
    """Return whether half of the values of a column are numbers at least, apart from missing ones.

    A value that is none is then found as a bad row.
    """
    values = [record.values.get(column) for record in records]
    known = [to_number(value) is not None for value in values if not is_missing(value)]
    return bool(known) and 2 * sum(known) >= len(known)


def _describes(records: Sequence[Record], column: str, sequence: str) -> bool:
    """Return whether a column has one value in each longer sequence, and several in all.

    Such as the number of a sequence: this tells which one it is, rather than what happens in it.
    """
    values: dict[str, list[str]] = {}
    for record in records:
        name = class_name(record.values.get(sequence))
        values.setdefault(name, []).append(class_name(record.values.get(column)))
    distinct = [set(own) for own in values.values() if len(own) >= _SHORT]
    return all(len(own) == 1 for own in distinct) and len(set().union(*distinct)) > 1
