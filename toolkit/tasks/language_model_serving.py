"""What an exported language model answers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.decoding import Drawing, sample
from toolkit.models import OneToMany, TextModel
from toolkit.text import UNKNOWN_ID, utf8

#: What the golden file asks unless the user gives prompts.
GOLDEN_PROMPTS = ("", "The ", "In the beginning", "¿Por qué no? 👍🏽")
#: White space at the end of a prompt, after which words need none.
SPACES = " \t\n\v\f\r"
#: How many units ``serving_default`` writes.
DEFAULT_LENGTH = 200
#: Of so many units at once the logits are computed where only their losses are wanted.
CHUNK = 1_024


def losses(network: OneToMany, outputs: Any, targets: Any) -> Any:
    """The cross-entropy in nats of units [...] against outputs [..., E]; in little memory."""
    size = outputs.shape[-1]
    flat, right = tf.reshape(outputs, [-1, size]), tf.reshape(targets, [-1])
    count = tf.size(right)

    def body(start: Any, found: Any) -> tuple[Any, Any]:
        end = tf.minimum(start + CHUNK, count)
        logits = tf.cast(network.logits(flat[start:end]), tf.float32)
        some = tf.nn.sparse_softmax_cross_entropy_with_logits(right[start:end], logits)
        return end, found.write(start // CHUNK, some)

    parts = tf.TensorArray(tf.float32, 1, dynamic_size=True, infer_shape=False)
    _, parts = tf.while_loop(
        lambda start, _: start < count, body, (0, parts.write(0, tf.zeros([0])))
    )
    return tf.reshape(parts.concat(), tf.shape(targets))


def shifted(ids: Any) -> Any:
    """What the network is given to write ids [B, T]: 0, then all but the last."""
    return tf.pad(ids[:, :-1], [[0, 0], [1, 0]])


def signatures(text_model: TextModel, ends: bool, conditions: Sequence[str] = ()) -> dict[str, Any]:
    """The signatures of a language model, as functions of tensors.

    ``serving_default`` takes ``prompt`` string [B] and gives ``text`` string [B]: the prompt, and
    the likeliest units after it, one by one.

    ``generate`` takes ``prompt``, ``max_length`` int32 [], ``temperature`` float [], ``top_k``
    int32 [], ``top_p`` float [], ``repetition_penalty`` float [] and ``seed`` int32 [2], and gives
    ``text`` string [B]; see ``toolkit.decoding.Drawing``.

    ``score`` takes ``text`` string [B], and gives ``nll`` float [B], the negative log probability
    in nats, and ``units`` int32 [B], of how many units. ``read`` takes also ``token`` int32 [B],
    the last unit before, and the states before that, and gives also the ``logits`` of the unit
    after, and the token and states from which to read on.

    ``prefill`` takes ``prompt``, and gives ``logits`` float [B, V] of the unit after it, and the
    states ``state_0``, ``state_1``, ... float [B, H]. Logits are minus infinity of what is never
    written: of unknown, and of 0, the end of a text, where none was learnt. ``step`` takes
    ``token`` int32 [B] and the states before it, and gives the same after it. ``detokenize`` takes
    ``tokens`` int32 [B, T] and gives their ``text`` string [B].

    With conditions, ``serving_default``, ``generate``, ``score`` and ``prefill`` take also
    ``condition`` string [B]. ``start`` takes ``condition`` alone, and gives ``token`` int32 [B],
    zeros, and the states from which ``read`` begins a text of it. A condition that is none of those
    that were learnt is an ``InvalidArgumentError`` that lists these.

    Args:
        text_model: The text layer and ``OneToMany``.
        ends: Whether id 0, the end of a text, is something that the network has learnt to write.
        conditions: The names of the network's conditions, in the order of their numbers.
    """
    network, tokenizer = text_model.network, text_model.tokenizer
    spaced = getattr(tokenizer, "units", "") == "words"

    never = [UNKNOWN_ID] if ends else [0, UNKNOWN_ID]
    written = tf.reduce_min(tf.one_hot(never, tokenizer.vocabulary_size, -np.inf, 0.0), axis=0)

    def next(tokens: Any, state: Any) -> tuple[Any, Any]:
        logits, after = network.step(tokens, state)
        return tf.cast(logits, tf.float32) + written, after

    def start(rows: Any, condition: Sequence[Any]) -> list[Any]:
        if not condition:
            return network.start(rows)
        names = tf.constant([utf8(name) for name in conditions])
        same = condition[0][:, None] == names
        known = (
            f"the condition is none of those that were learnt, which are: {', '.join(conditions)};"
        )
        tf.debugging.Assert(tf.reduce_all(tf.reduce_any(same, axis=1)), [known, condition[0]])
        return network.start(rows, tf.argmax(same, axis=1, output_type=tf.int32))

    def read(prompt: Any, condition: Sequence[Any]) -> tuple[Any, list[Any]]:
        ids = tokenizer(prompt)
        given = tf.pad(ids, [[0, 0], [1, 0]])
        here = tf.pad(ids != 0, [[0, 0], [1, 0]], constant_values=True)
        begun = start(tf.shape(ids)[0], condition)
        outputs, state = network.outputs(given, begun, mask=here)
        return tf.cast(network.logits(outputs[:, -1]), tf.float32) + written, state

    def write(prompt: Any, condition: Sequence[Any], max_length: Any, drawing: Drawing) -> Any:
        logits, state = read(prompt, condition)
        beams = [each[:, None] for each in state]
        text = tokenizer.detokenize(sample(next, logits, beams, max_length, drawing))
        if not spaced:
            return prompt + text
        ready = tf.strings.regex_full_match(prompt, f"(?s)(.*[{SPACES}])?")
        apart = ~ready & (tf.strings.length(text) > 0)
        return prompt + tf.where(apart, " ", "") + text

    prompt = tf.TensorSpec([None], tf.string, name="prompt")
    condition = [tf.TensorSpec([None], tf.string, name="condition")] if conditions else []
    states = [
        tf.TensorSpec([None, size], network.compute_dtype, name=f"state_{number}")
        for number, size in enumerate(network.sizes)
    ]

    @tf.function(input_signature=[prompt, *condition], autograph=False)
    def serving_default(prompt: Any, *condition: Any) -> dict[str, Any]:
        likeliest = Drawing(tf.constant(0.0), *(tf.constant(x) for x in (0, 1.0, 1.0, [0, 0])))
        return {"text": write(prompt, condition, tf.constant(DEFAULT_LENGTH), likeliest)}

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
        drawing = Drawing(temperature, top_k, top_p, repetition_penalty, seed)
        return {"text": write(prompt, condition, max_length, drawing)}

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string, name="text"), *condition],
        autograph=False,
    )
    def score(text: Any, *condition: Any) -> dict[str, Any]:
        ids = tokenizer(text)
        here = ids != 0
        outputs, _ = network.outputs(shifted(ids), start(tf.shape(ids)[0], condition))
        found = tf.where(here, losses(network, outputs, ids), 0.0)
        units = tf.reduce_sum(tf.cast(here, tf.int32), axis=1)
        return {"nll": tf.reduce_sum(found, axis=1), "units": units}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="text"),
            tf.TensorSpec([None], tf.int32, name="token"),
            *states,
        ],
        autograph=False,
    )
    def read_on(text: Any, token: Any, *state: Any) -> dict[str, Any]:
        ids = tokenizer(text)
        here = ids != 0
        given = tf.concat([token[:, None], ids], axis=1)
        outputs, after = network.outputs(given[:, :-1], list(state), mask=here)
        found = tf.where(here, losses(network, outputs, ids), 0.0)
        units = tf.reduce_sum(tf.cast(here, tf.int32), axis=1)
        last = tf.gather(given, units, batch_dims=1)
        logits = network.step(last[:, None], [each[:, None] for each in after])[0][:, 0]
        numbered = _numbered(logits, after)
        return {"nll": tf.reduce_sum(found, axis=1), "units": units, "token": last} | numbered

    @tf.function(input_signature=[prompt, *condition], autograph=False)
    def prefill(prompt: Any, *condition: Any) -> dict[str, Any]:
        return _numbered(*read(prompt, condition))

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.int32, name="token"), *states], autograph=False
    )
    def step(token: Any, *state: Any) -> dict[str, Any]:
        logits, after = next(token[:, None], [each[:, None] for each in state])
        return _numbered(logits[:, 0], [each[:, 0] for each in after])

    @tf.function(
        input_signature=[tf.TensorSpec([None, None], tf.int32, name="tokens")], autograph=False
    )
    def detokenize(tokens: Any) -> dict[str, Any]:
        return {"text": tokenizer.detokenize(tokens)}

    found = {
        "serving_default": serving_default,
        "generate": generate,
        "score": score,
        "read": read_on,
        "prefill": prefill,
        "step": step,
        "detokenize": detokenize,
    }
    if not conditions:
        return found

    @tf.function(input_signature=condition, autograph=False)
    def begin(condition: Any) -> dict[str, Any]:
        rows = tf.size(condition)
        return {"token": tf.zeros([rows], tf.int32)} | _states(start(rows, [condition]))

    return found | {"start": begin}


def _numbered(logits: Any, state: Sequence[Any]) -> dict[str, Any]:
    return {"logits": tf.cast(logits, tf.float32)} | _states(state)


def _states(state: Sequence[Any]) -> dict[str, Any]:
    return {f"state_{number}": each for number, each in enumerate(state)}
