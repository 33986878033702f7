"""What a run's folder says of its model, without TensorFlow."""

import os
from pathlib import Path
from typing import Any

import yaml

from toolkit.errors import ModelError
from toolkit.export.verify import newest_version

CONFIG = ("assets", "config.yaml")


def version_folder(folder: str | os.PathLike[str]) -> Path:
    """Return the folder of a run's newest version, or the given one if it is a version itself.

    Raises:
        ModelError: The folder is missing, or holds no version.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "this is a file" if folder.exists() else "there is no such folder"
        raise ModelError(f"{folder}: {what}; give the folder of a trained run")
    if (folder / "saved_model.pb").is_file():
        return folder
    version = newest_version(folder)
    if version is None:
        raise ModelError(f"{folder}: no exported version (a numbered folder such as 1/) is in it")
    if not (folder / str(version) / "saved_model.pb").is_file():
        raise ModelError(f"{folder / str(version)}: there is no saved_model.pb in it")
    return folder / str(version)


def read_description(folder: str | os.PathLike[str], task: str) -> dict[str, dict[str, Any]]:
    """Return the ``options``, ``facts`` and ``metrics`` that a run's newest version says it has.

    Args:
        folder: The run's folder, or that of a version.
        task: The name of the class that must have written it.

    Raises:
        ModelError: There is no SavedModel, or not one that this task wrote.
    """
    folder = version_folder(folder)
    path = folder.joinpath(*CONFIG)
    try:
        config = yaml.safe_load(path.read_bytes())
        found = {name: dict(config[name]) for name in ("options", "facts", "metrics")}
        writer = config["task"]
    except FileNotFoundError:
        raise ModelError(
            f"{folder}: this SavedModel has no {Path(*CONFIG)}, so this toolkit did not write it"
        ) from None
    except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", None) or "it is none that this toolkit wrote"
        raise ModelError(f"{path} cannot be used: {reason}") from error
    if writer != task:
        raise ModelError(f"{folder}: the model in it is of the task {writer}, not {task}")
    return found
