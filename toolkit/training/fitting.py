"""Training of a model on batches by ``keras.Model.fit``."""

import importlib.metadata
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import keras

from toolkit import __version__
from toolkit.errors import count
from toolkit.files import atomic_write, check_no_link
from toolkit.training.callbacks import (
    EpochEnd,
    Position,
    Record,
    StopOnDivergence,
    Stopping,
    Validation,
)
from toolkit.training.checkpoint import Checkpoint
from toolkit.training.interruption import Interruption
from toolkit.training.optimizer import make_optimizer
from toolkit.training.options import CHECKPOINT, TrainingOptions
from toolkit.training.progress import Ending, EpochLines, Progress, duration, ending
from toolkit.training.start import (
    ExactStart,
    FirstBest,
    LastState,
    Start,
    hand_over_slots,
    suits,
)
from toolkit.training.state import STATE, State, place, read_state

logger = logging.getLogger("toolkit")

#: The start of a training from the beginning.
BEGINNING = Start()


class Batches(Protocol):
    """Training data: the same number of batches in each epoch, and always the same batches."""

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""

    def stream(self, epoch: int = 0, batch: int = 0) -> Any:
        """Return an endless ``tf.data.Dataset`` of all epochs from a given batch on."""


def fit(
    model: keras.Model,
    train: Batches,
    options: TrainingOptions,
    *,
    loss: keras.losses.Loss | None,
    epochs: int,
    start: Start = BEGINNING,
    metrics: list[keras.metrics.Metric] | None = None,
    validate: Callable[[], dict[str, float]] | None = None,
    monitor: str = "loss",
    mode: str = "min",
    folder: Path | None = None,
    identity: Mapping[str, Any] | None = None,
    description: str = "",
    keep: Callable[[State], None] | None = None,
    ended: Callable[[Ending], None] | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    bar: bool = True,
) -> list[dict[str, float]]:
    """Train a model and restore the best weights by ``monitor``.

    Args:
        model: The model to train.
        train: The training batches.
        options: The options of the training.
        loss: The loss on the output of ``call``; None if the model computes its own.
        epochs: The number of planned epochs; early stopping may end the training sooner.
        start: Where the training begins. If epochs were before, the weights count as the best so
            far.
        metrics: Keras metrics of the training batches, as objects (for a name, Keras would make the
            metric inside the first step).
        validate: Returns the metrics of the model after each epoch, with the averaged weights if
            there are any. Without it there is no early stopping, and the last weights are kept.
        monitor: The name of one of the metrics of ``validate``, such as ``accuracy``.
        mode: ``max`` if larger values are better, else ``min``.
        folder: The folder of ``history.csv``.
        identity: The values that determine the training: options, and checksums of the data under
            names that end in ``_data``; the versions of the libraries are added. With it, a
            checkpoint is kept in the folder, and an interrupted training resumes from there with
            the same result, bit for bit. ``discard_checkpoint`` removes the checkpoint.
        description: The text of ``config.yaml`` beside the checkpoint.
        keep: Gets the state at the end of the training, from which another one can go on exactly.
        ended: Gets why the training ended and which weights it kept, also if the loss became
            infinite.
        callbacks: Further callbacks. They see the logs of each epoch with the validation metrics,
            and the averaged weights if there are any; checkpoints do not have their state.
        bar: Whether to show a progress bar, if standard error is a terminal.

    Returns:
        A row for each epoch: losses, metrics, the norm of the gradient before clipping (mean and
        maximum), the share of clipped steps, the number of skipped ones, the learning rate of the
        last step and the seconds.

    Raises:
        OptionError: An option has an impossible value or needs a package that is missing, or the
            checkpoint is of another training, or a link.
        ModelError: The checkpoint cannot be read.
        DivergedError: The loss or the gradient became infinite or NaN; the model keeps the last
            good weights.
        KeyboardInterrupt: Ctrl-C was pressed, or another signal came whose handler is that of
            ``toolkit.training.interruption``. With checkpoints, the current batch is finished and a
            checkpoint is written; pressed again, it ends the training at once.
    """
    options.check_packages()
    optimizer = make_optimizer(options, epochs * len(train), start.steps)
    if options.precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(model.trainable_variables)  # else the first step is traced twice
    model.compile(optimizer=optimizer, loss=loss, metrics=metrics or [], jit_compile=False)

    exact = start.exact and start.state is not None and suits(start.state, model)
    if start.state is not None and not exact:
        hand_over_slots(start.state, model)
    path = Path(folder, CHECKPOINT, STATE) if folder and identity is not None else None
    state = None
    if path:
        check_no_link(path.parent)
        identity = {**(identity or {}), **versions()}
        state = read_state(path, identity)
        config = path.with_name("config.yaml")
        if state is None and config.exists():
            logger.info(
                "the training in %s has no checkpoint yet: it starts from the beginning", folder
            )
        atomic_write(config, description)
    place_now = (state.epoch, state.batch) if state else (start.epoch,)
    position = Position(len(train), *place_now)
    divergence = StopOnDivergence(position)
    last_epoch = start.epoch + epochs
    progress = Progress(position, last_epoch, bar)
    record = Record(folder / "history.csv" if folder else None, start.rows)
    stopping = swap = None
    last = LastState()
    own: list[keras.callbacks.Callback] = [position, divergence, progress]
    if keep is not None:
        own.append(last)
    if options.ema not in ("auto", 0):  # tasks resolve auto before
        swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
        own.append(swap)
    if validate is not None:
        own.append(Validation(validate))
    own.append(record)
    if validate is not None:
        stopping = Stopping(f"val_{monitor}", mode, options.patience)
        own.append(stopping)
        if start.epoch and not exact and not state:
            own.append(FirstBest(stopping, validate, start.epoch))
    if exact and start.state is not None and not state:
        own.append(ExactStart(start.state, record, stopping, swap))
    own.append(EpochLines(record, stopping, last_epoch))
    if options.tensorboard:
        own.append(keras.callbacks.TensorBoard(options.tensorboard))
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
        own.append(checkpoint)
    if not epochs:
        return record.rows
    if state:
        logger.info("resuming from %s", place(state.epoch, state.batch))
        model.test_on_batch(*next(iter(train.stream())))  # builds the metrics
    try:
        with interruption:
            model.fit(
                train.stream(position.epoch, position.batch),
                initial_epoch=position.epoch,
                epochs=last_epoch,
                steps_per_epoch=len(train),
                shuffle=False,
                callbacks=[*own, *callbacks, EpochEnd(position)],
                verbose=0,
            )
    except KeyboardInterrupt:
        if checkpoint is not None:
            checkpoint.write_last()
        raise
    finally:
        progress.close()
    rows = record.rows[len(start.rows) :]
    end = ending(stopping, len(rows), epochs, divergence.error)
    if ended is not None:
        ended(end)
    if divergence.error is not None:
        raise divergence.error
    done = f"{count(len(rows), 'epoch')} in {duration(sum(row['seconds'] for row in rows))}"
    logger.info("%s%s; %s", f"{end.reason}: " if end.reason else "", done, end.kept)
    if stopping is not None and stopping.best_epoch < start.epoch and not exact:
        logger.info("no epoch did better than the weights before, which are kept")
    if keep is not None and (kept := last.state(position.epoch + 1, record, stopping)):
        keep(kept)
    return record.rows


def versions() -> dict[str, str]:
    """Return the versions of the packages that change the last bits of the weights."""
    packages = ("tensorflow", "keras", "numpy")
    return {"toolkit": __version__} | {name: importlib.metadata.version(name) for name in packages}
