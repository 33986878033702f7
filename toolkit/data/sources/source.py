"""The protocol of sources: named columns, and records that can be read repeatedly."""

import logging
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from toolkit.errors import DataError, quoted

logger = logging.getLogger("toolkit")

_UNNAMED = re.compile(r"|column \d+|Unnamed: \d+(_level_\d+)?|__index_level_\d+__")


class Record(NamedTuple):
    """One row of a source.

    Attributes:
        row: The number of the row, from 1; a header is not counted.
        values: The row's values by column; a missing value is None or absent.
        place: The place of the row, for messages, such as ``row 3 (line 7)``.
        problem: Why the row cannot be read; ``values`` is then empty. None for readable rows.
        places: The places of the parts of a composite row, such as the lines of a sentence.
        doubt: Why a row that can be read is not learnt from, or None; in prediction it is answered.
        lines: The number of rows that are lost with a doubtful one, itself included.
    """

    row: int
    values: Mapping[str, object]
    place: str
    problem: str | None = None
    places: Sequence[str] = ()
    doubt: str | None = None
    lines: int = 1


@runtime_checkable
class Source(Protocol):
    """Rows with named columns.

    A row that cannot be read is a record with a ``problem``, so that the caller decides whether to
    stop. If no further rows can be read, reading raises :class:`toolkit.errors.DataError`.
    """

    @property
    def name(self) -> str:
        """The name of the source, for messages."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of the columns, in order."""

    @property
    def fixed_columns(self) -> bool:
        """Return whether the columns are text and label by the kind of source.

        This holds for lists and folders, whose columns have no names of their own; options that
        name columns are then ignored.
        """

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""


def distinct_names(names: Sequence[str], where: str) -> tuple[str, ...]:
    """Return the names of columns, of which those that repeat have the numbers of their columns.

    ::

        ["id", "text", "text", "", ""]  ->  ["id", "text (column 2)", "text (column 3)",
                                             "column 4", "column 5"]

    Args:
        names: The names.
        where: What names the columns, for the message.

    Raises:
        DataError: A name is one that a repeated one would get.
    """
    counts = Counter(names)
    distinct = tuple(
        name if counts[name] == 1 else f"{name} (column {n})" if name else f"column {n}"
        for n, name in enumerate(names, 1)
    )
    if (name := first_repeated(distinct)) is not None:
        raise DataError(f"{where} names the column {quoted(name)} twice")
    return distinct


def repeats(column: str, name: str) -> bool:
    """Return whether ``distinct_names`` gave a column its name where several are called so."""
    return re.fullmatch(rf"{re.escape(name)} \(column \d+\)", column) is not None


def is_unnamed(column: str) -> bool:
    """Return whether a column has no name, or one that ``distinct_names`` or pandas gave it."""
    return _UNNAMED.fullmatch(column.strip()) is not None


def first_repeated(names: Sequence[str]) -> str | None:
    """Return the first repeated name, or None."""
    return next((name for name, count in Counter(names).items() if count > 1), None)


def is_missing(value: object) -> bool:
    """Return whether a value is missing: None, NaN, pandas' NA or a blank string."""
    if isinstance(value, str):
        return not value.strip()
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, (float, np.floating)) and math.isnan(value)


def log_weights(name: str) -> None:
    """Log that weights are not used."""
    logger.warning("%s: the weights of examples, after their labels, are not used", name)
