"""The training options that the speed benchmarks share, and the optimizer that users get."""

from typing import Any

import keras

from toolkit.training.optimizer import make_optimizer
from toolkit.training.options import TrainingOptions


def constant_rate(defaults: Any) -> TrainingOptions:
    """Return a task's default training options, with a constant learning rate.

    Args:
        defaults: The task's ``defaults.Network()``.
    """
    return TrainingOptions(
        learning_rate=defaults.learning_rate,
        epsilon=defaults.epsilon,
        ema=defaults.ema,
        schedule="constant",
        warmup=0,
    )


def toolkit_optimizer(options: TrainingOptions) -> keras.optimizers.Optimizer:
    """Return the toolkit's optimizer; its rate is constant, so the number of steps is free."""
    return make_optimizer(options, 1)
