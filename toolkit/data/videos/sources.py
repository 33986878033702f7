"""Sources of video files: a folder with a sub-folder for each class, and a single file."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from toolkit.data.sources.folder import FolderSource
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

    def _read(self, path: Path) -> object:
        """Return the path of a file.

        Raises:
            DataError: It has not the ending of a video.
        """
        if not is_video(path):
            raise DataError("the file has not the ending of a video, such as .mp4 or .avi")
        return str(path)


class VideoFile:
    """A single video without a label.

    Args:
        path: The file.
    """

    columns = ("video",)
    fixed_columns = True

    def __init__(self, path: Path) -> None:
        self.name = str(path)

    def records(self) -> Iterator[Record]:
        """Yield the only record."""
        yield Record(1, {"video": self.name}, f"file {self.name}")


def has_videos(folder: Path, part: str | None) -> bool:
    """Return whether most of the first files in the class folders of a folder are videos."""
    try:
        files = [*islice(VideoFolder(folder, part).records(), _FIRST_ROWS)]
    except DataError:
        return False
    return 2 * sum(record.problem is None for record in files) > len(files)


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
    return os.path.join(os.path.dirname(source.name), value)
