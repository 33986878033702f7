"""Stills of videos with the probabilities of classes: a page for a browser."""

import base64
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.evaluation.pages.page import (
    DRAWN_STYLE,
    PAGE_STYLE,
    drawing,
    most_probable,
    page,
    probability_curves,
    probability_table,
)

#: The largest number of stills of a video.
MOST_STILLS = 10

#: The style of ``video_drawing``.
VIDEO_STYLE = (
    DRAWN_STYLE
    + """
.stills { display: grid; grid-template-columns: repeat(auto-fill, minmax(5rem, 1fr)); gap: .3rem; }
.stills figure { margin: 0; }
.stills figcaption { font-size: .75em; font-variant-numeric: tabular-nums; }
.stills img { width: 100%; image-rendering: pixelated; display: block; }
"""
)


class ShownVideo(NamedTuple):
    """A video, with what a model says of it.

    Attributes:
        name: What to call it.
        frames: uint8 [T, H, W, C], C 1 or 3. At least one frame.
        probabilities: [T, K] after each frame, or [K] of the whole; K may be 0.
    """

    name: str
    frames: NDArray[np.uint8]
    probabilities: NDArray[np.float32]


def video_page(
    videos: Iterable[ShownVideo], frame_rate: float, classes: Sequence[str], title: str
) -> Iterator[str]:
    """Yield an HTML page of stills of videos, piece by piece while the videos are read.

    The page refers to no other file. Each video has some of its frames as the network reads them,
    each with its time, the probabilities of its most probable classes at its end, and their curves
    over time.

    Args:
        videos: The videos.
        frame_rate: Their frames a second.
        classes: K names.
        title: The page's title.

    Yields:
        Parts of the page, in order.
    """
    parts = (video_drawing(video, frame_rate, classes) for video in videos)
    yield from page(title, PAGE_STYLE + VIDEO_STYLE, parts)


def video_drawing(
    video: ShownVideo, frame_rate: float, classes: Sequence[str], level: int = 2
) -> str:
    """Return the part of a page with one video; see ``video_page`` and ``drawing``."""
    best, table = most_probable(video.probabilities)
    names = [classes[number] for number in best]
    steps = np.linspace(0, len(video.frames) - 1, min(len(video.frames), MOST_STILLS))
    stills = [_still(video.frames[n], n / frame_rate) for n in steps.round().astype(int).tolist()]
    content = (
        f'<div class="stills">\n{"".join(stills)}</div>\n'
        f"{probability_table(names, table[-1], len(classes) - len(names)) if names else ''}"
        f"{probability_curves(table)}"
    )
    return drawing(video.name, content, level)


def _still(frame: NDArray[np.uint8], time: float) -> str:
    """Return a frame [H, W, C] with its time in seconds."""
    from matplotlib.image import imsave

    picture = io.BytesIO()
    imsave(picture, np.broadcast_to(frame, (*frame.shape[:2], 3)), format="png")
    encoded = base64.b64encode(picture.getvalue()).decode()
    return (
        f'<figure><img alt="" src="data:image/png;base64,{encoded}">'
        f"<figcaption>{time:.2f} s</figcaption></figure>\n"
    )
