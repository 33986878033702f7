"""The training options that the speed benchmarks share."""

from typing import Any

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
