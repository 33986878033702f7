"""Look-up of columns by name."""

import copy
import difflib
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.data.options import is_inherited
from toolkit.data.sources.delimited import DelimitedSource
from toolkit.data.sources.source import Source, repeats
from toolkit.errors import DataError, quoted, shorten
from toolkit.options import option

logger = logging.getLogger("toolkit")

#: What may separate columns other than a tab.
SEPARATORS = ";,|"


def find_column(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """Return the column with the first of some usual names, ignoring case; None if no name fits."""
    by_name = {column.strip().lower(): column for column in reversed(columns)}
    return next((by_name[name] for name in names if name in by_name), None)


def named_instead(
    columns: Sequence[str], options: Any, name: str, names: Sequence[str]
) -> str | None:
    """Return a column by its name if the option is a number that comes from a run.

    The number is a place in the run's own data. If that has a header, the column of the same name
    is taken; otherwise, or if there is none, one with a usual name. None if no name fits.

    Args:
        columns: The columns from which to choose.
        options: The column options.
        name: The name of the option.
        names: The usual names.
    """
    number = getattr(options, name)
    if number is None or not is_inherited(options, name) or not _is_integer(number):
        return None
    own = options.named_columns.get(name)
    return own if own in columns else find_column(columns, names)


def named_columns(source: Source, options: Any, chosen: Mapping[str, str | None]) -> dict[str, str]:
    """Return the names of columns that options do not give, or give by a number, for a run to keep.

    Args:
        source: The source.
        options: The column options.
        chosen: The column that was chosen for each option; a number in data without a header.

    Returns:
        The columns by option; none of a source whose columns have no names of the user's.
    """
    return {
        name: column
        for name, column in chosen.items()
        if _is_integer(getattr(options, name) or "0")
        and column
        and not (source.fixed_columns or _is_integer(column))
    }


def learnt_column(source: Source, options: Any, name: str) -> str | None:
    """Return the column that a run has learnt from, for an option that was left to a guess.

    Args:
        source: The source.
        options: The column options.
        name: The name of the option.

    Returns:
        None if the option is set, or was set anew to be guessed, nothing was learnt, or the source
        has no such column.
    """
    if getattr(options, name) is not None or source.fixed_columns:
        return None
    if options.inherited and not is_inherited(options, name):
        return None
    own: str | None = options.named_columns.get(name)
    return own if own in source.columns else None


def with_learnt_columns(source: Source, options: Any, names: Sequence[str]) -> Any:
    """Return a copy of column options in which those columns are set that a run has learnt from.

    Args:
        source: The source.
        options: The column options.
        names: The names of the options; see ``learnt_column``.
    """
    learnt = {name: learnt_column(source, options, name) for name in names}
    chosen = copy.copy(options)
    vars(chosen).update({name: column for name, column in learnt.items() if column is not None})
    return chosen


def log_guess(source: Source, options: Any, what: str, column: str) -> None:
    """Log a column that no option names, with a warning if the run learnt from another one.

    Args:
        source: The source.
        options: The column options.
        what: What the column holds; its option is called ``<what>_column``.
        column: The column.
    """
    name = f"{what}_column"
    own = options.named_columns.get(name)
    if own == column:
        logger.info("%s column: %s (as in training; set %s)", what, quoted(column), option(name))
    elif own is None or own in source.columns:
        logger.info("%s column: %s (guessed; set %s)", what, quoted(column), option(name))
    else:
        logger.warning(
            "%s has no column %s, which the run was trained on; %s column: %s (guessed; set %s)",
            *(source.name, quoted(own), what, quoted(column), option(name)),
        )


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
    equal = [each for each in source.columns if repeats(each, column)]
    if equal:
        raise DataError(
            f"{source.name} has several columns {quoted(column)}; set {option(name)} to one of: "
            f"{shorten(equal)}"
        )
    near = difflib.get_close_matches(column, source.columns, n=1)
    hint = f"; did you mean {quoted(near[0])}?" if near else ";"
    raise DataError(
        f"{source.name} has no column {quoted(column)} ({option(name)}){hint} "
        f"it has: {shorten(source.columns)}{other_separator(source)}"
    )


def other_separator(source: Source) -> str:
    """Return a hint if the name of the only column has a separator; empty otherwise.

    It is for the end of a message that a column is missing.
    """
    (name, *others) = source.columns or ("",)
    found = next((each for each in SEPARATORS if each in name), None)
    if found is None or others or source.fixed_columns:
        return ""
    return (
        f"; its columns seem to be separated by {quoted(found)}: a .csv file may have this "
        "separator, a .tsv file has tabs"
    )


def guessed(
    source: Source,
    guess: str | None,
    what: str,
    candidates: Sequence[str],
    names: Sequence[str],
    plural: str | None = None,
    instead: str = "",
) -> str:
    """Return the guessed column.

    Args:
        source: The source.
        guess: The guessed column, or None.
        what: What the column holds; its option is called ``<what>_column``.
        candidates: The columns among which it was looked for.
        names: The usual names.
        plural: The word for what it holds, in messages; None for that of ``what``.
        instead: A hint at another task for such data, for the end of a message.

    Raises:
        DataError: There is no guess; the message names the option to set.
    """
    if guess is not None:
        return guess
    columns, few = shorten(source.columns), candidates[:100]
    chosen_by = option(f"{what}_column")
    them = plural or (what if what.endswith("s") else f"{what}s")
    if not candidates:
        raise DataError(
            f"{source.name} has no column left for the {them} ({chosen_by}); it has: {columns}"
            f"{other_separator(source)}"
        )
    near = [column for name in names for column in difflib.get_close_matches(name, few, n=1)]
    hint = f"{quoted(near[0])}, or another of" if near else "one of"
    first = ""
    if isinstance(source, DelimitedSource) and source.header and source.first_line_is_data():
        first = f" (if the first line is a row, set {option('header', False)})"
    raise DataError(
        f"{source.name}: which column holds the {them}? set {chosen_by} to {hint}: {columns}{first}"
        f"{other_separator(source)}{instead}"
    )
