"""Fitting a model on batches, through ``keras.Model.fit``."""

import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import keras

from toolkit.errors import OptionError
from toolkit.training.callbacks import Progress, Record, StopOnDivergence, Validation
from toolkit.training.optimizer import make_optimizer
from toolkit.training.options import TrainingOptions

logger = logging.getLogger("toolkit")


class Batches(Protocol):
    """What ``fit`` needs of its data: as many batches each epoch, as a data set."""

    def __len__(self) -> int:
        """How many batches an epoch has."""

    def dataset(self) -> Any:
        """A ``tf.data.Dataset`` that gives one epoch a pass."""


def fit(
    model: keras.Model,
    train: Batches,
    options: TrainingOptions,
    *,
    loss: keras.losses.Loss,
    epochs: int,
    metrics: list[Any] | None = None,
    validate: Callable[[], dict[str, float]] | None = None,
    monitor: str = "loss",
    mode: str = "min",
    folder: Path | None = None,
) -> list[dict[str, float]]:
    """Trains the model; afterwards it has the best weights by ``monitor``.

    Args:
        model: The model to train.
        train: The training batches.
        options: How to train.
        loss: The loss on what the model's ``call`` gives.
        epochs: How many epochs are planned; early stopping may end sooner.
        metrics: Keras metrics of the training batches.
        validate: Measures the model after each epoch, with the averaged weights where there are
            some. Without it there is no early stopping, and the last weights are kept.
        monitor: The name among what ``validate`` gives, such as ``accuracy``.
        mode: ``max`` if more of it is better, else ``min``.
        folder: Where ``history.csv`` is written.

    Returns:
        A row for each epoch: losses, metrics, the norm of the gradient before clipping (mean and
        maximum), the share of clipped steps, the number of skipped ones, the learning rate of the
        last step and the seconds.

    Raises:
        OptionError: Values that cannot work.
        DivergedError: The loss or the gradient was not finite any more; the model keeps the last
            good weights.
    """
    optimizer = make_optimizer(options, epochs * len(train))
    if options.precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model.compile(optimizer=optimizer, loss=loss, metrics=metrics or [], jit_compile=False)

    divergence = StopOnDivergence()
    progress = Progress(len(train), epochs)
    record = Record(folder / "history.csv" if folder else None)
    callbacks: list[keras.callbacks.Callback] = [divergence, progress]
    if options.ema not in ("auto", 0):  # a task has settled auto before
        callbacks.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    if validate is not None:
        callbacks.append(Validation(validate))
    callbacks.append(record)
    if validate is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping(
                monitor=f"val_{monitor}",
                mode=mode,
                patience=options.patience,
                restore_best_weights=True,
            )
        )
    if options.tensorboard:
        callbacks.append(tensorboard(options.tensorboard))
    try:
        model.fit(train.dataset(), epochs=epochs, shuffle=False, callbacks=callbacks, verbose=0)
    finally:
        progress.close()
    if divergence.error is not None:
        raise divergence.error
    return record.rows


def tensorboard(folder: str) -> keras.callbacks.Callback:
    """The callback that writes TensorBoard's logs.

    Raises:
        OptionError: The package ``tensorboard`` is not installed.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise OptionError("--tensorboard needs the package tensorboard: pip install tensorboard")
    return keras.callbacks.TensorBoard(folder)
