"""The signatures of an exported translator, and prediction in batches."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.decoding import Decoded, beam_search, greedy
from toolkit.export.signatures import in_one_batch
from toolkit.layers.sequences import length_mask, with_length
from toolkit.models import SequenceModel
from toolkit.tasks.options import CHARACTERS_PER_TOKEN
from toolkit.text.strings import shorten

#: The number of tokens that a translation may have beyond ``length_ratio`` times its source.
SPARE = 10
#: The approximate number of hypotheses, and of source tokens with padding, of a batch.
HYPOTHESES = 320
BATCH_TOKENS = 8_192
#: The pattern of texts without content, whose translation is empty.
BLANK = r"[\s\v\x1c-\x1f\x{85}\p{Z}]*"

Ask = Callable[..., Mapping[str, Any]]


def limits(source_length: Any, length_ratio: float) -> Any:
    """Return the largest lengths int32 [B] of translations of sources with lengths [B]."""
    length = tf.cast(source_length, tf.float32)
    return tf.cast(tf.math.ceil(length_ratio * length), tf.int32) + SPARE


def first_tokens(layer: Any, text: Any, most: int | None) -> tuple[dict[str, Any], Any]:
    """Return the first tokens of texts as a network takes them, and which texts have more.

    Args:
        layer: A ``SubwordTokenizer`` or ``Tokenizer`` that keeps all tokens.
        text: Strings [B].
        most: The largest number of tokens; None for all.

    Returns:
        ``{"values": int32 [B, T], "length": int32 [B]}``, and bool [B].
    """
    if most is None:
        inputs = with_length(layer(text))
        return inputs, tf.zeros_like(inputs["length"], tf.bool)
    text, cut = shorten(text, CHARACTERS_PER_TOKEN * most)
    inputs = with_length(layer(text))
    length = tf.minimum(inputs["length"], most)
    return {"values": inputs["values"][:, :most], "length": length}, cut | (inputs["length"] > most)


def greedy_ids(network: Any, source: Any, length_ratio: float) -> Any:
    """Return the greedy translations of sources as ids, int32 [B, T]."""
    step, state, memory = network.decoder(source)
    return greedy(step, state, limits(source["length"], length_ratio), memory=memory).ids


def signatures(
    text_model: SequenceModel,
    beam_size: int,
    length_penalty: float,
    length_ratio: float,
    max_text_length: int | None = None,
    max_beam_size: int = 100,
) -> dict[str, Any]:
    """Return the signatures of a translator, as functions of tensors.

    ``serving_default`` takes ``text``, string [B], and returns ``translation`` string [B] and
    ``score`` float [B], the log probability of the translation divided by a power of its length.
    The translation of an empty text or white space is empty, with score 0.

    ``beam`` takes ``text`` and ``beam_size`` int32 [], K, and returns ``translations`` string [B,
    K] and ``scores`` float [B, K], the best first. Where there are fewer than K, as for an empty
    text, the last one is repeated. A ``beam_size`` that is too large raises an
    ``InvalidArgumentError``.

    ``align`` takes ``text`` and ``translation`` string [B], and returns ``source`` string [B, S]
    and ``target`` string [B, T], the tokens of both, and ``weights`` float [B, T, S], the attention
    to each source token when each target token is generated. A network without attention does not
    have it.

    All also return ``truncated`` bool [B], whether the text had more tokens than are read; they
    take a time that is linear in the length of such a text, and the memory of one that is not cut.

    Args:
        text_model: The preprocessing of both sides and ``EncoderDecoder``.
        beam_size: The number of hypotheses of ``serving_default``.
        length_penalty: The power of the length.
        length_ratio: The largest number of target tokens per source token.
        max_text_length: The largest number of tokens that are read of a text; None for all.
        max_beam_size: The largest ``beam_size`` of ``beam``.
    """
    network, target_text = text_model.network, text_model.target_preprocessing

    def search(text: Any, size: Any) -> tuple[Decoded, Any]:
        source, truncated = first_tokens(text_model.preprocessing, text, max_text_length)
        step, state, memory = network.decoder(source)
        most = limits(source["length"], length_ratio)
        decoded = beam_search(step, state, most, size, length_penalty, memory)
        return filled(decoded), truncated

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
    def serving_default(text: Any) -> dict[str, Any]:
        decoded, truncated = search(text, beam_size)
        blank = tf.strings.regex_full_match(text, BLANK)
        best = target_text.detokenize(decoded.ids[:, 0])
        return {
            "translation": tf.where(blank, "", best),
            "score": tf.where(blank, 0.0, decoded.scores[:, 0]),
            "truncated": truncated,
        }

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="text"),
            tf.TensorSpec([], tf.int32, name="beam_size"),
        ],
        autograph=False,
    )
    def beam(text: Any, beam_size: Any) -> dict[str, Any]:
        message = f"beam_size must be at most {max_beam_size}, and is"
        tf.debugging.Assert(beam_size <= max_beam_size, [message, beam_size])
        # Without the minimum, the search might begin before the check.
        size = tf.clip_by_value(beam_size, 1, max_beam_size)
        decoded, truncated = search(text, size)
        shape = tf.shape(decoded.ids)
        texts = target_text.detokenize(tf.reshape(decoded.ids, [-1, shape[2]]))
        blank = tf.strings.regex_full_match(text, BLANK)[:, None]
        return {
            "translations": tf.where(blank, "", tf.reshape(texts, shape[:2])),
            "scores": tf.where(blank, 0.0, decoded.scores),
            "truncated": truncated,
        }

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="text"),
            tf.TensorSpec([None], tf.string, name="translation"),
        ],
        autograph=False,
    )
    def align(text: Any, translation: Any) -> dict[str, Any]:
        text, translation = in_one_batch(text=text, translation=translation)
        source, truncated = first_tokens(text_model.preprocessing, text, max_text_length)
        most = None
        if max_text_length is not None:
            most = math.ceil(length_ratio * max_text_length) + SPARE
        target, target_truncated = first_tokens(target_text, translation, most)
        ids = target["values"]
        weights = network.align(source, tf.pad(ids[:, :-1], [[0, 0], [1, 0]]))
        mask = length_mask(target["length"], tf.shape(ids)[1])
        weights = tf.where(mask[:, :, None], weights, 0.0)
        return {
            "source": text_model.preprocessing.tokens_of(source["values"]),
            "target": target_text.tokens_of(ids),
            "weights": weights,
            "truncated": truncated | target_truncated,
        }

    functions = {"serving_default": serving_default, "beam": beam}
    return functions if network.attention is None else {**functions, "align": align}


def filled(decoded: Decoded) -> Decoded:
    """Return the results of a beam search, with the last one repeated in place of missing ones.

    So all scores are finite, as formats such as JSON need them.

    Args:
        decoded: Sequences [B, K, T], the best first, and their scores [B, K], minus infinity where
            there are no more.
    """
    count = tf.reduce_sum(tf.cast(decoded.scores > decoded.scores.dtype.min, tf.int32), axis=1)
    place = tf.minimum(tf.range(tf.shape(decoded.scores)[1]), tf.maximum(count - 1, 0)[:, None])
    scores = tf.gather(decoded.scores, place, batch_dims=1)
    return Decoded(
        tf.gather(decoded.ids, place, batch_dims=1), tf.maximum(scores, scores.dtype.min)
    )


def translate_all(texts: Sequence[str], ask: Ask, beam_size: int) -> dict[str, Any]:
    """Translate texts in batches of similar length, and return the answers in their order.

    Args:
        texts: The texts; an empty list gives an empty dictionary.
        ask: Calls a signature with ``text``, and returns arrays, the batch first.
        beam_size: The number of hypotheses per text.
    """
    if not texts:
        return {}
    batches = by_length(texts, beam_size)
    parts = [ask(text=[texts[index] for index in batch]) for batch in batches]
    inverse = np.argsort(np.concatenate(batches))
    return {name: np.concatenate([part[name] for part in parts])[inverse] for name in parts[0]}


def by_length(texts: Sequence[str], beam_size: int) -> list[list[int]]:
    """Return the indices of the texts in batches of similar length, the shortest first."""
    batches: list[list[int]] = []
    for index in sorted(range(len(texts)), key=lambda index: len(texts[index])):
        size = len(batches[-1]) + 1 if batches else 0
        full = size * beam_size > HYPOTHESES or size * len(texts[index]) > BATCH_TOKENS
        if not batches or full:
            batches.append([])
        batches[-1].append(index)
    return batches


def translations(outputs: Mapping[str, Any], n_best: int) -> list[dict[str, Any]]:
    """Return the answers of ``Translator.predict``.

    Args:
        outputs: Those of ``serving_default`` or of ``beam``, the batch first.
        n_best: The number of translations of each text.
    """
    beams = zip(outputs.get("translations", ()), outputs.get("scores", ()), strict=True)
    answers = [_best(texts, scores, n_best) for texts, scores in beams]
    pairs = zip(outputs.get("translation", ()), outputs.get("score", ()), strict=True)
    answers += [{"translation": text, "score": float(score)} for text, score in pairs]
    for answer, truncated in zip(answers, outputs.get("truncated", ()), strict=False):
        answer["truncated"] = bool(truncated)
    return answers


def _best(texts: Sequence[str], scores: Any, n_best: int) -> dict[str, Any]:
    """Return the answer of a beam, without duplicates and unused hypotheses."""
    best: dict[str, float] = {}
    for text, score in zip(texts, scores.tolist(), strict=True):
        if score > -float("inf"):  # models of earlier versions fill beams up so
            best.setdefault(text, score)
    kept = list(islice(best.items(), n_best))
    answer: dict[str, Any] = dict(zip(("translation", "score"), kept[0], strict=True))
    if n_best > 1:
        answer |= {"translations": [text for text, _ in kept], "scores": [s for _, s in kept]}
    return answer
