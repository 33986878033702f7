"""Fitting a model on batches, through ``keras.Model.fit``."""

import importlib.metadata
import importlib.util
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import keras

from toolkit import __version__
from toolkit.errors import OptionError
from toolkit.files import atomic_write
from toolkit.options import option
from toolkit.training.callbacks import (
    Position,
    Progress,
    Record,
    StopOnDivergence,
    Stopping,
    Validation,
)
from toolkit.training.checkpoint import Checkpoint
from toolkit.training.interruption import Interruption
from toolkit.training.optimizer import make_optimizer
from toolkit.training.options import CHECKPOINT, TrainingOptions
from toolkit.training.state import STATE, place, read_state

logger = logging.getLogger("toolkit")


class Batches(Protocol):
    """What ``fit`` needs of its data: as many batches each epoch, the same whenever asked."""

    def __len__(self) -> int:
        """How many batches an epoch has."""

    def stream(self, epoch: int = 0, batch: int = 0) -> Any:
        """A ``tf.data.Dataset`` of all epochs without end, from a batch of an epoch on."""


def fit(
    model: keras.Model,
    train: Batches,
    options: TrainingOptions,
    *,
    loss: keras.losses.Loss | None,
    epochs: int,
    metrics: list[keras.metrics.Metric] | None = None,
    validate: Callable[[], dict[str, float]] | None = None,
    monitor: str = "loss",
    mode: str = "min",
    folder: Path | None = None,
    identity: Mapping[str, Any] | None = None,
    description: str = "",
) -> list[dict[str, float]]:
    """Trains the model; afterwards it has the best weights by ``monitor``.

    Args:
        model: The model to train.
        train: The training batches.
        options: How to train.
        loss: The loss on what the model's ``call`` gives; None where the model computes its own.
        epochs: How many epochs are planned; early stopping may end sooner.
        metrics: Keras metrics of the training batches, as objects (of a mere name Keras would make
            the metric inside the first step).
        validate: Measures the model after each epoch, with the averaged weights where there are
            some. Without it there is no early stopping, and the last weights are kept.
        monitor: The name among what ``validate`` gives, such as ``accuracy``.
        mode: ``max`` if more of it is better, else ``min``.
        folder: Where ``history.csv`` is written.
        identity: What the training is a function of, as plain values: options, and checksums of
            the data under names that end in ``_data``; the versions of the libraries are added.
            With it, a checkpoint is kept in the folder, and a training that was cut off goes on
            from there to the same end, bit for bit. ``discard_checkpoint`` takes it away.
        description: What is kept beside the checkpoint as ``config.yaml``.

    Returns:
        A row for each epoch: losses, metrics, the norm of the gradient before clipping (mean and
        maximum), the share of clipped steps, the number of skipped ones, the learning rate of the
        last step and the seconds.

    Raises:
        OptionError: Values that cannot work, or a checkpoint of another training.
        ModelError: The checkpoint cannot be read.
        DivergedError: The loss or the gradient was not finite any more; the model keeps the last
            good weights.
        KeyboardInterrupt: Ctrl-C was pressed. Where a checkpoint is kept, it waits for the batch at
            hand, and one is written; pressed again, it ends the training at once.
    """
    optimizer = make_optimizer(options, epochs * len(train))
    if options.precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(model.trainable_variables)  # a step that makes variables would be traced twice
    model.compile(optimizer=optimizer, loss=loss, metrics=metrics or [], jit_compile=False)

    path = Path(folder, CHECKPOINT, STATE) if folder and identity is not None else None
    state = None
    if path:
        identity = {**(identity or {}), **versions()}
        state = read_state(path, identity)
        config = path.with_name("config.yaml")
        if state is None and config.exists():
            logger.info("the training in %s has no checkpoint yet: it begins anew", folder)
        atomic_write(config, description)
    position = Position(len(train), *((state.epoch, state.batch) if state else ()))
    divergence = StopOnDivergence(position)
    progress = Progress(position, epochs)
    record = Record(folder / "history.csv" if folder else None)
    stopping = None
    callbacks: list[keras.callbacks.Callback] = [position, divergence, progress]
    if options.ema not in ("auto", 0):  # a task has settled auto before
        callbacks.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    if validate is not None:
        callbacks.append(Validation(validate))
    callbacks.append(record)
    if validate is not None:
        stopping = Stopping(f"val_{monitor}", mode, options.patience)
        callbacks.append(stopping)
    if options.tensorboard:
        callbacks.append(tensorboard(options.tensorboard))
    interruption = Interruption()
    checkpoint = None
    if path:
        checkpoint = Checkpoint(
            path,
            identity or {},
            options.checkpoint_seconds,
            position,
            record,
            stopping,
            state,
            interruption,
        )
        callbacks.append(checkpoint)
    if state:
        logger.info("going on from %s", place(state.epoch, state.batch))
        model.test_on_batch(*next(iter(train.stream())))  # builds the metrics
    try:
        with interruption:
            model.fit(
                train.stream(position.epoch, position.batch),
                initial_epoch=position.epoch,
                epochs=epochs,
                steps_per_epoch=len(train),
                shuffle=False,
                callbacks=callbacks,
                verbose=0,
            )
    except KeyboardInterrupt:
        if checkpoint is not None:
            checkpoint.write_last()
        raise
    finally:
        progress.close()
    if divergence.error is not None:
        raise divergence.error
    return record.rows


def versions() -> dict[str, str]:
    """The versions of what decides over the last bits of a training."""
    packages = ("tensorflow", "keras", "numpy")
    return {"toolkit": __version__} | {name: importlib.metadata.version(name) for name in packages}


def tensorboard(folder: str) -> keras.callbacks.Callback:
    """The callback that writes TensorBoard's logs.

    Raises:
        OptionError: The package ``tensorboard`` is not installed.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise OptionError(
            f"{option('tensorboard')} needs the package tensorboard: pip install tensorboard"
        )
    return keras.callbacks.TensorBoard(folder)
