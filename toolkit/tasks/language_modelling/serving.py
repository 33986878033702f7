"""The signatures of an exported language model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.decoding import SamplingOptions, row_seeds, sample
from toolkit.export.generation import SPACES, noise_key
from toolkit.export.options import MOST_GENERATED
from toolkit.export.signatures import checked, in_one_batch
from toolkit.layers.sequences import length_mask
from toolkit.models import OneToMany, SequenceModel
from toolkit.text import UNKNOWN_ID, utf8

#: The number of tokens that ``serving_default`` generates.
DEFAULT_LENGTH = 200
#: The number of tokens whose logits are computed at once for losses.
CHUNK = 1_024
#: The number of time steps of a text that are read at once.
PIECE = 1_024


def losses(network: OneToMany, outputs: Any, targets: Any) -> Any:
    """Return the cross-entropy in nats of tokens [...] against outputs [..., E], by chunks."""
    size = outputs.shape[-1]
    flat, gold = tf.reshape(outputs, [-1, size]), tf.reshape(targets, [-1])
    count = tf.size(gold)

    def body(start: Any, parts: Any) -> tuple[Any, Any]:
        end = tf.minimum(start + CHUNK, count)
        logits = tf.cast(network.logits(flat[start:end]), tf.float32)
        chunk = tf.nn.sparse_softmax_cross_entropy_with_logits(gold[start:end], logits)
        return end, parts.write(start // CHUNK, chunk)

    parts = tf.TensorArray(tf.float32, 1, dynamic_size=True, infer_shape=False)
    _, parts = tf.while_loop(
        lambda start, _: start < count, body, (0, parts.write(0, tf.zeros([0])))
    )
    return tf.reshape(parts.concat(), tf.shape(targets))


def read_pieces(
    network: OneToMany, inputs: Any, length: Any, state: Sequence[Any], targets: Any = None
) -> tuple[Any, list[Any]]:
    """Read texts in pieces that carry the state on, in the memory that one piece takes.

    Args:
        network: The network.
        inputs: The tokens that are read [B, T].
        length: The number of tokens of each text [B].
        state: The states before the first token [B, H].
        targets: The tokens after each of these [B, T], for their losses; None for none.

    Returns:
        The sum of the losses of each text in nats, float32 [B], and the states after it.
    """
    steps = tf.shape(inputs)[1]

    def piece(first: Any, nll: Any, *before: Any) -> tuple[Any, ...]:
        part = slice(first, first + PIECE)
        mask = length_mask(length - first, tf.shape(inputs[:, part])[1])
        outputs, after = network.outputs(inputs[:, part], [*before], mask=mask)
        if targets is not None:
            values = tf.where(mask, losses(network, outputs, targets[:, part]), 0.0)
            nll += tf.reduce_sum(values, axis=1)
        return first + PIECE, nll, *after

    none = tf.zeros(tf.shape(length), tf.float32)
    rows = [tf.TensorShape([None, each.shape[-1]]) for each in state]
    _, nll, *after = tf.while_loop(
        lambda first, *_: first < steps,
        piece,
        (0, none, *state),
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([None]), *rows),
        parallel_iterations=1,
    )
    return nll, after


def never_written(ends: bool) -> list[int]:
    """Return the numbers of tokens that are never generated.

    Args:
        ends: Whether the network has learnt id 0, the end of a text.
    """
    return [UNKNOWN_ID] if ends else [0, UNKNOWN_ID]


def of_written(size: int, ends: bool) -> Any:
    """Return what is added to logits [size]: minus infinity for tokens that are never generated."""
    return tf.reduce_min(tf.one_hot(never_written(ends), size, -np.inf, 0.0), axis=0)


def condition_numbers(condition: Any, conditions: Sequence[str]) -> Any:
    """Return the numbers of conditions, int32 [B]; an unknown one is an ``InvalidArgumentError``.

    Args:
        condition: Their names, string [B].
        conditions: The names of all, in the order of their numbers.
    """
    same = condition[:, None] == tf.constant([utf8(name) for name in conditions])
    known = f"the condition is unknown; the model has learnt: {', '.join(conditions)};"
    number = tf.argmax(same, axis=1, output_type=tf.int32)
    return checked(number, tf.reduce_all(tf.reduce_any(same, axis=1)), known, condition)


def shifted(ids: Any) -> Any:
    """Return the inputs for targets ids [B, T]: 0, then all ids but the last."""
    return tf.pad(ids[:, :-1], [[0, 0], [1, 0]])


def signatures(
    text_model: SequenceModel,
    ends: bool,
    conditions: Sequence[str] = (),
    max_generated_length: int = MOST_GENERATED,
) -> dict[str, Any]:
    """Return the signatures of a language model, as functions of tensors.

    ``serving_default`` takes ``prompt`` string [B] and returns ``text`` string [B]: the prompt, and
    the likeliest token at each step after it.

    ``generate`` takes ``prompt``, ``max_length`` int32 [], ``temperature`` float [], ``top_k``
    int32 [], ``top_p`` float [], ``repetition_penalty`` float [] and ``seed`` int32 [2], and
    returns ``text`` string [B]; see ``toolkit.decoding.SamplingOptions``. The noise of a row is a
    function of the first number of ``seed``, of the prompt with its condition, and of its number
    among equal prompts of the batch, which are counted from the second number of ``seed`` on. A
    ``max_length`` that is too large raises an ``InvalidArgumentError``.

    ``score`` takes ``text`` string [B], and returns ``nll`` float [B], the negative log probability
    in nats, and ``units`` int32 [B], the number of tokens. ``read`` also takes ``token`` int32 [B],
    the previous token, and the states before it, and also returns the ``logits`` of the next token,
    and the token and states with which to continue.

    ``prefill`` takes ``prompt``, and returns ``logits`` float [B, V] of the next token, and the
    states ``state_0``, ``state_1``, ... float [B, H]. Logits are the lowest float for tokens that
    are never generated: unknown, and 0, the end of a text, if no end was learnt. ``step`` takes
    ``token`` int32 [B] and the states before it, and returns the same after it. ``detokenize``
    takes ``tokens`` int32 [B, T] and returns their ``text`` string [B].

    A token that the model does not have, and inputs with unequally many rows, raise an
    ``InvalidArgumentError`` that says so.

    With conditions, ``serving_default``, ``generate``, ``score`` and ``prefill`` also take
    ``condition`` string [B]. ``start`` takes ``condition`` alone, and returns ``token`` int32 [B],
    zeros, and the states with which ``read`` begins a text. An unknown condition raises an
    ``InvalidArgumentError`` that lists the known ones.

    Args:
        text_model: The tokenizer and ``OneToMany``.
        ends: Whether the network has learnt id 0, the end of a text.
        conditions: The names of the network's conditions, in the order of their numbers.
        max_generated_length: The largest ``max_length`` of ``generate``.
    """
    network, tokenizer = text_model.network, text_model.preprocessing
    spaced = getattr(tokenizer, "token_level", "") == "words"

    written = of_written(tokenizer.vocabulary_size, ends)

    def next(tokens: Any, state: Any) -> tuple[Any, Any]:
        logits, after = network.step(tokens, state)
        return tf.cast(logits, tf.float32) + written, after

    def read_one(token: Any, state: Sequence[Any]) -> tuple[Any, list[Any]]:
        logits, after = next(token[:, None], [tensor[:, None] for tensor in state])
        return logits[:, 0], [tensor[:, 0] for tensor in after]

    def start(rows: Any, condition: Sequence[Any]) -> list[Any]:
        if not condition:
            return network.start(rows)
        return network.start(rows, condition_numbers(condition[0], conditions))

    def asked(condition: Sequence[Any], **text: Any) -> list[Any]:
        return in_one_batch(**text, **dict(zip(["condition"], condition, strict=False)))

    def continued(token: Any, state: Sequence[Any], **text: Any) -> list[Any]:
        last = tokenizer.vocabulary_size - 1
        right = tf.reduce_all((token >= 0) & (token <= last))
        known = f"token must be the number of a token, 0 to {last}, and is"
        token = checked(token, right, known, token)
        return in_one_batch(**text, token=token, **_states(state))

    def ids_of(text: Any) -> tuple[Any, Any]:
        inputs = text_model.prepare(text)
        return inputs["values"], inputs["length"]

    def read(prompt: Any, condition: Sequence[Any]) -> tuple[Any, list[Any]]:
        ids, length = ids_of(prompt)
        tokens = tf.pad(ids, [[0, 0], [1, 0]])
        first = start(tf.shape(ids)[0], condition)
        _, before = read_pieces(network, tokens[:, :-1], length, first)
        return read_one(tf.gather(tokens, length, batch_dims=1), before)

    def write(
        prompt: Any, condition: Sequence[Any], max_length: Any, options: SamplingOptions
    ) -> Any:
        logits, state = read(prompt, condition)
        beams = [tensor[:, None] for tensor in state]
        text = tokenizer.detokenize(sample(next, logits, beams, max_length, options))
        if not spaced:
            return prompt + text
        ready = tf.strings.regex_full_match(prompt, f"(?s)(.*[{SPACES}])?")
        needs_space = ~ready & (tf.strings.length(text) > 0)
        return prompt + tf.where(needs_space, " ", "") + text

    prompt = tf.TensorSpec([None], tf.string, name="prompt")
    condition = [tf.TensorSpec([None], tf.string, name="condition")] if conditions else []
    states = [
        tf.TensorSpec([None, size], network.compute_dtype, name=f"state_{number}")
        for number, size in enumerate(network.sizes)
    ]

    @tf.function(input_signature=[prompt, *condition], autograph=False)
    def serving_default(prompt: Any, *condition: Any) -> dict[str, Any]:
        prompt, *given = asked(condition, prompt=prompt)
        greedy = (tf.constant(0.0), tf.constant(0), tf.constant(1.0), tf.constant(1.0))
        likeliest = SamplingOptions(*greedy, seeds=tf.zeros([tf.size(prompt)], tf.int64))
        return {"text": write(prompt, given, tf.constant(DEFAULT_LENGTH), likeliest)}

    @tf.function(
        input_signature=[
            prompt,
            tf.TensorSpec([], tf.int32, name="max_length"),
            tf.TensorSpec([], tf.float32, name="temperature"),
            tf.TensorSpec([], tf.int32, name="top_k"),
            tf.TensorSpec([], tf.float32, name="top_p"),
            tf.TensorSpec([], tf.float32, name="repetition_penalty"),
            tf.TensorSpec([2], tf.int32, name="seed"),
            *condition,
        ],
        autograph=False,
    )
    def generate(
        prompt: Any,
        max_length: Any,
        temperature: Any,
        top_k: Any,
        top_p: Any,
        repetition_penalty: Any,
        seed: Any,
        *condition: Any,
    ) -> dict[str, Any]:
        message = f"max_length must be at most {max_generated_length}, and is"
        tf.debugging.Assert(max_length <= max_generated_length, [message, max_length])
        max_length = tf.minimum(max_length, max_generated_length)
        prompt, *given = asked(condition, prompt=prompt)
        seeds = row_seeds(seed, noise_key(prompt, given))
        options = SamplingOptions(temperature, top_k, top_p, repetition_penalty, seeds)
        return {"text": write(prompt, given, max_length, options)}

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string, name="text"), *condition],
        autograph=False,
    )
    def score(text: Any, *condition: Any) -> dict[str, Any]:
        text, *given = asked(condition, text=text)
        ids, length = ids_of(text)
        state = start(tf.shape(ids)[0], given)
        nll, _ = read_pieces(network, shifted(ids), length, state, ids)
        return {"nll": nll, "units": length}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="text"),
            tf.TensorSpec([None], tf.int32, name="token"),
            *states,
        ],
        autograph=False,
    )
    def read_on(text: Any, token: Any, *state: Any) -> dict[str, Any]:
        text, token, *before = continued(token, state, text=text)
        ids, length = ids_of(text)
        tokens = tf.concat([token[:, None], ids], axis=1)
        nll, after = read_pieces(network, tokens[:, :-1], length, before, ids)
        last = tf.gather(tokens, length, batch_dims=1)
        logits = network.step(last[:, None], [tensor[:, None] for tensor in after])[0][:, 0]
        numbered = _numbered(logits, after)
        return {"nll": nll, "units": length, "token": last} | numbered

    @tf.function(input_signature=[prompt, *condition], autograph=False)
    def prefill(prompt: Any, *condition: Any) -> dict[str, Any]:
        prompt, *given = asked(condition, prompt=prompt)
        return _numbered(*read(prompt, given))

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.int32, name="token"), *states], autograph=False
    )
    def step(token: Any, *state: Any) -> dict[str, Any]:
        token, *before = continued(token, state)
        return _numbered(*read_one(token, before))

    @tf.function(
        input_signature=[tf.TensorSpec([None, None], tf.int32, name="tokens")], autograph=False
    )
    def detokenize(tokens: Any) -> dict[str, Any]:
        return {"text": tokenizer.detokenize(tokens)}

    functions = {
        "serving_default": serving_default,
        "generate": generate,
        "score": score,
        "read": read_on,
        "prefill": prefill,
        "step": step,
        "detokenize": detokenize,
    }
    if not conditions:
        return functions

    @tf.function(input_signature=condition, autograph=False)
    def begin(condition: Any) -> dict[str, Any]:
        rows = tf.size(condition)
        return {"token": tf.zeros([rows], tf.int32)} | _states(start(rows, [condition]))

    return functions | {"start": begin}


def _numbered(logits: Any, state: Sequence[Any]) -> dict[str, Any]:
    logits = tf.cast(logits, tf.float32)
    return {"logits": tf.maximum(logits, logits.dtype.min)} | _states(state)


def _states(state: Sequence[Any]) -> dict[str, Any]:
    return {f"state_{number}": tensor for number, tensor in enumerate(state)}
