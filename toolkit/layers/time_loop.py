"""A loop over time on TensorFlow with several steps per iteration.

An iteration of ``tf.while_loop`` costs about as much as a small step, so an iteration takes
several.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import keras
import tensorflow as tf

Tensor = Any

#: The number of steps that ``scan`` reads and writes at once; the steps are padded to a multiple.
CHUNK = 4

_chunk = ContextVar("chunk", default=CHUNK)


@contextmanager
def one_step_an_iteration() -> Iterator[None]:
    """Let the loops of graphs that are made within take one step an iteration.

    Graphs with automatic derivatives of the loops, which have several nodes for each of a step, are
    a third as large and made in half the time.
    """
    token = _chunk.set(1)
    try:
        yield
    finally:
        _chunk.reset(token)


def scan(
    step: Callable[[list[Tensor], list[Tensor]], tuple[list[Tensor], list[Tensor]]],
    states: list[Tensor],
    values: Sequence[Tensor],
    steps: Tensor,
    reverse: bool = False,
    keep: int | None = None,
) -> tuple[list[Tensor], list[Tensor]]:
    """Apply ``step`` to the states and to the values of each time step.

    An iteration takes two chunks of ``CHUNK`` steps; if their number is odd, the last one is taken
    by itself.

    Args:
        step: Returns new states for states and the values of a step, and what is kept of that step,
            which has the shapes and types of the first states. At the steps that ``pad`` adds,
            which in reverse come first, it must return the states unchanged.
        states: The first states [B, ...].
        values: Arrays [S, B, ...], padded by ``pad``, or computed from padded ones.
        steps: T, the number of steps before padding, at least 1.
        reverse: Whether to begin with the last step.
        keep: The number of tensors that are kept of a step; None for as many as there are states.

    Returns:
        The last states, and what is kept of each step [T, B, ...], in the order of time.
    """
    if isinstance(steps, int) and steps == 1:  # a step of a loop of the caller's
        last, rows = step(states, [a[0] for a in values])
        return last, [row[None] for row in rows]
    chunk = _chunk.get()
    chunks = -(-steps // chunk)
    read = [_chunk_reader(a, chunks) for a in values]

    def take(i: Tensor, states: list[Tensor], kept: list[Any]) -> Any:
        place = chunks - 1 - i if reverse else i
        order = list(zip(*(tf.unstack(read_chunk(place)) for read_chunk in read), strict=True))
        rows = []
        for at in order[::-1] if reverse else order:
            states, row = step(states, list(at))
            rows.append(row)
        columns = zip(*(rows[::-1] if reverse else rows), strict=True)
        kept = [a.write(place, tf.stack(c)) for a, c in zip(kept, columns, strict=True)]
        return i + 1, states, kept

    alike = states[:keep]
    kept = [
        tf.TensorArray(state.dtype, chunks, element_shape=[chunk, *state.shape]) for state in alike
    ]
    variables: Any = (0, states, kept)
    left = chunks
    if chunk > 1:
        variables = tf.while_loop(
            lambda i, *_: i + 1 < chunks,
            lambda *variables: take(*take(*variables)),
            variables,
            parallel_iterations=1,  # each step needs the one before
            maximum_iterations=tf.maximum(chunks // 2, 1),  # XLA needs at least 1
        )
        left = 1
    _, states, kept = tf.while_loop(
        lambda i, *_: i < chunks, take, variables, parallel_iterations=1, maximum_iterations=left
    )
    wholes = []
    for state, array in zip(alike, kept, strict=True):
        whole = tf.reshape(array.stack(), [-1, *keras.ops.shape(state)])[:steps]
        whole.set_shape([steps if isinstance(steps, int) else None, *state.shape])
        wholes.append(whole)
    return states, wholes


def pad(a: Tensor) -> Tensor:
    """Return an array [T, B, ...] with zeros after its steps, to a multiple of ``CHUNK``.

    A single step of a static shape, which ``scan`` takes without a loop, is returned as it is.
    """
    steps, *rest = keras.ops.shape(a)
    if isinstance(steps, int) and steps == 1:
        return a
    return tf.pad(a, [[0, -steps % _chunk.get()], *[[0, 0]] * len(rest)])


def _chunk_reader(a: Tensor, chunks: Tensor) -> Callable[[Tensor], Tensor]:
    """Return a function that reads the values [C, B, ...] of a chunk of C steps.

    It reads from a ``TensorArray``, which has a cheap gradient.
    """
    size = _chunk.get()
    array = tf.TensorArray(a.dtype, chunks, element_shape=[size, *a.shape[1:]])
    return array.unstack(tf.reshape(a, [chunks, size, *keras.ops.shape(a)[1:]])).read


def choose(rows: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Return the rows of ``a`` [B, ...] where ``rows`` [B] is true, else those of ``b``.

    The op copies whole rows; ``tf.where`` broadcasts the condition to each element, which takes
    twice as long. It does so for [B, H] with B = H known, since the converter to LiteRT takes the
    condition for one of columns there.
    """
    if a.shape.rank == 2 and a.shape[0] is not None and a.shape[0] == a.shape[1]:
        return tf.where(rows[:, None], a, b)
    return tf.raw_ops.Select(condition=rows, x=a, y=b)
