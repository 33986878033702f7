"""Rows become examples: a text with its label, checked one by one."""

import logging
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from toolkit.data import columns
from toolkit.data.bad_rows import BadRowError, CheckedRows, utf8
from toolkit.data.labels import Label, LabelEncoder, class_name
from toolkit.data.options import ColumnOptions
from toolkit.data.rules import LabelRule
from toolkit.data.source import Record, Source
from toolkit.errors import OptionError, quoted
from toolkit.options import option

logger = logging.getLogger("toolkit")

_COLLECTIONS = (list, tuple, dict, set, np.ndarray)
_LARGEST = float(np.finfo(np.float32).max)  # numbers are learnt in float32


class Example(NamedTuple):
    """A text to learn from or to answer.

    Attributes:
        row: The number of its row in the source, from 1.
        text: The text.
        label: Its label; None in unlabelled data.
        group: What it must not be torn from in a split.
        place: Where it stands, for messages.
    """

    row: int
    text: str
    label: Label = None
    group: str | None = None
    place: str = ""


class TextExamples(CheckedRows):
    """The examples of a source, read anew by each iteration.

    A row that cannot be used stops the reading with its place and the reason, or is left out and
    counted with ``skip_bad_rows``. Unlabelled reading is for answering: it gives an example for
    every row, with an empty text where there is none, so that answers and rows correspond.

    Args:
        source: Where the rows come from.
        options: Which columns mean what.
        labelled: Whether there are labels to read.
        grouped: Whether the groups are wanted, as they are where a split is to be made.

    Attributes:
        bad_rows: How many rows of the latest iteration could not be used.
        outside_rule: How many rows of the latest iteration no part of the label rule takes.
        problems: The places of the first few bad rows, and what is wrong with each.

    Raises:
        DataError: a column is not there, or cannot be guessed; from an iteration, a row cannot
            be used, or there are none.
        OptionError: the label rule cannot be understood, or does not go with the target; the
            separator of labels is empty.
    """

    def __init__(
        self,
        source: Source,
        options: ColumnOptions,
        labelled: bool = True,
        grouped: bool = True,
    ) -> None:
        if not options.label_separator:
            raise OptionError("label_separator is empty; give what stands between labels, like |")
        super().__init__(source, labelled, options.skip_bad_rows)
        self.options = options
        self.rule = LabelRule(options.label_rule) if options.label_rule else None
        if self.rule and options.target != "classes":
            raise OptionError("a label rule makes classes; it does not go with another target")
        self.text_column = columns.text_column(source, options)
        self.label_column = (
            columns.label_column(source, options, self.text_column) if labelled else None
        )
        self.group_column = columns.group_column(source, options) if labelled and grouped else None
        self.outside_rule = 0
        self._said_outside_rule = 0
        self._said_columns = source.fixed_columns

    def __iter__(self) -> Iterator[Example]:
        self._say_columns()
        self.bad_rows = self.outside_rule = 0
        good = 0
        for record in self.source.records():
            try:
                example = self._example(record)
            except BadRowError as error:
                self.reject(record.place, str(error))
                if not self.labelled:
                    yield Example(record.row, "", place=record.place)
                continue
            if example is None:
                self.outside_rule += 1
                continue
            good += 1
            yield example
        self.say_bad_rows()
        self._say_outside_rule()
        if self.labelled and not good:
            raise self.nothing_to_use()

    def known(self, encoder: LabelEncoder) -> Iterator[Example]:
        """Reads the examples; one whose class the encoder does not know is a bad row.

        Raises:
            DataError: a row cannot be used, or none can.
        """
        good = 0
        for example in self:
            problem = encoder.check(example.label)
            if problem is None:
                good += 1
                yield example
            else:
                self.reject(example.place, problem)
        if not good:
            raise self.nothing_to_use()

    @property
    def label_place(self) -> str:
        """Where the labels stand, for messages."""
        if self.source.fixed_columns or self.label_column is None:
            return self.source.name
        return f"{self.source.name}, column {quoted(self.label_column)}"

    def _example(self, record: Record) -> Example | None:
        if record.problem is not None:
            raise BadRowError(record.problem)
        text = _text(record.values.get(self.text_column), self.text_column)
        if not self.labelled:
            return Example(record.row, text, place=record.place)
        if not text.strip():
            raise BadRowError(f"the text in column {quoted(self.text_column)} is empty")
        label = self._label(record.values.get(self.label_column or ""))
        if label is None:
            return None
        group = None
        if self.group_column is not None:
            value = record.values.get(self.group_column)
            if is_missing(value):
                raise BadRowError(f"the group in column {quoted(self.group_column)} is missing")
            group = class_name(value)
        return Example(record.row, text, label, group, record.place)

    def _label(self, value: object) -> Label:
        """Reads a label; None where the label rule takes no such number."""
        where = f"the label in column {quoted(self.label_column)}"
        several = self.options.target == "labels"
        if is_missing(value) and not (several and value == ""):
            raise BadRowError(f"{where} is missing")
        if several:
            return [_name(name, where) for name in self._several(value)]
        if isinstance(value, _COLLECTIONS):
            raise BadRowError(
                f"{where} is {quoted(value)}; several labels at once need "
                f"{option('target', 'labels')}"
            )
        if self.options.target == "classes" and self.rule is None:
            return _name(value, where)
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not abs(number) <= _LARGEST:
            why = f"larger than {_LARGEST:.1e}" if math.isfinite(number) else "not a number"
            raise BadRowError(f"{where} is {quoted(value)}, {why}")
        return self.rule(number) if self.rule else number

    def _several(self, value: object) -> list[object]:
        if isinstance(value, str):
            return [name for name in value.split(self.options.label_separator) if name.strip()]
        return list(value) if isinstance(value, (list, tuple, set, np.ndarray)) else [value]

    def _say_columns(self) -> None:
        """Says once, when the reading begins, which columns were guessed."""
        if self._said_columns:
            return
        self._said_columns = True
        text, label = self.options.text_column, self.options.label_column
        for what, given, column in (
            ("text", text, self.text_column),
            ("label", label, self.label_column),
        ):
            if given is None and column is not None:
                logger.info(
                    "%s column: %s (guessed; set %s)",
                    *(what, quoted(column), option(f"{what}_column")),
                )

    def _say_outside_rule(self) -> None:
        """Says once what no part of the label rule takes, however often the data is read."""
        if self.outside_rule and self._said_outside_rule != self.outside_rule:
            self._said_outside_rule = self.outside_rule
            logger.info(
                "%s: %d rows left out that no part of the label rule takes",
                *(self.source.name, self.outside_rule),
            )


def is_missing(value: object) -> bool:
    """Whether a value is absent: None, NaN, pandas' NA or a blank string."""
    if isinstance(value, str):
        return not value.strip()
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, (float, np.floating)) and math.isnan(value)


def _text(value: object, column: str) -> str:
    """The text as a string that UTF-8 can hold; empty where it is missing."""
    if is_missing(value):
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if not isinstance(value, str):
        raise BadRowError(f"the text in column {quoted(column)} is {quoted(value)}, not a string")
    return utf8(value, f"the text in column {quoted(column)}")


def _name(value: object, where: str) -> str:
    """A class's name, which stands on one line of ``classes.txt``."""
    if isinstance(value, _COLLECTIONS):
        raise BadRowError(f"{where} holds {quoted(value)}, which is no name of a class")
    name = utf8(class_name(value), where)
    if "\n" in name or "\r" in name:
        raise BadRowError(f"{where} is {quoted(name)}; the name of a class has no line break")
    return name
