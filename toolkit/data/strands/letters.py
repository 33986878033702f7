"""Letters of strands that are no nucleotides: many are an error, few are counted and named."""

import logging
from collections import Counter

from toolkit.data.bad_rows import BadRowError
from toolkit.errors import count, quoted
from toolkit.text.bases import unknown_letters

logger = logging.getLogger("toolkit")

#: A row with a larger share of letters that are no nucleotides is a bad row.
MOST_UNKNOWN = 0.1
#: Letters of proteins that are no nucleotides.
_PROTEIN = {*"EFILPQ"}


class LetterCheck:
    """The letters that are no nucleotides, in the strands of a source.

    Attributes:
        unknown: How often each occurs in the strands of the latest reading, bad rows left out.
    """

    def __init__(self) -> None:
        self.unknown: Counter[str] = Counter()
        self._logged: Counter[str] = Counter()

    def check(self, strand: str) -> None:
        """Count the letters of a strand that are no nucleotides.

        Raises:
            BadRowError: They are more than the share ``MOST_UNKNOWN``.
        """
        unknown = unknown_letters(strand)
        if unknown.total() > MOST_UNKNOWN * len(strand):
            protein = "; is it a protein?" if unknown.keys() & _PROTEIN else ""
            raise BadRowError(
                f"{unknown.total():,} of {count(len(strand), 'letter')} are no nucleotides "
                f"({_named(unknown)}){protein}"
            )
        self.unknown += unknown

    def log(self, name: str) -> None:
        """Log the letters of the latest reading of a source, once for equal readings."""
        if self.unknown and self.unknown != self._logged:
            self._logged = self.unknown.copy()
            logger.warning("%s", self.message(name))

    def message(self, name: str) -> str:
        """Return what became of the letters of the latest reading of a source."""
        return (
            f"{name}: letters that are no nucleotides ({_named(self.unknown)}) are read as places "
            f"without a base: {self.unknown.total():,}"
        )


def _named(letters: Counter[str], most: int = 6) -> str:
    """Return letters for a message, the most frequent first."""
    named = [letter if letter.isalnum() else quoted(letter) for letter, _ in letters.most_common()]
    return ", ".join(named[:most]) + (" ..." if len(named) > most else "")
