"""Examples of labelled texts, read and checked row by row."""

import logging
import math
import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from toolkit.data.bad_rows import BadRowError, CheckedRows, utf8
from toolkit.data.labels import Label, LabelEncoder, class_name, to_number, written_list
from toolkit.data.sources.source import Record, Source, is_missing
from toolkit.data.texts import columns
from toolkit.data.texts.label_rule import LabelRule
from toolkit.data.texts.options import ColumnOptions
from toolkit.errors import OptionError, quoted
from toolkit.options import option

logger = logging.getLogger("toolkit")

#: What has brackets and a quote at their beginning or end, such as a list that is not complete.
_QUOTED_IN_BRACKETS = re.compile(r"""\s*\[\s*(?:['"].*|.*['"]\s*)\]\s*""", re.DOTALL)
_COLLECTIONS = (list, tuple, dict, set, np.ndarray)
_LARGEST = float(np.finfo(np.float32).max)  # targets are float32


class Example(NamedTuple):
    """A text with its label.

    Attributes:
        row: The row in the source, from 1.
        text: The text.
        label: Its label; None in unlabelled data.
        group: The group that a split must not divide.
        place: The place in the source, for messages.
        problem: In unlabelled data, the place and the reason if the text cannot be read.
    """

    row: int
    text: str
    label: Label = None
    group: str | None = None
    place: str = ""
    problem: str | None = None


class TextExamples(CheckedRows):
    """The examples of a source; each iteration reads them again.

    A bad row stops reading with an error that has its place and the reason, or is skipped and
    counted with ``skip_bad_rows``. Unlabelled data, for prediction, gives an example for every row,
    bad rows with their ``problem`` and an empty text, so that answers correspond to rows.

    Args:
        source: The source of the rows.
        options: The columns, and how their values are read.
        labelled: Whether to read labels.
        grouped: Whether to read groups, which a split needs.
        for_prediction: Whether each row gets an example; None for unlabelled data alone.

    Attributes:
        rows: The number of rows of the latest iteration.
        bad_rows: The number of bad rows among them.
        outside_rule: The number of rows of the latest iteration that match no part of the label
            rule.
        problems: The problems of the first few bad rows, by their places.

    Raises:
        DataError: A column does not exist or cannot be guessed; in an iteration, a row is bad, or
            no row can be used.
        OptionError: The label rule is invalid or does not fit the target, or the separator of
            labels is empty.
    """

    def __init__(
        self,
        source: Source,
        options: ColumnOptions,
        labelled: bool = True,
        grouped: bool = True,
        for_prediction: bool | None = None,
    ) -> None:
        if not options.label_separator:
            raise OptionError("label_separator is empty; give what stands between labels, like |")
        super().__init__(source, labelled, options)
        if for_prediction is not None:
            self.for_prediction = for_prediction
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
        self._logged_outside_rule = 0
        self._logged_columns = source.fixed_columns

    def __iter__(self) -> Iterator[Example]:
        self._log_columns()
        good = self.outside_rule = 0
        for record in self.records():
            try:
                example = self._example(record)
            except BadRowError as error:
                self.reject(record.place, str(error))
                if self.for_prediction:
                    problem = f"{record.place}: {error}"
                    yield Example(record.row, "", place=record.place, problem=problem)
                continue
            if example is None:
                self.outside_rule += 1
                continue
            good += 1
            yield example
        self._log_outside_rule()
        self.finish(good)

    def known(self, encoder: LabelEncoder) -> Iterator[Example]:
        """Yield the examples whose class the encoder knows; others are bad rows.

        Raises:
            DataError: A row is bad, or no row can be used.
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
            raise self.no_usable_rows()

    @property
    def label_place(self) -> str:
        """The place of the labels, for messages."""
        if self.source.fixed_columns or self.label_column is None:
            return self.source.name
        return f"{self.source.name}, column {quoted(self.label_column)}"

    def _example(self, record: Record) -> Example | None:
        """Return the example of a record; None if its number matches no part of the label rule."""
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
        """Return a label; None if it matches no part of the label rule."""
        where = f"the label in column {quoted(self.label_column)}"
        several = self.options.target == "labels"
        if is_missing(value) and not (several and value == ""):
            raise BadRowError(f"{where} is missing")
        if several:
            return [_name(name, where) for name in self._label_names(value, where)]
        names = written_list(value, names=False) if isinstance(value, str) else value
        if isinstance(names, _COLLECTIONS):
            values = np.ravel(names).tolist() if isinstance(names, np.ndarray) else list(names)
            if isinstance(names, dict) or len(values) != 1:
                raise BadRowError(
                    f"{where} is {quoted(value)}; several labels at once need "
                    f"{option('target', 'labels')}"
                )
            value = values[0]
        if self.options.target == "classes" and self.rule is None:
            return _name(value, where)
        number = to_number(value)
        if number is None or not abs(number) <= _LARGEST:
            raise BadRowError(f"{where} is {quoted(value)}, {_no_target(value, number)}")
        return self.rule(number) if self.rule else number

    def _label_names(self, value: object, where: str) -> list[object]:
        """Return the labels of a field with several, which may be a list written as a string."""
        if isinstance(value, str):
            separator = self.options.label_separator
            names = written_list(value, names=separator not in value)
            if names is not None:
                return names
            if separator not in value and _QUOTED_IN_BRACKETS.fullmatch(value):
                raise BadRowError(
                    f"{where} is {quoted(value)}, which is no list that can be read; write it as "
                    'JSON, such as ["fun", "sad"]'
                )
            return [name for name in value.split(separator) if name.strip()]
        return list(value) if isinstance(value, (list, tuple, set, np.ndarray)) else [value]

    def _log_columns(self) -> None:
        """Log the guessed columns, at the beginning of the first iteration."""
        if self._logged_columns:
            return
        self._logged_columns = True
        text, label = self.options.text_column, self.options.label_column
        for what, requested, column in (
            ("text", text, self.text_column),
            ("label", label, self.label_column),
        ):
            if requested is None and column is not None:
                logger.info(
                    "%s column: %s (guessed; set %s)",
                    *(what, quoted(column), option(f"{what}_column")),
                )

    def _log_outside_rule(self) -> None:
        """Log the number of rows that match no part of the label rule, once for all iterations."""
        if self.outside_rule and self._logged_outside_rule != self.outside_rule:
            self._logged_outside_rule = self.outside_rule
            logger.info(
                "%s: %d rows left out that no part of the label rule takes",
                *(self.source.name, self.outside_rule),
            )


def _no_target(value: object, number: float | None) -> str:
    """Return why a value is no number to learn."""
    if number is not None and math.isfinite(number):
        return f"larger than {_LARGEST:.1e}"
    if isinstance(value, str) and to_number(value.replace(",", "")) is not None:
        return "not a number; is its comma a decimal point, or does it separate thousands?"
    return "not a number"


def _text(value: object, column: str) -> str:
    """Return a text as a string that can be encoded as UTF-8; empty if it is missing."""
    if is_missing(value):
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if not isinstance(value, str):
        raise BadRowError(f"the text in column {quoted(column)} is {quoted(value)}, not a string")
    return utf8(value, f"the text in column {quoted(column)}")


def _name(value: object, where: str) -> str:
    """Return the name of a class, which must fit on one line of ``classes.txt``."""
    if isinstance(value, _COLLECTIONS):
        raise BadRowError(f"{where} holds {quoted(value)}, which is no name of a class")
    name = utf8(class_name(value), where)
    if "\n" in name or "\r" in name:
        raise BadRowError(f"{where} is {quoted(name)}; the name of a class has no line break")
    return name
