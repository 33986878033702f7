"""Backpropagation through time with a hand-written gradient, on TensorFlow.

The gradient of a weight that is used at every time step is the sum of its gradients over the steps
(Werbos 1990, "Backpropagation Through Time: What It Does and How to Do It"). Automatic
differentiation computes this sum step by step. Here the backward loop only carries the gradients
of the states, and each weight's sum over time is one matrix product over all steps afterwards.

Each step's arrays stay in the processor's cache: the elementwise derivatives are computed inside
the loop, from values that the forward loop keeps by step and that are never copied into one large
array.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from toolkit.layers.equations import Equations
from toolkit.layers.time_loop import choose, pad, scan

Tensor = Any
TensorArray = Any
#: The masks of the states and of the outputs, bool [T, B] or None.
Masks = tuple[Tensor, Tensor]


def through_time(
    equations: Any,
    weights: list[Tensor],
    x: Tensor,
    initial: list[Tensor],
    *,
    mask: Tensor = None,
    output_mask: Tensor = None,
    go_backwards: bool = False,
    by_hand: bool = True,
) -> tuple[Tensor, list[Tensor]]:
    """Return the outputs of a recurrent network, in the order of time, and its last states.

    Args:
        equations: Maps the weights to the cell's ``Equations``.
        weights: The cell's weights; their gradients are exact to their precision, which may be
            higher than that of the inputs.
        x: The inputs, time first: [T, B, D], T at least 1.
        initial: The initial states, [B, H] each. The first is the cell's output, and the one that
            enters its matrix products.
        mask: Bool [T, B]; a step where it is false keeps the states.
        output_mask: Bool [T, B]; the output of a step where it is false is zero.
        go_backwards: Whether the inputs are read from the last to the first.
        by_hand: Whether to use the hand-written gradient; not in graphs to be saved.

    Returns:
        The outputs [T, B, H], and the states after the last step read, [B, H] each.
    """
    count = len(initial)

    def forward(x: Tensor, *tensors: Tensor) -> tuple[tuple[Tensor, ...], Any]:
        state, weights = list(tensors[:count]), tensors[count:]
        cell: Equations = equations(*[tf.cast(weight, x.dtype) for weight in weights])
        masks = mask, output_mask
        if not by_hand:
            return _states_alone(cell, x, state, masks, go_backwards), None
        outputs, last, kept = _forward_loop(cell, x, state, masks, go_backwards)
        eager = tf.executing_eagerly()

        def backward(d_outputs: Tensor, *d_last: Tensor) -> tuple[Tensor, ...]:
            if eager and not tf.executing_eagerly():  # `jacobian` makes a graph of this
                read = [_slices(array.stack()) for array in kept]
            else:
                read = [array.read for array in kept]
            d_state, rows = _backward_loop(cell, d_outputs, list(d_last), read, masks, go_backwards)
            dx, d_weights = cell.gradients(_rows(x), rows[0], rows[1:])
            return tf.reshape(dx, keras.ops.shape(x)), *d_state, *d_weights

        return (outputs, *last), backward

    tensors = [tf.convert_to_tensor(a) for a in (x, *initial, *weights)]  # variables are read here
    outputs, *last = tf.custom_gradient(forward)(*tensors) if by_hand else forward(*tensors)[0]
    return outputs, last


def _forward_loop(
    cell: Equations, x: Tensor, state: list[Tensor], masks: Masks, go_backwards: bool
) -> tuple[Tensor, list[Tensor], list[TensorArray]]:
    """Return the outputs [T, B, H], the last states, and what the backward loop reads.

    The backward loop reads the previous states and the kept values of each step. All are in the
    order of time.
    """
    mask, output_mask = masks
    steps = keras.ops.shape(x)[0]
    read = [_slices(a) for a in cell.project(x)]

    def step(s: Tensor, state: list[Tensor], outputs: TensorArray, kept: list[TensorArray]) -> Any:
        t = steps - 1 - s if go_backwards else s
        new, values = cell.forward([read_a(t) for read_a in read], state)
        if mask is not None:
            real = tf.gather(mask, t)
            new = [choose(real, *pair) for pair in zip(new, state, strict=True)]
        shown = new[0] if output_mask is None else choose(tf.gather(output_mask, t), new[0], zeros)
        return s + 1, new, outputs.write(t, shown), _write(kept, t, [*state, *values])

    output = state[0]
    zeros = tf.zeros_like(output)
    widths = [*(a.shape[-1] for a in state), *cell.kept]
    kept = [_array(steps, output, width) for width in widths]
    variables = (0, state, _array(steps, output), kept)
    _, state, outputs, kept = _loop(steps, step, variables)
    return outputs.stack(), state, kept


def _states_alone(
    cell: Equations, x: Tensor, state: list[Tensor], masks: Masks, go_backwards: bool
) -> tuple[Tensor, ...]:
    """Return the outputs [T, B, H] and the last states, without what a gradient by hand needs.

    Where the cell can, masked steps and padding keep the state by closed gates: steps of few rows
    take a quarter less time without a choice in each.
    """
    mask, output_mask = masks
    steps, batch = keras.ops.shape(x)[:2]
    real = pad(tf.ones([steps, batch], tf.bool) if mask is None else mask)
    held = cell.project_held(pad(x), real)

    def step(state: list[Tensor], at: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        if held is not None:
            new, _ = cell.forward(at, state)
        else:
            *at, real = at
            new, _ = cell.forward(at, state)
            new = [choose(real, *pair) for pair in zip(new, state, strict=True)]
        return new, new[:1]  # an LSTM's memory is only carried

    values = [*cell.project(pad(x)), real] if held is None else held
    state, (outputs,) = scan(step, state, values, steps, reverse=go_backwards, keep=1)
    if output_mask is not None:
        outputs = tf.where(output_mask[:, :, None], outputs, 0)
    return outputs, *state


def _backward_loop(
    cell: Equations,
    d_outputs: Tensor,
    d_last: list[Tensor],
    read_kept: list[Callable[[Tensor], Tensor]],
    masks: Masks,
    go_backwards: bool,
) -> tuple[list[Tensor], list[Tensor]]:
    """Return the initial states' gradients, and the rows [T B, ...] for the weights' gradients.

    The rows are the previous outputs and the results of ``Equations.backward``, in the order of
    time. ``d_last`` are the gradients of the last states.
    """
    steps = keras.ops.shape(d_outputs)[0]
    read, transposed = _slices(d_outputs), cell.transposed()
    mask, output_mask = masks

    def step(i: Tensor, d_state: list[Tensor], rows: list[TensorArray]) -> Any:
        t = i if go_backwards else steps - 1 - i
        read_values = [read_array(t) for read_array in read_kept]
        state, values = read_values[: len(d_state)], read_values[len(d_state) :]
        d_output, *d_others = d_state
        d_shown = d_output + read(t)
        if output_mask is not None:
            d_shown = choose(tf.gather(output_mask, t), d_shown, d_output)
        d_state = [d_shown, *d_others]
        if mask is None:
            d_state, values = cell.backward(d_state, state, values, transposed)
        else:
            real = tf.gather(mask, t)
            d_real = [choose(real, d, zeros) for d in d_state]
            through_cell, values = cell.backward(d_real, state, values, transposed)
            d_state = [choose(real, *pair) for pair in zip(through_cell, d_state, strict=True)]
        return i + 1, d_state, _write(rows, t, [state[0], *values])

    zeros = tf.zeros_like(d_last[0])
    rows = [_array(steps, zeros, width) for width in (zeros.shape[-1], *cell.rows)]
    _, d_state, rows = _loop(steps, step, (0, d_last, rows))
    return d_state, [_rows(array.stack()) for array in rows]


def _loop(steps: Tensor, step: Callable[..., Any], variables: tuple[Any, ...]) -> Any:
    """Apply ``step`` to ``variables``, of which the first counts, ``steps`` times.

    With several steps per iteration, training is no faster, and tracing takes twice as long.
    """
    return tf.while_loop(
        lambda s, *_: s < steps,
        step,
        variables,
        parallel_iterations=1,  # each step needs the one before
        maximum_iterations=tf.maximum(steps, 1),  # XLA needs at least 1
    )


def _array(steps: Tensor, like: Tensor, width: int | None = None) -> TensorArray:
    """Return an array for ``steps`` tensors [B, width]."""
    shape = [like.shape[0], width or like.shape[-1]]
    return tf.TensorArray(like.dtype, steps, clear_after_read=False, element_shape=shape)


def _slices(a: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda t: tf.gather(a, t)


def _write(arrays: list[TensorArray], t: Tensor, values: list[Tensor]) -> list[TensorArray]:
    # Values without an array are dropped.
    return [array.write(t, value) for array, value in zip(arrays, values, strict=False)]


def _rows(a: Tensor) -> Tensor:
    """Reshape [T, B, ...] to [T B, ...]."""
    return tf.reshape(a, [-1, a.shape[-1]])
