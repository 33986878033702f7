"""The optimizer: schedule, clipping, averaged weights, and a record of gradient norms."""

import math
from typing import Any

import keras
from keras import ops

from toolkit.options import check_options
from toolkit.training.options import TrainingOptions

#: The learning rates for ``auto`` if no task has resolved it; for Adam twice the usual 0.001
#: (Kingma and Ba 2015, Algorithm 1), without a search.
LEARNING_RATES = {"adam": 0.002, "sgd": 0.5}
#: The same for Adam's epsilon: the default of Keras.
EPSILON = 1e-7


@keras.saving.register_keras_serializable(package="toolkit")
class WarmupDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that rises linearly to its peak and then decays to zero, or stays constant.

    Args:
        peak: The highest learning rate.
        steps: The number of planned steps.
        warmup_steps: The number of steps over which the rate rises.
        decay: ``linear``, ``cosine`` (Loshchilov and Hutter 2017, equation 5, without restarts) or
            ``constant``.
        first: The first of these steps.
    """

    def __init__(
        self, peak: float, steps: int, warmup_steps: int, decay: str, first: int = 0
    ) -> None:
        super().__init__()
        self.peak = peak
        self.steps = steps
        self.warmup_steps = warmup_steps
        self.decay = decay
        self.first = first

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step, counted from 0."""
        step = ops.cast(step, "float32") - self.first
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
        """Return all constructor arguments."""
        return {
            "peak": self.peak,
            "steps": self.steps,
            "warmup_steps": self.warmup_steps,
            "decay": self.decay,
            "first": self.first,
        }


class GradientRecord:
    """A mixin for a Keras optimizer that clips the gradients and records their norms.

    Since the last ``take_record`` it records the number of steps, the sum and the maximum of the
    global norm before clipping, the numbers of clipped and skipped steps, and the last learning
    rate. A step is skipped, and changes nothing else, if a gradient is not finite, or if gradients
    that are not clipped have squares that overflow; so the last good weights are kept.

    Keras computes the squares in float32, which overflows from a norm of 1.8e19 on. This class
    clips every finite gradient correctly.
    """

    def build(self, variables: list[Any]) -> None:
        """Add the record's variables to those of the optimizer."""
        super().build(variables)  # type: ignore[misc]
        self.record = {
            name: self.add_variable((), name=name, dtype="float32")  # type: ignore[attr-defined]
            for name in ("steps", "norm_sum", "norm_max", "clipped", "skipped", "rate")
        }

    def apply(self, grads: list[Any], trainable_variables: list[Any] | None = None) -> None:
        """Record the norms, clip, and apply the gradients as Keras does."""
        if not self.built:  # type: ignore[has-type]
            self.build(trainable_variables or [])
            self.built = True
        record = self.record
        squares = [_sum_of_squares(g) for g in grads]
        norm = ops.cast(ops.sqrt(sum(squares)), "float32")
        divisors = self._divisors(squares)

        def update() -> None:
            record["steps"].assign_add(1.0)
            record["norm_sum"].assign_add(norm)
            record["norm_max"].assign(ops.maximum(record["norm_max"], norm))
            record["clipped"].assign_add(ops.cast(ops.any(ops.stack(divisors) > 1), "float32"))
            record["rate"].assign(self.learning_rate)  # type: ignore[attr-defined]
            clipped = [
                g if g is None else g / ops.cast(divisor, g.dtype)
                for g, divisor in zip(grads, divisors, strict=True)
            ]
            super(GradientRecord, self).apply(clipped, trainable_variables)  # type: ignore[misc]

        clipped_square = sum(s / d**2 for s, d in zip(squares, divisors, strict=True))
        finite = ops.isfinite(norm + ops.cast(clipped_square, "float32"))
        record["skipped"].assign_add(1.0 - ops.cast(finite, "float32"))
        ops.cond(finite, update, lambda: None)

    def _divisors(self, squares: list[Any]) -> list[Any]:
        """Return the divisor, at least 1, that brings each gradient to the largest allowed norm."""
        if limit := self.global_clipnorm:  # type: ignore[attr-defined]
            squares = [sum(squares)] * len(squares)
        else:
            limit = self.clipnorm or math.inf  # type: ignore[attr-defined]
        return [ops.maximum(ops.sqrt(square) / limit, 1.0) for square in squares]

    def _clip_gradients(self, grads: list[Any]) -> list[Any]:
        """Return the gradients; this replaces Keras's clipping, which is already done."""
        return grads

    @property
    def skipped_steps(self) -> int:
        """The number of steps skipped since the last ``take_record``."""
        return int(self.record["skipped"].numpy()) if self.built else 0

    def restart_averages(self, variables: list[Any]) -> None:
        """Set the averages of the weights, if there are any, to the weights."""
        if self.use_ema:  # type: ignore[attr-defined]
            averages = self._model_variables_moving_average  # type: ignore[attr-defined]
            for average, variable in zip(averages, variables, strict=True):
                average.assign(variable)

    def take_record(self) -> dict[str, float]:
        """Return the norms' mean and maximum, the share of clipped steps etc., and reset them."""
        if not self.built:
            return {}
        record = {name: float(variable.numpy()) for name, variable in self.record.items()}
        for variable in self.record.values():
            variable.assign(0.0)
        count = max(1.0, record["steps"])
        return {
            "gradient_norm": record["norm_sum"] / count,
            "gradient_norm_max": record["norm_max"],
            "clipped_share": record["clipped"] / count,
            "skipped_steps": record["skipped"],
            "learning_rate": record["rate"],
        }


def _sum_of_squares(gradient: Any) -> Any:
    """Return the sum of squares of a gradient or None, in float64, which cannot overflow."""
    if gradient is None:
        return ops.zeros((), dtype="float64")
    return ops.sum(ops.square(ops.cast(gradient, "float64")))


@keras.saving.register_keras_serializable(package="toolkit")
class RecordedAdam(GradientRecord, keras.optimizers.Adam):
    """Adam that records gradient norms."""


@keras.saving.register_keras_serializable(package="toolkit")
class RecordedSGD(GradientRecord, keras.optimizers.SGD):
    """Gradient descent that records gradient norms."""


def make_optimizer(
    options: TrainingOptions, steps: int, first: int = 0
) -> keras.optimizers.Optimizer:
    """Return the optimizer that the options describe.

    Args:
        options: The options.
        steps: The number of planned steps.
        first: The number of steps that it has taken before.

    Raises:
        OptionError: A value is out of its limits.
    """
    check_options(options)
    rate = options.learning_rate
    peak = LEARNING_RATES[options.optimizer] if rate == "auto" else float(rate)
    # Keras accepts only one kind of clipping; clipnorm replaces the default if it is set.
    arguments: dict[str, Any] = (
        {"clipnorm": options.clipnorm}
        if options.clipnorm
        else {"global_clipnorm": options.global_clipnorm or None}
    )
    if options.ema not in ("auto", 0):  # tasks resolve auto before
        arguments |= {"use_ema": True, "ema_momentum": options.ema}
    schedule = WarmupDecay(peak, steps, round(options.warmup * steps), options.schedule, first)
    if options.optimizer == "adam":
        epsilon = EPSILON if options.epsilon == "auto" else options.epsilon
        return RecordedAdam(schedule, epsilon=epsilon, **arguments)
    return RecordedSGD(schedule, **arguments)
