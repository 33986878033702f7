"""Rows become pairs of texts, checked one by one."""

import logging
from collections.abc import Iterator
from typing import NamedTuple

from toolkit.data.bad_rows import BadRowError, CheckedRows, utf8
from toolkit.data.open_pairs import SOURCE, TARGET
from toolkit.data.options import PairColumnOptions
from toolkit.data.source import Record, Source
from toolkit.errors import DataError, count, quoted
from toolkit.options import option

logger = logging.getLogger("toolkit")

#: Sides of which one has so many times more characters than the other hardly belong together.
ABSURD_RATIO = 9.0
#: So many characters more are nothing to speak of, whatever the ratio.
SLACK = 30


class PairExample(NamedTuple):
    """A text and what is to be made of it.

    Attributes:
        row: The number of its row in the source, from 1.
        source: The text that is read.
        target: The text that is made of it.
        place: Where it stands, for messages.
    """

    row: int
    source: str
    target: str
    place: str = ""


class PairExamples(CheckedRows):
    """The pairs of a source, read anew by each iteration.

    A pair that cannot be used stops the reading with its place and the reason, or is left out and
    counted with ``skip_bad_rows``. Pairs of absurdly different lengths are reported, and left out
    only beyond ``max_length_ratio``.

    Args:
        source: What ``open_pairs`` gives.
        options: Which columns mean what.

    Raises:
        DataError: The source has texts alone, and nothing that is to be made of them.

    Attributes:
        too_unequal: How many pairs of the latest iteration were left out by their lengths.
    """

    def __init__(self, source: Source, options: PairColumnOptions) -> None:
        if TARGET not in source.columns:
            raise DataError(
                f"{source.name} has a single column, or none of a usual name for what is to be "
                f"made of the texts, such as {TARGET}; give it, or set {option('target_column')}"
            )
        super().__init__(source, True, options.skip_bad_rows)
        self.options = options
        self.too_unequal = 0
        self._said: set[str] = set()

    def __iter__(self) -> Iterator[PairExample]:
        self.bad_rows = self.too_unequal = 0
        good = absurd = 0
        first = ""
        most = self.options.max_length_ratio
        for record in self.source.records():
            try:
                example = self._example(record)
            except BadRowError as error:
                self.reject(record.place, str(error))
                continue
            ratio = length_ratio(example)
            if most is not None and ratio > most:
                self.too_unequal += 1
                continue
            if ratio > ABSURD_RATIO:
                absurd += 1
                first = first or example.place
            good += 1
            yield example
        self.say_bad_rows()
        if self.too_unequal:
            self._say(
                "%s: %s left out by their lengths", self.name, count(self.too_unequal, "pair")
            )
        if absurd:
            self._say(
                "%s: %s with a side more than %g times longer than the other (the first is %s); "
                "%s leaves such pairs out",
                *(self.name, count(absurd, "pair"), ABSURD_RATIO, first),
                option("max_length_ratio", ABSURD_RATIO),
            )
        if not good:
            raise self.nothing_to_use()

    @property
    def name(self) -> str:
        """What the data is called in messages."""
        return self.source.name

    def _say(self, message: str, *values: object) -> None:
        """Warns once, however often the data is read."""
        said = message % values
        if said not in self._said:
            self._said.add(said)
            logger.warning("%s", said)

    def _example(self, record: Record) -> PairExample:
        if record.problem is not None:
            raise BadRowError(record.problem)
        source, target = (_side(record.values.get(side), side) for side in (SOURCE, TARGET))
        return PairExample(record.row, source, target, record.place)


def source_texts(source: Source) -> Iterator[str]:
    """The text that is read of each row of what ``open_pairs`` gives.

    It is '' where there is none; how many these are, and what is wrong with the first, is said.
    """
    missing, first = 0, ""
    for record in source.records():
        text = record.values.get(SOURCE)
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        if not isinstance(text, str):
            missing += 1
            first = first or f"{record.place}: {record.problem or 'the source is no text'}"
            text = ""
        yield text
    if missing:
        rows = count(missing, "bad row")
        logger.warning("%s: %s answered as empty (%s)", source.name, rows, first)


def length_ratio(example: PairExample) -> float:
    """How many times longer the longer side is; 1 where the difference is small."""
    shorter, longer = sorted((len(example.source), len(example.target)))
    return longer / shorter if longer - shorter > SLACK else 1.0


def _side(value: object, side: str) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if value is None or not isinstance(value, str):
        missing = value is None or value != value
        raise BadRowError(f"the {side} is {'missing' if missing else quoted(value)}, not a text")
    if "\0" in value:
        raise BadRowError(f"the {side} has a NUL character; this is no plain text")
    if not value.strip():
        raise BadRowError(f"the {side} is empty")
    return utf8(value, f"the {side}")
