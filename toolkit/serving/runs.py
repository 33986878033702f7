"""The runs that a server serves: their names, folders and versions, without TensorFlow."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import ModelError, OptionError, quoted
from toolkit.export import newest_version, version_folder

_NAME = re.compile(r"[\w.-]+")


@dataclass(frozen=True)
class ServedRun:
    """A run by the name under which it is served.

    Args:
        name: The name, of letters, digits and ``_ . -``.
        folder: The run's folder, or that of one of its versions.
    """

    name: str
    folder: Path

    @property
    def is_version(self) -> bool:
        """Whether the folder is that of a version, of which there are no newer ones."""
        return (self.folder / "saved_model.pb").is_file()

    @property
    def golden(self) -> Path | None:
        """The folder of the golden file."""
        return None if self.is_version else self.folder

    def newest(self) -> tuple[int, Path] | None:
        """Return number and folder of the newest version; None if there is none now."""
        if self.is_version:
            return (int(self.folder.name) if self.folder.name.isdecimal() else 1), self.folder
        try:
            number = newest_version(self.folder)
        except OSError:
            return None
        return None if number is None else (number, self.folder / str(number))


def served_runs(runs: Sequence[str]) -> list[ServedRun]:
    """Return the runs that words of a command line name, after a look at their folders.

    Args:
        runs: The folders of runs or of versions, each plain or as ``NAME=FOLDER``; a run's name is
            that of its folder.

    Raises:
        ModelError: A folder is missing or holds no version.
        OptionError: A name cannot stand in an address, or there is one twice.
    """
    found: dict[str, ServedRun] = {}
    for word in runs:
        name, given, path = word.partition("=")
        if not given or os.path.isdir(word):
            name, path = "", word
        version = version_folder(path)
        if not (version / "saved_model.pb").is_file():
            raise ModelError(f"{version}: there is no saved_model.pb in it")
        folder = Path(os.path.abspath(path))  # not its target: a link may be moved on
        if not name:
            is_number = (folder / "saved_model.pb").is_file() and folder.name.isdecimal()
            name = folder.parent.name if is_number else folder.name
        if not _NAME.fullmatch(name):
            raise OptionError(
                f"{quoted(name)} cannot be the name of a model, which has letters, digits, '_', "
                f"'.' and '-' alone; give NAME={path}"
            )
        if name in found:
            raise OptionError(
                f"{found[name].folder} and {folder} are both named {name}; give NAME=FOLDER"
            )
        found[name] = ServedRun(name, folder)
    return list(found.values())
