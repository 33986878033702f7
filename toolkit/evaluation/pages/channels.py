"""The channels of series as line plots, with the probabilities of classes: a page for a browser."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit.evaluation.pages.page import (
    DRAWN_STYLE,
    PAGE_STYLE,
    drawing,
    escaped,
    most_probable,
    page,
    probability_curves,
    probability_table,
)

#: The first channels are drawn, and no more than these.
MOST_CHANNELS = 24
#: The largest number of points of a plot, and of steps of a curve.
MOST_POINTS = 200

#: The style of ``channel_drawing``.
CHANNEL_STYLE = (
    DRAWN_STYLE
    + """
.channels { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr));
  gap: .5rem 1rem; }
.channels figure { margin: 0; min-width: 0; }
.channels figcaption { font-size: .75em; overflow-wrap: anywhere; }
.channels svg { width: 100%; height: 4rem; border: 1px solid #8884; }
.channels path { fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linecap: round;
  stroke-linejoin: round; vector-effect: non-scaling-stroke; }
"""
)


class PlottedSeries(NamedTuple):
    """A series, with what a model says of it.

    Attributes:
        name: What to call it.
        values: [T, C]; a value that is not finite is missing. At least one step.
        probabilities: [T, K] after each step, or [K] of the whole; K may be 0.
    """

    name: str
    values: ArrayLike
    probabilities: ArrayLike


def channel_page(
    series: Iterable[PlottedSeries], channels: Sequence[str], classes: Sequence[str], title: str
) -> Iterator[str]:
    """Yield an HTML page of the channels of series, piece by piece while the series are read.

    The page refers to no other file. Each series has a line plot for each channel, on a scale of
    its own, the probabilities of its most probable classes at its end, and their curves over time.
    Of long series the lowest and the highest value of each stretch are drawn, so that no peak is
    lost; a missing value is a gap.

    Args:
        series: The series.
        channels: The names of their channels [C].
        classes: K names.
        title: The page's title.

    Yields:
        Parts of the page, in order.
    """
    parts = (channel_drawing(each, channels, classes) for each in series)
    yield from page(title, PAGE_STYLE + CHANNEL_STYLE, parts)


def channel_drawing(
    series: PlottedSeries, channels: Sequence[str], classes: Sequence[str], level: int = 2
) -> str:
    """Return the part of a page with one series; see ``channel_page`` and ``drawing``."""
    values = np.array(series.values, np.float64)
    values[~np.isfinite(values)] = np.nan
    best, table = most_probable(series.probabilities)
    names = [classes[number] for number in best]
    steps = np.linspace(0, len(table) - 1, min(len(table), MOST_POINTS)).round().astype(np.intp)
    figures = [
        _figure(name, channel)
        for name, channel in zip(channels[:MOST_CHANNELS], values.T, strict=False)
    ]
    rest = len(channels) - len(figures)
    more = f"<p>{rest} other channels are not shown.</p>\n" if rest else ""
    content = (
        f'<div class="channels">\n{"".join(figures)}</div>\n{more}'
        f"{probability_table(names, table[-1], len(classes) - len(names)) if names else ''}"
        f"{probability_curves(table[steps])}"
    )
    return drawing(series.name, content, level)


def _figure(name: str, values: NDArray[np.float64]) -> str:
    """Return the plot of a channel [T]."""
    known = values[~np.isnan(values)]
    extent, path = "missing", ""
    if len(known):
        low, high = known.min(), known.max()
        extent = f"{low:.4g} to {high:.4g}"
        path = _path(values, low, high)
    return (
        f"<figure><figcaption><bdi>{escaped(name)}</bdi>: {extent}</figcaption>\n"
        f'<svg viewBox="-1 -5 {len(values) + 1} 110" preserveAspectRatio="none">'
        f'<path d="{path}"/></svg></figure>\n'
    )


def _path(values: NDArray[np.float64], low: float, high: float) -> str:
    """Return the values of a channel [T] as an SVG path, with a gap at missing ones."""
    heights = 100 * (high - values) / (high - low) if high > low else 0 * values + 50
    parts = []
    before_is_known = False
    for step in _drawn(values):
        is_known = not np.isnan(values[step])
        if is_known:
            parts.append(f"{'L' if before_is_known else 'M'}{step} {heights[step]:.1f}")
            if not before_is_known:  # a line to itself, so that a single value is a dot
                parts.append("h0")
        before_is_known = is_known
    return "".join(parts)


def _drawn(values: NDArray[np.float64]) -> Sequence[int]:
    """Return the steps of a channel [T] that are drawn, in order."""
    if len(values) <= MOST_POINTS:
        return range(len(values))
    edges: list[Any] = np.linspace(0, len(values), MOST_POINTS // 2 + 1).astype(np.intp).tolist()
    steps: list[int] = []
    for start, end in pairwise(edges):
        stretch = values[start:end]
        if not np.isnan(stretch).all():
            extremes = {int(np.nanargmin(stretch)), int(np.nanargmax(stretch))}
            steps += [start + step for step in sorted(extremes)]
        else:
            steps.append(start)
    return steps
