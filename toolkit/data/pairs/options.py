"""Options of the columns of pairs of texts."""

from dataclasses import dataclass
from typing import ClassVar

from toolkit.data.options import RowOptions
from toolkit.options import Limits


@dataclass(kw_only=True)
class PairColumnOptions(RowOptions):
    """The columns of source and target texts, and the largest ratio of their lengths.

    Args:
        source_column: The column of the source texts, by name or by number from 1; source, or the
            first, when not given.
        target_column: The column of the target texts, likewise; target, or the second, when not
            given.
        max_length_ratio: The largest ratio of the lengths of both sides in characters; pairs above
            it that differ by over 30 characters are skipped, and counted; without it they are only
            reported.
    """

    LIMITS: ClassVar[Limits] = {"max_length_ratio": (1, None)}

    source_column: str | None = None
    target_column: str | None = None
    max_length_ratio: float | None = None
