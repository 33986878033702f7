"""What an exported text classifier answers, and how many strings are answered fast."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.models import TextModel

#: How many texts are answered in one call.
BATCH = 64

#: What the golden file asks unless the user gives texts: short, long, empty and unusual ones.
GOLDEN_TEXTS = (
    "There is nothing to like in this movie.",
    "A warm, clever film, and not a minute too long.",
    "The cast is good, but the plot never gets going.",
    "",
    "¿Por qué no? Ça va 👍🏽 … 好看!",
    "word " * 500,
)

Answers = Mapping[str, NDArray[Any]]
Ask = Callable[[Sequence[str]], Answers]


def signature(text_model: TextModel, classes: Sequence[str]) -> Any:
    """The ``serving_default`` of a text classifier, as a ``tf.function`` of ``text``, string [B].

    With classes it gives ``label`` string [B] (the likeliest), ``score`` float [B] (its
    probability) and ``probabilities`` float [B, C]; without classes ``value`` float [B].
    """

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
    def serving_default(text: Any) -> dict[str, Any]:
        answer = tf.cast(text_model.answer(text), tf.float32)
        if not classes:
            return {"value": answer[:, 0]}
        return {
            "label": tf.gather(tf.constant(list(classes)), tf.argmax(answer, axis=-1)),
            "score": tf.reduce_max(answer, axis=-1),
            "probabilities": answer,
        }

    return serving_default


def answer_all(texts: Sequence[str], ask: Ask) -> dict[str, NDArray[Any]]:
    """Asks in batches of texts of similar length, and gives the answers in the texts' order.

    Args:
        texts: The texts; none at all gives an empty dictionary.
        ask: Maps some texts to arrays, the batch first.
    """
    if not texts:
        return {}
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    parts = [
        ask([texts[index] for index in order[start : start + BATCH]])
        for start in range(0, len(order), BATCH)
    ]
    back = np.argsort(order)
    return {name: np.concatenate([part[name] for part in parts])[back] for name in parts[0]}


def as_dicts(answers: Answers, classes: Sequence[str], several: bool) -> Iterator[dict[str, Any]]:
    """Arrays of answers as one dictionary of plain Python values for each text.

    Args:
        answers: What the signature gives.
        classes: The class names in the order of the probabilities.
        several: Whether several labels may hold at once; then ``labels`` lists those with a
            probability of at least one half.
    """
    if "value" in answers:
        yield from ({"value": float(value)} for value in answers["value"])
        return
    for label, score, row in zip(
        *(answers.get(name, ()) for name in ("label", "score", "probabilities")), strict=True
    ):
        probabilities = dict(zip(classes, map(float, row), strict=True))
        answer: dict[str, Any] = {"label": str(label), "score": float(score)}
        if several:
            answer["labels"] = [name for name, p in probabilities.items() if p >= 0.5]
        yield {**answer, "probabilities": probabilities}
