"""The likeliest sequences, looked for by following one or several hypotheses."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

Tensor = Any
Next = Callable[[Tensor, Any], tuple[Tensor, Any]]

#: Stands for the logarithm of nothing, of a hypothesis that is none; no sum of real ones is less.
NEVER = -1e9
_LOWEST = -float("inf")


class Decoded(NamedTuple):
    """Sequences and their scores.

    Attributes:
        ids: int32 [B, T], or [B, K, T] with the best first; T >= 1, 0 from the end on.
        scores: Float [B], or [B, K]: log probabilities, that of the end included, divided by a
            power of the length. Where there are fewer than K sequences, minus infinity.
    """

    ids: Tensor
    scores: Tensor


def greedy(next: Next, state: Any, limits: Tensor, length_penalty: float = 1.0) -> Decoded:
    """The likeliest unit, one after the other.

    Args:
        next: Maps the last units int32 [B, 1], 0 at first, and a state to logits [B, 1, V] and the
            state after.
        state: The state to begin with, any nest of tensors [B, 1, ...].
        limits: The most units of each row, int32 [B]; then it ends.
        length_penalty: The power of the length, in units and their end, that divides the score.

    Returns:
        One sequence a row.
    """
    rows = tf.shape(limits)[0]

    def body(
        step: Tensor, tokens: Tensor, total: Tensor, length: Tensor, ids: Any, state: Any
    ) -> tuple[Any, ...]:
        logits, state = next(tokens[:, None], state)
        shares = tf.nn.log_softmax(_sound(logits[:, 0]))
        going = _going(step, tokens)
        new = tf.argmax(shares, axis=-1, output_type=tf.int32)
        new = tf.where(going & (step < limits), new, 0)
        total += tf.where(going, tf.gather(shares, new, batch_dims=1), 0.0)
        length += tf.cast(going, tf.float32)
        return step + 1, new, total, length, ids.write(step, new), state

    any_rows = tf.TensorShape([None])
    _, _, total, length, ids, _ = tf.while_loop(
        lambda step, tokens, *_: tf.reduce_any(_going(step, tokens)),
        body,
        (
            tf.constant(0),
            tf.zeros([rows], tf.int32),
            tf.zeros([rows]),
            tf.zeros([rows]),
            _room(rows, tf.int32),
            state,
        ),
        shape_invariants=(
            tf.TensorShape([]),
            *[any_rows] * 3,
            tf.TensorShape(None),
            tf.nest.map_structure(_any_beam, state),
        ),
        parallel_iterations=1,
    )
    found = tf.transpose(tf.reshape(ids.stack(), [-1, rows]))
    # The last step gave nothing but ends, unless it was the only one.
    return Decoded(_without_last(found), total / tf.maximum(length, 1.0) ** length_penalty)


def beam_search(
    next: Next, state: Any, limits: Tensor, beam_size: Any, length_penalty: float = 1.0
) -> Decoded:
    """The best of several hypotheses that are followed at once (Graves 2012, algorithm 1).

    At each step the 2 K likeliest continuations of a row's K hypotheses are looked at. Those of
    the first K that end are finished; the first K that do not are followed on. A row is done when K
    have finished and none of the first K that goes on would have a better score than the worst of
    these if it ended next; or at its limit, where all that are followed must end. With K = 1 this
    is ``greedy``.

    K that have finished are not enough: where a network is sure of each unit, sentences that are
    broken off soon come second, and K of them finish before the right one does.

    Long sequences have small probabilities, so scores are divided by a power of the length (Wu et
    al. 2016, section 7, has a like rule).

    Args:
        next: Maps the last units int32 [B, K], 0 at first, and a state to logits [B, K, V] and the
            state after.
        state: The state to begin with, any nest of tensors [B, 1, ...].
        limits: The most units of each row, int32 [B].
        beam_size: K, at least 1; an int or int32 [].
        length_penalty: The power of the length, in units and their end.

    Returns:
        K sequences a row, the best first.
    """
    size = tf.convert_to_tensor(beam_size, tf.int32)
    rows = tf.shape(limits)[0]
    room = tf.reduce_max(tf.concat([limits, [0]], axis=0)) + 1  # with the end

    def body(
        step: Tensor,
        tokens: Tensor,
        live: Tensor,
        ids: Tensor,
        scores: Tensor,
        finished: Tensor,
        done: Tensor,
        state: Any,
    ) -> tuple[Any, ...]:
        logits, state = next(tokens, state)
        shares = tf.nn.log_softmax(_sound(logits))
        only_end = tf.one_hot(0, tf.shape(shares)[2], on_value=0.0, off_value=NEVER)
        shares += tf.where((step >= limits)[:, None, None], only_end, 0.0)
        # The best of each hypothesis are enough to have the best of all.
        wide = tf.minimum(2 * size, tf.shape(shares)[2])
        best_shares, best_units = tf.math.top_k(shares, wide)  # [B, K, 2 K]
        totals = tf.reshape(live[:, :, None] + best_shares, [rows, size * wide])
        best, place = tf.math.top_k(totals, tf.minimum(2 * size, size * wide))
        parent = place // wide
        unit = tf.gather(tf.reshape(best_units, [rows, size * wide]), place, batch_dims=1)

        ends = unit == 0
        among_first = tf.range(tf.shape(best)[1]) < size
        real = best > NEVER / 2
        new = ends & among_first & real & ~done[:, None]
        length = tf.cast(step + 1, tf.float32)
        new_scores = tf.where(new, best / length**length_penalty, _LOWEST)
        scores, kept = tf.math.top_k(tf.concat([scores, new_scores], axis=1), size)
        # What has just ended has its units still among those of its hypothesis.
        of_parents = tf.gather(ids, parent, batch_dims=1)
        finished = tf.gather(tf.concat([finished, of_parents], axis=1), kept, batch_dims=1)
        goes_on = tf.where(~ends & among_first & real, best, _LOWEST)
        hoped_for = tf.reduce_max(goes_on, axis=1) / (length + 1) ** length_penalty
        done |= (scores[:, -1] >= hoped_for) | (step >= limits)

        going_on = tf.where(ends | ~real, 2 * NEVER, best)
        missing = tf.maximum(size - tf.shape(going_on)[1], 0)  # in a tiny vocabulary
        going_on = tf.pad(going_on, [[0, 0], [0, missing]], constant_values=2 * NEVER)
        live, chosen = tf.math.top_k(going_on, size)
        chosen = tf.minimum(chosen, tf.shape(best)[1] - 1)
        origin = tf.gather(parent, chosen, batch_dims=1)
        tokens = tf.gather(unit, chosen, batch_dims=1)
        here = tf.one_hot(step, room, dtype=tf.int32)
        ids = tf.gather(ids, origin, batch_dims=1) + tokens[:, :, None] * here
        state = tf.nest.map_structure(lambda each: tf.gather(each, origin, batch_dims=1), state)
        return step + 1, tokens, live, ids, scores, finished, done, state

    nothing = tf.zeros([rows, size, room], tf.int32)
    first = tf.one_hot(0, size, on_value=0.0, off_value=NEVER)  # all hypotheses but one are none
    beams, buffers = tf.TensorShape([None, None]), tf.TensorShape([None, None, None])
    found = tf.while_loop(
        lambda step, *others: ~tf.reduce_all(others[5]),
        body,
        (
            tf.constant(0),
            tf.zeros([rows, size], tf.int32),
            tf.tile(first[None], [rows, 1]),
            nothing,
            tf.fill([rows, size], _LOWEST),
            nothing,
            tf.zeros([rows], tf.bool),
            tf.nest.map_structure(lambda each: tf.repeat(each, size, axis=1), state),
        ),
        shape_invariants=(
            tf.TensorShape([]),
            beams,
            beams,
            buffers,
            beams,
            buffers,
            tf.TensorShape([None]),
            tf.nest.map_structure(_any_beam, state),
        ),
        parallel_iterations=1,
    )
    scores, ids = found[4], found[5]
    ids = tf.where((scores > _LOWEST)[:, :, None], ids, 0)
    lengths = tf.reshape(tf.math.count_nonzero(ids, axis=2, dtype=tf.int32), [-1])
    longest = tf.reduce_max(tf.concat([lengths, [1]], axis=0))
    return Decoded(ids[:, :, :longest], scores)


def _going(step: Tensor, tokens: Tensor) -> Tensor:
    """Which rows have not ended: all before the first step, then those whose last unit was one."""
    return (tokens != 0) | (step == 0)


def _sound(logits: Tensor) -> Tensor:
    """Logits in float32; what is no number is impossible."""
    logits = tf.cast(logits, tf.float32)
    return tf.where(tf.math.is_nan(logits), NEVER, tf.maximum(logits, NEVER))


def _room(rows: Tensor, dtype: Any) -> Any:
    """An array of [B] that grows, and has one element before the first is written."""
    array = tf.TensorArray(dtype, 1, dynamic_size=True, element_shape=[None])
    return array.write(0, tf.zeros([rows], dtype))


def _without_last(ids: Tensor) -> Tensor:
    """[B, T] without the last step, but at least one."""
    return ids[:, : tf.maximum(tf.shape(ids)[1] - 1, 1)]


def _any_beam(tensor: Tensor) -> Any:
    """The shape of a state whose rows and hypotheses are not known."""
    return tf.TensorShape([None, None, *tensor.shape[2:]])
