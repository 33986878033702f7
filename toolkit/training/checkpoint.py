"""Exact resume: the state of the training, written at intervals."""

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

#: The largest share of the training time spent on writing checkpoints.
SHARE = 0.02


class Checkpoint(keras.callbacks.Callback):
    """Write the state of the training at intervals, and restore one at the start.

    It must come after the other callbacks. The interval is at least the given number of seconds,
    and so long that writing takes no more than ``SHARE`` of the time. If a checkpoint cannot be
    written, for example because the disk is full, a warning is logged and the training goes on.

    Ctrl-C waits for the end of the current batch; ``write_last`` then writes that state. During the
    last batch of an epoch and during validation it does not wait, because the state before that
    batch is kept in memory. That state is also written at the end of the training, so that little
    is lost if the model cannot be saved.

    Args:
        path: The file.
        identity: The values that determine the training; see ``read_state``.
        seconds: The fewest seconds between two checkpoints.
        position: The position of the training.
        record: The record of its epochs.
        stopping: The early stopping, if any.
        state: The state to restore, if any.
        interruption: The handler that delays Ctrl-C.

    Attributes:
        last: A state to resume from that may not be written yet, if any.
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
        """Restore the state; not earlier, because Keras resets metrics before every epoch."""
        if self.state is not None:
            self._restore(self.state)
            self.state = None
        elif epoch:  # before the first batch there is nothing to keep
            self._between_batches()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Write a checkpoint if it is due; not after the last batch, before the epoch has ended."""
        if self.position.batch < self.position.batches:
            self._between_batches()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Write the last state."""
        self.write_last()

    def write_last(self) -> None:
        """Write the last state, if there is one."""
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
            self.interruption.finish()

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
            stopping=stopping.state() if stopping else {},
            variables=[variable.numpy() for variable in all_variables(self.model)],
            best=(stopping.best_weights or []) if stopping else [],
        )

    def _restore(self, state: State) -> None:
        variables = all_variables(self.model)
        if [value.shape for value in state.variables] != [tuple(v.shape) for v in variables]:
            raise ModelError(
                f"{self.path} has the state of another network, perhaps of another version of the "
                "toolkit; delete it to train from the beginning"
            )
        for variable, value in zip(variables, state.variables, strict=True):
            variable.assign(value)
        self.record.rows[:] = state.rows
        self.record.started -= state.seconds
        if self.stopping is not None:
            self.stopping.restore(state.stopping, state.best)


def all_variables(model: keras.Model) -> list[Any]:
    """Return all variables that training changes; optimizer and metrics must be built."""
    return [*model.variables, *model.optimizer.variables, *model.metrics_variables]
