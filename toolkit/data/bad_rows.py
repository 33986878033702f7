"""Rows that cannot be used: they end the reading, or are left out and counted."""

import logging

from toolkit.data.source import Source
from toolkit.errors import DataError, count
from toolkit.options import option

logger = logging.getLogger("toolkit")

#: How many bad rows are kept with the reason.
PROBLEMS = 3


class BadRowError(Exception):
    """A row cannot be used.

    Args:
        problem: Why.
        place: Which part of the row it is, for messages, if that is known.
    """

    def __init__(self, problem: str, place: str | None = None) -> None:
        super().__init__(problem)
        self.place = place


class CheckedRows:
    """The part of reading examples that deals with bad rows.

    Args:
        source: Where the rows come from.
        labelled: Whether there is something to learn from them; otherwise they are to be answered,
            and each gets an answer.
        skip_bad_rows: Whether bad rows are left out, where there is something to learn.

    Attributes:
        bad_rows: How many rows of the latest iteration could not be used.
        problems: The places of the first few bad rows, and what is wrong with each.
    """

    def __init__(self, source: Source, labelled: bool, skip_bad_rows: bool) -> None:
        self.source = source
        self.labelled = labelled
        self.skip_bad_rows = skip_bad_rows
        self.bad_rows = 0
        self.problems: dict[str, str] = {}
        self._said_bad_rows = 0

    def reject(self, place: str, problem: str) -> None:
        """Counts a row that cannot be used, or stops at it.

        Raises:
            DataError: bad rows are not to be skipped.
        """
        if self.labelled and not self.skip_bad_rows:
            skip = option("skip_bad_rows")
            raise DataError(f"{self.source.name}, {place}: {problem} (or set {skip})")
        self.bad_rows += 1
        if len(self.problems) < PROBLEMS:
            self.problems[place] = problem

    def nothing_to_use(self) -> DataError:
        """The complaint that no row is left."""
        reasons = [f"; {place}: {problem}" for place, problem in self.problems.items()]
        return DataError(f"{self.source.name} has no row that can be used{''.join(reasons[:1])}")

    def say_bad_rows(self, answered: str = "answered as empty") -> None:
        """Says once how many rows could not be used, however often the data is read.

        Args:
            answered: What became of them where there is nothing to learn.
        """
        if self._said_bad_rows == self.bad_rows:
            return
        self._said_bad_rows = self.bad_rows
        if self.bad_rows:
            what = "left out" if self.labelled else answered
            rows = count(self.bad_rows, "bad row")
            logger.warning("%s: %s %s", self.source.name, rows, what)


def utf8(value: str, where: str, place: str | None = None) -> str:
    """The string itself, if UTF-8 can hold it.

    Args:
        value: The string.
        where: What it is, for the message.
        place: As of ``BadRowError``.

    Raises:
        BadRowError: it has a lone surrogate, such as stands for a byte that was not UTF-8.
    """
    try:
        value.encode()
    except UnicodeEncodeError as error:
        code = ord(value[error.start])
        what = f"the byte 0x{code - 0xDC00:02X}" if 0xDC80 <= code <= 0xDCFF else f"U+{code:04X}"
        raise BadRowError(
            f"{where} is not UTF-8: {what} at character {error.start + 1}; save the file as UTF-8",
            place,
        ) from None
    return value
