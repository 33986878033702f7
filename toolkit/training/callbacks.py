"""What happens between the steps: validation, the record of the run, progress, and divergence."""

import csv
import logging
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
from tqdm import tqdm

from toolkit.errors import DivergedError
from toolkit.files import atomic_write
from toolkit.options import option
from toolkit.training.optimizer import GradientRecord

logger = logging.getLogger("toolkit")


class Validation(keras.callbacks.Callback):
    """Adds what ``validate()`` measures to each epoch's record, as ``val_<name>``.

    Args:
        validate: Gives the metrics of the model as it stands.
    """

    def __init__(self, validate: Callable[[], dict[str, float]]) -> None:
        super().__init__()
        self.validate = validate

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Measures, and adds to the record that the later callbacks see."""
        if logs is not None:
            logs.update({f"val_{name}": value for name, value in self.validate().items()})


class Position(keras.callbacks.Callback):
    """Where the training is, also when it began in the middle of an epoch.

    Keras would have every epoch take as many batches; this ends each where its batches do. It comes
    before the other callbacks.

    Args:
        batches: How many batches an epoch has.
        epoch: The epoch that the training begins with, from 0.
        batch: How many batches of it are done already.
    """

    def __init__(self, batches: int, epoch: int = 0, batch: int = 0) -> None:
        super().__init__()
        self.batches = batches
        self.epoch = epoch
        self.batch = batch

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Moves on to the next epoch."""
        if epoch != self.epoch:
            self.epoch, self.batch = epoch, 0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Counts, and ends the epoch after its last batch."""
        self.batch += 1
        self.model.stop_training = self.batch == self.batches

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Only the epoch was to end, not the training."""
        self.model.stop_training = False


class StopOnDivergence(keras.callbacks.Callback):
    """Ends the training at the first batch whose loss or gradient is not finite.

    The optimizer leaves the weights alone where the gradient is not finite, and else takes no more
    than a clipped step, so good ones stay. ``error`` is then the error to raise after the training
    has been wound up. With a ``LossScaleOptimizer`` only the loss counts: it meets infinite
    gradients by itself, with a smaller scale.

    Args:
        position: Where the training is.
    """

    def __init__(self, position: Position) -> None:
        super().__init__()
        self.position = position
        self.error: DivergedError | None = None

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the loss, and whether the optimizer skipped the step."""
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

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Not only the epoch ends."""
        if self.error is not None:
            self.model.stop_training = True


class Stopping(keras.callbacks.EarlyStopping):
    """Early stopping that tells epochs apart which are equally good by the monitored metric.

    Of those it keeps the weights with the smallest log loss, where that is measured. They are no
    better by the metric, so they do not renew its patience. As long as nothing is right yet, as a
    share of 0 says, the log loss alone decides: it keeps weights, and renews patience or wears it
    out.

    Args:
        monitor: The name of the metric among what ``Validation`` adds.
        mode: ``max`` if more of it is better, else ``min``.
        patience: How many epochs without a better metric end the training.
    """

    def __init__(self, monitor: str, mode: str, patience: int) -> None:
        super().__init__(monitor=monitor, mode=mode, patience=patience, restore_best_weights=True)
        self.wait = 0
        self.best_log_loss = math.inf
        self.nothing = 0.0 if mode == "max" else math.inf

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the metric, and at the log loss where it is as good as the best."""
        measured = logs or {}
        log_loss = measured.get("val_log_loss", math.inf)
        if measured.get(self.monitor) == self.nothing:
            if self.best is None and log_loss < math.inf:
                self._decide_by(log_loss, epoch)
            return
        super().on_epoch_end(epoch, logs)
        if self.wait == 0:
            self.best_log_loss = log_loss
        elif measured.get(self.monitor) == self.best and log_loss < self.best_log_loss:
            self.best_log_loss = log_loss
            self.best_epoch, self.best_weights = epoch, self.model.get_weights()

    def _decide_by(self, log_loss: float, epoch: int) -> None:
        """Early stopping by the log loss, while the metric has none that is best."""
        self.wait += 1
        if log_loss < self.best_log_loss:
            self.wait, self.best_log_loss = 0, log_loss
            self.best_epoch, self.best_weights = epoch, self.model.get_weights()
        elif self.wait >= self.patience:
            self.model.stop_training = True


class Record(keras.callbacks.Callback):
    """Collects a row an epoch and writes all of them to ``history.csv``.

    Args:
        path: The file, or None to collect only.
    """

    def __init__(self, path: Path | None) -> None:
        super().__init__()
        self.path = path
        self.rows: list[dict[str, float]] = []
        self.started = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Starts the clock."""
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Adds the row; the file is complete after each epoch."""
        row: dict[str, float] = {"epoch": epoch + 1}
        row |= {name: float(value) for name, value in (logs or {}).items()}
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        row |= optimizer.take_record()
        row["seconds"] = round(time.perf_counter() - self.started, 2)
        self.rows.append(row)
        logger.info("epoch %d: %s", epoch + 1, describe(row))
        if self.path is not None:
            try:
                atomic_write(self.path, to_csv(self.rows))
            except OSError as error:
                logger.warning("%s cannot be written (%s); the training goes on", self.path, error)


class Progress(keras.callbacks.Callback):
    """A bar on standard error, if that is a terminal.

    Args:
        position: Where the training is.
        epochs: How many epochs are planned.
    """

    def __init__(self, position: Position, epochs: int) -> None:
        super().__init__()
        self.position = position
        self.epochs = epochs
        self.bar: Any = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Draws a new bar."""
        self.bar = tqdm(
            total=self.position.batches,
            initial=self.position.batch,
            desc=f"epoch {epoch + 1}/{self.epochs}",
            unit="batch",
            file=sys.stderr,
            leave=False,
            disable=None,
        )

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Moves it on."""
        self.bar.update(self.position.batch - self.bar.n)
        if logs and not self.bar.disable:
            self.bar.set_postfix(loss=f"{float(logs['loss']):.4f}", refresh=False)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Takes it away."""
        self.close()

    def close(self) -> None:
        """Takes away the bar, if there is one; also after what ended an epoch in its middle."""
        if self.bar is not None:
            self.bar.close()


def describe(row: dict[str, float]) -> str:
    """An epoch's row as one line for people."""
    shown = {name: value for name, value in row.items() if name not in ("epoch", "seconds")}
    parts = [f"{name} {value:.4g}" for name, value in shown.items()]
    return f"{', '.join(parts)} ({row['seconds']:.0f} s)"


def to_csv(rows: list[dict[str, float]]) -> str:
    """Rows as CSV text; a column that a row lacks stays empty."""
    import io

    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
