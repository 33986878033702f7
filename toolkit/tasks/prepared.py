"""The result of preparing data for training."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from toolkit.data.bad_rows import CheckedRows
from toolkit.tasks.defaults import DataSize
from toolkit.tasks.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Encoded data, fitted preprocessing and settings: everything for training but the network.

    A task adds its own fields in a subclass.

    Attributes:
        settings: The options, with a value for each ``auto``.
        preprocessing: The Keras layer from raw input to the network's inputs, fitted on the
            training part.
        target_preprocessing: The same for the sequences that the network generates, if any.
        train: The training part, which has a ``checksum``.
        held_out: The held-out part; None if there is none.
        held_out_inputs: Reads some inputs of the held-out part for a golden file; None if there are
            none.
        held_out_data: Returns the held-out part as labelled data, for a report; None if there is
            none.
        size: The size of the training part, for the defaults.
        classes: The names of the classes, in the order of their numbers.
        facts: The facts about the data that the run records: ``data`` (its name), ``rows``,
            ``validation`` (the origin of the held-out part) and those of the task.
        named_columns: The columns of the training data that options do not give by their names, by
            option, which the run keeps.
        readers: The readers of training and validation data, whose bad rows ``inspect`` reports.
    """

    settings: Settings
    preprocessing: Any
    target_preprocessing: Any = None
    train: Any
    held_out: Any = None
    held_out_inputs: Callable[[], Sequence[Any]] | None = None
    held_out_data: Callable[[], Any] | None = None
    size: DataSize
    classes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    named_columns: Mapping[str, str] = field(default_factory=dict)
    readers: tuple[CheckedRows, ...] = ()
