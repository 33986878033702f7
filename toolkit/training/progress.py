"""Progress of a training: a line an epoch, a bar on a terminal, and the reason of the end."""

import contextlib
import logging
import sys
from typing import Any, NamedTuple

import keras
from tqdm import tqdm

from toolkit.errors import count
from toolkit.training.callbacks import Position, Record, Stopping

logger = logging.getLogger("toolkit")

#: The most columns and figures of an epoch's line.
COLUMNS, FIGURES = 100, 5
#: The prefix of the names of validation metrics, and the short names of others.
VALIDATION, SHORT = "val_", {"gradient_norm": "gradient", "skipped_steps": "skipped"}
#: The number of latest epochs whose mean time estimates that of the next.
TIMED = 5


class Progress(keras.callbacks.Callback):
    """A progress bar on standard error, if that is a terminal.

    Args:
        position: The position of the training.
        epochs: The number of planned epochs.
        shown: Whether the bar is shown at all.
    """

    def __init__(self, position: Position, epochs: int, shown: bool = True) -> None:
        super().__init__()
        self.position = position
        self.epochs = epochs
        self.shown = shown
        self.bar: Any = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Show a new bar."""
        self.bar = tqdm(
            total=self.position.batches,
            initial=self.position.batch,
            desc=f"epoch {epoch + 1}/{self.epochs}",
            unit="batch",
            file=sys.stderr,
            leave=False,
            disable=None if self.shown else True,
        )

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Advance the bar, as long as there is a terminal."""
        with contextlib.suppress(OSError):
            self.bar.update(self.position.batch - self.bar.n)
        if logs and not self.bar.disable:
            self.bar.set_postfix(loss=f"{float(logs['loss']):.4f}", refresh=False)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Remove the bar."""
        self.close()

    def close(self) -> None:
        """Remove the bar, if there is one; also after an interrupted epoch."""
        if self.bar is not None:
            with contextlib.suppress(OSError):
                self.bar.close()


class EpochLines(keras.callbacks.Callback):
    """Log a line for each epoch; it must come after ``Record`` and ``Stopping``.

    Args:
        record: The record of the epochs.
        stopping: The early stopping, if any.
        epochs: The number of planned epochs, with those of an earlier training.
    """

    def __init__(self, record: Record, stopping: Stopping | None, epochs: int) -> None:
        super().__init__()
        self.record = record
        self.stopping = stopping
        self.epochs = epochs

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Log what the figures are."""
        if self.stopping is not None:
            logger.info(
                "each epoch: loss and gradient of training; the rest of validation, * the best %s",
                self.stopping.monitor.removeprefix(VALIDATION),
            )

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Log the line of the latest epoch."""
        stopping = self.stopping
        left = None
        if not self.model.stop_training and epoch + 1 < self.epochs:
            latest = [row["seconds"] for row in self.record.rows[-TIMED:] if "seconds" in row]
            left = (self.epochs - epoch - 1) * sum(latest) / len(latest)
        monitor = stopping.monitor if stopping else "loss"
        is_best = stopping is not None and stopping.best_epoch == epoch
        line = epoch_line(self.record.rows[-1], self.epochs, monitor, is_best, left)
        logger.info("%s", line)


def epoch_line(
    row: dict[str, float],
    epochs: int,
    monitor: str = "loss",
    is_best: bool = False,
    left: float | None = None,
) -> str:
    """Return an epoch's row as a line of at most 100 columns.

    It has at most five figures: loss and gradient norm of the training, and of the validation the
    metric that chooses the weights, with a star where it is the best so far, the log loss, and
    others as far as there is room. ``history.csv`` has all.

    Args:
        row: The row of ``history.csv``.
        epochs: The number of planned epochs.
        monitor: The name in the row of the metric that chooses the weights.
        is_best: Whether this epoch is the best so far.
        left: The estimated time of the epochs that are left, in seconds.
    """
    first = ["loss", "skipped_steps"] if row.get("skipped_steps") else ["loss"]
    others = [name for name in row if name.startswith(VALIDATION)]
    wanted = (*first, monitor, f"{VALIDATION}log_loss", "gradient_norm", *others, "learning_rate")
    names = [name for name in dict.fromkeys(wanted) if name in row][:FIGURES]
    end = "" if left is None else f"; {duration(left)} left"
    while True:
        shown = sorted(names, key=lambda name: name.startswith(VALIDATION))  # training comes first
        figures = [_figure(name, row[name], is_best and name == monitor) for name in shown]
        line = f"epoch {row['epoch']:.0f}/{epochs}: {', '.join(figures)}{end}"
        if len(line) <= COLUMNS or len(names) == 1:
            return line
        names.pop()


def _figure(name: str, value: float, is_best: bool) -> str:
    """Return a figure of an epoch with its name."""
    if name.startswith(VALIDATION):
        return f"{name.removeprefix(VALIDATION)} {value:.4g}{'*' if is_best else ''}"
    return f"{SHORT.get(name, name)} {value:.3g}"


class Ending(NamedTuple):
    """The end of a training.

    Attributes:
        reason: Why it ended, in words; empty if all planned epochs are done.
        kept: Whose weights it kept, in words.
        epoch: The epoch of these weights; None for the last weights.
    """

    reason: str
    kept: str
    epoch: int | None

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.reason or 'all planned epochs are done'}; {self.kept}"


def ending(
    stopping: Stopping | None, epochs: int, planned: int, error: Exception | None = None
) -> Ending:
    """Return why a training ended, and which weights it kept.

    Args:
        stopping: The early stopping, if any.
        epochs: The number of its complete epochs.
        planned: The number of planned epochs.
        error: The error that ended it, if any.
    """
    best = None if stopping is None or stopping.best_weights is None else stopping.best_epoch + 1
    kept = "kept the last weights" if best is None else f"kept epoch {best}"
    if error is not None:
        why = "the loss or the gradient was not finite any more"
        kept = kept.replace("last", "last good")
    elif stopping is not None and stopping.stopped_epoch:
        metric = stopping.monitor.removeprefix(VALIDATION).replace("_", " ")
        why = f"no better {metric} for {count(stopping.patience, 'epoch')}"
    else:
        why = "" if epochs >= planned else "a callback ended the training"
    return Ending(why, kept, best)


def duration(seconds: float) -> str:
    """Return a time in words, such as ``40 s``, ``3 min``, or ``2 h 5 min``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
