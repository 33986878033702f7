"""Keras's training step, to be timed without the overhead of ``Model.fit``."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf


def training_pass(
    model: keras.Model, batches: Sequence[tuple[Any, Any]], signature: Sequence[Any] | None = None
) -> Callable[[], None]:
    """Return a function that trains for one pass over the batches with the compiled ``train_step``.

    ``Model.fit`` adds some 0.1 s to an epoch, which would distort a pass over a few batches.

    Args:
        model: The compiled model.
        batches: Inputs and targets; they are made tensors here, outside the timed function.
        signature: A TensorSpec structure that all batches fit; None: one graph for each shape.
    """
    data = [tf.nest.map_structure(tf.constant, batch) for batch in batches]

    @tf.function(input_signature=signature, autograph=False)
    def step(inputs: Any, targets: Any) -> None:
        model.train_step((inputs, targets))

    def one_pass() -> None:
        for inputs, targets in data:
            step(inputs, targets)

    return one_pass
