"""Exact resume: what the rest of a training depends on, kept now and then."""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from toolkit.errors import ModelError
from toolkit.training.callbacks import Position, Record, Stopping
from toolkit.training.interruption import Interruption
from toolkit.training.state import State, write_state

logger = logging.getLogger("toolkit")

#: The largest share of the time that goes into writing checkpoints.
SHARE = 0.02


class Checkpoint(keras.callbacks.Callback):
    """Writes the state of the training now and then, and begins with one that was read.

    It comes after the other callbacks. Between two checkpoints lie at least the given seconds, and
    so many that the writing takes no more than ``SHARE`` of the time. What cannot be written, since
    the disk is full, is said; the training goes on.

    Ctrl-C is put off to the end of the batch at hand, and the state as it is then is to be written
    by ``write_last``. From the last batch of an epoch on, and so during validation, it need not
    wait: there the state before that batch is at hand in memory. That one is also written when the
    training is over, so that little has to be done again until the model is saved.

    Args:
        path: The file.
        identity: What the training is a function of; see ``read_state``.
        seconds: The fewest seconds between two checkpoints.
        position: Where the training is.
        record: The record of its epochs.
        stopping: The early stopping, if there is one.
        state: What to begin with.
        interruption: Where Ctrl-C waits.

    Attributes:
        last: A state to go on from that may not be written yet, if there is one.
    """

    def __init__(
        self,
        path: Path,
        identity: Mapping[str, Any],
        seconds: float,
        position: Position,
        record: Record,
        stopping: Stopping | None = None,
        state: State | None = None,
        interruption: Interruption | None = None,
    ) -> None:
        super().__init__()
        self.path = path
        self.identity = identity
        self.seconds = seconds
        self.position = position
        self.record = record
        self.stopping = stopping
        self.state = state
        self.interruption = interruption or Interruption()
        self.last: State | None = None
        self.due = time.monotonic() + seconds

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """The state goes into the model only here: Keras sets metrics back before every epoch."""
        if self.state is not None:
            self._restore(self.state)
            self.state = None
        elif epoch:  # before the first batch there is nothing to keep
            self._between_batches()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After the last batch it waits until the epoch's end has done its work."""
        if self.position.batch < self.position.batches:
            self._between_batches()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Keeps what little would have to be done again."""
        self.write_last()

    def write_last(self) -> None:
        """Writes the last state, if there is one."""
        if self.last is not None:
            self._write(self.last)

    def _between_batches(self) -> None:
        if time.monotonic() >= self.due:
            self._write(self._state())
        last_follows = self.position.batch == self.position.batches - 1
        self.last = self._state() if last_follows else None
        self.interruption.put_off = not last_follows
        if self.interruption.pressed:
            self.last = self.last or self._state()
            raise KeyboardInterrupt

    def _write(self, state: State) -> None:
        began = time.monotonic()
        try:
            write_state(self.path, state, self.identity)
        except OSError as error:
            logger.warning("%s cannot be written (%s); the training goes on", self.path, error)
        ended = time.monotonic()
        self.due = ended + max(self.seconds, (ended - began) / SHARE)

    def _state(self) -> State:
        stopping = self.stopping
        return State(
            epoch=self.position.epoch,
            batch=self.position.batch,
            seconds=time.perf_counter() - self.record.started,
            rows=list(self.record.rows),
            stopping={name: getattr(stopping, name) for name in _COUNTED} if stopping else {},
            variables=[variable.numpy() for variable in all_variables(self.model)],
            best=(stopping.best_weights or []) if stopping else [],
        )

    def _restore(self, state: State) -> None:
        variables = all_variables(self.model)
        if [value.shape for value in state.variables] != [tuple(v.shape) for v in variables]:
            raise ModelError(
                f"{self.path} is of another network, as another version of the toolkit makes it; "
                "delete it to train from the beginning"
            )
        for variable, value in zip(variables, state.variables, strict=True):
            variable.assign(value)
        self.record.rows.extend(state.rows)
        self.record.started -= state.seconds
        if self.stopping is not None:
            for name, value in state.stopping.items():
                setattr(self.stopping, name, value)
            self.stopping.best_weights = state.best or None


#: What early stopping counts from epoch to epoch, but for the best weights.
_COUNTED = ("wait", "stopped_epoch", "best", "best_epoch", "best_log_loss")


def all_variables(model: keras.Model) -> list[Any]:
    """What a training changes; optimizer and metrics must have been built."""
    return [*model.variables, *model.optimizer.variables, *model.metrics_variables]
