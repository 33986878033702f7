"""The prompts of a language model, with their conditions and their numbers."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from toolkit.data import conditioned_prompts, open_conditioned, open_stream, whole_texts
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


def prompts(
    texts: Any,
    condition: str | None,
    columns: LanguageModelOptions,
    classes: Sequence[str],
    earlier: Counter[Any] | None = None,
) -> Iterator[Prompt]:
    """Yield prompts; all are checked before the first.

    Args:
        texts: A list of prompts or of pairs of a prompt and its condition, or data of any kind.
        condition: The condition of prompts without one of their own.
        columns: The options by which data is read.
        classes: The conditions of the model, if any.
        earlier: How often each prompt was given before; it is counted on.

    Raises:
        DataError: An input is not a pair of both.
        OptionError: A condition is unknown.
    """
    pairs: Any
    if isinstance(texts, list) and all(isinstance(text, str | tuple) for text in texts):
        for text in texts:
            if isinstance(text, tuple) and len(text) != 2:
                raise DataError(f"{text!r} is not a pair of a prompt and its condition")
        pairs = [(text, condition) if isinstance(text, str) else text for text in texts]
    elif classes and condition is None:
        source = open_conditioned(texts, "test", columns)
        pairs = list(conditioned_prompts(source, columns, classes))
    else:
        stream = open_stream(texts, "test", columns)
        pairs = [(text, condition) for text in whole_texts(stream)]
    for _, label in pairs:
        check_condition(label, classes)
    earlier = Counter() if earlier is None else earlier
    for text, label in pairs:
        key = utf8(text), label
        earlier[key] += 1
        yield Prompt(text, label if classes else None, earlier[key] - 1)
