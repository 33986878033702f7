"""Bad rows: they stop reading, or are left out and counted; in prediction they get an error."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.data.options import is_inherited
from toolkit.data.sources.encodings import undecodable
from toolkit.data.sources.source import Record, Source
from toolkit.errors import DataError, count
from toolkit.options import option

logger = logging.getLogger("toolkit")

#: The number of bad rows that are kept with their problem.
MAX_PROBLEMS = 3
#: The largest share of bad rows that is left out by an option that was set for other data.
MAX_SHARE = 0.1


class BadRowError(Exception):
    """A row cannot be used.

    Args:
        problem: The reason.
        place: The place of the bad part of the row, for messages, if known.
    """

    def __init__(self, problem: str, place: str | None = None) -> None:
        super().__init__(problem)
        self.place = place


@dataclass(frozen=True)
class Unreadable:
    """An input for prediction that cannot be read, or only in part.

    Attributes:
        problem: Its place and the reason.
        tokens: The tokens of a sentence, '' for those that cannot be read; None for a text.
    """

    problem: str
    tokens: Sequence[str] | None = None

    @property
    def value(self) -> Any:
        """The input as far as it can be read."""
        return "" if self.tokens is None else list(self.tokens)


def answer_readable(
    inputs: Sequence[Any],
    answer: Callable[[list[Any]], Iterable[Mapping[str, Any]]],
    nothing: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Answer inputs; those that cannot be read get an ``error``.

    Args:
        inputs: Inputs, or examples of them. One that cannot be read has a ``problem`` that is not
            None; it is answered only if it has ``tokens``.
        answer: Function from the inputs that can be read to their answers.
        nothing: The rest of the answer to an input that cannot be read; nothing by default.
    """
    answers = iter(answer([each for each in inputs if _is_answered(each)]))
    answered = []
    for each in inputs:
        row = dict(next(answers) if _is_answered(each) else nothing or {})
        problem = getattr(each, "problem", None)
        answered.append(row if problem is None else row | {"error": problem})
    return answered


def _is_answered(value: Any) -> bool:
    """Return whether an input can be read, at least in part."""
    return getattr(value, "problem", None) is None or bool(getattr(value, "tokens", None))


class CheckedRows:
    """Base class of readers of examples; it rejects and counts bad rows.

    Args:
        source: The source of the rows.
        labelled: Whether the rows are labelled, for training or evaluation. Unlabelled rows are for
            prediction, unless the attribute says otherwise.
        options: Options with ``skip_bad_rows``: whether bad labelled rows are left out instead of
            stopping. If that comes from a run, it allows only the share ``MAX_SHARE``.

    Attributes:
        for_prediction: Whether each row gets an answer, or an error, and none stops reading.
        rows: The number of rows of the latest iteration.
        bad_rows: The number of bad rows among them.
        problems: The problems of the first few bad rows, by their places.
    """

    def __init__(self, source: Source, labelled: bool, options: Any = None) -> None:
        self.source = source
        self.labelled = labelled
        self.for_prediction = not labelled
        self.skip_bad_rows = getattr(options, "skip_bad_rows", False)
        self.rows = self.bad_rows = 0
        self.problems: dict[str, str] = {}
        self._is_limited = is_inherited(options, "skip_bad_rows")
        self._logged = ""

    @property
    def named_columns(self) -> Mapping[str, str]:
        """The columns that options do not give by their names, by option, for a run to keep."""
        return getattr(self.source, "named_columns", {})

    def records(self) -> Iterator[Record]:
        """Yield the records of the source, and count them anew.

        Unless for prediction, a doubtful record has its doubt as its problem, and counts as the bad
        rows that are lost with it.
        """
        self.rows = self.bad_rows = 0
        for record in self.source.records():
            self.rows += 1
            if record.doubt is None or self.for_prediction:
                yield record
                continue
            yield record._replace(values={}, problem=record.doubt)
            self.rows += record.lines - 1
            self.bad_rows += record.lines - 1

    def reject(self, place: str, problem: str) -> None:
        """Count a bad row, or stop at it.

        Raises:
            DataError: Bad rows are not left out.
        """
        if not (self.for_prediction or self.skip_bad_rows):
            skip = option("skip_bad_rows")
            raise DataError(f"{self.source.name}, {place}: {problem} (or set {skip})")
        self.bad_rows += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems[place] = problem

    def finish(self, good: int) -> None:
        """Say how many rows of an iteration are bad.

        Args:
            good: The number of rows that could be used.

        Raises:
            DataError: No row could be used, or more bad rows would be left out than an option from
                a run allows; not for prediction.
        """
        if not (self.for_prediction or good):
            raise self.no_usable_rows()
        if not self.bad_rows:
            return
        share = self.bad_rows / self.rows
        bad, percent = count(self.bad_rows, "bad row"), f"{100 * share:.1f} %"
        first = "; ".join([f"{place}: {problem}" for place, problem in self.problems.items()][:1])
        if self._is_limited and not self.for_prediction and share > MAX_SHARE:
            raise DataError(
                f"{self.source.name}: {bad} of {self.rows:,} ({percent}); more than "
                f"{100 * MAX_SHARE:.0f} % are not left out just because the run's training left "
                f"bad rows out; set {option('skip_bad_rows')} for this data as well ({first})"
            )
        treated = "answered with an error" if self.for_prediction else "left out"
        message = f"{self.source.name}: {bad} {treated}, of {self.rows:,} ({percent}; {first})"
        if message != self._logged:  # the same data is read repeatedly
            self._logged = message
            logger.warning("%s", message)

    def no_usable_rows(self) -> DataError:
        """Return the error that no row can be used."""
        reasons = [f"; {place}: {problem}" for place, problem in self.problems.items()]
        return DataError(f"{self.source.name} has no row that can be used{''.join(reasons[:1])}")


def utf8(value: str, where: str, place: str | None = None) -> str:
    """Return a string unchanged, if it can be encoded as UTF-8.

    Args:
        value: The string.
        where: The name of the value, for the message.
        place: The place, as for ``BadRowError``.

    Raises:
        BadRowError: It contains a lone surrogate, as in the place of a byte that does not fit.
    """
    if (problem := undecodable(value)) is not None:
        raise BadRowError(f"{where} {problem}", place)
    return value
