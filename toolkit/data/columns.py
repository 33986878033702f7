"""Which column is which: as the user says, or guessed."""

import difflib
from collections.abc import Sequence
from itertools import islice

from toolkit.data.labels import shorten
from toolkit.data.options import ColumnOptions
from toolkit.data.source import Source
from toolkit.errors import DataError, quoted
from toolkit.options import option

TEXT_NAMES = (
    *("text", "texts", "review", "review_text", "sentence", "content", "comment", "message"),
    *("body", "document", "tweet", "post", "description", "question"),
)
CLASS_NAMES = (
    *("label", "labels", "class", "classes", "category", "categories", "sentiment", "target"),
    *("tag", "tags", "topic", "emotion", "intent", "polarity"),
)
NUMBER_NAMES = ("rating", "score", "stars", "value", "grade", "points")
_LOOKED_AT = 100  # rows that a guess by length looks at


def text_column(source: Source, options: ColumnOptions) -> str:
    """Finds the column of the texts: by option, by a usual name, or else the longest values.

    Raises:
        DataError: the column that was asked for is not there.
    """
    if source.fixed_columns:
        return source.columns[0]
    if options.text_column is not None:
        return named(source, options.text_column, "text_column")
    others = {options.label_column, options.group_column}
    candidates = [column for column in source.columns if column not in others]
    guess = usual(candidates, TEXT_NAMES)
    if guess is None and candidates:
        lengths = dict.fromkeys(candidates, 0)
        for record in islice(source.records(), _LOOKED_AT):
            for column in candidates:
                value = record.values.get(column)
                lengths[column] += len(value) if isinstance(value, str) else 0
        guess = max(candidates, key=lambda column: lengths[column])
    return _guessed(source, guess, "text", candidates, TEXT_NAMES)


def label_column(source: Source, options: ColumnOptions, text: str) -> str:
    """Finds the column of the labels: by option, by a usual name, or else the only one left.

    Raises:
        DataError: the column that was asked for is not there, or none can be guessed.
    """
    if source.fixed_columns and len(source.columns) > 1:
        return source.columns[1]
    if options.label_column is not None:
        return named(source, options.label_column, "label_column")
    candidates = [column for column in source.columns if column not in {text, options.group_column}]
    numbers_first = options.target == "number" or options.label_rule is not None
    names = NUMBER_NAMES + CLASS_NAMES if numbers_first else CLASS_NAMES + NUMBER_NAMES
    guess = usual(candidates, names)
    if guess is None and len(candidates) == 1:
        guess = candidates[0]
    return _guessed(source, guess, "label", candidates, names)


def group_column(source: Source, options: ColumnOptions) -> str | None:
    """Finds the column of the groups, which is never guessed.

    Raises:
        DataError: the column that was asked for is not there.
    """
    if options.group_column is None:
        return None
    return named(source, options.group_column, "group_column")


def usual(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """The column with the first of some usual names that is there, or None."""
    by_name = {column.strip().lower(): column for column in reversed(columns)}
    return next((by_name[name] for name in names if name in by_name), None)


def named(source: Source, column: str, name: str) -> str:
    """The column that was asked for by an option.

    Raises:
        DataError: it is not there.
    """
    if column in source.columns:
        return column
    near = difflib.get_close_matches(column, source.columns, n=1)
    hint = f"; did you mean {quoted(near[0])}?" if near else ";"
    raise DataError(
        f"{source.name} has no column {quoted(column)} ({option(name)}){hint} "
        f"it has: {shorten(source.columns)}"
    )


def _guessed(
    source: Source, guess: str | None, what: str, candidates: Sequence[str], names: Sequence[str]
) -> str:
    if guess is not None:
        return guess
    columns, few = shorten(source.columns), candidates[:100]
    chosen_by = option(f"{what}_column")
    if not candidates:
        raise DataError(
            f"{source.name} has no column left for the {what}s ({chosen_by}); it has: {columns}"
        )
    near = [column for name in names for column in difflib.get_close_matches(name, few, n=1)]
    hint = f"{quoted(near[0])}, or another of" if near else "one of"
    raise DataError(
        f"{source.name}: which column holds the {what}s? set {chosen_by} to {hint}: {columns}"
    )
