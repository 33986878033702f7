"""Opening of recordings of all kinds."""

import atexit
import logging
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.data.audio import sources
from toolkit.data.audio.options import AudioOptions
from toolkit.data.audio.recording import DATA_URI, ENDINGS, is_audio
from toolkit.data.audio.sources import AnyPath, AudioFile, AudioFolder, AudioList, Manifest
from toolkit.data.options import table_format
from toolkit.data.sources.folder import PARTS
from toolkit.data.sources.memory import is_list, open_table_in_memory, unzipped
from toolkit.data.sources.open import TABLES_IN_WORDS, is_table, missing, open_table
from toolkit.data.sources.source import Source
from toolkit.errors import DataError, count, shorten

logger = logging.getLogger("toolkit")

#: The usual names of tables in a folder that name recordings.
USUAL_TABLES = ("metadata", "manifest", "transcripts", "data")


def open_audio(data: Any, part: str | None = None, options: AudioOptions | None = None) -> Source:
    """Open recordings of any supported kind.

    Args:
        data: The path of a table, as for ``open_table``, with a recording and its transcript a row
            (relative paths are relative to it); of a folder with such a file
            (``metadata.csv``, ``manifest.json``), in the layout of LJSpeech, LibriSpeech or Kaldi,
            with a ``.txt`` file beside each recording, or with a sub-folder for each transcript;
            of a ``.zip`` archive of such a folder; of a single recording; a table in memory,
            as for ``open_source``; a list of recordings, as ``open_recording`` takes them; a pair
            ``(recordings, transcripts)`` or a list of such pairs; or a source, which is
            returned unchanged.
        part: ``train`` or ``test``: the part to read of a folder with parts.
        options: The columns.

    Raises:
        DataError: The data does not exist or is of an unsupported kind.
    """
    options = options or AudioOptions()
    if isinstance(data, (str, os.PathLike)):
        return _open_path(os.fspath(data), part, options)
    data = unzipped(data) if isinstance(data, list) else data
    is_pair = isinstance(data, tuple) and len(data) == 2
    if is_pair and is_list(data[0]) and is_list(data[1]):
        return AudioList(data[0], data[1])
    if (frame := open_table_in_memory(data, part)) is not None:
        return frame
    if is_list(data):
        return AudioList(data)
    if isinstance(data, Source):
        return data
    raise DataError(
        f"data of type {type(data).__name__} cannot be read; give a path, a DataFrame, a list of "
        "recordings or a pair (recordings, transcripts)"
    )


def _open_path(data: str, part: str | None, options: AudioOptions) -> Source:
    """Open a file, folder or archive."""
    if data.startswith(DATA_URI):
        return AudioList([data])
    path = Path(data)
    if is_audio(data):  # or a missing file, which is a row that cannot be read
        return AudioFile(path)
    if not os.path.exists(data):
        raise missing(data, "recordings")
    if os.path.isdir(data):
        return _open_folder(path, part, options)
    if not os.path.isfile(data):
        raise DataError(f"{path} is no regular file; it is read more than once")
    name = path.name.lower()
    if name.endswith(".zip"):
        try:
            return _open_folder(zipfile.Path(data), part, options)
        except zipfile.BadZipFile:
            raise DataError(f"{path} is no complete .zip archive") from None
    if name == "wav.scp":
        return sources.kaldi(path.parent)
    if is_table(path):
        return _open_table(path, path.parent, options)
    raise DataError(
        f"{path} is of no known format; it should end in {TABLES_IN_WORDS}, or in .zip, or be a "
        f"recording ({', '.join(ENDINGS)})"
    )


