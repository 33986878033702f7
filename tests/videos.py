"""Videos written with FFmpeg for tests."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray


def write_video(
    path: Path,
    frames: Sequence[NDArray[np.uint8]] | NDArray[np.uint8],
    rate: int = 10,
    codec: str = "ffv1",
    times: Sequence[float] | None = None,
) -> Path:
    """Write a video without loss, unless another codec is named.

    Args:
        path: The file; its ending names the container.
        frames: [H, W, 3] each.
        rate: The frames a second.
        codec: The codec.
        times: The time of each frame in seconds; None for those of the rate.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "bgr0" if codec == "ffv1" else "yuv420p"
        stream.time_base = Fraction(1, 1000)
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            time = number / rate if times is None else times[number]
            frame.pts, frame.time_base = round(1000 * time), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def grey(levels: Sequence[int], size: tuple[int, int] = (16, 16)) -> list[NDArray[np.uint8]]:
    """Return frames of one grey each."""
    return [np.full((*size, 3), level, np.uint8) for level in levels]
