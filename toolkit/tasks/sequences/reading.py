"""The reading of series and of videos, by the front that takes them."""

from collections.abc import Sequence
from typing import Any

from toolkit.data import FrameFormat, SeriesExamples, Source, VideoExamples
from toolkit.data.series.arrays import ArraySource
from toolkit.data.videos.sources import VideoFile, VideoFolder, video_columns
from toolkit.errors import OptionError
from toolkit.options import option


def read_examples(
    source: Source,
    columns: Any,
    frames: FrameFormat | None,
    *,
    labelled: bool = True,
    grouped: bool = True,
    channels: Sequence[str] = (),
    reread: bool = False,
    decoded: bool = True,
) -> SeriesExamples | VideoExamples:
    """Return the reader of a source of series, or of videos.

    Args:
        source: The source, of ``open_series``.
        columns: The options of columns.
        frames: The frames that are read of videos; None for series.
        labelled: Whether to read labels.
        grouped: Whether to read groups, which a split needs.
        channels: The names of the channels that a model expects; none if it is not known.
        reread: As for ``VideoExamples``.
        decoded: As for ``VideoExamples``.

    Raises:
        DataError: A column does not exist or cannot be guessed.
        OptionError: The source has videos, and series are wanted.
    """
    if frames is not None:
        return VideoExamples(
            *(source, columns, frames),
            labelled=labelled,
            grouped=grouped,
            reread=reread,
            decoded=decoded,
        )
    if isinstance(source, (VideoFile, VideoFolder)) or (
        columns.series_column is None and not source.fixed_columns and video_columns(source)
    ):
        raise OptionError(
            f"{source.name} has videos; a run reads them with {option('front', 'frames')}"
        )
    if not labelled and isinstance(source, ArraySource):  # the number of channels tells
        source.layout = "auto"
    return SeriesExamples(
        *(source, columns, labelled, grouped), channels=len(channels) or None, names=channels
    )
