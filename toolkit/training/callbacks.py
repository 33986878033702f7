"""Callbacks: validation, early stopping, the history, and divergence."""

import csv
import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import keras

from toolkit.errors import DivergedError
from toolkit.files import atomic_write
from toolkit.options import option
from toolkit.training.optimizer import GradientRecord

logger = logging.getLogger("toolkit")


class Validation(keras.callbacks.Callback):
    """Add the metrics of ``validate()`` to each epoch's logs, as ``val_<name>``.

    Args:
        validate: Returns the metrics of the model's current weights.
    """

    def __init__(self, validate: Callable[[], dict[str, float]]) -> None:
        super().__init__()
        self.validate = validate

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Measure the model, and add the metrics to the logs for the later callbacks."""
        if logs is not None:
            logs.update({f"val_{name}": value for name, value in self.validate().items()})


class Position(keras.callbacks.Callback):
    """The epoch and batch of the training, also if it began in the middle of an epoch.

    It must come before all callbacks that read it; ``EpochEnd`` ends each epoch.

    Args:
        batches: The number of batches in an epoch.
        epoch: The first epoch of this training, from 0.
        batch: The number of batches of that epoch that are already done.

    Attributes:
        stop: Whether a callback has ended the training in the middle of an epoch.
    """

    def __init__(self, batches: int, epoch: int = 0, batch: int = 0) -> None:
        super().__init__()
        self.batches = batches
        self.epoch = epoch
        self.batch = batch
        self.stop = False

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Go to the next epoch."""
        if epoch != self.epoch:
            self.epoch, self.batch = epoch, 0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Count the batch."""
        self.batch += 1

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Let the training go on where only the epoch has ended."""
        self.model.stop_training = self.stop


class EpochEnd(keras.callbacks.Callback):
    """End each epoch after its last batch.

    Keras would run the same number of batches in every epoch, also in one that is resumed. This
    callback must come after the others, so that it sees whether one of them ends the training.

    Args:
        position: The position of the training.
    """

    def __init__(self, position: Position) -> None:
        super().__init__()
        self.position = position

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """End the epoch after its last batch."""
        position = self.position
        position.stop = self.model.stop_training
        self.model.stop_training |= position.batch == position.batches


class StopOnDivergence(keras.callbacks.Callback):
    """Stop the training at the first batch whose loss or gradient is not finite.

    The optimizer skips a step whose gradient is not finite, and clips all others, so that the last
    good weights are kept. ``error`` is then the error to raise after training has ended. With a
    ``LossScaleOptimizer`` only the loss is checked: that optimizer handles infinite gradients
    itself, with a smaller scale.

    Args:
        position: The position of the training.
    """

    def __init__(self, position: Position) -> None:
        super().__init__()
        self.position = position
        self.error: DivergedError | None = None

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Check the loss, and whether the optimizer skipped the step."""
        if self.error is not None:
            return
        optimizer = self.model.optimizer
        if logs and not math.isfinite(float(logs["loss"])):
            what = "loss is not a number"
        elif isinstance(optimizer, GradientRecord) and optimizer.skipped_steps:
            what = "gradient is not finite"
        else:
            return
        self.model.stop_training = True
        self.error = DivergedError(
            f"the {what} any more in epoch {self.position.epoch + 1}, batch {self.position.batch}; "
            f"the last good weights are kept. A lower {option('learning_rate')} or a smaller "
            f"{option('global_clipnorm')} helps"
        )


class Stopping(keras.callbacks.EarlyStopping):
    """Early stopping that breaks ties of the monitored metric by the log loss.

    Of the epochs with the best metric it keeps the weights with the smallest log loss, if that is
    measured. A smaller log loss alone does not reset the patience. While the metric still has its
    worst value, such as an accuracy of 0, the log loss decides alone about weights and patience.

    Args:
        monitor: The name of a metric that ``Validation`` adds.
        mode: ``max`` if larger values are better, else ``min``.
        patience: The number of epochs without a better metric that end the training.
    """

    ATTRIBUTES = ("wait", "stopped_epoch", "best", "best_epoch", "best_log_loss")

    def __init__(self, monitor: str, mode: str, patience: int) -> None:
        super().__init__(monitor=monitor, mode=mode, patience=patience, restore_best_weights=True)
        self.wait = 0
        self.best_log_loss = math.inf
        self.worst = 0.0 if mode == "max" else math.inf

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compare the metric with the best one, and the log loss if they are equal."""
        metrics = logs or {}
        log_loss = metrics.get("val_log_loss", math.inf)
        if metrics.get(self.monitor) == self.worst:
            if self.best is None and log_loss < math.inf:
                self._decide_by(log_loss, epoch)
            return
        super().on_epoch_end(epoch, logs)
        if self.wait == 0:
            self.best_log_loss = log_loss
        elif metrics.get(self.monitor) == self.best and log_loss < self.best_log_loss:
            self.best_log_loss = log_loss
            self.best_epoch, self.best_weights = epoch, self.model.get_weights()

    def state(self) -> dict[str, Any]:
        """Return the attributes that change in training, without the best weights."""
        return {name: getattr(self, name) for name in self.ATTRIBUTES}

    def restore(self, state: Mapping[str, Any], best_weights: list[Any]) -> None:
        """Set the attributes that ``state`` returned, and the best weights."""
        for name, value in state.items():
            setattr(self, name, value)
        self.best_weights = best_weights or None

    def _decide_by(self, log_loss: float, epoch: int) -> None:
        """Stop early by the log loss, while the metric has its worst value."""
        self.wait += 1
        if log_loss < self.best_log_loss:
            self.wait, self.best_log_loss = 0, log_loss
            self.best_epoch, self.best_weights = epoch, self.model.get_weights()
        elif self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True


class Record(keras.callbacks.Callback):
    """Collect one row per epoch, and write all rows to ``history.csv``.

    Args:
        path: The file; None only collects.
        rows: The rows of earlier epochs, which come first.
    """

    def __init__(self, path: Path | None, rows: Iterable[dict[str, float]] = ()) -> None:
        super().__init__()
        self.path = path
        self.rows: list[dict[str, float]] = list(rows)
        self.started = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start the clock."""
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add the row; the file is complete after each epoch."""
        row: dict[str, float] = {"epoch": epoch + 1}
        row |= {name: float(value) for name, value in (logs or {}).items()}
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        row |= optimizer.take_record()
        row["seconds"] = round(time.perf_counter() - self.started, 2)
        self.rows.append(row)
        if self.path is not None:
            try:
                atomic_write(self.path, to_csv(self.rows))
            except OSError as error:
                logger.warning("%s cannot be written (%s); the training goes on", self.path, error)


def read_history(path: Path) -> list[dict[str, float]]:
    """Return the rows of a ``history.csv``; none if it is missing or damaged."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return [{name: float(value) for name, value in row.items() if value} for row in rows]
    except (OSError, ValueError, TypeError, csv.Error):
        return []


def to_csv(rows: list[dict[str, float]]) -> str:
    """Return rows as CSV text; a missing value is empty."""
    import io

    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
