"""Look-up of columns by name."""

import difflib
from collections.abc import Sequence

from toolkit.data.sources.source import Source
from toolkit.errors import DataError, quoted, shorten
from toolkit.options import option


def find_column(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """Return the column with the first of some usual names, ignoring case; None if no name fits."""
    by_name = {column.strip().lower(): column for column in reversed(columns)}
    return next((by_name[name] for name in names if name in by_name), None)


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
