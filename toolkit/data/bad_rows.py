"""Bad rows: they stop reading, or are skipped and counted."""

import logging

from toolkit.data.sources.source import Source
from toolkit.errors import DataError, count
from toolkit.options import option

logger = logging.getLogger("toolkit")

#: The number of bad rows that are kept with their problem.
MAX_PROBLEMS = 3


class BadRowError(Exception):
    """A row cannot be used.

    Args:
        problem: The reason.
        place: The place of the bad part of the row, for messages, if known.
    """

    def __init__(self, problem: str, place: str | None = None) -> None:
        super().__init__(problem)
        self.place = place


class CheckedRows:
    """Base class of readers of examples; it rejects and counts bad rows.

    Args:
        source: The source of the rows.
        labelled: Whether the rows are labelled, for training or evaluation. Unlabelled rows are for
            prediction: each gets an answer, and none stops reading.
        skip_bad_rows: Whether to skip bad labelled rows instead of stopping.

    Attributes:
        bad_rows: The number of bad rows of the latest iteration.
        problems: The problems of the first few bad rows, by their places.
    """

    def __init__(self, source: Source, labelled: bool, skip_bad_rows: bool) -> None:
        self.source = source
        self.labelled = labelled
        self.skip_bad_rows = skip_bad_rows
        self.bad_rows = 0
        self.problems: dict[str, str] = {}
        self._logged_bad_rows = 0

    def reject(self, place: str, problem: str) -> None:
        """Count a bad row, or stop at it.

        Raises:
            DataError: Bad rows are not skipped.
        """
        if self.labelled and not self.skip_bad_rows:
            skip = option("skip_bad_rows")
            raise DataError(f"{self.source.name}, {place}: {problem} (or set {skip})")
        self.bad_rows += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems[place] = problem

    def no_usable_rows(self) -> DataError:
        """Return the error that no row can be used."""
        reasons = [f"; {place}: {problem}" for place, problem in self.problems.items()]
        return DataError(f"{self.source.name} has no row that can be used{''.join(reasons[:1])}")

    def log_bad_rows(self, answered: str = "answered as empty") -> None:
        """Log the number of bad rows, once for repeated readings.

        Args:
            answered: What is done with bad rows of unlabelled data, for the message.
        """
        if self._logged_bad_rows == self.bad_rows:
            return
        self._logged_bad_rows = self.bad_rows
        if self.bad_rows:
            what = "left out" if self.labelled else answered
            rows = count(self.bad_rows, "bad row")
            logger.warning("%s: %s %s", self.source.name, rows, what)


def utf8(value: str, where: str, place: str | None = None) -> str:
    """Return a string unchanged, if it can be encoded as UTF-8.

    Args:
        value: The string.
        where: The name of the value, for the message.
        place: The place, as for ``BadRowError``.

    Raises:
        BadRowError: It contains a lone surrogate, which replaces an invalid byte.
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
