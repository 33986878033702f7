"""The optimizer: schedule, clipping, averaged weights, and a record of gradient norms."""

import math
from typing import Any

import keras
import tensorflow as tf
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

    A step sums the gradients of all replicas of a ``tf.distribute`` strategy, clips the sums, and
    then updates each replica's variables. Keras clips before the sum, which gives other gradients
    than one replica with the whole batch; and it computes the squares in float32 alone, which
    overflows from a norm of 1.8e19 on. This class clips every finite gradient correctly.
    """

    def build(self, variables: list[Any]) -> None:
        """Add the record's variables to those of the optimizer."""
        super().build(variables)  # type: ignore[misc]
        self.record = {
            name: self.add_variable(  # type: ignore[attr-defined]
                (), name=name, dtype="float32", aggregation="only_first_replica"
            )
            for name in ("steps", "norm_sum", "norm_max", "clipped", "skipped", "rate")
        }

    def apply(self, grads: list[Any], trainable_variables: list[Any] | None = None) -> None:
        """Sum the gradients of all replicas, record their norm, clip them, update the variables."""
        if not self.built:  # type: ignore[has-type]
            self.build(trainable_variables or [])
            self.built = True
        gradients, variables = self._filter_empty_gradients(  # type: ignore[attr-defined]
            grads,
            self._trainable_variables  # type: ignore[attr-defined]
            if trainable_variables is None
            else trainable_variables,
        )
        replica = tf.distribute.get_replica_context()
        gradients = [tf.convert_to_tensor(g) for g in gradients]  # sums rows given more than once
        gradients = replica.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        squares = _sums_of_squares(gradients)
        divisors = self._divisors(squares)
        norm = tf.cast(tf.sqrt(tf.add_n(squares)), tf.float32)
        clipped_square = tf.add_n([s / d**2 for s, d in zip(squares, divisors, strict=True)])
        finite = tf.math.is_finite(norm + tf.cast(clipped_square, tf.float32))
        clipped = tf.reduce_any(tf.stack(divisors) > 1)
        gradients = tf.cond(
            clipped,
            lambda: [g / tf.cast(d, g.dtype) for g, d in zip(gradients, divisors, strict=True)],
            lambda: gradients,
        )
        self._take_down(norm, clipped, finite)
        replica.merge_call(self._update_if, (finite, gradients, variables))

    def _take_down(self, norm: Any, clipped: Any, finite: Any) -> None:
        """Add a step to the record."""
        record, taken = self.record, tf.cast(finite, tf.float32)
        norm = tf.where(finite, norm, 0.0)
        record["steps"].assign_add(taken)
        record["norm_sum"].assign_add(norm)
        record["norm_max"].assign(tf.maximum(record["norm_max"], norm))
        record["clipped"].assign_add(taken * tf.cast(clipped, tf.float32))
        record["skipped"].assign_add(1.0 - taken)
        rate = tf.cast(self.learning_rate, tf.float32)  # type: ignore[attr-defined]
        record["rate"].assign(tf.where(finite, rate, record["rate"]))

    def _update_if(
        self, strategy: Any, finite: Any, gradients: list[Any], variables: list[Any]
    ) -> None:
        """Update variables, averages and counter on all replicas, unless a gradient is not finite.

        The arguments are the same in all replicas.
        """

        def update() -> None:
            coefficients = self._coefficients()
            for variable, gradient in zip(variables, gradients, strict=True):
                strategy.extended.update(
                    variable.value, self._update_variable, (gradient, *coefficients), group=False
                )
                if variable.constraint is not None:
                    variable.assign(variable.constraint(variable))
            self._update_averages(strategy)
            self._iterations.assign_add(1)  # type: ignore[attr-defined]

        tf.cond(strategy.experimental_local_results(finite)[0], update, lambda: None)

    def _coefficients(self) -> tuple[Any, ...]:
        """Return the arguments of ``_update_variable`` that all variables share."""
        return (self.learning_rate,)  # type: ignore[attr-defined]

    def _update_variable(self, variable: Any, gradient: Any, *coefficients: Any) -> None:
        """Update a variable and what the optimizer has gathered about it on one replica."""
        self.update_step(gradient, variable, *coefficients)  # type: ignore[attr-defined]

    def _update_averages(self, strategy: Any) -> None:
        """Move the averages of the weights, if there are any, towards the weights.

        The average is that of Polyak and Juditsky (1992) with exponential weights, as in Keras: the
        first step makes it equal to the weights.
        """
        if not self.use_ema:  # type: ignore[attr-defined]
            return
        first = tf.equal(self.iterations, 0)  # type: ignore[attr-defined]
        share = tf.where(first, 1.0, 1.0 - self.ema_momentum)  # type: ignore[attr-defined]

        def move(average: Any, variable: Any) -> None:
            tf.raw_ops.ResourceApplyGradientDescent(
                var=average.handle, alpha=tf.cast(share, average.dtype), delta=average - variable
            )

        for average, variable in zip(
            self._model_variables_moving_average,  # type: ignore[attr-defined]
            self._trainable_variables,  # type: ignore[attr-defined]
            strict=True,
        ):
            strategy.extended.update(average.value, move, (variable.value,), group=False)

    def _divisors(self, squares: list[Any]) -> list[Any]:
        """Return the divisor, at least 1, that brings each gradient to the largest allowed norm."""
        if limit := self.global_clipnorm:  # type: ignore[attr-defined]
            squares = [tf.add_n(squares)] * len(squares)
        else:
            limit = self.clipnorm or math.inf  # type: ignore[attr-defined]
        return [tf.maximum(tf.sqrt(square) / limit, 1.0) for square in squares]

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


def _sums_of_squares(gradients: list[Any]) -> list[Any]:
    """Return the sum of squares of each gradient in float64.

    They are summed in the gradients' own type, and again in float64 where that overflows.
    """
    sums = tf.stack([tf.cast(2 * tf.nn.l2_loss(g), tf.float64) for g in gradients])
    sums = tf.cond(
        tf.reduce_all(tf.math.is_finite(sums)),
        lambda: sums,
        lambda: tf.stack([2 * tf.nn.l2_loss(tf.cast(g, tf.float64)) for g in gradients]),
    )
    return tf.unstack(sums, len(gradients))


@keras.saving.register_keras_serializable(package="toolkit")
class RecordedAdam(GradientRecord, keras.optimizers.Adam):
    """Adam that records gradient norms, with one fused op for each variable.

    It computes what Keras's does (Kingma and Ba 2015, the end of section 2: "epsilon hat").
    """

    def _coefficients(self) -> tuple[Any, ...]:
        """Return the learning rate and the powers of both betas."""
        step = tf.cast(self.iterations + 1, tf.float32)
        return self.learning_rate, self.beta_1**step, self.beta_2**step

    def _update_variable(self, variable: Any, gradient: Any, *coefficients: Any) -> None:
        rate, beta_1_power, beta_2_power = (tf.cast(c, variable.dtype) for c in coefficients)
        index = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=beta_1_power,
            beta2_power=beta_2_power,
            lr=rate,
            beta1=tf.constant(self.beta_1, variable.dtype),
            beta2=tf.constant(self.beta_2, variable.dtype),
            epsilon=tf.constant(self.epsilon, variable.dtype),
            grad=tf.cast(gradient, variable.dtype),
        )


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
