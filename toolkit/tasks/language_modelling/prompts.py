"""Prompts, with their conditions if the model has any."""

from collections.abc import Sequence
from typing import Any

from toolkit.data import (
    StreamColumnOptions,
    Unreadable,
    conditioned_prompts,
    open_conditioned,
    open_stream,
    plain_texts,
    prompts,
)
from toolkit.errors import DataError
from toolkit.tasks.language_modelling.options import check_condition


def read_prompts(
    texts: Any, options: StreamColumnOptions, conditions: Sequence[str], condition: str | None
) -> list[tuple[str, dict[str, Sequence[str]]] | Unreadable]:
    """Return each prompt with its other inputs: its condition, if the model has conditions.

    Args:
        texts: The prompts, as for ``LanguageModel.predict``.
        options: The column options.
        conditions: The conditions of the model.
        condition: The condition of all prompts; None for those of the data.

    Raises:
        DataError: An input is not a pair of both, or the data cannot be read.
        OptionError: A condition is unknown.
    """
    texts = texts if isinstance(texts, list) else plain_texts(texts)
    given: Any = texts
    if not (isinstance(texts, list) and all(isinstance(text, str | tuple) for text in texts)):
        if conditions and condition is None:
            source = open_conditioned(texts, "test", options)
            given = conditioned_prompts(source, options, conditions)
        else:
            given = prompts(open_stream(texts, "test", options))
    found: list[tuple[str, dict[str, Sequence[str]]] | Unreadable] = []
    for each in given:
        if isinstance(each, Unreadable):
            found.append(each)
            continue
        if isinstance(each, tuple) and len(each) != 2:
            raise DataError(f"{each!r} is not a pair of a prompt and its condition")
        text, label = (each, condition) if isinstance(each, str) else each
        check_condition(label, conditions)
        found.append((text, {"condition": [str(label)]} if conditions else {}))
    return found
