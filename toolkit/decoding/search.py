"""Greedy and beam search for the likeliest sequences."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

Tensor = Any
Next = Callable[[Tensor, Any, Any], tuple[Tensor, Any]]

#: The log probability of an unused hypothesis; no sum of real log probabilities is smaller.
NEVER = -1e9
_LOWEST = -float("inf")
#: The number of tokens in a block; only blocks with the largest maxima can hold the largest values.
_BLOCK = 64


class Decoded(NamedTuple):
    """Sequences and their scores.

    Attributes:
        ids: int32 [B, T], or [B, K, T] with the best first; T >= 1, 0 from the end on.
        scores: Float [B], or [B, K]: log probabilities, including that of the end, divided by a
            power of the length; minus infinity for missing sequences.
    """

    ids: Tensor
    scores: Tensor


def greedy(
    next: Next, state: Any, limits: Tensor, length_penalty: float = 1.0, memory: Any = ()
) -> Decoded:
    """Take the likeliest token at each step: ``beam_search`` with one hypothesis.

    Args:
        next: The step function, as for ``beam_search``.
        state: The initial state.
        limits: The largest number of tokens of each row, int32 [B].
        length_penalty: The power of the length.
        memory: The tensors that do not change from step to step.

    Returns:
        One sequence per row.
    """
    decoded = beam_search(next, state, limits, 1, length_penalty, memory)
    return Decoded(decoded.ids[:, 0], decoded.scores[:, 0])


def beam_search(
    next: Next,
    state: Any,
    limits: Tensor,
    beam_size: Any,
    length_penalty: float = 1.0,
    memory: Any = (),
) -> Decoded:
    """Search with a beam of hypotheses (Graves 2012, algorithm 1).

    Each step considers the 2 K likeliest continuations of a row's K hypotheses. Those of the first
    K that end are finished; the first K that do not end stay in the beam. A row is done if K
    hypotheses are finished and none of the first K unfinished ones would score better than the
    worst of these if it ended next; or at its limit, where all hypotheses must end. With K = 1 this
    takes the likeliest token at each step until the end.

    K finished hypotheses alone are not enough: if a network is sure of each token, truncated
    sentences come second, and K of them finish before the best one.

    Long sequences have small probabilities, so scores are divided by a power of the length (Wu et
    al. 2016, section 7, has a similar rule). Later steps leave out the rows that are done.

    Args:
        next: Maps the last tokens int32 [R, K], 0 at first, a state and a memory to logits [R, K,
            V] and the new state. R is the number of rows that are not done, B at first.
        state: The initial state, any nest of tensors [B, 1, ...].
        limits: The largest number of tokens of each row, int32 [B].
        beam_size: K, at least 1; an int or int32 [].
        length_penalty: The power of the length, which counts the end.
        memory: The tensors that do not change from step to step, any nest of [B, ...].

    Returns:
        K sequences per row, the best first.
    """
    size = tf.convert_to_tensor(beam_size, tf.int32)
    limits, state, memory = tf.nest.map_structure(tf.convert_to_tensor, (limits, state, memory))
    rows = tf.shape(limits)[0]
    max_steps = tf.reduce_max(tf.concat([limits, [0]], axis=0)) + 1  # including the end

    def body(step: Tensor, decoded: Decoded, beams: _Beams) -> tuple[Any, ...]:
        logits, state = next(beams.tokens, beams.state, beams.memory)
        ended = step >= beams.limits
        shares, tokens = _likeliest(logits, 2 * size, ended)
        width = tf.shape(shares)[2]
        # The best continuations of each hypothesis include the best of all.
        count = tf.shape(beams.limits)[0]
        totals = tf.reshape(beams.live[:, :, None] + shares, [count, size * width])
        best, place = tf.math.top_k(totals, tf.minimum(2 * size, size * width))
        parent = place // width
        token = tf.gather(tf.reshape(tokens, [count, size * width]), place, batch_dims=1)

        ends = token == 0
        first = (tf.range(tf.shape(best)[1]) < size) & (best > NEVER / 2)
        length = tf.cast(step + 1, tf.float32)
        new_scores = tf.where(ends & first, best / length**length_penalty, _LOWEST)
        scores, kept = tf.math.top_k(tf.concat([beams.scores, new_scores], axis=1), size)
        # The tokens of a sequence that has just ended are those of its hypothesis.
        parent_ids = tf.gather(beams.ids, parent, batch_dims=1)
        finished = tf.gather(tf.concat([beams.finished, parent_ids], axis=1), kept, batch_dims=1)
        unfinished = tf.where(first & ~ends, best, _LOWEST)
        best_possible = tf.reduce_max(unfinished, axis=1) / (length + 1) ** length_penalty
        done = (scores[:, -1] >= best_possible) | ended

        continued = tf.where(ends | (best <= NEVER / 2), 2 * NEVER, best)
        missing = tf.maximum(size - tf.shape(continued)[1], 0)  # for a tiny vocabulary
        continued = tf.pad(continued, [[0, 0], [0, missing]], constant_values=2 * NEVER)
        live, chosen = tf.math.top_k(continued, size)
        chosen = tf.minimum(chosen, tf.shape(best)[1] - 1)
        origin = tf.gather(parent, chosen, batch_dims=1)
        tokens = tf.gather(token, chosen, batch_dims=1)
        ids = tf.gather(beams.ids, origin, batch_dims=1)
        ids += tokens[:, :, None] * tf.one_hot(step, max_steps, dtype=tf.int32)
        after = _Beams(
            beams.row,
            beams.limits,
            tokens,
            live,
            ids,
            scores,
            finished,
            tf.nest.map_structure(lambda tensor: tf.gather(tensor, origin, batch_dims=1), state),
            beams.memory,
        )
        decoded, after = tf.cond(
            tf.reduce_any(done),
            lambda: (_put(decoded, after, done), _rows_of(after, tf.where(~done)[:, 0])),
            lambda: (decoded, after),
        )
        return step + 1, decoded, after

    no_ids = tf.zeros([rows, size, max_steps], tf.int32)
    no_scores = tf.fill([rows, size], _LOWEST)
    first = tf.one_hot(0, size, on_value=0.0, off_value=NEVER)  # only the first hypothesis is used
    beams = _Beams(
        tf.range(rows),
        limits,
        tf.zeros([rows, size], tf.int32),
        tf.tile(first[None], [rows, 1]),
        no_ids,
        no_scores,
        no_ids,
        tf.nest.map_structure(lambda tensor: tf.repeat(tensor, size, axis=1), state),
        memory,
    )
    loop = (tf.constant(0), Decoded(no_ids, no_scores), beams)
    _, decoded, _ = tf.while_loop(
        lambda step, decoded, beams: tf.size(beams.row) > 0,
        body,
        loop,
        shape_invariants=tf.nest.map_structure(_any_rows, loop),
        parallel_iterations=1,
    )
    ids = tf.where((decoded.scores > _LOWEST)[:, :, None], decoded.ids, 0)
    lengths = tf.reshape(tf.math.count_nonzero(ids, axis=2, dtype=tf.int32), [-1])
    longest = tf.reduce_max(tf.concat([lengths, [1]], axis=0))
    return Decoded(ids[:, :, :longest], decoded.scores)


class _Beams(NamedTuple):
    """The beams of the R rows that are not done.

    Attributes:
        row: Their numbers, int32 [R].
        limits: The largest number of tokens of each, int32 [R].
        tokens: The last tokens of the hypotheses, int32 [R, K].
        live: The log probabilities of the hypotheses [R, K].
        ids: The tokens of the hypotheses so far, int32 [R, K, max_steps].
        scores: The scores of the finished sequences [R, K], the best first.
        finished: The finished sequences, int32 [R, K, max_steps].
        state: The network's state, a nest of [R, K, ...].
        memory: The network's memory, a nest of [R, ...].
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


