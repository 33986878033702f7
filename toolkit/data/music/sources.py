"""Sources of pieces: in memory, in a JSON or NumPy file, and in a folder of MIDI files."""

import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.data.columns import find_column
from toolkit.data.music.midi_file import ENDINGS, is_midi
from toolkit.data.sources.lines import read_text
from toolkit.data.sources.natural_order import natural_order
from toolkit.data.sources.numpy_file import read_arrays
from toolkit.data.sources.source import Record
from toolkit.errors import DataError, shorten

logger = logging.getLogger("toolkit")

#: The names of the parts of data, by the part that is asked for, the first ones first.
PART_NAMES = {
    "train": ("train", "training"),
    "test": ("test", "testing", "valid", "validation", "val", "dev"),
}
_EVERY_PART = {name for names in PART_NAMES.values() for name in names}
LENGTH_NAMES = ("lengths", "length", "steps")


class PieceList:
    """Pieces in memory, or the paths of their files.

    Args:
        pieces: Each as ``toolkit.data.music.values.read_piece`` takes it.
        name: The name of the source.
        places: The place of each, for messages; None for the names of files, and ``piece 1`` and so
            on for others.
    """

    columns = ("roll",)
    fixed_columns = True

    def __init__(
        self, pieces: Sequence[Any], name: str = "the list", places: Sequence[str] | None = None
    ) -> None:
        self.name = name
        self._pieces = pieces
        self._places = places

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        for row, piece in enumerate(self._pieces, 1):
            if self._places is not None:
                place = self._places[row - 1]
            else:
                place = f"file {os.fspath(piece)}" if is_midi(piece) else f"piece {row}"
            yield Record(row, {"roll": piece}, place)


class MidiFiles(PieceList):
    """All MIDI files in a folder and the folders in it, in natural order, without hidden ones.

    Args:
        path: The folder.
        part: The part to read of a folder with folders for parts, such as ``train``; the choice is
            logged.
        named: The part that the user named, or nothing.

    Raises:
        DataError: There are none, or the folder has parts but not the chosen one, or no parts, and
            one is named.
    """

    def __init__(self, path: Path, part: str | None, named: str = "") -> None:
        parts = {name: name for name in os.listdir(path) if (path / name).is_dir()}
        if _has_parts(parts) or named in parts:
            path = path / chosen_part(str(path), parts, part)
        elif named:
            raise no_parts(path, named)
        files: list[str] = []
        for folder, folders, names in os.walk(path):
            folders[:] = [name for name in folders if not name.startswith(".")]
            inside = os.path.relpath(folder, path)
            files += [
                os.path.normpath(os.path.join(inside, name))
                for name in names
                if is_midi(name) and not name.startswith(".")
            ]
        if not files:
            raise DataError(f"{path} has no MIDI files; their names end in {', '.join(ENDINGS)}")
        files = natural_order(files)
        paths = [str(path / file) for file in files]
        super().__init__(paths, str(path), [f"file {file}" for file in files])


def _has_parts(names: Iterable[str]) -> bool:
    """Return whether one of the names is that of a part."""
    return any(name.strip().lower() in _EVERY_PART for name in names)


def no_parts(path: Path, named: str) -> DataError:
    """Return the error of a part that is named of data without parts."""
    return DataError(f"{path} has no parts; leave out :{named}")


def chosen_part(name: str, parts: Mapping[str, Any], part: str | None) -> Any:
    """Return the part of data that is asked for; the choice is logged.

    Args:
        name: The name of the data.
        parts: The parts by name.
        part: ``train``, ``test``, or the name of a part. Data that has no test part is measured on
            its validation part.

    Raises:
        DataError: There is no such part.
    """
    wanted = PART_NAMES.get(part or "train", (part or "",))
    found = part if part in parts else find_column([*parts], [name.lower() for name in wanted])
    if found is None:
        raise DataError(
            f"{name} has no part {wanted[0]}; it has: {shorten([*parts])}; add the name of one "
            f"after a colon, such as {name}:{next(iter(parts))}"
        )
    logger.info("%s: the part %s is read", name, found)
    return parts[found]


def open_json(path: Path, part: str | None, named: str = "") -> PieceList:
    """Open a JSON file of pieces: a list of them, or an object with a list for each part.

    A piece is a list of time steps, and a step a list of MIDI pitches. Where the file has one part
    alone, it is read whatever is asked for by ``train`` and ``test``, unless the user ``named`` it.

    Raises:
        DataError: It cannot be read, or has no such part.
    """
    try:
        content = json.loads(read_text(path))
    except RecursionError:
        raise DataError(f"{path} is nested too deeply") from None
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}") from None
    if isinstance(content, dict):
        if not content:
            raise DataError(f"{path} has no pieces")
        if len(content) == 1 and not named:
            ((part, content),) = content.items()
        else:
            content = chosen_part(str(path), content, part)
    elif named:
        raise no_parts(path, named)
    if not isinstance(content, list):
        raise DataError(
            f"{path} should have a list of pieces, or an object with such a list for each part"
        )
    return PieceList(content, str(path))


def open_npz(path: Path, part: str | None, named: str = "") -> PieceList:
    """Open a NumPy file of rolls, [T, 88] or [T, 128].

    They are the arrays of the file, in their order, or one array [N, T, 88] with an array of
    lengths beside it. Where arrays have the names of parts, the chosen part is read.

    Raises:
        DataError: It cannot be read, or has no rolls, or no part that is ``named``.
    """
    arrays = read_arrays(path)
    lengths = find_column([*arrays], LENGTH_NAMES)
    rolls: Any = {name: array for name, array in arrays.items() if array.ndim in (2, 3)}
    if _has_parts(rolls) or named in rolls:
        found = chosen_part(str(path), {name: name for name in rolls}, part)
        rolls = {found: arrays[found]}
    elif named:
        raise no_parts(path, named)
    padded = [name for name, array in rolls.items() if array.ndim == 3]
    if len(padded) == 1:
        rolls = arrays[padded[0]]
        if lengths is not None:
            ends = np.asarray(arrays[lengths])
            fits = ends.shape == (len(rolls),) and ends.dtype.kind in "iu"
            if not fits or ends.min(initial=0) < 0 or ends.max(initial=0) > rolls.shape[1]:
                raise DataError(f"{path}: the array {lengths} has no length for each roll")
            rolls = [roll[:end] for roll, end in zip(rolls, ends.tolist(), strict=True)]
        return PieceList([*rolls], str(path))
    if padded or not rolls:
        raise DataError(
            f"{path} has no rolls; it should have an array [T, 88] for each piece, or one array "
            f"[N, T, 88]; it has: {shorten([*arrays])}"
        )
    return PieceList([*rolls.values()], str(path), [f"array {name}" for name in rolls])
