"""The signature of an exported text classifier, and prediction in batches."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.models import SequenceModel
from toolkit.tasks.classifier import class_outputs

#: The number of texts in one call.
BATCH = 64

Answers = Mapping[str, NDArray[Any]]
Ask = Callable[[Sequence[str]], Answers]


def signature(model: SequenceModel, classes: Sequence[str]) -> Any:
    """Return ``serving_default``, a ``tf.function`` of ``text``, string [B].

    Its outputs are those of ``toolkit.tasks.classifier.class_outputs``.
    """

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
    def serving_default(text: Any) -> dict[str, Any]:
        return class_outputs(model.answer(text), classes)

    return serving_default


def answer_all(texts: Sequence[str], ask: Ask) -> dict[str, NDArray[Any]]:
    """Answer texts in batches of similar length, and return the answers in the order of the texts.

    Args:
        texts: The texts; an empty list gives an empty dictionary.
        ask: Maps texts to arrays, the batch first.
    """
    if not texts:
        return {}
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    parts = [
        ask([texts[index] for index in order[start : start + BATCH]])
        for start in range(0, len(order), BATCH)
    ]
    inverse = np.argsort(order)
    return {name: np.concatenate([part[name] for part in parts])[inverse] for name in parts[0]}
