"""Loops over time on TensorFlow with several steps per iteration.

An iteration of ``tf.while_loop`` costs about as much as a small step, so one iteration may take
several.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras
import tensorflow as tf

Tensor = Any

#: The number of steps per iteration of ``scan``.
STEPS_PER_ITERATION = 8


def repeat(
    steps: Tensor, step: Callable[..., Any], variables: tuple[Any, ...], steps_per_iteration: int
) -> Any:
    """Apply ``step`` to ``variables``, of which the first counts, ``steps`` times."""

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


def scan(
    step: Callable[[list[Tensor], list[Tensor]], tuple[list[Tensor], list[Tensor]]],
    states: list[Tensor],
    values: Sequence[Tensor],
    reverse: bool = False,
) -> tuple[list[Tensor], list[Tensor]]:
    """Apply ``step`` to the states and to the values of each time step.

    Args:
        step: Returns new states for states and the values of a step, and what is kept of that step,
            which has the shapes and types of the states. For values of zero, with which the last
            iteration goes on beyond the last step, it must return the states unchanged.
        states: The first states [B, ...].
        values: Arrays [T, B, ...], T at least 1.
        reverse: Whether to begin with the last step.

    Returns:
        The last states, and what is kept of each step [T, B, ...], in the order of time.
    """
    size = STEPS_PER_ITERATION
    steps = keras.ops.shape(values[0])[0]
    iterations = -(-steps // size)
    read = [_reader(a, iterations * size) for a in values]

    def several(i: Tensor, states: list[Tensor], kept: list[Any]) -> Any:
        place = iterations - 1 - i if reverse else i
        order = list(zip(*(tf.unstack(read_chunk(place)) for read_chunk in read), strict=True))
        rows = []
        for at in order[::-1] if reverse else order:
            states, row = step(states, list(at))
            rows.append(row)
        chunks = [tf.stack(a) for a in zip(*(rows[::-1] if reverse else rows), strict=True)]
        kept = [array.write(place, chunk) for array, chunk in zip(kept, chunks, strict=True)]
        return i + 1, states, kept

    kept = [
        tf.TensorArray(state.dtype, iterations, element_shape=[size, *state.shape])
        for state in states
    ]
    _, states, kept = tf.while_loop(
        lambda i, *_: i < iterations,
        several,
        (0, states, kept),
        parallel_iterations=1,
        maximum_iterations=iterations,
    )
    wholes = []
    for state, array in zip(states, kept, strict=True):
        whole = tf.reshape(array.stack(), [-1, *keras.ops.shape(state)])[:steps]
        whole.set_shape([values[0].shape[0], *state.shape])
        wholes.append(whole)
    return states, wholes


def _reader(a: Tensor, steps: Tensor) -> Callable[[Tensor], Tensor]:
    """Return a function that reads the values [size, B, ...] of an iteration.

    It reads from a ``TensorArray``, which has a cheap gradient.
    """
    length, *rest = keras.ops.shape(a)
    padded = tf.pad(a, [[0, steps - length], *[[0, 0]] * len(rest)])
    shape = [STEPS_PER_ITERATION, *a.shape[1:]]
    chunks = tf.reshape(padded, [-1, STEPS_PER_ITERATION, *rest])
    array = tf.TensorArray(a.dtype, steps // STEPS_PER_ITERATION, element_shape=shape)
    return array.unstack(chunks).read
