"""The frames that a network reads of a video: their rate, size and colours."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from toolkit.data.bad_rows import BadRowError
from toolkit.packages import import_package

#: The endings of the files that are taken for videos.
ENDINGS = (
    *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp"),
    *(".ogv", ".gif", ".mts", ".m2ts", ".vob", ".asf", ".mxf", ".y4m"),
)
#: The names of PyAV for frames of these colours, and their channels.
FORMATS = {"grayscale": ("gray", 1), "rgb": ("rgb24", 3)}
#: A frame that is shown for more seconds than this has a wrong time.
LONGEST_SECONDS = 600.0
#: A file with a smaller share of its frames than this, and less than those but for these many
#: seconds, is cut or damaged.
_SHARE, _SECONDS = 0.9, 0.5
#: Frames whose times differ by less than this, in seconds, are at the same time.
_SAME_TIME = 1e-6


def is_video(path: object) -> bool:
    """Return whether a path has the ending of a video."""
    return isinstance(path, (str, os.PathLike)) and str(path).strip().lower().endswith(ENDINGS)


@dataclass(frozen=True)
class FrameFormat:
    """The frames that a network reads: so many a second, each a small square.

    A picture of other proportions is squeezed into the square; a video that its file says to show
    rotated or mirrored is turned so.

    Args:
        frame_rate: The frames a second.
        frame_size: The height and the width of a frame, in pixels.
        color_mode: ``grayscale`` or ``rgb``.
    """

    frame_rate: float = 10.0
    frame_size: int = 32
    color_mode: Literal["grayscale", "rgb"] = "grayscale"

    @classmethod
    def of(cls, options: Any) -> "FrameFormat | None":
        """Return the format that ``FrameOptions`` give; None if they are those of series."""
        if options.front != "frames":
            return None
        return cls(options.frame_rate, options.frame_size, options.color_mode)

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of a frame, [H, W, C]."""
        return self.frame_size, self.frame_size, FORMATS[self.color_mode][1]

    def read(self, path: str | Path) -> NDArray[np.uint8]:
        """Decode a video.

        Of a video with another rate each frame is the one that is shown at its time: frames are
        left out or repeated. Only small frames are kept in memory.

        Args:
            path: A file of any format that FFmpeg reads.

        Returns:
            uint8 [T, H, W, C], T at least 1.

        Raises:
            BadRowError: The file is missing, cannot be decoded or ends early, or has no pictures.
            OptionError: The package ``av`` is missing.
        """
        av = _library()
        check_is_file(path)
        frames: list[NDArray[np.uint8]] = []
        try:
            with av.open(os.fspath(path)) as container:
                stream = container.streams.best("video")
                if stream is None:
                    raise BadRowError(f"{path} has no pictures")
                stream.thread_type = "AUTO"
                video = _Decoded(container.decode(stream), stream)
                scale = av.video.reformatter.VideoReformatter()
                for frame, times in self._sampled(video):
                    frames += times * [self._small(frame, scale, _display_matrix(frame, av))]
                _check_whole(video, container, stream)
        except (av.FFmpegError, OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise BadRowError(f"{path} cannot be decoded: {reason}") from None
        except _DamagedError as error:
            raise BadRowError(f"{path} {error}") from None
        if not frames:
            raise BadRowError(f"{path} has no pictures")
        return np.stack(frames)

    def fit(self, frames: Any) -> NDArray[np.uint8]:
        """Bring frames in an array to size and colours; their rate is taken to be right.

        Args:
            frames: uint8 [T, H, W], or [T, H, W, C] with 1 or 3 channels.

        Returns:
            uint8 [T, H', W', C'].

        Raises:
            BadRowError: They are of another shape or type, or there are none.
            OptionError: They are of another size or colours, and the package ``av`` is missing.
        """
        try:
            array = np.asarray(frames)
        except ValueError:
            raise BadRowError("the frames of the video are of different shapes") from None
        if not array.ndim:
            raise BadRowError("the video is neither the path of a file nor an array of frames")
        array = array[..., None] if array.ndim == 3 else array
        if array.ndim != 4 or array.shape[-1] not in (1, 3) or 0 in array.shape[1:]:
            raise BadRowError(
                f"the video is of shape {list(np.shape(frames))}; frames are [time, height, width] "
                "or [time, height, width, 1 or 3 colours]"
            )
        if not len(array):
            raise BadRowError("the video has no frames")
        array = _bytes(array)
        if array.shape[1:] == self.shape:
            return np.ascontiguousarray(array)
        av = _library()
        name = "gray" if array.shape[-1] == 1 else "rgb24"
        pictures = np.ascontiguousarray(array[..., 0] if name == "gray" else array)
        scale = av.video.reformatter.VideoReformatter()
        return np.stack(
            [
                self._small(av.VideoFrame.from_ndarray(picture, format=name), scale)
                for picture in pictures
            ]
        )

    def _sampled(self, video: "_Decoded") -> Iterator[tuple[Any, int]]:
        """Yield the frames that are shown at the times that are read, each with their number."""
        read, shown = 0, None

        def times_before(end: float) -> int:
            return max(0, int(np.ceil((end - video.tolerance) * self.frame_rate)) - read)

        for frame, time in video:
            if shown is not None and (times := times_before(time)):
                read += times
                yield shown, times
            shown = frame
        if shown is not None:
            yield shown, max(times_before(video.end), int(read == 0))

    def _small(
        self, frame: Any, scale: Any, matrix: NDArray[np.int32] | None = None
    ) -> NDArray[np.uint8]:
        """Return a frame of PyAV as a small picture [H, W, C].

        Args:
            frame: The frame.
            scale: The reformatter, which keeps its tables from frame to frame.
            matrix: The matrix [2, 2] by which it is to be turned, of quarter turns and mirrors; row
                vectors (x, y) are multiplied by it.
        """
        height, width, channels = self.shape
        name = FORMATS[self.color_mode][0]
        small = scale.reformat(frame, width, height, name, interpolation="AREA")
        picture: NDArray[np.uint8] = small.to_ndarray().reshape(height, width, channels)
        if matrix is None:
            return picture
        (across, x_to_y), (y_to_x, down) = matrix.tolist()
        if abs(x_to_y) > abs(across):  # columns become rows
            picture, across, down = picture.transpose(1, 0, 2), y_to_x, x_to_y
        return picture[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1]


def check_is_file(path: str | Path) -> None:
    """Check that there is a file.

    Raises:
        BadRowError: There is none.
    """
    if not os.path.isfile(path):
        problem = "is no file" if os.path.exists(path) else "does not exist"
        raise BadRowError(f"{path} {problem}")


class _DamagedError(Exception):
    """A video is damaged; the message goes on after its path."""


class _Decoded:
    """The decoded frames of a stream, each with its time in seconds after the first.

    Args:
        frames: The frames of PyAV in order.
        stream: Their stream.

    Attributes:
        count: The number of frames so far.
        start: The time of the first frame in the file.
        end: The time at which the latest frame ends.
        tolerance: The difference, in seconds, of times that are equal: containers round them.
    """

    def __init__(self, frames: Iterator[Any], stream: Any) -> None:
        self._frames = frames
        self._gap = float(1 / stream.average_rate) if stream.average_rate else 0.0
        tick = float(stream.time_base or 0)
        self.tolerance = max(_SAME_TIME, min(tick, self._gap / 2) if self._gap else tick)
        self.count = 0
        self.start = 0.0
        self.end = 0.0

    def __iter__(self) -> Iterator[tuple[Any, float]]:
        time = 0.0
        for frame in self._frames:
            given = frame.time
            if not self.count:
                self.start = given or 0.0
            else:
                time, before = max(time, self.end if given is None else given - self.start), time
                if time - before > LONGEST_SECONDS:
                    raise _DamagedError(
                        f"shows frame {self.count} for {time - before:,.0f} seconds; its times are "
                        "wrong"
                    )
            self.count += 1
            own = float(frame.duration * frame.time_base) if frame.duration else 0.0
            self.end = time + (own if 0 < own <= LONGEST_SECONDS else self._gap)
            yield frame, time


def _check_whole(video: _Decoded, container: Any, stream: Any) -> None:
    """Check that as much was decoded as the file says to have.

    Raises:
        _DamagedError: It was less.
    """
    claimed = 0.0
    if stream.duration:
        claimed = float(stream.duration * stream.time_base)
    elif container.duration and len(container.streams) == 1:
        claimed = container.duration / 1e6 - video.start  # in microseconds, from time zero
    if video.end < min(_SHARE * claimed, claimed - _SECONDS):
        raise _DamagedError(
            f"ends after {video.end:.1f} of {claimed:.1f} seconds; it is cut or damaged"
        )
    if video.count < _SHARE * stream.frames - 1:
        raise _DamagedError(f"has {video.count} of {stream.frames} frames; it is cut or damaged")


def _display_matrix(frame: Any, av: Any) -> NDArray[np.int32] | None:
    """Return the matrix [2, 2] by which a frame is to be shown; None for as it is."""
    data = frame.side_data.get(av.sidedata.sidedata.Type.DISPLAYMATRIX)
    if data is None:
        return None
    numbers = np.frombuffer(data, np.int32)
    return numbers[[0, 1, 3, 4]].reshape(2, 2)


def _bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Return pixels as bytes.

    Raises:
        BadRowError: They are no whole numbers from 0 to 255.
    """
    if array.dtype == np.uint8:
        return array
    is_number = array.dtype.kind in "iuf"
    if is_number and np.isfinite(array).all() and array.min() >= 0 and array.max() <= 255:
        if array.dtype.kind != "f":
            return array.astype(np.uint8)
        if (array == np.round(array)).all() and array.max() > 1:
            return array.astype(np.uint8)
    raise BadRowError("the pixels of the video are no whole numbers from 0 to 255")


def _library() -> Any:
    """Import PyAV.

    Raises:
        OptionError: It is not installed.
    """
    return import_package("videos need", "av")
