"""Exact resume: all that the rest of a training depends on, in one file."""

import json
import logging
import shutil
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from toolkit.errors import ModelError, OptionError
from toolkit.files import atomic
from toolkit.options import differences
from toolkit.training.callbacks import Position, Record
from toolkit.training.options import CHECKPOINT

logger = logging.getLogger("toolkit")

#: The largest share of the time that goes into writing checkpoints.
SHARE = 0.02

Arrays = list[NDArray[Any]]


@dataclass(frozen=True)
class State:
    """A training as it stood after some batches.

    Args:
        epoch: The epoch, from 0.
        batch: How many of its batches were done.
        seconds: How long the epoch had taken.
        rows: The record of the epochs before.
        variables: Of the model with the seeds of its dropouts, the optimizer and the metrics.
        stopping: What early stopping had counted.
        best: The best weights so far; empty when there are none.
    """

    epoch: int
    batch: int
    seconds: float
    rows: list[dict[str, float]]
    stopping: dict[str, Any]
    variables: Arrays = field(repr=False)
    best: Arrays = field(repr=False)


class Checkpoint(keras.callbacks.Callback):
    """Writes the state of the training now and then, and begins with one that was read.

    It comes after the other callbacks. Between two checkpoints lie at least the given seconds, and
    so many that the writing takes no more than ``SHARE`` of the time. What cannot be written, since
    the disk is full, is said; the training goes on.

    Args:
        path: The file.
        identity: What the training is a function of; see ``read_state``.
        seconds: The fewest seconds between two checkpoints.
        position: Where the training is.
        record: The record of its epochs.
        stopping: The early stopping, if there is one.
        state: What to begin with.
    """

    def __init__(
        self,
        path: Path,
        identity: Mapping[str, Any],
        seconds: float,
        position: Position,
        record: Record,
        stopping: keras.callbacks.EarlyStopping | None = None,
        state: State | None = None,
    ) -> None:
        super().__init__()
        self.path = path
        self.identity = identity
        self.seconds = seconds
        self.position = position
        self.record = record
        self.stopping = stopping
        self.state = state
        self.due = time.monotonic() + seconds

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """The state goes into the model only here: Keras sets metrics back before every epoch."""
        if self.state is not None:
            self._restore(self.state)
            self.state = None
        elif epoch:  # before the first batch there is nothing to keep
            self._save_when_due()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After the last batch it waits until the epoch's end has done its work."""
        if self.position.batch < self.position.batches:
            self._save_when_due()

    def _save_when_due(self) -> None:
        began = time.monotonic()
        if began < self.due:
            return
        try:
            write_state(self.path, self._state(), self.identity)
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
            rows=self.record.rows,
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


#: What Keras's ``EarlyStopping`` counts from epoch to epoch, but for the best weights.
_COUNTED = ("wait", "stopped_epoch", "best", "best_epoch")


def all_variables(model: keras.Model) -> list[Any]:
    """What a training changes; optimizer and metrics must have been built."""
    return [*model.variables, *model.optimizer.variables, *model.metrics_variables]


def write_state(path: Path, state: State, identity: Mapping[str, Any]) -> None:
    """Writes a state whole, or not at all.

    Raises:
        OSError: It cannot be written; an older one is then untouched.
    """
    names = ("epoch", "batch", "seconds", "rows", "stopping")
    facts = {name: getattr(state, name) for name in names} | {"identity": identity}
    with atomic(path) as file:
        np.savez(
            file,
            facts=np.asarray(json.dumps(facts)),
            **_numbered("variable", state.variables),
            **_numbered("best", state.best),
        )


def read_state(path: Path, identity: Mapping[str, Any]) -> State | None:
    """Reads a state; None if there is none.

    Args:
        path: The file.
        identity: What the training is a function of: the values of options, and checksums of data.

    Raises:
        OptionError: The state is that of another training.
        ModelError: It cannot be read.
    """
    try:
        with path.open("rb") as content, np.load(content, allow_pickle=False) as file:
            facts = json.loads(str(file["facts"]))
            recorded = facts.pop("identity")
            variables, best = _collected("variable", file), _collected("best", file)
            state = State(**facts, variables=variables, best=best)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"{path} cannot be read ({error}); delete it to train from the beginning"
        ) from error
    if changes := differences(recorded, json.loads(json.dumps(identity))):
        raise OptionError(
            f"{path} is of a training with {changes}; "
            "delete it to train from the beginning, or write to another folder"
        )
    return state


def discard_checkpoint(folder: str | Path) -> None:
    """Takes the checkpoint out of a run's folder when the run is finished."""
    shutil.rmtree(Path(folder, CHECKPOINT), ignore_errors=True)


def _numbered(name: str, arrays: Sequence[NDArray[Any]]) -> dict[str, Any]:
    return {f"{name}_{number}": array for number, array in enumerate(arrays)}


def _collected(name: str, file: Any) -> Arrays:
    count = sum(key.startswith(f"{name}_") for key in file.files)
    return [file[f"{name}_{number}"] for number in range(count)]
