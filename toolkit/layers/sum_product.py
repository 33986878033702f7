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

import tensorflow as tf

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
        x = tf.exp(emissions - tf.reduce_max(emissions, axis=-1, keepdims=True))
        k = tf.exp(tf.transpose(transitions) - tf.reduce_max(transitions))  # from column to row
        b = _forward_loop(x, k, tf.exp(last - tf.reduce_max(last)), mask)

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

        logs = tf.math.log(tf.maximum(b, SMALLEST))
        return tf.where(b > SMALLEST, logs, impossible), backward

    tensors = [tf.cast(a, tf.float64) for a in (emissions, transitions, last)]
    result = tf.custom_gradient(forward)(*tensors) if by_hand else forward(*tensors)[0]
    return tf.cast(result, emissions.dtype)


def _forward_loop(x: Tensor, k: Tensor, last: Tensor, mask: Tensor) -> Tensor:
    """Return b [T, B, C]."""
    read_x, read_mask = _reader(x), _reader(mask[:, :, None])

    def step(t: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        s = tf.matmul(read_x(t) * b, k)
        return tf.where(read_mask(t), s / _scale(s), b), b

    return _loop(step, tf.broadcast_to(last, tf.shape(x)[1:]), tf.shape(x)[0], reverse=True)[1]


def _backward_loop(
    d_messages: Tensor, w: Tensor, inverse: Tensor, k: Tensor, mask: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the derivative by the last messages [B, C], and q [T, B, C], 0 where masked."""
    reads = [_reader(a) for a in (d_messages, w, inverse, mask[:, :, None])]

    def step(t: Tensor, d: Tensor) -> tuple[Tensor, Tensor]:
        d_message, w, inverse, real = [read(t) for read in reads]
        q = d * inverse
        d_emission = w * tf.matmul(q, k, transpose_b=True)
        return d_message + tf.where(real, d_emission, d), q

    return _loop(step, tf.zeros_like(w[0]), tf.shape(w)[0])


def _loop(step: Any, state: Tensor, steps: Tensor, reverse: bool = False) -> tuple[Tensor, Tensor]:
    """Return the last state, and the other results of ``step`` as one array."""

    def body(i: Tensor, state: Tensor, kept: tf.TensorArray) -> tuple[Any, ...]:
        t = steps - 1 - i if reverse else i
        state, value = step(t, state)
        return i + 1, state, kept.write(t, value)

    kept = tf.TensorArray(state.dtype, steps, element_shape=state.shape)
    _, state, kept = tf.while_loop(
        lambda i, *_: i < steps,
        body,
        (0, state, kept),
        parallel_iterations=1,  # each step needs the one before
        maximum_iterations=steps,
    )
    return state, kept.stack()


def _reader(a: Tensor) -> Any:
    """Return a function that reads steps from a ``TensorArray``, which has a cheap gradient."""
    array = tf.TensorArray(a.dtype, tf.shape(a)[0], element_shape=a.shape[1:])
    return array.unstack(a).read


def _scale(s: Tensor) -> Tensor:
    """Return the divisor of each row."""
    return tf.maximum(tf.stop_gradient(tf.reduce_max(s, axis=-1, keepdims=True)), SMALLEST)
