"""What training costs, found by trying some steps."""

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
    """What some training steps took.

    Attributes:
        steps: How many were timed.
        units: How many units they saw, padding included.
        seconds: What they took together.
    """

    steps: int
    units: int
    seconds: float


def try_steps(
    model: keras.Model,
    batches: Any,
    options: TrainingOptions,
    *,
    loss: keras.losses.Loss | None,
    units_of: Callable[[Any], Any] = tf.size,
    seconds: float = 3.0,
) -> Trial:
    """Trains for some seconds as ``fit`` would, to see how fast it is; the model is spoilt by it.

    Args:
        model: The model, built.
        batches: A ``tf.data.Dataset`` of inputs, such as ids [B, T], and labels. A first step on
            the first of them, in which the graph is made, does not count.
        options: How to train.
        loss: The loss on what the model's ``call`` gives; None where the model computes its own.
        units_of: How many units inputs have, padding included.
        seconds: After how many to stop; at least one step is timed.
    """
    optimizer = make_optimizer(options, 1)
    optimizer.build(model.trainable_variables)  # or the graph would be made twice
    model.compile(optimizer=optimizer, loss=loss, jit_compile=False)

    @tf.function(input_signature=[batches.element_spec], autograph=False)
    def step(batch: Any) -> Any:
        return model.train_step(batch)["loss"]

    remaining = iter(batches)
    first = next(remaining)
    step(first).numpy()
    steps = units = 0
    started = time.perf_counter()
    for batch in itertools.chain([first], remaining):
        step(batch).numpy()
        steps += 1
        units += int(units_of(batch[0]))
        if time.perf_counter() - started > seconds:
            break
    return Trial(steps, units, time.perf_counter() - started)


def peak_memory() -> int | None:
    """The most memory, in bytes, that this process has held so far; None where none can tell."""
    try:
        return 1024 * int(
            re.findall(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[0]
        )
    except (OSError, IndexError):  # not Linux
        return None
