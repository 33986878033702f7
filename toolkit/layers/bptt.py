"""Backpropagation through time with a hand-written gradient, on TensorFlow.

The gradient of a weight that is used at every time step is the sum of its gradients over the steps
(Werbos 1990, "Backpropagation Through Time: What It Does and How to Do It"). Automatic
differentiation computes this sum step by step. Here the backward loop only carries the gradient of
the state, and each weight's sum over time is one matrix product over all steps afterwards.

Each step's arrays stay in the processor's cache: the elementwise derivatives are computed inside
the loop, from values that the forward loop keeps by step and that are never copied into one large
array.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from toolkit.layers.equations import Equations

Tensor = Any
TensorArray = Any

#: The number of steps per iteration of the loop without a gradient. Measured on single texts: 4
#: save 0.25 to 0.3 of the time, 8 a third. In training 8 save nothing, and tracing the graph takes
#: nearly twice as long.
STEPS_PER_ITERATION = 8


def through_time(
    equations: Any,
    weights: list[Tensor],
    x: Tensor,
    h: Tensor,
    *,
    mask: Tensor = None,
    go_backwards: bool = False,
    by_hand: bool = True,
) -> Tensor:
    """Return all states of a recurrent network, in the order of reading.

    Args:
        equations: Maps the weights to the cell's ``Equations``.
        weights: The cell's weights; their gradients are exact to their precision, which may be
            higher than that of the inputs.
        x: The inputs, time first: [T, B, D], T at least 1.
        h: The initial state [B, H].
        mask: Bool [T, B]; a step where it is false keeps the state.
        go_backwards: Whether the inputs are read from the last to the first.
        by_hand: Whether to use the hand-written gradient; not in graphs to be saved.

    Returns:
        The states [T, B, H].
    """

    def forward(x: Tensor, h: Tensor, *weights: Tensor) -> tuple[Tensor, Any]:
        cell: Equations = equations(*[tf.cast(weight, x.dtype) for weight in weights])
        states, kept = _forward_loop(cell, x, h, mask, go_backwards, keep=by_hand)
        eager = tf.executing_eagerly()

        def backward(d_states: Tensor) -> tuple[Tensor, ...]:
            if eager and not tf.executing_eagerly():  # `jacobian` makes a graph of this
                read = [_slices(array.stack()) for array in kept]
            else:
                read = [array.read for array in kept]
            dh, rows = _backward_loop(cell, d_states, read, mask, go_backwards)
            dx, d_weights = cell.gradients(_rows(x), rows[0], rows[1:])
            return tf.reshape(dx, keras.ops.shape(x)), dh, *d_weights

        return states, backward

    tensors = [tf.convert_to_tensor(a) for a in (x, h, *weights)]  # variables are read here
    if by_hand:
        return tf.custom_gradient(forward)(*tensors)
    return forward(*tensors)[0]


def _forward_loop(
    cell: Equations, x: Tensor, h: Tensor, mask: Tensor, go_backwards: bool, keep: bool
) -> tuple[Tensor, list[TensorArray]]:
    """Return the states [T, B, H], and for each step the previous state and the kept values.

    They are in the order of reading.
    """
    steps = keras.ops.shape(x)[0]
    # A slice is read faster, but only an array has a cheap automatic gradient.
    read = [_slices(a) if keep else _array(steps, a[0]).unstack(a).read for a in cell.project(x)]

    def step(s: Tensor, h: Tensor, states: TensorArray, kept: list[TensorArray]) -> Any:
        t = steps - 1 - s if go_backwards else s
        new, values = cell.forward([read_a(t) for read_a in read], h)
        if mask is not None:
            new = _choose(tf.gather(mask, t), new, h)
        return s + 1, new, states.write(s, new), _write(kept, s, [h, *values])

    kept = [_array(steps, h, width) for width in (h.shape[-1], *cell.kept)] if keep else []
    steps_per_iteration = 1 if keep else STEPS_PER_ITERATION
    _, _, states, kept = _loop(steps, step, (0, h, _array(steps, h), kept), steps_per_iteration)
    return states.stack(), kept


def _backward_loop(
    cell: Equations,
    d_states: Tensor,
    read_kept: list[Callable[[Tensor], Tensor]],
    mask: Tensor,
    go_backwards: bool,
) -> tuple[Tensor, list[Tensor]]:
    """Return the initial state's gradient, and the rows [T B, ...] for the weights' gradients.

    The rows are the previous states and the results of ``Equations.backward``, in the order of
    time.
    """
    steps = keras.ops.shape(d_states)[0]
    read, transposed = _slices(d_states), cell.transposed()

    def step(i: Tensor, dh: Tensor, rows: list[TensorArray]) -> Any:
        s = steps - 1 - i
        t = i if go_backwards else s
        h, *values = [read_array(s) for read_array in read_kept]
        dh = dh + read(s)
        if mask is None:
            dh, values = cell.backward(dh, h, values, transposed)
        else:
            real = tf.gather(mask, t)
            through_cell, values = cell.backward(
                _choose(real, dh, tf.zeros_like(dh)), h, values, transposed
            )
            dh = _choose(real, through_cell, dh)
        return i + 1, dh, _write(rows, t, [h, *values])

    zeros = tf.zeros_like(d_states[0])
    rows = [_array(steps, zeros, width) for width in (zeros.shape[-1], *cell.rows)]
    _, dh, rows = _loop(steps, step, (0, zeros, rows), 1)
    return dh, [_rows(array.stack()) for array in rows]


def _loop(
    steps: Tensor, step: Callable[..., Any], variables: tuple[Any, ...], steps_per_iteration: int
) -> Any:
    """Apply ``step`` to ``variables``, of which the first counts, ``steps`` times.

    An iteration costs about as much as a small step, so one iteration may take several steps.
    """

    def several(count: int, *variables: Any) -> Any:
        for _ in range(count):
            variables = step(*variables)
        return variables

    for count in dict.fromkeys(
        (steps_per_iteration, 1)
    ):  # the last iterations take the remaining steps
        variables = tf.while_loop(
            lambda s, *_, count=count: s + count <= steps,
            partial(several, count),
            variables,
            parallel_iterations=1,  # each step needs the one before
            maximum_iterations=tf.maximum(steps // count, 1),  # XLA needs at least 1
        )
    return variables


def _array(steps: Tensor, like: Tensor, width: int | None = None) -> TensorArray:
    """Return an array for ``steps`` tensors [B, width]."""
    shape = [like.shape[0], width or like.shape[-1]]
    return tf.TensorArray(like.dtype, steps, clear_after_read=False, element_shape=shape)


def _slices(a: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda t: tf.gather(a, t)


def _write(arrays: list[TensorArray], t: Tensor, values: list[Tensor]) -> list[TensorArray]:
    # Values without an array are dropped.
    return [array.write(t, value) for array, value in zip(arrays, values, strict=False)]


def _choose(rows: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Return the rows of ``a`` where ``rows`` [B] is true, else those of ``b``.

    This op copies whole rows; ``tf.where`` would broadcast the condition to each element.
    """
    return tf.raw_ops.Select(condition=rows, x=a, y=b)


def _rows(a: Tensor) -> Tensor:
    """Reshape [T, B, ...] to [T B, ...]."""
    return tf.reshape(a, [-1, a.shape[-1]])
