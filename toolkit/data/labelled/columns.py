"""Choice of the columns of labels and groups, by option or by guess."""

from collections.abc import Collection, Sequence
from itertools import islice

from toolkit.data.columns import find_column, guessed, learnt_column, require_column
from toolkit.data.labels import to_flag
from toolkit.data.options import LabelOptions, join_names, split_names
from toolkit.data.sources.source import Source, is_unnamed
from toolkit.errors import DataError
from toolkit.options import option

CLASS_NAMES = (
    *("label", "labels", "class", "classes", "category", "categories", "sentiment", "target"),
    *("tag", "tags", "topic", "emotion", "intent", "polarity"),
)
NUMBER_NAMES = ("rating", "score", "stars", "value", "grade", "points")
#: The number of rows by whose values columns of 0 and 1 are found.
_FIRST_ROWS = 100


def label_column(
    source: Source,
    options: LabelOptions,
    others: Collection[str | None],
    names: Sequence[str] | None = None,
) -> str:
    """Return the column of the labels: by option, by a usual name, or the only one left.

    Several columns with a label each are returned as one name, in which commas separate them.
    Columns without a name are never guessed. Without an option, the column of a run wins.

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
    if source.fixed_columns:
        raise DataError(
            getattr(source, "unlabelled", "")
            or f"{source.name} has {source.columns[0]}s alone; give a pair ({source.columns[0]}s, "
            "labels), a list of such pairs, or a table"
        )
    if options.label_columns is not None:
        requested = split_names(options.label_columns)
        return join_names([require_column(source, name, "label_columns") for name in requested])
    if options.label_column is not None:
        return require_column(source, options.label_column, "label_column")
    if (own := learnt_column(source, options, "label_column")) is not None and own not in others:
        return own
    candidates = [column for column in source.columns if column not in others]
    named = [column for column in candidates if not is_unnamed(column)]
    if names is None:
        numbers_first = options.target == "number" or options.label_rule is not None
        names = NUMBER_NAMES + CLASS_NAMES if numbers_first else CLASS_NAMES + NUMBER_NAMES
    guess = find_column(candidates, names)
    if guess is None and len(named or candidates) == 1:
        (guess,) = named or candidates
    if guess is None and (flags := _flags(source, named)):
        raise DataError(
            f"{source.name}: which column holds the labels? {option('label_column')} names it; if "
            f"each of these is a label that a row has or not, set "
            f"{option('label_columns', join_names(flags))} and {option('target', 'labels')}"
        )
    return guessed(source, guess, "label", named or candidates, names)


def _flags(source: Source, columns: Sequence[str]) -> list[str]:
    """Return those columns that have 0 or 1 in each of the first rows, where there are several."""
    found = [*columns]
    for record in islice(source.records(), _FIRST_ROWS):
        if record.problem is None:
            found = [name for name in found if to_flag(record.values.get(name)) is not None]
    return found if len(found) > 1 else []


def group_column(source: Source, options: LabelOptions) -> str | None:
    """Return the column of the groups by option, or None without one.

    Raises:
        DataError: The requested column does not exist.
    """
    if options.group_column is None:
        return None
    return require_column(source, options.group_column, "group_column")
