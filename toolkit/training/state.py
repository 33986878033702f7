"""The checkpoint file from which a training resumes."""

import json
import shutil
import zipfile
import zlib
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

_BROKEN = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    RecursionError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class State:
    """The state of a training after some batches.

    Args:
        epoch: The epoch, from 0.
        batch: The number of its batches that are done.
        seconds: The time that the epoch has taken.
        rows: The record of the earlier epochs.
        variables: The variables of the model, including its dropout seeds, of the optimizer and of
            the metrics.
        stopping: The attributes of early stopping.
        best: The best weights so far; empty if there are none.
        steps: The steps that the optimizer has taken; only in a state at the end of a training.
    """

    epoch: int
    batch: int
    seconds: float
    rows: list[dict[str, float]]
    stopping: dict[str, Any]
    variables: Arrays = field(repr=False)
    best: Arrays = field(repr=False)
    steps: int = 0


def write_state(path: Path, state: State, identity: Mapping[str, Any]) -> None:
    """Write a state atomically.

    Raises:
        OSError: It cannot be written; an older file is unchanged.
    """
    names = ("epoch", "batch", "seconds", "rows", "stopping", "steps")
    facts = {name: getattr(state, name) for name in names} | {"identity": identity}
    with atomic(path) as file:
        np.savez(
            file,
            facts=np.asarray(json.dumps(facts)),
            **_numbered("variable", state.variables),
            **_numbered("best", state.best),
        )


def read_state(path: Path, identity: Mapping[str, Any]) -> State | None:
    """Read a state; return None if the file is missing.

    Args:
        path: The file.
        identity: The values that determine the training: options, and checksums under names that
            end in ``_data``.

    Raises:
        OptionError: The state is of another training.
        ModelError: The file cannot be read.
    """
    found = read_any_state(path)
    if found is None:
        return None
    state, recorded = found
    if changes := _differences(recorded, json.loads(json.dumps(identity))):
        raise OptionError(
            f"{path} is of a training with {changes}; "
            "delete it to train from the beginning, or write to another folder"
        )
    return state


def read_any_state(path: Path) -> tuple[State, dict[str, Any]] | None:
    """Read a state and what determines its training; return None if the file is missing.

    Raises:
        ModelError: The file cannot be read.
    """
    try:
        with path.open("rb") as content, np.load(content, allow_pickle=False) as file:
            facts = json.loads(str(file["facts"]))
            recorded = facts.pop("identity")
            variables, best = _collected("variable", file), _collected("best", file)
            return State(**facts, variables=variables, best=best), recorded
    except FileNotFoundError:
        return None
    except _BROKEN as error:
        raise ModelError(
            f"{path} cannot be read ({error}); delete it to train from the beginning"
        ) from error


def _differences(recorded: Mapping[str, Any], requested: Mapping[str, Any]) -> str:
    """Describe the values that differ; of checksums only the names."""
    data = [name for name in requested if name.endswith("_data")]
    other = [
        f"other {name.replace('_', ' ')}"
        for name in data
        if name in recorded and recorded[name] != requested[name]
    ]
    values = {name: value for name, value in requested.items() if name not in data}
    return ", ".join([*other, *filter(None, [differences(recorded, values)])])


def checkpoint_place(folder: str | Path) -> str | None:
    """Describe where an interrupted training resumes; None if it starts from the beginning.

    Args:
        folder: The run's folder.
    """
    try:
        with np.load(Path(folder, CHECKPOINT, STATE), allow_pickle=False) as file:
            return place(**json.loads(str(file["facts"])))
    except _BROKEN:
        return None


def place(epoch: int, batch: int, **_: Any) -> str:
    """Describe an epoch, given from 0, and the number of its batches that are done."""
    return f"epoch {epoch + 1}, batch {batch}"


def discard_checkpoint(folder: str | Path) -> None:
    """Remove the checkpoint from the folder of a finished run."""
    shutil.rmtree(Path(folder, CHECKPOINT), ignore_errors=True)


def _numbered(name: str, arrays: Sequence[NDArray[Any]]) -> dict[str, Any]:
    return {f"{name}_{number}": array for number, array in enumerate(arrays)}


def _collected(name: str, file: Any) -> Arrays:
    count = sum(key.startswith(f"{name}_") for key in file.files)
    return [file[f"{name}_{number}"] for number in range(count)]
