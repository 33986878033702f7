"""The description of a run, its ``config.yaml``, read without TensorFlow."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from toolkit.errors import ModelError
from toolkit.export.archive import read_asset
from toolkit.export.bounded_yaml import read_yaml
from toolkit.export.verify import newest_version

#: The folder of a training that is not finished, in its run's folder.
CHECKPOINT = "checkpoint"

#: The description of a run: in its folder, in ``model.keras``, and in the assets of a version.
CONFIG_FILE = "config.yaml"
#: What ``save`` writes: the text layer and the network as Keras keeps them.
ARCHIVE = "model.keras"


def is_exported(folder: str | os.PathLike[str]) -> bool:
    """Return whether a run's folder holds an exported version, or is one itself.

    Raises:
        ModelError: There is no such folder.
    """
    folder = _folder(folder)
    return (folder / "saved_model.pb").is_file() or newest_version(folder) is not None


def description_path(folder: str | os.PathLike[str]) -> Path:
    """Return the path of the ``config.yaml`` that describes the model which answers for a run.

    It is that of the newest version, or the run's own where ``model.keras`` stands alone.

    Raises:
        ModelError: The folder is missing, or holds neither a version nor ``model.keras``.
    """
    if is_exported(folder):
        return version_folder(folder) / "assets" / CONFIG_FILE
    if not Path(folder, ARCHIVE).is_file():
        instead = "give the folder of a trained run"
        if Path(folder, CHECKPOINT).is_dir():
            instead = "its training was interrupted, and the same train command goes on with it"
        raise ModelError(
            f"{folder}: no exported version (a numbered folder such as 1/) and no {ARCHIVE} is in "
            f"it; {instead}"
        )
    return Path(folder, CONFIG_FILE)


class Renaming(NamedTuple):
    """A new name for an option, which is also that of the fact, and for some of its values.

    The name may be the same, where only values have new names.
    """

    old: str
    new: str
    values: Mapping[str, str]


#: The format of the descriptions that this toolkit writes. Those without a format have format 1.
FORMAT = 4

#: By format, what it renamed in the sections ``options`` and ``facts`` of the format before.
UPGRADES = {
    2: [Renaming("units", "token_level", {"compounds": "treebank_words"})],
    3: [Renaming("cell", "cell", {"lstm": "keras_lstm"})],  # before, lstm was Keras's cell
    4: [Renaming("comment_prefix", "comment", {})],
}

#: By format and task, the options of the format before that the task never took another value of.
REMOVED: dict[int, dict[str, tuple[str, ...]]] = {
    2: {
        "EntityTagger": ("label_smoothing",),
        "Translator": ("class_weights",),
        "LanguageModel": ("class_weights", "label_smoothing"),
    },
}


def upgrade_description(
    config: Mapping[str, Any], path: str | os.PathLike[str] = "config.yaml"
) -> dict[str, Any]:
    """Return a description in the format that this toolkit writes.

    Args:
        config: The content of a run's ``config.yaml``, of any format.
        path: The name of the file, for the message of an error.

    Raises:
        ModelError: A newer toolkit wrote the description.
        KeyError: It lacks a section.
        TypeError: It is not a mapping of mappings.
        ValueError: Its format is not a number.
    """
    sections = {name: dict(config[name]) for name in ("options", "facts")}
    written = config.get("format", 1)
    if not isinstance(written, int) or written < 1:
        raise ValueError(f"the format is {written!r}")
    if written > FORMAT:
        raise ModelError(
            f"{path} has format {written}, and this toolkit reads formats up to {FORMAT}; "
            "use a newer version of the toolkit"
        )
    for number in range(written + 1, FORMAT + 1):
        for name in REMOVED.get(number, {}).get(config.get("task", ""), ()):
            sections["options"].pop(name, None)
        for renaming in UPGRADES[number]:
            sections = {name: _renamed(part, renaming) for name, part in sections.items()}
    return {**config, "format": FORMAT, **sections}


def _renamed(section: Mapping[str, Any], renaming: Renaming) -> dict[str, Any]:
    """Return a section with one name changed, and its value if that was renamed, too."""
    old, new, values = renaming
    return {
        new if name == old else name: values.get(value, value) if name == old else value
        for name, value in section.items()
    }


def version_folder(folder: str | os.PathLike[str]) -> Path:
    """Return the folder of a run's newest version, or the given one if it is a version itself.

    Raises:
        ModelError: The folder is missing, or holds no version.
    """
    folder = _folder(folder)
    if (folder / "saved_model.pb").is_file():
        return folder
    version = newest_version(folder)
    if version is None:
        raise ModelError(f"{folder}: no exported version (a numbered folder such as 1/) is in it")
    if not (folder / str(version) / "saved_model.pb").is_file():
        raise ModelError(f"{folder / str(version)}: there is no saved_model.pb in it")
    return folder / str(version)


def read_description(
    folder: str | os.PathLike[str], task: str, archive: bool = False
) -> dict[str, dict[str, Any]]:
    """Return the ``options``, ``facts`` and ``metrics`` of the model that answers for a run.

    Args:
        folder: The run's folder, or that of a version.
        task: The name of the class that must have written it.
        archive: Whether they are those of ``model.keras``, also where there is a version.

    Raises:
        ModelError: There is no model, or another task or a newer toolkit wrote it.
    """
    path = description_path(folder)
    if is_exported(folder) and not archive:
        missing = f"this SavedModel has no assets/{CONFIG_FILE}"
        return _read(path, version_folder(folder), missing, task)
    if not Path(folder, ARCHIVE).is_file():
        raise ModelError(f"{_folder(folder)}: no {ARCHIVE} is in it, which training on needs")
    saved = read_archive_description(Path(folder, ARCHIVE), task)
    path = Path(folder, CONFIG_FILE)
    return saved or _read(path, Path(folder), f"no {CONFIG_FILE} is in it", task)


def read_archive_description(archive: Path, task: str) -> dict[str, dict[str, Any]] | None:
    """Return the ``options``, ``facts`` and ``metrics`` of a ``model.keras``.

    They stand in the file; those of earlier versions have them in a ``config.yaml`` beside it. The
    result is None if there is neither.

    Args:
        archive: The file.
        task: The name of the class that must have written it.

    Raises:
        ModelError: The file is damaged, or another task or a newer toolkit wrote it.
    """
    content = read_asset(archive, CONFIG_FILE)
    path = archive.with_name(CONFIG_FILE)
    if content is None and not path.is_file():
        return None
    return _read(path if content is None else archive, archive.parent, "", task, content)


def _read(
    path: Path, folder: Path, missing: str, task: str, content: str | None = None
) -> dict[str, dict[str, Any]]:
    """Return the sections of a ``config.yaml``.

    Args:
        path: The file.
        folder: The folder that the messages name.
        missing: The complaint if there is no such file.
        task: The name of the class that must have written it.
        content: The description, if ``path`` is the archive that holds it.
    """
    try:
        config = upgrade_description(read_yaml(path, content), path)
        found = {name: dict(config[name]) for name in ("options", "facts", "metrics")}
        writer = config["task"]
    except FileNotFoundError:
        raise ModelError(f"{folder}: {missing}, so this toolkit did not write it") from None
    except ModelError:
        raise
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = getattr(error, "strerror", None) or "it is none that this toolkit wrote"
        if isinstance(error, ValueError):
            reason += f" ({error})"
        raise ModelError(f"{path} cannot be used: {reason}") from error
    if writer != task:
        raise ModelError(f"{folder}: the model in it is of the task {writer}, not {task}")
    return found


def _folder(folder: str | os.PathLike[str]) -> Path:
    """Return the path of a folder that is there.

    Raises:
        ModelError: It is missing, or a file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "this is a file" if folder.exists() else "there is no such folder"
        raise ModelError(f"{folder}: {what}; give the folder of a trained run")
    return folder
