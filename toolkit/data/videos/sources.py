"""Sources of videos: folders, tables that name files, files, and arrays."""

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from toolkit.data.options import table_format
from toolkit.data.series.open import open_series
from toolkit.data.series.options import SeriesOptions
from toolkit.data.series.table import open_table, separators
from toolkit.data.sources.folder import FolderSource
from toolkit.data.sources.memory import open_table_in_memory
from toolkit.data.sources.natural_order import natural_order
from toolkit.data.sources.open import is_table, missing
from toolkit.data.sources.open import open_table as open_file
from toolkit.data.sources.source import Record, Source
from toolkit.data.videos.frames import is_video
from toolkit.errors import DataError

#: The number of rows by whose values a column of files is found.
_FIRST_ROWS = 20


class VideoFolder(FolderSource):
    """A folder whose sub-folders are the classes, with a video file for each row.

    The value of a row is the path of its file. See :class:`FolderSource`.
    """

    columns = ("video", "label", "file")
    plural, examples = "videos", "run/ and walk/"

    def _is_content(self, name: str) -> bool:
        return is_video(name)

    def _read(self, path: Path) -> object:
        """Return the path of a file.

        Raises:
            DataError: It has not the ending of a video.
        """
        if not is_video(path):
            raise DataError("the file has not the ending of a video, such as .mp4 or .avi")
        return str(path)


class VideoFiles:
    """Video files without labels.

    Args:
        paths: The files.
        name: The name of the source.
    """

    columns = ("video",)
    fixed_columns = True

    def __init__(self, paths: Sequence[Path], name: str) -> None:
        self.name = name
        self._paths = paths

    def records(self) -> Iterator[Record]:
        """Yield the records from the first one; each call starts again."""
        for row, path in enumerate(self._paths, 1):
            yield Record(row, {"video": str(path)}, f"file {path}")


def open_videos(data: Any, part: str | None = None, options: SeriesOptions | None = None) -> Source:
    """Open videos of any supported kind.

    Args:
        data: The path of a folder with a sub-folder for each class and a video file for each row,
            of a folder with video files alone, which have no labels, of a table, as for
            ``open_table``, that names a file a row, or of a video file; a table in memory, as for
            ``open_source``, of paths or arrays of frames; or such arrays, as ``open_series`` takes
            those of series.
        part: ``train`` or ``test``: the part to read of a folder with parts.
        options: The columns.

    Returns:
        A source whose records have a path or an array of frames and, where the data has them, a
        label and others.

    Raises:
        DataError: The data does not exist or is of an unsupported kind.
    """
    options = options or SeriesOptions()
    if (table := open_table_in_memory(data, part)) is not None:
        return table
    if not isinstance(data, (str, os.PathLike)):
        return open_series(data, part, options)
    path = Path(data)
    if not path.exists():
        raise missing(os.fspath(data), "videos")
    if path.is_dir():
        return _open_folder(path, part)
    if not path.is_file():
        raise DataError(f"{path} is no regular file; it is read more than once")
    if (choices := separators(path)) is not None:
        return open_table(path, choices, options)
    if is_table(path):
        return open_file(path, table_format(options))
    return VideoFiles([path], str(path))


def _open_folder(path: Path, part: str | None) -> Source:
    """Open a folder with sub-folders, or with video files alone."""
    entries = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
    files = [entry.name for entry in entries if is_video(entry)]
    if files and not any(entry.is_dir() for entry in entries):
        return VideoFiles([path / name for name in natural_order(files)], str(path))
    return VideoFolder(path, part)


def names_videos(data: Any) -> bool:
    """Return whether data are videos, by the names of some files, rather than series."""
    if not isinstance(data, (str, os.PathLike)):
        return False
    path = Path(data)
    if not path.is_dir():
        return is_video(path) or (path.is_file() and bool(_columns_of_table(path)))
    files = islice((each for each in path.rglob("*") if each.is_file()), _FIRST_ROWS)
    found = [*map(is_video, files)]
    return 2 * sum(found) > len(found)


def video_columns(source: Source) -> list[str]:
    """Return the columns whose values are the names of video files, by the first rows."""
    found: set[str] = set()
    for record in islice(source.records(), _FIRST_ROWS):
        found.update(name for name, value in record.values.items() if is_video(value))
    return [column for column in source.columns if column in found]


def path_of(value: str | os.PathLike[str], source: Source) -> str:
    """Return the path of a video; in a table it is relative to the table's folder."""
    if isinstance(value, os.PathLike) or os.path.isabs(value) or source.fixed_columns:
        return os.fspath(value)
    return os.path.join(os.path.dirname(source.name), value.strip())


def _columns_of_table(path: Path) -> list[str]:
    """Return the columns of a table with names of videos; none if it cannot be read."""
    try:
        return video_columns(open_videos(path))
    except DataError:
        return []
