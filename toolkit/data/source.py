"""What every reader offers: named columns, and records that can be read again and again."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable


class Record(NamedTuple):
    """One row of a source.

    Attributes:
        row: The number of the row, from 1; a header is not counted.
        values: The row's values by column; a missing value is None or absent.
        place: Where the row stands, for messages, for example ``row 3 (line 7)``.
        problem: Why the row cannot be read, where that is so; ``values`` is empty then.
        places: Where each of its parts stands, of a row that is made of several, such as a sentence
            of lines that have a token each.
    """

    row: int
    values: Mapping[str, object]
    place: str
    problem: str | None = None
    places: Sequence[str] = ()


@runtime_checkable
class Source(Protocol):
    """Rows with named columns, from whatever kind of place they come.

    A row that cannot be read is a record with a ``problem``, so that its user decides whether to
    stop; where nothing can be read any more, reading raises :class:`toolkit.errors.DataError`.
    """

    @property
    def name(self) -> str:
        """What to call the source in messages."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of the columns, in their order."""

    @property
    def fixed_columns(self) -> bool:
        """Whether the first two columns are text and label by the kind of source.

        So it is with lists and folders, whose columns nobody named; options that name columns then
        speak of other data.
        """

    def records(self) -> Iterator[Record]:
        """Reads the rows from the first one; each call begins anew."""


def repeated(names: Sequence[str]) -> str | None:
    """The first name that is there twice, or None."""
    return next((name for name, count in Counter(names).items() if count > 1), None)
