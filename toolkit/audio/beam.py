"""Beam search over the texts of CTC: prefixes whose probabilities are sums over their paths."""

from typing import Any, NamedTuple

import tensorflow as tf

Tensor = Any

#: The logarithm of a probability that stands for 0, and what is above it.
NOTHING, SOMETHING = -1e30, -1e29
#: The factor of the fingerprints of prefixes, an odd number near the golden ratio of 2 ** 64.
FACTOR = -7046029254386353131


class Beam(NamedTuple):
    """The likeliest texts of recordings.

    Attributes:
        ids: The id of the symbol that is written at each step, int32 [B, K, T]; 0 where none is.
        scores: The log probability of each text, float32 [B, K], the best first.
    """

    ids: Tensor
    scores: Tensor


class _Prefixes(NamedTuple):
    """The prefixes in the beam, before a step.

    Attributes:
        blank: The log probability of all paths that end in a blank, [B, K].
        symbol: That of those that end in the last symbol.
        last: The class of the last symbol, int32 [B, K]; -1 of the empty prefix.
        prints: A fingerprint of the symbols, int64 [B, K].
    """

    blank: Tensor
    symbol: Tensor
    last: Tensor
    prints: Tensor


def beam_search(logits: Tensor, mask: Tensor, size: Tensor) -> Beam:
    """Return the likeliest texts of recordings, in TensorFlow core ops.

    A prefix is kept once, with the sum of the probabilities of all its paths (Hannun et al. 2014,
    'First-Pass Large Vocabulary Continuous Speech Recognition', algorithm 1). Where there are fewer
    texts than asked for, the last one is repeated.

    Args:
        logits: [B, T, C], the blank last.
        mask: Whether each step is real, bool [B, T].
        size: K, the number of prefixes that are kept, int32 [].
    """
    scores = tf.nn.log_softmax(tf.cast(logits, tf.float32))
    batch, steps = tf.unstack(tf.shape(mask))
    shape = tf.stack([batch, size])
    only_first = tf.broadcast_to(tf.range(size) == 0, shape)
    start = _Prefixes(
        tf.where(only_first, 0.0, NOTHING),
        tf.fill(shape, NOTHING),
        tf.fill(shape, -1),
        tf.zeros(shape, tf.int64),
    )
    parents = tf.TensorArray(tf.int32, steps, element_shape=[None, None])
    written = tf.TensorArray(tf.int32, steps, element_shape=[None, None])

    def body(time: Tensor, parents: Any, written: Any, before: _Prefixes) -> Any:
        after, parent, ids = _step(before, scores[:, time], size)
        is_real = mask[:, time, None]
        kept = [tf.where(is_real, new, old) for new, old in zip(after, before, strict=True)]
        parent = tf.where(is_real, parent, tf.range(size))
        written = written.write(time, tf.where(is_real, ids, 0))
        return time + 1, parents.write(time, parent), written, _Prefixes(*kept)

    _, parents, written, last = tf.while_loop(
        lambda time, *_: time < steps,
        body,
        (0, parents, written, start),
        shape_invariants=(
            tf.TensorShape([]),
            tf.TensorShape(None),
            tf.TensorShape(None),
            _Prefixes(*[tf.TensorShape([None, None])] * 4),
        ),
    )
    total = _sum(last.blank, last.symbol)
    place = tf.broadcast_to(tf.range(size), shape)
    count = tf.math.count_nonzero(total > SOMETHING, 1, dtype=tf.int32)[:, None]
    place = tf.minimum(place, tf.maximum(count - 1, 0))
    ids = _traced(parents.stack(), written.stack(), place, steps)
    return Beam(ids, tf.gather(total, place, batch_dims=1))


def _step(before: _Prefixes, scores: Tensor, size: Tensor) -> tuple[_Prefixes, Tensor, Tensor]:
    """Return the best prefixes after one more step, those they come from, and their new ids.

    Args:
        before: The prefixes.
        scores: The log probabilities of the classes at this step [B, C].
        size: The number of prefixes.
    """
    classes = scores.shape[-1] - 1
    total = _sum(before.blank, before.symbol)
    last = tf.maximum(before.last, 0)
    has_last = before.last >= 0
    stays_blank = tf.maximum(total + scores[:, -1:], NOTHING)
    of_last = tf.gather(scores, last, batch_dims=1)
    stays = tf.where(has_last, before.symbol + of_last, NOTHING)
    is_last = tf.one_hot(before.last, classes, on_value=True, off_value=False)
    base = tf.where(is_last, before.blank[:, :, None], total[:, :, None])
    grows = tf.maximum(base + scores[:, None, :-1], NOTHING)  # [B, K, C - 1]

    # A prefix that grows into one that is in the beam already adds to that one.
    grown = before.prints[:, :, None] * FACTOR + tf.cast(last[:, None] + 1, tf.int64)
    alive = total > SOMETHING
    same = (grown == before.prints[:, None]) & has_last[:, None] & alive[:, :, None]
    adds = tf.where(
        same,
        tf.gather(grows, tf.broadcast_to(last[:, None], tf.shape(same)), batch_dims=2),
        NOTHING,
    )
    stays = _sum(stays, tf.maximum(tf.reduce_logsumexp(adds, axis=1), NOTHING))
    merged = tf.matmul(tf.cast(same, tf.float32), tf.cast(is_last, tf.float32)) > 0
    grows = tf.where(merged, NOTHING, grows)

    flat = tf.reshape(grows, [-1, size * classes])
    values, places = tf.math.top_k(tf.concat([_sum(stays_blank, stays), flat], axis=1), size)
    is_new = places >= size
    parent = tf.where(is_new, (places - size) // classes, places)
    symbol = (places - size) % classes

    def chosen(each: Tensor) -> Tensor:
        return tf.gather(each, parent, batch_dims=1)

    ids = tf.where(is_new, symbol + 1, 0)
    after = _Prefixes(
        tf.where(is_new, NOTHING, chosen(stays_blank)),
        tf.where(is_new, values, chosen(stays)),
        tf.where(is_new, symbol, chosen(before.last)),
        tf.where(
            is_new, chosen(before.prints) * FACTOR + tf.cast(ids, tf.int64), chosen(before.prints)
        ),
    )
    return after, parent, ids


def _traced(parents: Tensor, written: Tensor, place: Tensor, steps: Tensor) -> Tensor:
    """Return the ids of the texts at some places of the last beam, [B, K, T].

    Args:
        parents: The place from which each prefix came, at each step [T, B, K].
        written: The id that each prefix got there [T, B, K].
        place: The places [B, K].
        steps: T.
    """
    found = tf.TensorArray(tf.int32, steps, element_shape=[None, None])

    def body(time: Tensor, found: Any, place: Tensor) -> Any:
        found = found.write(time, tf.gather(written[time], place, batch_dims=1))
        return time - 1, found, tf.gather(parents[time], place, batch_dims=1)

    _, found, _ = tf.while_loop(
        lambda time, *_: time >= 0,
        body,
        (steps - 1, found, place),
        shape_invariants=(
            tf.TensorShape([]),
            tf.TensorShape(None),
            tf.TensorShape([None, None]),
        ),
    )
    return tf.transpose(found.stack(), [1, 2, 0])


def _sum(one: Tensor, other: Tensor) -> Tensor:
    """Return the logarithm of the sum of two probabilities, given by their logarithms."""
    high = tf.maximum(one, other)
    return tf.maximum(high + tf.math.log1p(tf.exp(-tf.abs(one - other))), NOTHING)
