"""Choice of the columns of labels and groups, by option or by guess."""

from collections.abc import Collection, Sequence

from toolkit.data.columns import find_column, guessed, require_column
from toolkit.data.options import LabelOptions
from toolkit.data.sources.source import Source

CLASS_NAMES = (
    *("label", "labels", "class", "classes", "category", "categories", "sentiment", "target"),
    *("tag", "tags", "topic", "emotion", "intent", "polarity"),
)
NUMBER_NAMES = ("rating", "score", "stars", "value", "grade", "points")


def label_column(
    source: Source,
    options: LabelOptions,
    others: Collection[str | None],
    names: Sequence[str] | None = None,
) -> str:
    """Return the column of the labels: by option, by a usual name, or the only one left.

    Args:
        source: The source.
        options: The options, with ``label_column``.
        others: The columns that hold something else.
        names: The usual names, the most usual first; None for those of classes and of ratings.

    Raises:
        DataError: The requested column does not exist, or none can be guessed.
    """
    if source.fixed_columns and len(source.columns) > 1:
        return source.columns[1]
    if options.label_column is not None:
        return require_column(source, options.label_column, "label_column")
    candidates = [column for column in source.columns if column not in others]
    if names is None:
        numbers_first = options.target == "number" or options.label_rule is not None
        names = NUMBER_NAMES + CLASS_NAMES if numbers_first else CLASS_NAMES + NUMBER_NAMES
    guess = find_column(candidates, names)
    if guess is None and len(candidates) == 1:
        guess = candidates[0]
    return guessed(source, guess, "label", candidates, names)


def group_column(source: Source, options: LabelOptions) -> str | None:
    """Return the column of the groups by option, or None without one.

    Raises:
        DataError: The requested column does not exist.
    """
    if options.group_column is None:
        return None
    return require_column(source, options.group_column, "group_column")
