"""The runs that a server serves: their names, folders and versions, without TensorFlow."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import ModelError, OptionError, quoted
from toolkit.export import version_folder
from toolkit.export.verify import GOLDEN_FILE

_NAME = re.compile(r"[\w.-]+")
_MODEL = "saved_model.pb"


@dataclass(frozen=True)
class FoundVersion:
    """A version as it lies in its folder; one with other files is not equal.

    Args:
        number: Its number.
        folder: Its folder, without links.
        files: Name, size in bytes, and time of the last change of the files that are loaded, of the
            golden file, too.
    """

    number: int
    folder: Path
    files: tuple[tuple[str, int, int], ...]


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
        """True for the folder of one version, of which there are no newer ones."""
        return (self.folder / "saved_model.pb").is_file()

    @property
    def golden(self) -> Path | None:
        """The folder of the golden file; None for a version that lies in no run."""
        if not self.is_version:
            return self.folder
        return self.folder.parent if self.folder.name.isdecimal() else None

    def found(self) -> FoundVersion | None:
        """Return the newest version that has its ``saved_model.pb``; None if there is none now.

        Raises:
            OSError: The folder cannot be read now.
        """
        try:
            if self.is_version:
                number = int(self.folder.name) if self.folder.name.isdecimal() else 1
                return self._as_it_lies(number, self.folder)
            versions = [
                (int(each.name), each)
                for each in self.folder.iterdir()
                if each.name.isascii() and each.name.isdecimal() and (each / _MODEL).is_file()
            ]
            return self._as_it_lies(*max(versions)) if versions else None
        except FileNotFoundError:  # it is being replaced
            return None

    def _as_it_lies(self, number: int, folder: Path) -> FoundVersion:
        folder = folder.resolve()
        files = [folder / _MODEL, *sorted((folder / "variables").glob("*"))]
        if self.golden is not None and (golden := self.golden / GOLDEN_FILE).is_file():
            files.append(golden)
        states = [(each.name, each.stat()) for each in files]
        return FoundVersion(
            number, folder, tuple((name, of.st_size, of.st_mtime_ns) for name, of in states)
        )


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
