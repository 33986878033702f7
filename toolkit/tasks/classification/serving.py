"""The signature of an exported text classifier, and prediction in batches."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.layers.sequences import with_length
from toolkit.models import SequenceModel
from toolkit.tasks.classifier import class_outputs
from toolkit.tasks.options import CHARACTERS_PER_TOKEN
from toolkit.text.strings import shorten

#: The number of texts in one call.
BATCH = 64

Answers = Mapping[str, NDArray[Any]]
Ask = Callable[[Sequence[str]], Answers]


def signature(
    model: SequenceModel, classes: Sequence[str], max_text_length: int, window: int | None = None
) -> Any:
    """Return ``serving_default``, a ``tf.function`` of ``text``, string [B].

    Its outputs are those of ``toolkit.tasks.classifier.class_outputs``, and ``truncated`` bool [B],
    whether a part of the text was not read. Its time is linear in the length of a text, and its
    memory limited.

    Args:
        model: The tokenizer and the network.
        classes: The names of the classes.
        max_text_length: The largest number of tokens that are read of a text.
        window: The number of tokens that the network sees of these; None for all.
    """
    tokenizer, network = model.preprocessing, model.network
    characters = CHARACTERS_PER_TOKEN * max_text_length

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
    def serving_default(text: Any) -> dict[str, Any]:
        text, cut = shorten(text, characters, tokenizer.truncation)
        ids, longer = tokenizer.read(text, max_text_length)
        inputs = with_length(ids)
        truncated = cut | longer
        if window is not None:
            truncated |= inputs["length"] > window
        return {**class_outputs(network.answer(inputs), classes), "truncated": truncated}

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