def _open_folder(folder: AnyPath, part: str | None, options: AudioOptions) -> Source:
    """Open a folder, which may lie in an archive, by its layout."""
    paths = sources.entries(folder)
    files = [path for path in paths if path.is_file()]
    folders = {path.name: path for path in paths if path.is_dir()}
    names = {path.name: path for path in files}
    if "wav.scp" in names:
        return sources.kaldi(folder)
    tables = [path for path in files if is_table(path.name)]
    if len(tables) > 1:
        usual = [t for t in tables if t.name.lower().split(".")[0] in (*USUAL_TABLES, part)]
        tables = usual if len(usual) == 1 else tables
    if len(tables) > 1:
        raise DataError(
            f"{folder} has several tables; give one of them: {shorten([t.name for t in tables])}"
        )
    if tables:
        return _open_table(tables[0], folder, options)
    if {*folders} & {*PARTS}:
        if part not in folders:
            raise DataError(f"{folder} comes in parts; give one of them: {shorten([*folders])}")
        return _open_folder(folders[part], part, options)
    below = [folder, *_below(folder, 3)]
    every = {str(each): sources.recordings_in(each) for each in below}  # by their names
    lists = [path for each in below for path in _transcripts(each)]
    if lists:
        _log_left_out(folder, every, [path for each in lists for path in _listed(each)])
        return sources.libri_speech(folder, lists)
    if every[str(folder)]:
        _log_left_out(folder, every, every[str(folder)])
        return sources.plain_folder(folder)
    classes = [
        name for name, path in folders.items() if not name.startswith("_") and every[str(path)]
    ]
    if len(classes) > 1:
        read = [path for name in classes for path in every[str(folders[name])]]
        _log_left_out(folder, every, read)
        return sources.class_folders(folder, classes)
    if len(folders) == 1:
        (only,) = folders.values()
        return _open_folder(only, part, options)
    raise DataError(
        f"{folder} has no recordings in a known layout: a table such as metadata.csv, files "
        "beside .txt files, a sub-folder for each transcript, or those of LJSpeech, LibriSpeech "
        "or Kaldi"
    )


def _open_table(table: AnyPath, folder: AnyPath, options: AudioOptions) -> Source:
    """Open a table of recordings, or the list of LJSpeech."""
    if not isinstance(table, Path):
        return _from_archive(table, folder, options)
    name = table.name.lower()
    if name.endswith(".csv") and (folder / "wavs").is_dir() and _is_lj_speech(table):
        return sources.lj_speech(folder, table)
    return Manifest(open_table(table, table_format(options)), folder)


def _from_archive(table: AnyPath, folder: AnyPath, options: AudioOptions) -> Source:
    """Open a table in an archive, by a copy that is removed at the end of the process."""
    copy = Path(tempfile.mkdtemp(prefix="toolkit-"), table.name)
    atexit.register(shutil.rmtree, copy.parent, ignore_errors=True)
    copy.write_bytes(table.read_bytes())
    opened = _open_table(copy, folder, options)
    if isinstance(opened, AudioFolder):
        return sources.lj_speech(folder, table)
    opened.name = str(table)  # type: ignore[misc]
    return opened


def _is_lj_speech(table: AnyPath) -> bool:
    """Return whether the first line of a table is one of LJSpeech's."""
    with table.open("rb") as file:
        line: bytes = file.readline(100_000)
    name = line.partition(b"|")[0].lower()
    return 1 <= line.count(b"|") <= 2 and b"," not in name and b"\t" not in name


def _below(folder: AnyPath, depth: int) -> list[AnyPath]:
    """Return the folders below a folder down to a depth."""
    inside = [path for path in sources.entries(folder) if path.is_dir()]
    further = [path for each in inside for path in _below(each, depth - 1)] if depth > 1 else []
    return [*inside, *further]


def _listed(table: AnyPath) -> list[AnyPath]:
    """Return the recordings beside a list of transcripts of LibriSpeech that are in it."""
    names = {line.partition(" ")[0] for line in sources.read_text(table).splitlines()}
    return [path for path in sources.recordings_in(table.parent) if path.stem in names]


def _log_left_out(
    folder: AnyPath, every: Mapping[str, Sequence[AnyPath]], used: Sequence[AnyPath]
) -> None:
    """Log the recordings of a folder that are not read, since its layout has no place for them.

    Args:
        folder: The folder.
        every: The recordings in it and in each folder below.
        used: Those that are read.
    """
    read = {*map(str, used)}
    left = [str(path) for paths in every.values() for path in paths if str(path) not in read]
    if left:
        names = [path.removeprefix(f"{str(folder).rstrip('/')}/") for path in left[:4]]
        logger.warning(
            "%s in %s left out, for which its layout has no place: %s",
            *(count(len(left), "recording"), folder, shorten(names)),
        )


def _transcripts(folder: AnyPath) -> list[AnyPath]:
    """Return the lists of transcripts of LibriSpeech in a folder."""
    return [path for path in sources.entries(folder) if path.name.endswith(".trans.txt")]
