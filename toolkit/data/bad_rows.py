"""Bad rows: they stop reading, or are left out and counted; in prediction they get an error."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from toolkit.data.options import is_inherited
from toolkit.data.sources.encodings import undecodable
from toolkit.data.sources.source import Record, Source, is_missing
from toolkit.errors import DataError, count
from toolkit.options import option

logger = logging.getLogger("toolkit")

#: The number of kinds of problems of which the first bad row is kept.
MAX_PROBLEMS = 5
#: The number of rows after which data is given up of which all so far are bad.
ALL_BAD = 100
#: What varies between problems of one kind: quoted values and numbers.
_VALUES = re.compile(r"""'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|\d+""")
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

    A bad row stops reading, unless such rows are left out. Where the first row is bad, reading goes
    on to the first good one, or to row ``ALL_BAD``: if all are bad, the data or a column is likely
    the wrong one, and leaving rows out is no advice.

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
        problems: The first problem of each kind, by its place.
    """

    #: The options of the columns that may be the wrong ones.
    COLUMN_OPTIONS: ClassVar[Sequence[str]] = ()

    def __init__(self, source: Source, labelled: bool, options: Any = None) -> None:
        self.source = source
        self.labelled = labelled
        self.for_prediction = not labelled
        self.skip_bad_rows = getattr(options, "skip_bad_rows", False)
        self.rows = self.bad_rows = 0
        self.problems: dict[str, str] = {}
        self._kinds: dict[str, list[Any]] = {}  # the first place and problem, and the number
        self._without_text = 0
        self._first_without_text = ""
        self._is_limited = is_inherited(options, "skip_bad_rows")
        self._warnings: set[str] = set()

    @property
    def named_columns(self) -> Mapping[str, str]:
        """The columns that options do not give by their names, by option, for a run to keep."""
        return getattr(self.source, "named_columns", {})

    def records(self) -> Iterator[Record]:
        """Yield the records of the source, and count them anew.

        Unless for prediction, a doubtful record has its doubt as its problem, and counts as the bad
        rows that are lost with it.

        Raises:
            DataError: The first row is bad, and so is each up to row ``ALL_BAD``, or a later one is
                good; unless bad rows are left out.
        """
        self.rows = self.bad_rows = 0
        self.problems, self._kinds, self._without_text = {}, {}, 0
        for record in self.source.records():
            self.rows += 1
            if record.doubt is None or self.for_prediction:
                yield record
            else:
                yield record._replace(values={}, problem=record.doubt)
                self.rows += record.lines - 1
                self.bad_rows += record.lines - 1
            if not self._leaves_out and 0 < self.bad_rows < self.rows:
                raise self._bad_row()
        if not self._leaves_out and self.bad_rows:
            raise self.no_usable_rows()

    def reject(self, place: str, problem: str) -> None:
        """Count a bad row, or stop at it.

        Raises:
            DataError: Bad rows are not left out, and an earlier row is good, or ``ALL_BAD`` rows
                are bad.
        """
        self.bad_rows += 1
        kind = _VALUES.sub("", problem)
        if kind in self._kinds:
            self._kinds[kind][2] += 1
        elif len(self._kinds) < MAX_PROBLEMS:
            self._kinds[kind] = [place, problem, 1]
            self.problems[place] = problem
        if self._leaves_out or (self.bad_rows == self.rows and self.rows < ALL_BAD):
            return
        raise self._bad_row() if self.bad_rows < self.rows else self.no_usable_rows()

    def note_text(self, value: object, place: str) -> None:
        """Note the place of a row for prediction whose text is missing or blank.

        A blank string in a list of strings is as its writer meant it.
        """
        rows = getattr(self.source, "rows", self.source)  # those of which pairs are made
        meant = rows.fixed_columns and isinstance(value, str)
        if self.for_prediction and is_missing(value) and not meant:
            self._first_without_text = self._first_without_text if self._without_text else place
            self._without_text += 1

    @property
    def listed_problems(self) -> list[str]:
        """The first problem of each kind with its place, and how many others there are."""
        listed = []
        for place, problem, number in self._kinds.values():
            others = f" and {number - 1:,} more" if number > 1 else ""
            listed.append(f"{place}{others}: {problem}")
        return listed

    @property
    def _leaves_out(self) -> bool:
        """True if a bad row does not stop reading."""
        return self.for_prediction or self.skip_bad_rows

    def _bad_row(self) -> DataError:
        """Return the error that the first bad row stops reading."""
        place, problem = next(iter(self.problems.items()))
        return DataError(
            f"{self.source.name}, {place}: {problem} (or set {option('skip_bad_rows')}; inspect "
            "counts such rows)"
        )

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
        if self._without_text:
            self._warn_once(
                "%s: %s answered as empty, of %s (the first: %s)",
                *(self.source.name, count(self._without_text, "missing or blank text")),
                *(f"{self.rows:,}", self._first_without_text),
            )
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
        self._warn_once(
            "%s: %s %s, of %s (%s; %s)",
            *(self.source.name, bad, treated, f"{self.rows:,}", percent, first),
        )

    def _warn_once(self, message: str, *values: object) -> None:
        """Log a warning, once for all iterations."""
        warning = message % values
        if warning not in self._warnings:
            self._warnings.add(warning)
            logger.warning("%s", warning)

    def no_usable_rows(self) -> DataError:
        """Return the error that no row can be used, or none of the first ones."""
        first = next((f"{place}: {why}" for place, why in self.problems.items()), "")
        if self._leaves_out or not first:
            reason = f"; {first}" if first else ""
            return DataError(
                f"{self.source.name} has no row that can be used{reason}{self._question()}"
            )
        rows = f"first {self.rows:,}" if self.rows >= ALL_BAD else f"{self.rows:,}"
        others = f"; none of the {rows} rows can be used" if self.bad_rows > 1 else ""
        return DataError(f"{self.source.name}, {first}{others}{self._question()}")

    def _question(self) -> str:
        """Return what may be wrong where several rows are bad, for the end of a message."""
        if self.bad_rows < 2:
            return ""
        names = [option(name) for name in self.COLUMN_OPTIONS if not self.source.fixed_columns]
        columns = f", and are its columns right ({', '.join(names)})" if names else ""
        return f"; is this the right data{columns}?"


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
