"""Examples of pairs of texts, read and checked row by row."""

from collections.abc import Iterator
from typing import NamedTuple

from toolkit.data.bad_rows import BadRowError, CheckedRows, Unreadable, utf8
from toolkit.data.pairs.open import SOURCE, TARGET
from toolkit.data.pairs.options import PairColumnOptions
from toolkit.data.sources.source import Record, Source, is_missing
from toolkit.errors import DataError, count, quoted
from toolkit.options import option

#: Pairs with a larger ratio of lengths, in characters, are reported as suspicious.
SUSPICIOUS_RATIO = 9.0
#: Smaller differences of lengths, in characters, are ignored at any ratio.
MIN_LENGTH_DIFFERENCE = 30


class PairExample(NamedTuple):
    """A source text with its target text.

    Attributes:
        row: The row in the source of data, from 1.
        source: The source text.
        target: The target text.
        place: The place in the source of data, for messages.
    """

    row: int
    source: str
    target: str
    place: str = ""


class PairExamples(CheckedRows):
    """The pairs of a source of data; each iteration reads them again.

    A bad row stops reading with an error that has its place and the reason, or is skipped and
    counted with ``skip_bad_rows``. Pairs with a suspicious ratio of lengths are reported, and
    skipped only above ``max_length_ratio``.

    Args:
        source: A source that ``open_pairs`` returned.
        options: The columns, and the largest ratio of lengths.

    Raises:
        DataError: The source has no target texts.

    Attributes:
        skipped_by_ratio: The number of pairs of the latest iteration that were skipped for their
            ratio of lengths.
    """

    def __init__(self, source: Source, options: PairColumnOptions) -> None:
        if TARGET not in source.columns:
            raise DataError(
                f"{source.name} has a single column, or none of a usual name for what is to be "
                f"made of the texts, such as {TARGET}; give it, or set {option('target_column')}"
            )
        super().__init__(source, True, options)
        self.options = options
        self.skipped_by_ratio = 0

    def __iter__(self) -> Iterator[PairExample]:
        self.skipped_by_ratio = good = suspicious = 0
        first = ""
        max_ratio = self.options.max_length_ratio
        for record in self.records():
            try:
                example = self._example(record)
            except BadRowError as error:
                self.reject(record.place, str(error))
                continue
            ratio = length_ratio(example)
            if max_ratio is not None and ratio > max_ratio:
                self.skipped_by_ratio += 1
                continue
            if ratio > SUSPICIOUS_RATIO:
                suspicious += 1
                first = first or example.place
            good += 1
            yield example
        self.finish(good or self.skipped_by_ratio)
        if self.skipped_by_ratio:
            self._warn_once(
                "%s: %s left out by their lengths", self.name, count(self.skipped_by_ratio, "pair")
            )
        if suspicious:
            self._warn_once(
                "%s: %s with a side more than %g times longer than the other (the first is %s); "
                "%s leaves such pairs out",
                *(self.name, count(suspicious, "pair"), SUSPICIOUS_RATIO, first),
                option("max_length_ratio", SUSPICIOUS_RATIO),
            )
        if not good:
            raise self.no_usable_rows()

    @property
    def name(self) -> str:
        """The name of the data, for messages."""
        return self.source.name

    def _example(self, record: Record) -> PairExample:
        """Return the pair of a record."""
        if record.problem is not None:
            raise BadRowError(record.problem)
        source, target = (_side(record.values.get(side), side) for side in (SOURCE, TARGET))
        return PairExample(record.row, source, target, record.place)


def source_texts(source: Source) -> Iterator[str | Unreadable]:
    """Yield the source text of each row of a source that ``open_pairs`` returned.

    A missing text is empty. The rows that cannot be read are counted and logged.
    """
    rows = CheckedRows(source, labelled=False)
    for record in rows.records():
        problem, text = record.problem, ""
        if problem is None:
            try:
                value = record.values.get(SOURCE)
                rows.note_text(value, record.place)
                text = _text(value, SOURCE)
            except BadRowError as error:
                problem = str(error)
        if problem is None:
            yield text
        else:
            rows.reject(record.place, problem)
            yield Unreadable(f"{record.place}: {problem}")
    rows.finish(good=0)


def length_ratio(example: PairExample) -> float:
    """Return the ratio of the longer to the shorter side; 1 if the difference is small."""
    shorter, longer = sorted((len(example.source), len(example.target)))
    return longer / shorter if longer - shorter > MIN_LENGTH_DIFFERENCE else 1.0


def _side(value: object, side: str) -> str:
    """Return the text of one side of a pair to learn."""
    text = _text(value, side)
    if "\0" in text:
        raise BadRowError(f"the {side} has a NUL character; this is no plain text")
    if not text.strip():
        what = "empty" if isinstance(value, str | bytes) else "missing"
        raise BadRowError(f"the {side} is {what}")
    return text


def _text(value: object, side: str) -> str:
    """Return one side of a pair as a string in UTF-8; empty if it is missing."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if not isinstance(value, str):
        if is_missing(value):
            return ""
        raise BadRowError(f"the {side} is {quoted(value)}, not a text")
    return utf8(value, f"the {side}")
