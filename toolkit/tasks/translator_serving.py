"""What an exported translator answers, and how many texts are translated fast."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.decoding import Decoded, beam_search, greedy
from toolkit.models import TextModel

#: What the golden file asks unless the user gives texts: short, long, empty and unusual ones.
GOLDEN_TEXTS = (
    "A dog runs across the field.",
    "Two people are talking in front of a house.",
    "",
    "¿Por qué no? Ça va 👍🏽 … 好看!",
    "word " * 30,
)

#: A translation may have so many units more than ``length_ratio`` times its source.
SPARE = 10
#: About how many hypotheses, and how many units of sources, padding included, are followed at once.
HYPOTHESES = 320
BATCH_TOKENS = 8_192
#: What is no text, of which nothing can be made.
BLANK = r"[\s\v\x1c-\x1f\x{85}\p{Z}]*"

Ask = Callable[[Sequence[str]], Mapping[str, Any]]


def limits(source: Any, length_ratio: float) -> Any:
    """The most units that the translations of sources [B, S] may have, int32 [B]."""
    units = tf.reduce_sum(tf.cast(source != 0, tf.float32), axis=1)
    return tf.cast(tf.math.ceil(length_ratio * units), tf.int32) + SPARE


def greedy_ids(network: Any, source: Any, length_ratio: float) -> Any:
    """The likeliest units, one after the other, of sources [B, S]: int32 [B, T]."""
    step, state, memory = network.decoder(source)
    return greedy(step, state, limits(source, length_ratio), memory=memory).ids


def signatures(
    text_model: TextModel, beam_size: int, length_penalty: float, length_ratio: float
) -> dict[str, Any]:
    """The signatures of a translator, as functions of tensors.

    ``serving_default`` takes ``text``, string [B], and gives ``translation`` string [B] and
    ``score`` float [B], the log probability of the translation divided by a power of its length.
    Nothing is made of a text that is empty or white space, which scores 0.

    ``beam`` takes ``text`` and ``beam_size`` int32 [], K, and gives ``translations`` string [B, K]
    and ``scores`` float [B, K], the best first.

    ``align`` takes ``text`` and ``translation`` string [B], and gives ``source`` string [B, S] and
    ``target`` string [B, T], the units of both, and ``weights`` float [B, T, S]: how much of the
    attention lay on each unit of the source when each of the target was written. A network
    without attention has none.

    Args:
        text_model: The text layers and ``EncoderDecoder``.
        beam_size: How many hypotheses ``serving_default`` follows.
        length_penalty: The power of the length.
        length_ratio: How many units a translation has for each of its source at the most.
    """
    network, target_text = text_model.network, text_model.target_tokenizer

    def search(text: Any, size: Any) -> Decoded:
        source = text_model.tokenizer(text)
        step, state, memory = network.decoder(source)
        most = limits(source, length_ratio)
        return beam_search(step, state, most, size, length_penalty, memory)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
    def serving_default(text: Any) -> dict[str, Any]:
        found = search(text, beam_size)
        blank = tf.strings.regex_full_match(text, BLANK)
        best = target_text.detokenize(found.ids[:, 0])
        return {
            "translation": tf.where(blank, "", best),
            "score": tf.where(blank, 0.0, found.scores[:, 0]),
        }

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="text"),
            tf.TensorSpec([], tf.int32, name="beam_size"),
        ],
        autograph=False,
    )
    def beam(text: Any, beam_size: Any) -> dict[str, Any]:
        found = search(text, tf.maximum(beam_size, 1))
        shape = tf.shape(found.ids)
        texts = target_text.detokenize(tf.reshape(found.ids, [-1, shape[2]]))
        blank = tf.strings.regex_full_match(text, BLANK)[:, None]
        nothing = tf.one_hot(0, shape[1], on_value=0.0, off_value=-float("inf"))
        return {
            "translations": tf.where(blank, "", tf.reshape(texts, shape[:2])),
            "scores": tf.where(blank, nothing, found.scores),
        }

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="text"),
            tf.TensorSpec([None], tf.string, name="translation"),
        ],
        autograph=False,
    )
    def align(text: Any, translation: Any) -> dict[str, Any]:
        source, target = text_model.tokenizer(text), target_text(translation)
        weights = network.align(source, tf.pad(target[:, :-1], [[0, 0], [1, 0]]))
        weights = tf.where((target != 0)[:, :, None], weights, 0.0)
        return {
            "source": text_model.tokenizer.units_of(source),
            "target": target_text.units_of(target),
            "weights": weights,
        }

    found = {"serving_default": serving_default, "beam": beam}
    return found if network.attention is None else {**found, "align": align}


def translate_all(texts: Sequence[str], ask: Ask, beam_size: int) -> dict[str, Any]:
    """Asks in batches of texts of similar length, and gives the answers in the texts' order.

    Args:
        texts: The texts; none at all gives an empty dictionary.
        ask: Maps some texts to arrays, the batch first.
        beam_size: How many hypotheses are followed for each.
    """
    if not texts:
        return {}
    batches = by_length(texts, beam_size)
    parts = [ask([texts[index] for index in batch]) for batch in batches]
    back = np.argsort(np.concatenate(batches))
    return {name: np.concatenate([part[name] for part in parts])[back] for name in parts[0]}


def by_length(texts: Sequence[str], beam_size: int) -> list[list[int]]:
    """The places of the texts in batches of similar length, the shortest first."""
    batches: list[list[int]] = []
    for index in sorted(range(len(texts)), key=lambda index: len(texts[index])):
        size = len(batches[-1]) + 1 if batches else 0
        full = size * beam_size > HYPOTHESES or size * len(texts[index]) > BATCH_TOKENS
        if not batches or full:
            batches.append([])
        batches[-1].append(index)
    return batches
