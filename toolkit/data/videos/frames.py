"""The frames that a network reads of a video: their rate, size and colours."""

import importlib.util
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from toolkit.data.bad_rows import BadRowError
from toolkit.errors import OptionError

#: The endings of the files that are taken for videos.
ENDINGS = (
    *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp"),
    *(".ogv", ".gif"),
)
#: The names of PyAV for frames of these colours, and their channels.
FORMATS = {"grayscale": ("gray", 1), "rgb": ("rgb24", 3)}
#: Frames whose times differ by less than this, in seconds, are at the same time.
_SAME_TIME = 1e-6


def is_video(path: object) -> bool:
    """Return whether a path has the ending of a video."""
    return isinstance(path, (str, os.PathLike)) and str(path).lower().endswith(ENDINGS)


@dataclass(frozen=True)
class FrameFormat:
    """The frames that a network reads: so many a second, each a small square.

    A picture of other proportions is squeezed into the square; a video that its file says to show
    rotated is rotated.

    Args:
        frame_rate: The frames a second.
        frame_size: The height and the width of a frame, in pixels.
        color_mode: ``grayscale`` or ``rgb``.
    """

    frame_rate: float = 10.0
    frame_size: int = 32
    color_mode: Literal["grayscale", "rgb"] = "grayscale"

    @classmethod
    def of(cls, options: Any) -> "FrameFormat":
        """Return the format that options of the same names give."""
        return cls(options.frame_rate, options.frame_size, options.color_mode)

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "FrameFormat | None":
        """Return the format of a run's frames; None if it reads no videos."""
        return cls(**facts["frames"]) if "frames" in facts else None

    @property
    def facts(self) -> dict[str, Any]:
        """The values as a run records them."""
        return asdict(self)

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
            BadRowError: The file is missing or cannot be decoded, or has no pictures.
            OptionError: The package ``av`` is missing.
        """
        av = _library()
        if not os.path.isfile(path):
            problem = "is no file" if os.path.exists(path) else "does not exist"
            raise BadRowError(f"{path} {problem}")
        frames: list[NDArray[np.uint8]] = []
        try:
            with av.open(os.fspath(path)) as container:
                if not container.streams.video:
                    raise BadRowError(f"{path} has no pictures")
                stream = container.streams.video[0]
                stream.thread_type = "AUTO"
                for frame, times in self._sampled(container.decode(stream), stream.average_rate):
                    frames += times * [self._small(frame, frame.rotation)]
        except (av.FFmpegError, OSError, ValueError) as error:
            after = f" after {len(frames)} frames" if frames else ""
            reason = getattr(error, "strerror", None) or str(error)
            raise BadRowError(f"{path} cannot be decoded{after}: {reason}") from None
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
        pictures = array[..., 0] if name == "gray" else array
        return np.stack(
            [
                self._small(av.VideoFrame.from_ndarray(np.ascontiguousarray(each), format=name))
                for each in pictures
            ]
        )

    def _sampled(self, frames: Iterator[Any], rate: Fraction | None) -> Iterator[tuple[Any, int]]:
        """Yield the frames that are shown at the times that are read, each with their number.

        Args:
            frames: The decoded frames in order.
            rate: Their number a second on average, for times that the file does not give.
        """
        gap = float(1 / rate) if rate else 0.0
        wanted = 0  # the number of times that have been read

        def times_before(end: float) -> int:
            return max(0, int(np.ceil((end - _SAME_TIME) * self.frame_rate)) - wanted)

        shown, start, time = None, 0.0, 0.0
        for number, frame in enumerate(frames):
            given = frame.time
            if number == 0:
                start = given or 0.0
            elif shown is not None:
                time = max(time, time + gap if given is None else given - start)
                if times := times_before(time):
                    wanted += times
                    yield shown, times
            shown = frame
        if shown is not None:
            yield shown, max(times_before(time + gap), int(wanted == 0))

    def _small(self, frame: Any, rotation: int = 0) -> NDArray[np.uint8]:
        """Return a frame of PyAV as a small picture [H, W, C].

        Args:
            frame: The frame.
            rotation: The degrees by which it is to be turned, counterclockwise.
        """
        height, width, channels = self.shape
        small = frame.reformat(width, height, FORMATS[self.color_mode][0], interpolation="AREA")
        picture: NDArray[np.uint8] = small.to_ndarray().reshape(height, width, channels)
        return np.rot90(picture, round(rotation / 90))


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
    if importlib.util.find_spec("av") is None:
        raise OptionError("videos need the package av, which is missing: pip install av")
    import av

    return av
