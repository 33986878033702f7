"""Stills of videos with the probabilities of classes: a page for a browser."""

import base64
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.evaluation.pages.page import (
    SECTION_STYLE,
    escaped,
    most_probable,
    page_head,
    probability_curves,
    probability_table,
)

#: The largest number of stills of a video.
MOST_STILLS = 10

_STYLE = (
    SECTION_STYLE
    + """
.stills { display: grid; grid-template-columns: repeat(auto-fill, minmax(5rem, 1fr)); gap: .3rem; }
figure { margin: 0; }
figcaption { font-size: .75em; font-variant-numeric: tabular-nums; }
img { width: 100%; image-rendering: pixelated; display: block; }
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
    yield page_head(title, _STYLE)
    for video in videos:
        yield _section(video, frame_rate, classes)
    yield "</body>\n</html>\n"


def _section(video: ShownVideo, frame_rate: float, classes: Sequence[str]) -> str:
    """Return the part of a page with one video."""
    best, table = most_probable(video.probabilities)
    names = [classes[number] for number in best]
    steps = np.linspace(0, len(video.frames) - 1, min(len(video.frames), MOST_STILLS))
    stills = [_still(video.frames[n], n / frame_rate) for n in steps.round().astype(int).tolist()]
    return (
        f"<section>\n<h2><bdi>{escaped(video.name)}</bdi></h2>\n"
        f'<div class="stills">\n{"".join(stills)}</div>\n'
        f"{probability_table(names, table[-1], len(classes) - len(names)) if names else ''}"
        f"{probability_curves(table)}</section>\n"
    )


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
