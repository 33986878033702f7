"""The prompts of a language model, with their conditions and their numbers."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from toolkit.data import (
    Unreadable,
    conditioned_prompts,
    open_conditioned,
    open_stream,
    plain_texts,
    prompts,
    table_format,
)
from toolkit.errors import DataError
from toolkit.tasks.language_modelling.options import LanguageModelOptions, check_condition
from toolkit.text import utf8


class Prompt(NamedTuple):
    """The beginning of a text.

    Attributes:
        text: The beginning.
        condition: The condition of the text; None if the model has no conditions.
        number: Its number among equal prompts of the same input, from 0.
    """

    text: str
    condition: str | None
    number: int

    @property
    def conditions(self) -> dict[str, list[str]]:
        """The input ``condition`` of signatures, if the model has conditions."""
        return {} if self.condition is None else {"condition": [self.condition]}


def read_prompts(
    texts: Any,
    condition: str | None,
    columns: LanguageModelOptions,
    classes: Sequence[str],
    earlier: Counter[Any] | None = None,
) -> list[Prompt | Unreadable]:
    """Return all prompts, checked, in order.

    Args:
        texts: The prompts, as for ``LanguageModel.predict``.
        condition: The condition of prompts without one of their own.
        columns: The options by which data is read.
        classes: The conditions of the model, if any.
        earlier: How often each prompt was given before; it is counted on.

    Raises:
        DataError: An input is not a pair of both, or the data cannot be read.
        OptionError: A condition is unknown.
    """
    given: Any = (
        texts if isinstance(texts, list) else plain_texts(texts, table_format(columns).encodings)
    )
    if not (isinstance(given, list) and all(isinstance(each, str | tuple) for each in given)):
        if classes and condition is None:
            source = open_conditioned(given, "test", columns)
            given = conditioned_prompts(source, columns, classes)
        else:
            given = prompts(open_stream(given, "test", columns))
    earlier = Counter() if earlier is None else earlier
    checked: list[Prompt | Unreadable] = []
    for each in given:
        if isinstance(each, Unreadable):
            checked.append(each)
            continue
        if isinstance(each, tuple) and len(each) != 2:
            raise DataError(f"{each!r} is not a pair of a prompt and its condition")
        text, label = (each, condition) if isinstance(each, str) else each
        check_condition(label, classes)
        key = utf8(text), label
        earlier[key] += 1
        checked.append(Prompt(text, label if classes else None, earlier[key] - 1))
    return checked
