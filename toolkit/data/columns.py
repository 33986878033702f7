"""Look-up of columns by name."""

import difflib
from collections.abc import Sequence
from typing import Any

from toolkit.data.options import is_inherited
from toolkit.data.sources.source import Source
from toolkit.errors import DataError, quoted, shorten
from toolkit.options import option


def find_column(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """Return the column with the first of some usual names, ignoring case; None if no name fits."""
    by_name = {column.strip().lower(): column for column in reversed(columns)}
    return next((by_name[name] for name in names if name in by_name), None)


def named_instead(
    columns: Sequence[str], options: Any, name: str, names: Sequence[str]
) -> str | None:
    """Return the column with a usual name if the option is a number that comes from a run.

    The number is a place in the run's own data; the names of this source say what it has there.

    Args:
        columns: The columns from which to choose.
        options: The column options.
        name: The name of the option.
        names: The usual names.
    """
    number = getattr(options, name)
    if number is None or not is_inherited(options, name) or not _is_integer(number):
        return None
    return find_column(columns, names)


def _is_integer(name: str) -> bool:
    """Return whether the name of a column is a whole number."""
    return name.removeprefix("-").isdecimal()


def require_column(source: Source, column: str, name: str) -> str:
    """Return the column that an option names.

    Raises:
        DataError: The source has no such column.
    """
    if column in source.columns:
        return column
    near = difflib.get_close_matches(column, source.columns, n=1)
    hint = f"; did you mean {quoted(near[0])}?" if near else ";"
    raise DataError(
        f"{source.name} has no column {quoted(column)} ({option(name)}){hint} "
        f"it has: {shorten(source.columns)}"
    )
