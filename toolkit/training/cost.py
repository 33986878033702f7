"""The speed and memory of training, measured on some steps."""

import itertools
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from toolkit.training.optimizer import make_optimizer
from toolkit.training.options import TrainingOptions


@dataclass(frozen=True)
class Trial:
    """The time of some training steps.

    Attributes:
        steps: The number of steps that were timed.
        time_steps: The number of time steps in their batches, padding included.
        seconds: Their total time.
    """

    steps: int
    time_steps: int
    seconds: float


def padded_steps(inputs: Any) -> Any:
    """Return the number of time steps of ``values`` [B, T, ...], padding included."""
    return tf.reduce_prod(tf.shape(inputs["values"])[:2])


def try_steps(
    model: keras.Model,
    batches: Any,
    options: TrainingOptions,
    *,
    loss: keras.losses.Loss | None,
    time_steps_of: Callable[[Any], Any] = padded_steps,
    seconds: float = 3.0,
) -> Trial:
    """Train for some seconds as ``fit`` would, to measure its speed; this changes the weights.

    Args:
        model: The model, built.
        batches: A ``tf.data.Dataset`` of inputs and targets. A first step, in which the graph is
            made, is not timed.
        options: The options of the training.
        loss: The loss on the output of ``call``; None if the model computes its own.
        time_steps_of: Returns the number of time steps of inputs, padding included.
        seconds: The time after which to stop; at least one step is timed.
    """
    optimizer = make_optimizer(options, 1)
    optimizer.build(model.trainable_variables)  # else the graph is made twice
    model.compile(optimizer=optimizer, loss=loss, jit_compile=False)

    @tf.function(input_signature=[batches.element_spec], autograph=False)
    def step(batch: Any) -> Any:
        return model.train_step(batch)["loss"]

    remaining = iter(batches)
    first = next(remaining)
    step(first).numpy()
    steps = time_steps = 0
    started = time.perf_counter()
    for batch in itertools.chain([first], remaining):
        step(batch).numpy()
        steps += 1
        time_steps += int(time_steps_of(batch[0]))
        if time.perf_counter() - started > seconds:
            break
    return Trial(steps, time_steps, time.perf_counter() - started)


def peak_memory() -> int | None:
    """Return the largest memory of this process so far, in bytes; None if it is not known."""
    try:
        return 1024 * int(
            re.findall(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[0]
        )
    except (OSError, IndexError):  # not Linux
        return None
