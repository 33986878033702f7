"""The optimizer: a schedule, clipping, averaged weights, and a record of the gradients' norms."""

import math
from typing import Any

import keras
from keras import ops

from toolkit.options import check_options
from toolkit.training.options import TrainingOptions

#: Adam's usual 0.001 (Kingma and Ba 2015, Algorithm 1), doubled: tried best on reviews.
LEARNING_RATES = {"adam": 0.002, "sgd": 0.5}


@keras.saving.register_keras_serializable(package="toolkit")
class WarmupDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises linearly to its peak and then falls to zero, or stays.

    Args:
        peak: The highest learning rate.
        steps: How many steps are planned in all.
        warmup_steps: Over how many of them the rate rises.
        decay: ``linear``, ``cosine`` (Loshchilov and Hutter 2017, equation 5, without restarts) or
            ``constant``.
    """

    def __init__(self, peak: float, steps: int, warmup_steps: int, decay: str) -> None:
        super().__init__()
        self.peak = peak
        self.steps = steps
        self.warmup_steps = warmup_steps
        self.decay = decay

    def __call__(self, step: Any) -> Any:
        """The rate at a step counted from 0."""
        step = ops.cast(step, "float32")
        rise = (step + 1) / max(1, self.warmup_steps)
        progress = (step - self.warmup_steps) / max(1, self.steps - self.warmup_steps)
        progress = ops.clip(progress, 0.0, 1.0)
        if self.decay == "linear":
            fall = 1 - progress
        elif self.decay == "cosine":
            fall = 0.5 * (1 + ops.cos(math.pi * progress))
        else:
            fall = ops.ones_like(progress)
        return self.peak * ops.minimum(rise, fall)

    def get_config(self) -> dict[str, Any]:
        """All constructor arguments."""
        return {
            "peak": self.peak,
            "steps": self.steps,
            "warmup_steps": self.warmup_steps,
            "decay": self.decay,
        }


class GradientRecord:
    """Mixed into a Keras optimizer: looks at the gradients before they are clipped.

    It keeps, since the last ``take_record``, how many steps there were, the sum and the maximum of
    the norm of all gradients together, and how many steps were clipped. A step whose gradients are
    not all finite changes nothing, so that the last good weights stay.
    """

    def build(self, variables: list[Any]) -> None:
        """Adds four numbers to the optimizer's own variables."""
        super().build(variables)  # type: ignore[misc]
        self.record = [
            self.add_variable((), name=name, dtype="float32")  # type: ignore[attr-defined]
            for name in ("steps", "norm_sum", "norm_max", "clipped")
        ]

    def apply(self, grads: list[Any], trainable_variables: list[Any] | None = None) -> None:
        """Records the norms, then clips and applies as Keras does."""
        if not self.built:  # type: ignore[has-type]
            self.build(trainable_variables or [])
            self.built = True
        squares = [ops.sum(ops.square(ops.cast(g, "float32"))) for g in grads if g is not None]
        norm = ops.sqrt(sum(squares))
        clipped = self._is_clipped(squares, norm)

        def update() -> None:
            steps, norm_sum, norm_max, clipped_steps = self.record
            steps.assign_add(1.0)
            norm_sum.assign_add(norm)
            norm_max.assign(ops.maximum(norm_max, norm))
            clipped_steps.assign_add(ops.cast(clipped, "float32"))
            super(GradientRecord, self).apply(grads, trainable_variables)  # type: ignore[misc]

        ops.cond(ops.isfinite(norm), update, lambda: None)

    def _is_clipped(self, squares: list[Any], norm: Any) -> Any:
        if self.global_clipnorm:  # type: ignore[attr-defined]
            return norm > self.global_clipnorm  # type: ignore[attr-defined]
        if self.clipnorm:  # type: ignore[attr-defined]
            return ops.any(ops.stack(squares) > self.clipnorm**2)  # type: ignore[attr-defined]
        return ops.zeros((), dtype="bool")

    def take_record(self) -> dict[str, float]:
        """The norms' mean and maximum and the share of clipped steps; then starts anew."""
        if not self.built:
            return {}
        steps, norm_sum, norm_max, clipped = (float(v.numpy()) for v in self.record)
        for variable in self.record:
            variable.assign(0.0)
        count = max(1.0, steps)
        return {
            "gradient_norm": norm_sum / count,
            "gradient_norm_max": norm_max,
            "clipped_share": clipped / count,
        }


@keras.saving.register_keras_serializable(package="toolkit")
class RecordedAdam(GradientRecord, keras.optimizers.Adam):
    """Adam that records its gradients' norms."""


@keras.saving.register_keras_serializable(package="toolkit")
class RecordedSGD(GradientRecord, keras.optimizers.SGD):
    """Gradient descent that records its gradients' norms."""


def make_optimizer(options: TrainingOptions, steps: int) -> keras.optimizers.Optimizer:
    """The optimizer that the options describe, for a training of so many steps.

    Raises:
        OptionError: A value is out of its limits.
    """
    check_options(options)
    rate = options.learning_rate
    peak = LEARNING_RATES[options.optimizer] if rate == "auto" else float(rate)
    # Keras takes one way of clipping only; clipnorm, if asked for, stands in for the default.
    arguments: dict[str, Any] = (
        {"clipnorm": options.clipnorm}
        if options.clipnorm
        else {"global_clipnorm": options.global_clipnorm or None}
    )
    if options.ema:
        arguments |= {"use_ema": True, "ema_momentum": options.ema}
    schedule = WarmupDecay(peak, steps, round(options.warmup * steps), options.schedule)
    if options.optimizer == "adam":
        return RecordedAdam(schedule, **arguments)
    return RecordedSGD(schedule, **arguments)
