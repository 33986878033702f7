"""The beginning of a training, which may go on from an earlier one."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

from toolkit.models.growth import enlarged, zeros
from toolkit.training.callbacks import Record, Stopping
from toolkit.training.state import State

logger = logging.getLogger("toolkit")


@dataclass(frozen=True)
class Start:
    """The beginning of a training, which may go on from an earlier one.

    Attributes:
        epoch: The number of epochs before, which go on being counted.
        rows: Their rows in the history; empty for a history of its own.
        state: The state at their end, if it was kept.
        exact: Whether the training goes on from all of the state, as a longer one would; otherwise
            only what the optimizer has gathered is used.
    """

    epoch: int = 0
    rows: list[dict[str, float]] = field(default_factory=list)
    state: State | None = field(default=None, repr=False)
    exact: bool = False

    @property
    def steps(self) -> int:
        """The number of steps that the optimizer has taken before."""
        return self.state.steps if self.state else 0

    def epochs_with(self, rows: Sequence[Mapping[str, float]]) -> int:
        """Return the number of epochs at the end of a training with these rows."""
        return max((int(row["epoch"]) for row in rows), default=self.epoch)


class FirstBest(keras.callbacks.Callback):
    """Let the weights before the first epoch be the best ones so far.

    It must come after early stopping. So a training that goes on never keeps worse weights than
    those that it began with.

    Args:
        stopping: The early stopping.
        validate: Returns the metrics of the model's current weights.
        epoch: The number of epochs before.
    """

    def __init__(
        self, stopping: Stopping, validate: Callable[[], Mapping[str, float]], epoch: int
    ) -> None:
        super().__init__()
        self.stopping = stopping
        self.validate = validate
        self.epoch = epoch

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Measure the weights."""
        metrics = {f"val_{name}": value for name, value in self.validate().items()}
        self.stopping.on_epoch_end(self.epoch - 1, metrics)
        self.stopping.wait = 0


class ExactStart(keras.callbacks.Callback):
    """Begin with the state at the end of an earlier training, as the epoch after it would.

    It must come after early stopping.

    Args:
        state: The state.
        record: The record of the epochs.
        stopping: The early stopping, if any.
        swap: The callback that exchanges weights and averaged weights, if any. It does so by sums,
            which round, and twice between two epochs.
    """

    def __init__(
        self,
        state: State,
        record: Record,
        stopping: Stopping | None,
        swap: keras.callbacks.Callback | None,
    ) -> None:
        super().__init__()
        self.state = state
        self.record = record
        self.stopping = stopping
        self.swap = swap

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Restore the state."""
        state, model = self.state, self.model
        variables = [*model.variables, *model.optimizer.variables]
        for variable, value in zip(variables, state.variables, strict=True):
            variable.assign(value)
        inner_optimizer(model).take_record()
        if self.swap is not None:
            self.swap.on_epoch_end(state.epoch - 1)
            self.swap.on_epoch_begin(state.epoch)
        self.record.rows[:] = state.rows
        if self.stopping is not None:
            self.stopping.restore(state.stopping, state.best)
            if self.stopping.stopped_epoch:  # more epochs are asked for all the same
                self.stopping.stopped_epoch = self.stopping.wait = 0


class LastState(keras.callbacks.Callback):
    """Keep the variables at the end of the latest epoch.

    It must come before all callbacks that change them after an epoch. The states of random numbers
    are those after validation, since Keras's recurrent layers draw dropout masks in inference, too.

    Attributes:
        variables: Those of the model and of the optimizer; empty before the first epoch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.variables: list[Any] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Copy the variables."""
        variables = [*self.model.variables, *self.model.optimizer.variables]
        self.variables = [variable.numpy() for variable in variables]

    def state(self, epoch: int, record: Record, stopping: Stopping | None) -> State | None:
        """Return the state after a training; None if no epoch has ended.

        Args:
            epoch: The number of epochs at the end.
            record: The record of the epochs.
            stopping: The early stopping, if any.
        """
        if not self.variables:
            return None
        weights = {id(weight) for weight in self.model.weights}
        for number, variable in enumerate(self.model.variables):
            if id(variable) not in weights:  # the state of random numbers
                self.variables[number] = variable.numpy()
        return State(
            epoch=epoch,
            batch=0,
            seconds=0.0,
            rows=list(record.rows),
            stopping=stopping.state() if stopping else {},
            variables=self.variables,
            best=(stopping.best_weights or []) if stopping else [],
            steps=int(inner_optimizer(self.model).iterations.numpy()),
        )


def suits(state: State, model: keras.Model) -> bool:
    """Return whether a state has the shapes of the variables of a model and its optimizer."""
    variables = [*model.variables, *model.optimizer.variables]
    return [value.shape for value in state.variables] == [tuple(v.shape) for v in variables]


def hand_over_slots(state: State, model: keras.Model) -> None:
    """Set what the optimizer has gathered to that of a state; what is new in the model gets zeros.

    The averages of the weights begin with the weights.
    """
    variables = model.optimizer.variables
    for variable, value in zip(variables, state.variables[-len(variables) :], strict=True):
        variable.assign(enlarged(value, tuple(variable.shape), zeros))
    optimizer = inner_optimizer(model)
    optimizer.take_record()
    optimizer.restart_averages(model.trainable_variables)


def inner_optimizer(model: keras.Model) -> Any:
    """Return the optimizer of a model without the scaling of losses."""
    return getattr(model.optimizer, "inner_optimizer", model.optimizer)
