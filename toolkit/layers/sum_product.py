"""Sums over the paths of a chain with a hand-written gradient, on TensorFlow.

With weights instead of their logarithms, a step is a matrix product (Sutton and McCallum 2012,
section 4.3)::

    w(t, j) = exp(emissions[t, j]) b(t, j);  s(t, i) = sum over j of K[i, j] w(t, j)
    b(t - 1, i) = s(t, i) / max over i of s(t, i)

where K is exp(transitions), b are the exponentials of the messages, and the scale of each step is
free. With d(t) for the derivative of the loss by the messages at t, the backward pass is ::

    q(t, i) = d(t - 1, i) / s(t, i);  d_emissions[t, j] = w(t, j) sum over i of q(t, i) K[i, j]
    d(t) = d_messages[t] + d_emissions[t];  d_transitions = K * sum over t of q(t) w(t)'

All values are float64. Tags that are less likely than the likeliest of their step by a factor of
``SMALLEST`` count as impossible, so that scores may differ by about 600.
"""

from typing import Any

import keras
import tensorflow as tf

from toolkit.layers.time_loop import choose, pad, scan

Tensor = Any

#: The smallest relative weight: its inverse times a gradient is still finite in float64.
SMALLEST = 1e-290


def sum_product(
    emissions: Tensor,
    mask: Tensor,
    transitions: Tensor,
    last: Tensor,
    *,
    impossible: float,
    by_hand: bool = True,
) -> Tensor:
    """Return the result of ``toolkit.layers.crf.messages`` with ``logsumexp``.

    Args:
        emissions: [T, B, C].
        mask: Bool [T, B].
        transitions: [C, C], from row to column.
        last: [C].
        impossible: The message if there is no path.
        by_hand: Whether to use the hand-written gradient; not in graphs to be saved. Both gradients
            assume that the loss does not depend on the scale of each step.

    Returns:
        [T, B, C], the largest at each step 0.
    """
    tags = emissions.shape[-1]

    def forward(emissions: Tensor, transitions: Tensor, last: Tensor) -> tuple[Tensor, Any]:
        x, k, first = _weights(emissions, transitions, last)

        def step(b: list[Tensor], at: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
            return [_step(b[0], at[0], k, at[1])], b

        first = tf.broadcast_to(first, tf.shape(x)[1:])
        values = [pad(x), pad(mask)]
        _, (b,) = scan(step, [first], values, keras.ops.shape(x)[0], reverse=True)

        def backward(d_messages: Tensor) -> tuple[Tensor, ...]:
            w = tf.reshape(x * b, [-1, tags])  # [T B, C]
            s = tf.matmul(w, k)
            scale = _scale(s)
            w, inverse = w / scale, 1 / tf.maximum(s / scale, SMALLEST)
            inverse *= tf.reshape(tf.cast(mask, w.dtype), [-1, 1])
            by_time = tf.shape(emissions)
            d_last, q = _backward_loop(
                d_messages, tf.reshape(w, by_time), tf.reshape(inverse, by_time), k, mask
            )
            q = tf.reshape(q, [-1, tags])
            d_emissions = tf.reshape(w * tf.matmul(q, k, transpose_b=True), by_time)
            d_transitions = tf.transpose(k * tf.matmul(w, q, transpose_a=True))
            return d_emissions, d_transitions, tf.reduce_sum(d_last, axis=0)

        return _logarithms(b, impossible), backward

    tensors = [tf.cast(a, tf.float64) for a in (emissions, transitions, last)]
    result = tf.custom_gradient(forward)(*tensors) if by_hand else forward(*tensors)[0]
    return tf.cast(result, emissions.dtype)


def best_path_and_sums(
    emissions: Tensor, mask: Tensor, follow: Tensor, end: Tensor, *, impossible: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the best path, and the sums over the paths to and from each step, in two loops.

    Args:
        emissions: [T, B, C].
        mask: Bool [T, B].
        follow: The scores of tags after tags or the start [C + 1, C].
        end: The scores of ends [C].
        impossible: The message if there is no path.

    Returns:
        The tags int32 [T, B], at a masked step that of the step before, and C before the first; the
        messages ``before`` and ``after`` [T, B, C], as ``toolkit.layers.crf.messages`` with
        ``logsumexp`` gives them from either side.
    """
    transitions, dtype = follow[:-1], emissions.dtype
    wide = [tf.cast(a, tf.float64) for a in (emissions, transitions, end)]
    x, k, last = _weights(*wide)
    steps = keras.ops.shape(emissions)[0]
    x, real = pad(x), pad(mask)

    def back(states: list[Tensor], at: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        (best, b), (emission, x, real) = states, at
        new = tf.reduce_max(transitions + (emission + best)[:, None, :], axis=-1)
        new -= tf.reduce_max(new, axis=-1, keepdims=True)
        return [choose(real, new, best), _step(b, x, k, real)], states

    shape = tf.shape(emissions)[1:]
    first = [tf.broadcast_to(end - tf.reduce_max(end), shape), tf.broadcast_to(last, shape)]
    _, (best, b) = scan(back, first, [pad(emissions), x, real], steps, reverse=True)
    start = tf.exp(tf.cast(follow[-1] - tf.reduce_max(follow[-1]), tf.float64))
    turned = tf.transpose(k)

    def forth(states: list[Tensor], at: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        (tag, f), (score, x, real) = states, at
        chosen = tf.argmax(tf.gather(follow, tag) + score, axis=-1, output_type=tf.int32)
        tag = choose(real, chosen, tag)
        return [tag, _step(f, x, turned, real)], [tag, f]

    first = [tf.fill(shape[:1], follow.shape[1]), tf.broadcast_to(start, shape)]
    _, (tags, f) = scan(forth, first, [pad(emissions + best), x, real], steps)
    before, after = (tf.cast(_logarithms(a, impossible), dtype) for a in (f, b))
    return tags, before, after


def _weights(emissions: Tensor, transitions: Tensor, last: Tensor) -> tuple[Tensor, ...]:
    """Return exp(emissions), K from column to row, and exp(last), the largest of each 1."""
    x = tf.exp(emissions - tf.reduce_max(emissions, axis=-1, keepdims=True))
    k = tf.exp(tf.transpose(transitions) - tf.reduce_max(transitions))
    return x, k, tf.exp(last - tf.reduce_max(last))


def _step(b: Tensor, x: Tensor, k: Tensor, real: Tensor) -> Tensor:
    """Return b(t - 1) [B, C] of b(t); the same where ``real`` [B] is false."""
    s = tf.matmul(x * b, k)
    return choose(real, s / _scale(s), b)


def _logarithms(b: Tensor, impossible: float) -> Tensor:
    return tf.where(b > SMALLEST, tf.math.log(tf.maximum(b, SMALLEST)), impossible)


def _backward_loop(
    d_messages: Tensor, w: Tensor, inverse: Tensor, k: Tensor, mask: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the derivative by the last messages [B, C], and q [T, B, C], 0 where masked."""

    def step(d: list[Tensor], at: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        d_message, w, inverse, real = at
        q = d[0] * inverse
        d_emission = w * tf.matmul(q, k, transpose_b=True)
        return [d_message + choose(real, d_emission, d[0])], [q]

    values = [pad(a) for a in (d_messages, w, inverse, mask)]
    (d_last,), (q,) = scan(step, [tf.zeros_like(w[0])], values, keras.ops.shape(w)[0])
    return d_last, q


def _scale(s: Tensor) -> Tensor:
    """Return the divisor of each row."""
    return tf.maximum(tf.stop_gradient(tf.reduce_max(s, axis=-1, keepdims=True)), SMALLEST)
