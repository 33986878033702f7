"""Keras's optimizer, and its training step without the overhead of ``Model.fit``."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from toolkit.training.options import TrainingOptions


def keras_optimizer(options: TrainingOptions) -> keras.optimizers.Optimizer:
    """Return Keras's Adam with clipping by the global norm and averaged weights.

    Args:
        options: Learning rate, epsilon, clipping norm, decay of the averaged weights, or 0.
    """
    return keras.optimizers.Adam(
        float(options.learning_rate),
        epsilon=float(options.epsilon),
        global_clipnorm=options.global_clipnorm or None,
        use_ema=bool(options.ema),
        ema_momentum=float(options.ema or 0.99),
    )


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
