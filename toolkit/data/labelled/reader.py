"""Reading of labels and groups, as classes, several labels or numbers."""

import json
import math
import re
from collections.abc import Mapping
from contextlib import suppress

import numpy as np

from toolkit.data.bad_rows import BadRowError, utf8
from toolkit.data.labelled.label_rule import LabelRule
from toolkit.data.labels import Label, class_name, to_flag, to_number, written_list
from toolkit.data.options import LabelOptions, split_names
from toolkit.data.sources.source import is_missing
from toolkit.errors import OptionError, quoted
from toolkit.options import option

#: What has brackets and a quote at their beginning or end, such as a list that is not complete.
_QUOTED_IN_BRACKETS = re.compile(r"""\s*\[\s*(?:['"].*|.*['"]\s*)\]\s*""", re.DOTALL)
_COLLECTIONS = (list, tuple, dict, set, np.ndarray)
_LARGEST = float(np.finfo(np.float32).max)  # targets are float32


class LabelReader:
    """Read the values of the columns of labels and groups.

    Args:
        options: What a label is, and how it is written.

    Raises:
        OptionError: The label rule is invalid or does not fit the target, or the separator of
            labels is empty.
    """

    def __init__(self, options: LabelOptions) -> None:
        if not options.label_separator:
            raise OptionError("label_separator is empty; give what stands between labels, like |")
        self.target = options.target
        self.separator = options.label_separator
        self.rule = LabelRule(options.label_rule) if options.label_rule else None
        if self.rule and options.target != "classes":
            raise OptionError("a label rule makes classes; it does not go with another target")
        if options.label_columns is not None:
            self._check_columns(options)

    def label(self, value: object, column: str | None) -> Label:
        """Return the label that a value stands for; None if it matches no part of the label rule.

        Raises:
            BadRowError: It is missing, or no label of this kind; the message names the column.
        """
        where = f"the label in column {quoted(column)}"
        value = _choices(value)
        if _has_spans(value):
            raise BadRowError(
                f"{where} is {quoted(value)}, marked places; taggers learn those (ner of texts, "
                "dna --target spans of strands)"
            )
        several = self.target == "labels"
        if is_missing(value) and not (several and value == ""):
            raise BadRowError(f"{where} is missing")
        if several:
            return [_name(name, where) for name in self._names(value, where)]
        names = written_list(value, names=False) if isinstance(value, str) else value
        if isinstance(names, _COLLECTIONS):
            values = np.ravel(names).tolist() if isinstance(names, np.ndarray) else list(names)
            if not values:
                raise BadRowError(f"{where} is missing")
            if isinstance(names, dict) or len(values) != 1:
                raise BadRowError(
                    f"{where} is {quoted(value)}; several labels at once need "
                    f"{option('target', 'labels')}"
                )
            value = values[0]
        if self.target == "classes" and self.rule is None:
            return _name(value, where)
        number = to_number(value)
        if number is None or not abs(number) <= _LARGEST:
            raise BadRowError(f"{where} is {quoted(value)}, {_no_target(value, number)}")
        return self.rule(number) if self.rule else number

    def chosen(self, values: Mapping[str, object]) -> Label:
        """Return the label of a row with a column for each label.

        Args:
            values: 1 or 0 by column.

        Raises:
            BadRowError: A value is neither, or a row of the target ``classes`` has not one label.
        """
        flags = {column: to_flag(value) for column, value in values.items()}
        for column, flag in flags.items():
            if flag is None:
                raise BadRowError(
                    f"the label column {quoted(column)} has {quoted(values[column])}, which is "
                    "neither 1 nor 0"
                )
        names = [class_name(column) for column, flag in flags.items() if flag]
        if self.target == "labels":
            return names
        if len(names) != 1:
            raise BadRowError(
                f"{len(names)} of the label columns have 1; any number of labels at once needs "
                f"{option('target', 'labels')}"
            )
        return names[0]

    def group(self, value: object, column: str) -> str:
        """Return the name of a group.

        Raises:
            BadRowError: It is missing; the message names the column.
        """
        if is_missing(value):
            raise BadRowError(f"the group in column {quoted(column)} is missing")
        return class_name(value)

    def _check_columns(self, options: LabelOptions) -> None:
        """Check that columns with a label each go with the other options.

        Raises:
            OptionError: They do not.
        """
        columns = option("label_columns")
        if options.label_column is not None:
            raise OptionError(f"{columns} and {option('label_column')} exclude each other")
        if self.rule or self.target == "number":
            raise OptionError(f"{columns} gives classes or labels, no numbers")
        if len(split_names(options.label_columns or "")) < 2:
            raise OptionError(
                f"{columns} is {options.label_columns!r}; name several columns, separated by commas"
            )

    def _names(self, value: object, where: str) -> list[object]:
        """Return the labels of a field with several, which may be a list written as a string."""
        if isinstance(value, str):
            names = written_list(value, names=self.separator not in value)
            if names is not None:
                return names
            if self.separator not in value and _QUOTED_IN_BRACKETS.fullmatch(value):
                raise BadRowError(
                    f"{where} is {quoted(value)}, which is no list that can be read; write it as "
                    'JSON, such as ["fun", "sad"]'
                )
            return [name for name in value.split(self.separator) if name.strip()]
        return list(value) if isinstance(value, (list, tuple, set, np.ndarray)) else [value]


def _choices(value: object) -> object:
    """Return the list of several choices that Label Studio writes as ``{"choices": [...]}``."""
    if isinstance(value, str) and value.lstrip().startswith('{"choices"'):
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    return value["choices"] if isinstance(value, dict) and {*value} == {"choices"} else value


def _has_spans(value: object) -> bool:
    """Return whether a value is a list of marked places, as tools for entities write them."""
    if isinstance(value, str) and value.lstrip().startswith("[{"):
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    first = value[0] if isinstance(value, list) and value else None
    if isinstance(first, dict):
        return "start" in first or "start_offset" in first
    return isinstance(first, list) and [*map(type, first[:2])] == [int, int] and len(first) > 2


def _no_target(value: object, number: float | None) -> str:
    """Return why a value is no number to learn."""
    if number is not None and math.isfinite(number):
        return f"larger than {_LARGEST:.1e}"
    if isinstance(value, str) and to_number(value.replace(",", "")) is not None:
        return "not a number; is its comma a decimal point, or does it separate thousands?"
    return "not a number"


def _name(value: object, where: str) -> str:
    """Return the name of a class, which must fit on one line of ``classes.txt``."""
    if isinstance(value, _COLLECTIONS):
        raise BadRowError(f"{where} holds {quoted(value)}, which is no name of a class")
    name = utf8(class_name(value), where)
    if "\n" in name or "\r" in name:
        raise BadRowError(f"{where} is {quoted(name)}; the name of a class has no line break")
    return name
