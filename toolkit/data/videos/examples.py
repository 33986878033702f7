"""Examples of labelled videos, decoded and checked row by row."""

import os
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data.bad_rows import BadRowError, Unreadable
from toolkit.data.columns import find_column, guessed, learnt_column, require_column
from toolkit.data.corpora.mapped_files import explain_full_disk
from toolkit.data.series import columns
from toolkit.data.series.examples import SeriesRows
from toolkit.data.series.options import SeriesOptions
from toolkit.data.sources.source import Record, Source, is_missing
from toolkit.data.videos.frames import FrameFormat, check_is_file
from toolkit.data.videos.sources import path_of, video_columns

VIDEO_NAMES = ("video", "path", "file", "filename", "file_name", "video_path", "clip", "frames")


class VideoExamples(SeriesRows):
    """The labelled videos of a source; see :class:`toolkit.data.labelled.rows.LabelledRows`.

    The series of an example are its frames, uint8 [T, H, W, C].

    Args:
        source: The source of the rows, of ``open_videos``. A video is the path of a file (in a
            table relative to the table's folder) or an array of frames.
        options: The columns, and how their values are read.
        frames: The frames that are read of each video.
        labelled: Whether to read labels.
        grouped: Whether to read groups, which a split needs.
        keep: Whether decoded frames are kept in a temporary file, for another reading.
        decode: Whether videos are decoded; without, they have no frames, so that labels can be
            read fast.

    Raises:
        DataError: A column does not exist or cannot be guessed; in an iteration, a row is bad, or
            no row can be used.
        OptionError: The label rule is invalid or does not fit the target, or the separator of
            labels is empty; in an iteration, the package ``av`` is missing.
    """

    dtype = np.dtype(np.uint8)

    def __init__(
        self,
        source: Source,
        options: SeriesOptions,
        frames: FrameFormat,
        *,
        labelled: bool = True,
        grouped: bool = True,
        keep: bool = False,
        decode: bool = True,
    ) -> None:
        super().__init__(source, options, labelled)
        self.frames = frames
        self.frame_shape = frames.shape
        self.series_column = _video_column(source, options)
        if labelled:
            self._choose_labels(self.series_column, grouped)
        self._decode = decode
        self._kept = _KeptFrames(frames.shape) if keep else None

    def videos(self) -> Iterator[Any]:
        """Yield the path or the frames of each row, or why it has none; nothing is decoded."""
        for record in self.source.records():
            try:
                yield self._video(record)
            except BadRowError as error:
                yield Unreadable(f"{record.place}: {error}")

    def _video(self, record: Record) -> Any:
        """Return the path of a file that exists, or the array of a record."""
        if record.problem is not None:
            raise BadRowError(record.problem)
        value = record.values.get(self.series_column)
        if is_missing(value):
            raise BadRowError("the video is missing")
        if not isinstance(value, (str, os.PathLike)):
            return value
        path = path_of(value, self.source)
        check_is_file(path)
        return path

    def _read(self, record: Record) -> NDArray[np.uint8]:
        """Return the frames of a record."""
        video = self._video(record)
        if not self._decode:
            return self._nothing()
        frames = None if self._kept is None else self._kept.get(record.row)
        if frames is None:
            frames = self.frames.read(video) if isinstance(video, str) else self.frames.fit(video)
            if self._kept is not None:
                self._kept.put(record.row, frames)
        return frames

    def _guesses(self) -> Mapping[str, str | None]:
        """Return the columns of videos and labels."""
        return {"series": self.series_column, "label": self.label_column}


class _KeptFrames:
    """The frames of videos in a temporary file, by row."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        with ExitStack() as stack:
            self._file = stack.enter_context(tempfile.TemporaryFile(prefix="toolkit-"))
            weakref.finalize(self, stack.pop_all().close)
        self._places: dict[int, tuple[int, int]] = {}
        self._end = 0

    def get(self, row: int) -> NDArray[np.uint8] | None:
        """Return the frames of a row; None if they are not kept."""
        if row not in self._places:
            return None
        start, size = self._places[row]
        content = os.pread(self._file.fileno(), size, start)
        return np.frombuffer(content, np.uint8).reshape(-1, *self._shape)

    def put(self, row: int, frames: NDArray[np.uint8]) -> None:
        """Keep the frames of a row."""
        with explain_full_disk():
            self._file.write(frames.tobytes())
            self._file.flush()
        self._places[row] = self._end, frames.nbytes
        self._end += frames.nbytes


def _video_column(source: Source, options: SeriesOptions) -> str:
    """Return the column of the videos: by option, by a usual name, or the only one with files.

    Raises:
        DataError: The requested column does not exist, or none can be guessed.
    """
    if source.fixed_columns:
        return source.columns[0]
    if options.series_column is not None:
        return require_column(source, options.series_column, "series_column")
    if (own := learnt_column(source, options, "series_column")) is not None:
        return own
    candidates = video_columns(source) or columns.nested_columns(source, options)
    guess = find_column(candidates, (*VIDEO_NAMES, *columns.SERIES_NAMES))
    if guess is None and len(candidates) == 1:
        guess = candidates[0]
    choices = candidates or source.columns
    return guessed(source, guess, "series", choices, VIDEO_NAMES, "videos")
