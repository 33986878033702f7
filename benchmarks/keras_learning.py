"""Keras's side of a training, timed without what ``fit`` does beside its steps."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf


def keras_pass(
    model: keras.Model, batches: Sequence[tuple[Any, Any]], signature: Sequence[Any] | None = None
) -> Callable[[], None]:
    """One pass over the batches by the compiled ``train_step`` of ``Model.fit``.

    ``fit`` itself takes some 0.1 s an epoch beside its steps, which is nothing in an epoch, and
    much in a pass over a few batches.

    Args:
        model: What learns, compiled.
        batches: Inputs and what is right; made tensors here, before the clock runs.
        signature: What batches of any size have in common; None: a graph for each size.
    """
    data = [tf.nest.map_structure(tf.constant, batch) for batch in batches]

    @tf.function(input_signature=signature, autograph=False)
    def step(inputs: Any, right: Any) -> None:
        model.train_step((inputs, right))

    def one_pass() -> None:
        for inputs, right in data:
            step(inputs, right)

    return one_pass
