"""Skeletons drawn as small grey videos, as a camera in front of them would see them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit.series.joints import KINECT_20

#: What the camera sees: this far to each side of the room's middle, and from the floor upwards.
SIDE = 1.3
#: The bottom of the picture, in metres below the floor.
BELOW = 0.2
#: The width of a drawn bone, in metres.
WIDTH = 0.12


def render(series: ArrayLike, size: int = 32) -> NDArray[np.uint8]:
    """Return a movement as a video of white bones on black.

    The projection is orthographic: depth is not seen. A pixel's brightness is the share of it that
    the nearest bone covers, so that a bone that moves by a part of a pixel changes the picture.

    Args:
        series: [T, 60], as in ``movements``: x and y in metres, with x = 0 in the middle of the
            picture and y = 0 on the floor. What is outside the picture is cut off.
        size: The height and width in pixels.

    Returns:
        [T, size, size], 0 to 255; the first row is the upper edge.
    """
    values = np.asarray(series, np.float32)
    pixel = 2 * SIDE / size
    # The places of joints in pixels, from the upper left corner.
    joints = values.reshape(len(values), len(KINECT_20.names), 3)[:, :, :2]
    joints = (joints * [1, -1] + [SIDE, 2 * SIDE - BELOW]).astype(np.float32) / pixel
    nearest = np.full((len(joints), size, size), np.inf, np.float32)
    for start, end in KINECT_20.bones:
        squares = _squared_distances(joints[:, start], joints[:, end], size)
        np.minimum(nearest, squares, out=nearest)
    covered = WIDTH / pixel / 2 + 0.5 - np.sqrt(nearest)
    return np.round(255 * np.clip(covered, 0, 1)).astype(np.uint8)


def _squared_distances(start: NDArray[Any], end: NDArray[Any], size: int) -> NDArray[Any]:
    """Return the squares [T, H, W] of pixels' distances from the lines between points [T, 2]."""
    (dx, dy), middles = (end - start).T[:, :, None], np.arange(size, dtype=np.float32) + 0.5
    x, y = middles - start[:, :1], middles - start[:, 1:]  # [T, W], [T, H]
    length, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
    cosine, sine = np.cos(angle), np.sin(angle)
    along = (x * cosine)[:, None, :] + (y * sine)[:, :, None]
    aside = (y * cosine)[:, :, None] - (x * sine)[:, None, :]
    beyond = along - np.clip(along, 0, length[:, :, None])
    return aside * aside + beyond * beyond