def _rows_of(beams: _Beams, which: Tensor) -> _Beams:
    return tf.nest.map_structure(lambda tensor: tf.gather(tensor, which), beams)


def _put(decoded: Decoded, beams: _Beams, done: Tensor) -> Decoded:
    """Return the results with those of the rows that are done."""
    ready = _rows_of(beams, tf.where(done)[:, 0])
    row = ready.row[:, None]
    return Decoded(
        tf.tensor_scatter_nd_update(decoded.ids, row, ready.finished),
        tf.tensor_scatter_nd_update(decoded.scores, row, ready.scores),
    )


def _likeliest(logits: Tensor, count: Tensor, ended: Tensor) -> tuple[Tensor, Tensor]:
    """Return the highest log probabilities [R, K, C] of logits [R, K, V], and their tokens.

    C is the smaller of ``count`` and V. Rows that have ``ended``, [R], can only take the end. NaN
    counts as impossible.
    """
    logits = tf.cast(logits, tf.float32)
    logits = tf.cond(
        tf.reduce_all(tf.math.is_finite(tf.reduce_sum(logits, axis=2))),
        lambda: logits,
        lambda: tf.where(logits > NEVER, logits, NEVER),
    )
    normaliser = tf.reduce_logsumexp(logits, axis=2)
    vocabulary = tf.shape(logits)[2]
    count = tf.minimum(count, vocabulary)
    highest, token = tf.cond(
        count * _BLOCK < vocabulary,
        lambda: _highest_by_blocks(logits, count),
        lambda: tuple(tf.math.top_k(logits, count)),
    )
    shares = highest - normaliser[:, :, None]
    the_end = logits[:, :, :1] - normaliser[:, :, None]
    only_end = tf.where(tf.range(count) == 0, the_end, NEVER)
    shares = tf.where(ended[:, None, None], only_end, shares)
    return shares, tf.where(ended[:, None, None], tf.minimum(tf.range(count), 1), token)


def _highest_by_blocks(logits: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
    """Return the result of ``tf.math.top_k`` in a third of its time for thousands of tokens.

    The highest values lie in the blocks with the highest maxima.
    """
    shape = tf.unstack(tf.shape(logits))
    static = logits.shape[2]
    if static is None or static % _BLOCK:
        padding = -shape[2] % _BLOCK
        logits = tf.pad(logits, [[0, 0], [0, 0], [0, padding]], constant_values=2 * NEVER)
    blocks = tf.reshape(logits, [*shape[:2], -1, _BLOCK])
    _, best_blocks = tf.math.top_k(tf.reduce_max(blocks, axis=3), count)
    best_blocks = tf.sort(best_blocks)  # of equal values the first is taken
    candidates = tf.reshape(
        tf.gather(blocks, best_blocks, batch_dims=2), [*shape[:2], count * _BLOCK]
    )
    highest, place = tf.math.top_k(candidates, count)
    token = tf.gather(best_blocks, place // _BLOCK, batch_dims=2) * _BLOCK + place % _BLOCK
    return highest, token


def _any_rows(tensor: Tensor) -> Any:
    """Return the shape of a loop variable, with unknown numbers of rows and hypotheses."""
    return tf.TensorShape([None] * min(2, tensor.shape.rank) + [*tensor.shape[2:]])
