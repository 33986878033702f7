"""Recurrences h(t) = a(t) h(t-1) + b(t), elementwise, and the layer made of one, on TensorFlow.

Since a(t) and b(t) do not depend on the state, they are computed for all steps at once, outside the
time loop. The loop has no matrix product, so that its time is that of reading and writing memory;
the gradient of the recurrence is the same loop in the opposite direction.
"""

from typing import Any

import keras
import tensorflow as tf

from toolkit.cells import MinGRUCell
from toolkit.layers.equations import projection
from toolkit.layers.time_loop import choose

Tensor = Any

#: The number of steps per iteration of the loop. Measured in training (T = 240, B = 64, H = 64 and
#: 256): 4 to 32 take the same time, within a fifth; the first call, which makes the graph, takes
#: 0.2 s with 8, and 0.6 s with 32.
STEPS_PER_ITERATION = 8


def through_time(
    cell: MinGRUCell,
    weights: list[Tensor],
    x: Tensor,
    initial: list[Tensor],
    *,
    mask: Tensor = None,
    output_mask: Tensor = None,
    go_backwards: bool = False,
    by_hand: bool = True,
) -> tuple[Tensor, list[Tensor]]:
    """Return the outputs of a ``MinGRU``, in the order of time, and its last state.

    Half precision is that of the inputs, weights and outputs; the recurrence itself is computed in
    single precision, which costs nothing here and keeps the sum over a long sequence.

    Args:
        cell: The cell, of any activations.
        weights: Its weights: the kernel [D, 2 H] and, if any, the bias [2 H].
        x: The inputs, time first: [T, B, D], T at least 1.
        initial: The initial state [B, H], in a list.
        mask: Bool [T, B]; a step where it is false keeps the state.
        output_mask: Bool [T, B]; the output of a step where it is false is zero.
        go_backwards: Whether the inputs are read from the last to the first.
        by_hand: Whether to use hand-written gradients; not in graphs to be saved.

    Returns:
        The outputs [T, B, H], and the state after the last step read, [B, H], in a list.
    """
    if go_backwards:
        x, mask = tf.reverse(x, [0]), None if mask is None else tf.reverse(mask, [0])
    if mask is not None:
        x = choose_rows(mask, x, tf.zeros_like(x))  # so that all candidates are finite
    # Two products: to split one would copy all of it.
    blocks = zip(*(tf.split(weight, 2, axis=-1) for weight in weights), strict=True)
    a_u, a_c = (projection(x, *block, by_hand=by_hand) for block in blocks)  # [T, B, H] each
    u, c = cell.recurrent_activation(a_u), cell.activation(a_c)
    if mask is not None:
        u = choose_rows(mask, u, tf.zeros_like(u))
    recurrence = linear_recurrence if by_hand else _loop
    states = tf.cast(recurrence(1 - u, u * c, tf.cast(initial[0], u.dtype)), x.dtype)
    last = states[-1]
    if go_backwards:
        states = tf.reverse(states, [0])
    if output_mask is not None:
        states = choose_rows(output_mask, states, tf.zeros_like(states))
    return states, [last]


def choose_rows(rows: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Return the rows of ``a`` [T, B, ...] where ``rows`` [T, B] is true, else those of ``b``."""
    flat = (tf.reshape(values, [-1, values.shape[-1]]) for values in (a, b))
    return tf.reshape(choose(tf.reshape(rows, [-1]), *flat), keras.ops.shape(a))


@tf.custom_gradient
def linear_recurrence(a: Tensor, b: Tensor, h: Tensor) -> tuple[Tensor, Any]:
    """Return h(t) = a(t) h(t-1) + b(t) of all steps.

    With g(t), the gradient of the loss with respect to h(t) through all later steps,

    ::

        g(t)    = a(t+1) g(t+1) + d_h(t)
        d_b(t)  = g(t)
        d_a(t)  = g(t) h(t-1)
        d_h(0)  = a(1) g(1)

    Args:
        a: The factors [T, B, H], T at least 1.
        b: The terms [T, B, H].
        h: The initial state [B, H].

    Returns:
        The states [T, B, H].
    """
    states = _loop(a, b, h)

    def backward(d_states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        g = _loop(a, d_states, tf.zeros_like(h), backwards=True)
        return g * tf.concat([h[None], states[:-1]], 0), g, a[0] * g[0]

    return states, backward


def _loop(a: Tensor, b: Tensor, h: Tensor, backwards: bool = False) -> Tensor:
    """Return h(t) = a(t) h(t-1) + b(t), or backwards h(t) = a(t+1) h(t+1) + b(t): [T, B, H].

    An iteration takes several steps. The last one goes on beyond the last step; what it computes
    there is cut off. Backwards, h must be zero: there is no a(T+1).
    """
    steps = keras.ops.shape(b)[0]
    iterations = -(-steps // STEPS_PER_ITERATION)

    def several(i: Tensor, h: Tensor, states: Any) -> Any:
        s = i * STEPS_PER_ITERATION + tf.range(STEPS_PER_ITERATION)
        if backwards:
            t = tf.maximum(steps - 1 - s, 0)
            factors = tf.gather(a, tf.minimum(t + 1, steps - 1))
        else:
            t = tf.minimum(s, steps - 1)
            factors = tf.gather(a, t)
        new = []
        for factor, term in zip(tf.unstack(factors), tf.unstack(tf.gather(b, t)), strict=True):
            h = factor * h + term
            new.append(h)
        place = iterations - 1 - i if backwards else i
        return i + 1, h, states.write(place, tf.stack(new[::-1] if backwards else new))

    chunk = [STEPS_PER_ITERATION, *h.shape]
    _, _, states = tf.while_loop(
        lambda i, *_: i < iterations,
        several,
        (0, h, tf.TensorArray(b.dtype, iterations, element_shape=chunk)),
        parallel_iterations=1,  # each step needs the one before
        maximum_iterations=iterations,
    )
    states = tf.reshape(states.stack(), [-1, *keras.ops.shape(b)[1:]])
    states = states[-steps:] if backwards else states[:steps]
    states.set_shape(b.shape)
    return states
