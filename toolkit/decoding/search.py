"""The likeliest sequences, looked for by following one or several hypotheses."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

Tensor = Any
Next = Callable[[Tensor, Any, Any], tuple[Tensor, Any]]

#: Stands for the logarithm of nothing, of a hypothesis that is none; no sum of real ones is less.
NEVER = -1e9
_LOWEST = -float("inf")
#: Units that are looked at together: of a block whose largest is not among the largest, none is.
_BLOCK = 64


class Decoded(NamedTuple):
    """Sequences and their scores.

    Attributes:
        ids: int32 [B, T], or [B, K, T] with the best first; T >= 1, 0 from the end on.
        scores: Float [B], or [B, K]: log probabilities, that of the end included, divided by a
            power of the length. Where there are fewer than K sequences, minus infinity.
    """

    ids: Tensor
    scores: Tensor


def greedy(
    next: Next, state: Any, limits: Tensor, length_penalty: float = 1.0, memory: Any = ()
) -> Decoded:
    """The likeliest unit, one after the other: ``beam_search`` with one hypothesis.

    Args:
        next: As for ``beam_search``.
        state: The state to begin with.
        limits: The most units of each row, int32 [B]; then it ends.
        length_penalty: The power of the length.
        memory: What stays the same from step to step.

    Returns:
        One sequence a row.
    """
    found = beam_search(next, state, limits, 1, length_penalty, memory)
    return Decoded(found.ids[:, 0], found.scores[:, 0])


def beam_search(
    next: Next,
    state: Any,
    limits: Tensor,
    beam_size: Any,
    length_penalty: float = 1.0,
    memory: Any = (),
) -> Decoded:
    """The best of several hypotheses that are followed at once (Graves 2012, algorithm 1).

    At each step the 2 K likeliest continuations of a row's K hypotheses are looked at. Those of
    the first K that end are finished; the first K that do not are followed on. A row is done when K
    have finished and none of the first K that goes on would have a better score than the worst of
    these if it ended next; or at its limit, where all that are followed must end. With K = 1 the
    likeliest unit is taken, one after the other, until it is the end.

    K that have finished are not enough: where a network is sure of each unit, sentences that are
    broken off soon come second, and K of them finish before the right one does.

    Long sequences have small probabilities, so scores are divided by a power of the length (Wu et
    al. 2016, section 7, has a like rule). Rows that are done are left out of the further steps.

    Args:
        next: Maps the last units int32 [R, K], 0 at first, a state and a memory to logits
            [R, K, V] and the state after. R is how many rows go on, B at first.
        state: The state to begin with, any nest of tensors [B, 1, ...].
        limits: The most units of each row, int32 [B].
        beam_size: K, at least 1; an int or int32 [].
        length_penalty: The power of the length, in units and their end.
        memory: What stays the same from step to step, any nest of tensors [B, ...].

    Returns:
        K sequences a row, the best first.
    """
    size = tf.convert_to_tensor(beam_size, tf.int32)
    limits, state, memory = tf.nest.map_structure(tf.convert_to_tensor, (limits, state, memory))
    rows = tf.shape(limits)[0]
    room = tf.reduce_max(tf.concat([limits, [0]], axis=0)) + 1  # with the end

    def body(step: Tensor, found: Decoded, going: _Going) -> tuple[Any, ...]:
        logits, state = next(going.tokens, going.state, going.memory)
        ended = step >= going.limits
        shares, units = _likeliest(logits, 2 * size, ended)
        width = tf.shape(shares)[2]
        # The best of each hypothesis are enough to have the best of all.
        count = tf.shape(going.limits)[0]
        totals = tf.reshape(going.live[:, :, None] + shares, [count, size * width])
        best, place = tf.math.top_k(totals, tf.minimum(2 * size, size * width))
        parent = place // width
        unit = tf.gather(tf.reshape(units, [count, size * width]), place, batch_dims=1)

        ends = unit == 0
        first = (tf.range(tf.shape(best)[1]) < size) & (best > NEVER / 2)
        length = tf.cast(step + 1, tf.float32)
        new_scores = tf.where(ends & first, best / length**length_penalty, _LOWEST)
        scores, kept = tf.math.top_k(tf.concat([going.scores, new_scores], axis=1), size)
        # What has just ended has its units still among those of its hypothesis.
        of_parents = tf.gather(going.ids, parent, batch_dims=1)
        finished = tf.gather(tf.concat([going.finished, of_parents], axis=1), kept, batch_dims=1)
        goes_on = tf.where(first & ~ends, best, _LOWEST)
        hoped_for = tf.reduce_max(goes_on, axis=1) / (length + 1) ** length_penalty
        done = (scores[:, -1] >= hoped_for) | ended

        followed = tf.where(ends | (best <= NEVER / 2), 2 * NEVER, best)
        missing = tf.maximum(size - tf.shape(followed)[1], 0)  # in a tiny vocabulary
        followed = tf.pad(followed, [[0, 0], [0, missing]], constant_values=2 * NEVER)
        live, chosen = tf.math.top_k(followed, size)
        chosen = tf.minimum(chosen, tf.shape(best)[1] - 1)
        origin = tf.gather(parent, chosen, batch_dims=1)
        tokens = tf.gather(unit, chosen, batch_dims=1)
        ids = tf.gather(going.ids, origin, batch_dims=1)
        ids += tokens[:, :, None] * tf.one_hot(step, room, dtype=tf.int32)
        after = _Going(
            going.row,
            going.limits,
            tokens,
            live,
            ids,
            scores,
            finished,
            tf.nest.map_structure(lambda each: tf.gather(each, origin, batch_dims=1), state),
            going.memory,
        )
        found, after = tf.cond(
            tf.reduce_any(done),
            lambda: (_put(found, after, done), _rows_of(after, tf.where(~done)[:, 0])),
            lambda: (found, after),
        )
        return step + 1, found, after

    nothing = tf.zeros([rows, size, room], tf.int32)
    no_scores = tf.fill([rows, size], _LOWEST)
    first = tf.one_hot(0, size, on_value=0.0, off_value=NEVER)  # all hypotheses but one are none
    going = _Going(
        tf.range(rows),
        limits,
        tf.zeros([rows, size], tf.int32),
        tf.tile(first[None], [rows, 1]),
        nothing,
        no_scores,
        nothing,
        tf.nest.map_structure(lambda each: tf.repeat(each, size, axis=1), state),
        memory,
    )
    loop = (tf.constant(0), Decoded(nothing, no_scores), going)
    _, found, _ = tf.while_loop(
        lambda step, found, going: tf.size(going.row) > 0,
        body,
        loop,
        shape_invariants=tf.nest.map_structure(_any_rows, loop),
        parallel_iterations=1,
    )
    ids = tf.where((found.scores > _LOWEST)[:, :, None], found.ids, 0)
    lengths = tf.reshape(tf.math.count_nonzero(ids, axis=2, dtype=tf.int32), [-1])
    longest = tf.reduce_max(tf.concat([lengths, [1]], axis=0))
    return Decoded(ids[:, :, :longest], found.scores)


class _Going(NamedTuple):
    """The R rows that are not done.

    Attributes:
        row: Their numbers, int32 [R].
        limits: The most units of each, int32 [R].
        tokens: The last units of the hypotheses, int32 [R, K].
        live: Their log probabilities [R, K].
        ids: Their units so far, int32 [R, K, room].
        scores: Those of the sequences that have finished [R, K], the best first.
        finished: These sequences, int32 [R, K, room].
        state: The network's, a nest of [R, K, ...].
        memory: What does not change, a nest of [R, ...].
    """

    row: Tensor
    limits: Tensor
    tokens: Tensor
    live: Tensor
    ids: Tensor
    scores: Tensor
    finished: Tensor
    state: Any
    memory: Any


def _rows_of(going: _Going, which: Tensor) -> _Going:
    return tf.nest.map_structure(lambda each: tf.gather(each, which), going)


def _put(found: Decoded, going: _Going, done: Tensor) -> Decoded:
    """Among the results, those of the rows that are done."""
    ready = _rows_of(going, tf.where(done)[:, 0])
    row = ready.row[:, None]
    return Decoded(
        tf.tensor_scatter_nd_update(found.ids, row, ready.finished),
        tf.tensor_scatter_nd_update(found.scores, row, ready.scores),
    )


def _likeliest(logits: Tensor, count: Tensor, ended: Tensor) -> tuple[Tensor, Tensor]:
    """Of logits [R, K, V] the highest log probabilities [R, K, C], and of which units they are.

    C is ``count``, or V where that is less. Of rows that have ``ended``, [R], only the end can be.
    What is no number is impossible.
    """
    logits = tf.cast(logits, tf.float32)
    logits = tf.cond(
        tf.reduce_all(tf.math.is_finite(tf.reduce_sum(logits, axis=2))),
        lambda: logits,
        lambda: tf.where(logits > NEVER, logits, NEVER),
    )
    normaliser = tf.reduce_logsumexp(logits, axis=2)
    units = tf.shape(logits)[2]
    count = tf.minimum(count, units)
    highest, unit = tf.cond(
        count * _BLOCK < units,
        lambda: _highest_by_blocks(logits, count),
        lambda: tuple(tf.math.top_k(logits, count)),
    )
    shares = highest - normaliser[:, :, None]
    the_end = logits[:, :, :1] - normaliser[:, :, None]
    only_end = tf.where(tf.range(count) == 0, the_end, NEVER)
    shares = tf.where(ended[:, None, None], only_end, shares)
    return shares, tf.where(ended[:, None, None], tf.minimum(tf.range(count), 1), unit)


def _highest_by_blocks(logits: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
    """The same as ``tf.math.top_k`` in a third of the time, where there are thousands of units.

    The highest lie in the blocks whose own highest are the highest.
    """
    shape = tf.unstack(tf.shape(logits))
    static = logits.shape[2]
    if static is None or static % _BLOCK:
        more = -shape[2] % _BLOCK
        logits = tf.pad(logits, [[0, 0], [0, 0], [0, more]], constant_values=2 * NEVER)
    blocks = tf.reshape(logits, [*shape[:2], -1, _BLOCK])
    _, some = tf.math.top_k(tf.reduce_max(blocks, axis=3), count)
    some = tf.sort(some)  # of equal ones the first is taken
    few = tf.reshape(tf.gather(blocks, some, batch_dims=2), [*shape[:2], count * _BLOCK])
    highest, place = tf.math.top_k(few, count)
    unit = tf.gather(some, place // _BLOCK, batch_dims=2) * _BLOCK + place % _BLOCK
    return highest, unit


def _any_rows(tensor: Tensor) -> Any:
    """The shape of a loop's variable, whose rows and hypotheses are not known."""
    return tf.TensorShape([None] * min(2, tensor.shape.rank) + [*tensor.shape[2:]])
