"""The inputs of a golden file that need no data."""

from collections.abc import Sequence
from typing import Any

import numpy as np

#: The numbers of frames of series and, since these are larger, of videos.
LENGTHS, VIDEO_LENGTHS = (24, 1, 7, 48), (5, 1, 3)


def waves(means: Sequence[float]) -> list[Any]:
    """Return series about the means of their channels, and one with missing values.

    Args:
        means: The means of the channels [C].
    """
    centre = np.asarray(means)
    phase = np.arange(len(centre))
    series = []
    for length in LENGTHS:
        time = np.arange(length)[:, None]
        series.append(np.round(centre + 0.1 * np.sin(0.3 * time + phase), 3))
    series[-1][::5] = np.nan
    return [each.tolist() for each in series]


def moving_squares(shape: Sequence[int]) -> list[Any]:
    """Return videos of a bright square that moves over a dark picture, each in a way of its own.

    Args:
        shape: The shape of a frame, [H, W, C].
    """
    height, width, _ = shape
    side = max(1, height // 4)
    videos = []
    for number, length in enumerate(VIDEO_LENGTHS):
        frames = np.zeros((length, *shape), np.uint8)
        for time in range(length):
            top = (number * side) % (height - side)
            left = (time * side // 2) % (width - side)
            frames[time, top : top + side, left : left + side] = 200
        videos.append(frames.tolist())
    return videos
