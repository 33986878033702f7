"""The reading of series and of videos, by the front that takes them."""

from collections.abc import Sequence
from typing import Any

from toolkit.data import FrameFormat, SeriesExamples, Source, VideoExamples, open_series
from toolkit.data.series.arrays import ArraySource
from toolkit.data.series.examples import SeriesRows
from toolkit.data.videos.sources import names_videos, open_videos
from toolkit.errors import DataError, OptionError
from toolkit.options import option


def open_sequences(data: Any, part: str | None, options: Any) -> Source:
    """Open series, or with the front ``frames`` videos.

    Args:
        data: What ``open_series`` or ``open_videos`` takes.
        part: ``train`` or ``test``: the part to read of a folder with parts.
        options: The options of columns and frames.

    Raises:
        DataError: The data does not exist or is of an unsupported kind.
        OptionError: They are videos, and series are wanted.
    """
    if options.front == "frames":
        return open_videos(data, part, options)
    try:
        source = open_series(data, part, options)
    except DataError:
        if names_videos(data):
            raise _are_videos(data) from None
        raise
    if not getattr(source, "channel_names", True) and names_videos(data):  # a folder of no tables
        raise _are_videos(data)
    return source


def read_examples(
    source: Source,
    options: Any,
    *,
    labelled: bool = True,
    grouped: bool = True,
    channels: Sequence[str] = (),
    keep: bool = False,
    decode: bool = True,
) -> SeriesRows:
    """Return the reader of a source of series or of videos.

    Args:
        source: The source, of ``open_sequences``.
        options: The options of columns and frames.
        labelled: Whether to read labels.
        grouped: Whether to read groups, which a split needs.
        channels: The names of the channels that a model expects; none if it is not known.
        keep: As for ``VideoExamples``.
        decode: As for ``VideoExamples``.

    Raises:
        DataError: A column does not exist or cannot be guessed.
    """
    frames = FrameFormat.of(options)
    if frames is not None:
        return VideoExamples(
            *(source, options, frames), labelled=labelled, grouped=grouped, keep=keep, decode=decode
        )
    if not labelled and isinstance(source, ArraySource):  # the number of channels tells
        source.layout = "auto"
    return SeriesExamples(
        *(source, options, labelled, grouped), channels=len(channels) or None, names=channels
    )


def _are_videos(data: Any) -> OptionError:
    return OptionError(f"{data} has videos; only a run with {option('front', 'frames')} reads them")
