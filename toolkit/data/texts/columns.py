"""Choice of the columns of texts, labels and groups, by option or by guess."""

import difflib
from collections.abc import Sequence
from itertools import islice

from toolkit.data.columns import find_column, require_column
from toolkit.data.sources.source import Source
from toolkit.data.texts.options import ColumnOptions
from toolkit.errors import DataError, quoted, shorten
from toolkit.options import option

TEXT_NAMES = (
    *("text", "texts", "review", "review_text", "sentence", "content", "comment", "message"),
    *("body", "document", "tweet", "post", "description", "question", "headline", "phrase"),
    "utterance",
)
CLASS_NAMES = (
    *("label", "labels", "class", "classes", "category", "categories", "sentiment", "target"),
    *("tag", "tags", "topic", "emotion", "intent", "polarity"),
)
NUMBER_NAMES = ("rating", "score", "stars", "value", "grade", "points")
_GUESS_ROWS = 100  # the number of rows that a guess by length reads


def text_column(source: Source, options: ColumnOptions) -> str:
    """Return the column of the texts: by option, by a usual name, or with the longest values.

    Values in ASCII without white space, such as addresses, are only texts if there are no others.

    Raises:
        DataError: The requested column does not exist.
    """
    if source.fixed_columns:
        return source.columns[0]
    if options.text_column is not None:
        return require_column(source, options.text_column, "text_column")
    excluded = {options.label_column, options.group_column}
    candidates = [column for column in source.columns if column not in excluded]
    guess = find_column(candidates, TEXT_NAMES)
    if guess is None and candidates:
        lengths = {column: [0, 0] for column in candidates}  # of texts, of all strings
        for record in islice(source.records(), _GUESS_ROWS):
            for column in candidates:
                value = record.values.get(column)
                if isinstance(value, str):
                    is_text = not value.isascii() or len(value.split()) > 1
                    lengths[column][0] += len(value) if is_text else 0
                    lengths[column][1] += len(value)
        guess = max(candidates, key=lambda column: lengths[column])
    return _guessed(source, guess, "text", candidates, TEXT_NAMES)


def label_column(source: Source, options: ColumnOptions, text: str) -> str:
    """Return the column of the labels: by option, by a usual name, or the only one left.

    Raises:
        DataError: The requested column does not exist, or none can be guessed.
    """
    if source.fixed_columns and len(source.columns) > 1:
        return source.columns[1]
    if options.label_column is not None:
        return require_column(source, options.label_column, "label_column")
    candidates = [column for column in source.columns if column not in {text, options.group_column}]
    numbers_first = options.target == "number" or options.label_rule is not None
    names = NUMBER_NAMES + CLASS_NAMES if numbers_first else CLASS_NAMES + NUMBER_NAMES
    guess = find_column(candidates, names)
    if guess is None and len(candidates) == 1:
        guess = candidates[0]
    return _guessed(source, guess, "label", candidates, names)


def group_column(source: Source, options: ColumnOptions) -> str | None:
    """Return the column of the groups by option, or None; it is never guessed.

    Raises:
        DataError: The requested column does not exist.
    """
    if options.group_column is None:
        return None
    return require_column(source, options.group_column, "group_column")


def _guessed(
    source: Source, guess: str | None, what: str, candidates: Sequence[str], names: Sequence[str]
) -> str:
    """Return the guessed column, or raise an error that names the option to set."""
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
