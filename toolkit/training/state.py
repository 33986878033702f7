"""The file that a training goes on from."""

import json
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import ModelError, OptionError
from toolkit.files import atomic
from toolkit.options import differences
from toolkit.training.options import CHECKPOINT

#: The file in the checkpoint's folder.
STATE = "state.npz"

Arrays = list[NDArray[Any]]

_BROKEN = (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile)


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
        identity: What the training is a function of: the values of options, and under names that
            end in ``_data`` checksums.

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
    except _BROKEN as error:
        raise ModelError(
            f"{path} cannot be read ({error}); delete it to train from the beginning"
        ) from error
    if changes := _differences(recorded, json.loads(json.dumps(identity))):
        raise OptionError(
            f"{path} is of a training with {changes}; "
            "delete it to train from the beginning, or write to another folder"
        )
    return state


def _differences(recorded: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """Which values differ, in words; a checksum says nothing to people."""
    data = [name for name in asked if name.endswith("_data")]
    other = [
        f"other {name.replace('_', ' ')}"
        for name in data
        if name in recorded and recorded[name] != asked[name]
    ]
    values = {name: value for name, value in asked.items() if name not in data}
    return ", ".join([*other, *filter(None, [differences(recorded, values)])])


def checkpoint_place(folder: str | Path) -> str | None:
    """Where a training goes on that was cut off, in words; None if it would begin anew.

    Args:
        folder: The run's folder.
    """
    try:
        with np.load(Path(folder, CHECKPOINT, STATE), allow_pickle=False) as file:
            return place(**json.loads(str(file["facts"])))
    except _BROKEN:
        return None


def place(epoch: int, batch: int, **_: Any) -> str:
    """An epoch, from 0, and how many of its batches were done, in words."""
    return f"epoch {epoch + 1}, batch {batch}"


def discard_checkpoint(folder: str | Path) -> None:
    """Takes the checkpoint out of a run's folder when the run is finished."""
    shutil.rmtree(Path(folder, CHECKPOINT), ignore_errors=True)


def _numbered(name: str, arrays: Sequence[NDArray[Any]]) -> dict[str, Any]:
    return {f"{name}_{number}": array for number, array in enumerate(arrays)}


def _collected(name: str, file: Any) -> Arrays:
    count = sum(key.startswith(f"{name}_") for key in file.files)
    return [file[f"{name}_{number}"] for number in range(count)]
