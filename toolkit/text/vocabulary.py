"""The vocabulary: which units have an id, and the file that says so.

The file has a unit a line, the line's number being the id. Lines 0 and 1 are ``[PAD]`` and
``[UNK]``; a line break as a unit is written ``\\n``. It is what lies in ``assets/`` of an exported
model, and its tables are read from it.
"""

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.files import named

PADDING_ID = 0
UNKNOWN_ID = 1
PADDING = ""
UNKNOWN = "[UNK]"

FILE_NAME = "vocabulary.txt"
_PADDING_LINE = "[PAD]"
_BREAK_LINE = "\\n"
#: What no unit can be.
RESERVED = frozenset({PADDING, UNKNOWN, _PADDING_LINE, _BREAK_LINE})


def whole_vocabulary(units: Iterable[str]) -> list[str]:
    """Put padding and unknown first, where they are not there yet.

    Raises:
        OptionError: A unit is empty, reserved, twice there or has a line break inside.
    """
    units = list(units)
    reserved = [PADDING, UNKNOWN]
    units = units if units[:2] == reserved else reserved + units
    seen = {*RESERVED}
    for index, unit in enumerate(units[2:], 2):
        if unit in seen:
            raise OptionError(
                f"vocabulary entry {index} is {unit!r}, which is reserved or repeated"
            )
        if unit != "\n" and ("\n" in unit or "\r" in unit):
            raise OptionError(f"vocabulary entry {index} is {unit!r}: a line break within a unit")
        seen.add(unit)
    return units


def write_vocabulary(path: Path, units: Sequence[str]) -> None:
    """Write a whole vocabulary to a file."""
    lines = (_BREAK_LINE if unit == "\n" else unit for unit in units[1:])
    path.write_bytes("".join(f"{line}\n" for line in (_PADDING_LINE, *lines)).encode())


def read_vocabulary(path: Path) -> list[str]:
    """Read what ``write_vocabulary`` wrote."""
    lines = path.read_bytes().decode().split("\n")[:-1]  # other line ends belong to the units
    return [PADDING, *("\n" if line == _BREAK_LINE else line for line in lines[1:])]


class VocabularyTables(tf.Module):
    """Units to ids and back, as lookup tables that read a vocabulary file.

    Args:
        path: The file. Exporting copies it to ``assets/``; it must exist until then.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        line, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
        to_id = tf.lookup.TextFileInitializer(str(path), tf.string, line, tf.int64, number)
        to_unit = tf.lookup.TextFileInitializer(str(path), tf.int64, number, tf.string, line)
        self._ids = tf.lookup.StaticHashTable(to_id, UNKNOWN_ID)
        self._units = tf.lookup.StaticHashTable(to_unit, UNKNOWN)

    def ids(self, units: Any) -> Any:
        """Look up strings of any shape: int32. '' is padding; a literal '[UNK]' is unknown."""
        lines = tf.where(units == "\n", _BREAK_LINE, units)
        ids = tf.maximum(tf.cast(self._ids.lookup(lines), tf.int32), UNKNOWN_ID)
        return tf.where(units == PADDING, PADDING_ID, ids)

    def units(self, ids: Any) -> Any:
        """Look up ids of any shape: strings. Ids outside the vocabulary are unknown."""
        units = self._units.lookup(tf.cast(ids, tf.int64))
        units = tf.where(units == _BREAK_LINE, "\n", units)
        return tf.where(ids == PADDING_ID, PADDING, units)


class Vocabulary(tf.Module):
    """Units with their ids, and the lookup tables of them.

    Args:
        units: The units in the order of their ids; see ``whole_vocabulary``.
        file_name: What the file is called that lies in ``assets/`` of an exported model.

    Attributes:
        all_units: The units, padding and unknown first.

    Raises:
        OptionError: A unit is empty, reserved, twice there or has a line break inside.
    """

    def __init__(self, units: Iterable[str] = (), file_name: str = FILE_NAME) -> None:
        super().__init__()
        self.all_units = tuple(whole_vocabulary(units))
        directory = tempfile.mkdtemp()  # exporting copies the file, as late as it likes
        path = Path(directory, file_name)
        try:
            with named(path):
                write_vocabulary(path, self.all_units)
            self.tables = VocabularyTables(path)
        except BaseException:
            shutil.rmtree(directory, ignore_errors=True)
            raise
        weakref.finalize(self.tables, shutil.rmtree, directory, ignore_errors=True)

    def __len__(self) -> int:
        return len(self.all_units)

    def ids(self, units: Any) -> Any:
        """Look up strings of any shape: int32. '' is padding; a literal '[UNK]' is unknown."""
        return self.tables.ids(units)

    def units(self, ids: Any) -> Any:
        """Look up ids of any shape: strings. Ids outside the vocabulary are unknown."""
        return self.tables.units(ids)
