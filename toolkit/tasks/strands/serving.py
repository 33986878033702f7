"""The signature of an exported classifier of strands, and prediction in batches."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.models import SequenceModel
from toolkit.tasks.classifier import class_outputs

#: The largest numbers of strands, and of bases, padding included, of a call.
BATCH = 256
BATCH_BASES = 65_536

Answers = Mapping[str, NDArray[Any]]


def signature(model: SequenceModel, classes: Sequence[str]) -> Any:
    """Return ``serving_default``, a ``tf.function`` of ``text``, string [B].

    White space is left out. The outputs are those of ``toolkit.tasks.classifier.class_outputs``,
    and ``truncated`` bool [B], whether a strand has more bases than are read.

    Args:
        model: ``Nucleotides`` and the network.
        classes: The names of the classes.
    """
    most = model.preprocessing.max_length

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
    def serving_default(text: Any) -> dict[str, Any]:
        text = without_white_space(text)
        truncated = tf.strings.length(text, unit="UTF8_CHAR") > most
        return {**class_outputs(model.answer(text), classes), "truncated": truncated}

    return serving_default


def without_white_space(text: Any) -> Any:
    """Return strings without white space, of any shape."""
    return tf.strings.regex_replace(text, r"\s+", "")


def answer_all(
    strands: Sequence[str], most: int, ask: Callable[[Sequence[str]], Answers]
) -> dict[str, NDArray[Any]]:
    """Answer strands in batches of similar length, and return the answers in their order.

    Args:
        strands: The strands; an empty list gives an empty dictionary.
        most: The largest number of bases that are read of a strand.
        ask: Maps strands to arrays, the batch first.
    """
    if not strands:
        return {}
    order = sorted(range(len(strands)), key=lambda index: len(strands[index]))
    lengths = [min(most, len(strands[index])) for index in order]
    parts = [
        ask([strands[index] for index in order[start:end]]) for start, end in _batches(lengths)
    ]
    inverse = np.argsort(order)
    return {name: np.concatenate([part[name] for part in parts])[inverse] for name in parts[0]}


def _batches(lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the ends of batches of strands of increasing lengths."""
    start = 0
    for end in range(1, len(lengths) + 1):
        size = end - start + 1
        if end == len(lengths) or size > BATCH or size * lengths[end] > BATCH_BASES:
            yield start, end
            start = end
