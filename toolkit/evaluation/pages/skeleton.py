"""Skeletons in motion with the probabilities of classes: stills, and a page that moves."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit.evaluation.pages.page import (
    DRAWN_STYLE,
    PAGE_STYLE,
    drawing,
    most_probable,
    page,
    probability_curves,
    probability_table,
)
from toolkit.pictures import legible, save_figure

#: Of longer recordings, these many frames are shown.
MOST_FRAMES = 600
#: From where a skeleton is seen, in degrees to the side, so that depth is visible.
VIEW = 30
#: The larger of a skeleton's width and height on the page, in units of its coordinates there.
EXTENT = 1000

Bones = Sequence[tuple[int, int]]


class MovingSkeleton(NamedTuple):
    """A recording of a skeleton, with what a classifier says of it.

    Attributes:
        name: What to call it.
        joints: [T, J, 3]: x to the right, y upwards and z, in any unit; a joint with a value that
            is not finite is missing. At least one frame.
        probabilities: [T, C] after each frame, or [C] of the whole.
    """

    name: str
    joints: ArrayLike
    probabilities: ArrayLike


class _Shown(NamedTuple):
    """A recording as it is drawn: F frames and K classes."""

    joints: NDArray[np.float64]  # [F, J, 3], NaN for a missing joint
    frames: NDArray[np.intp]  # [F], their numbers in the recording
    classes: list[int]  # K, the most probable first
    probabilities: NDArray[np.float64]  # [F, K], or [1, K] of the whole


def skeleton_stills(
    moving: MovingSkeleton,
    bones: Bones,
    classes: Sequence[str],
    path: str | Path,
    stills: int = 8,
    frame_rate: float | None = None,
) -> None:
    """Draw frames of a skeleton in motion, and beneath them the probabilities of classes over time.

    Args:
        moving: The recording; its name is the title.
        bones: The pairs of joints to join by a line.
        classes: C names, in any script.
        path: The PNG file; it is written whole or not at all.
        stills: How many frames to draw, from the first to the last.
        frame_rate: Frames a second; without it time is counted in frames.
    """
    from matplotlib.figure import Figure

    shown = _shown(moving)
    places = sorted({*np.linspace(0, len(shown.frames) - 1, stills).round().astype(int).tolist()})
    time = shown.frames / frame_rate if frame_rate else shown.frames.astype(float)
    label = "probability"
    if len(shown.classes) < len(classes):
        label += f"\n{len(shown.classes)} of {len(classes)} classes"
    (title, *names), fonts = legible([moving.name, *(classes[number] for number in shown.classes)])
    style: dict[str, Any] = {"fontfamily": fonts, "parse_math": False}

    figure = Figure(figsize=(max(5, 1.4 * len(places)), 4.6), layout="constrained")
    figure.suptitle(title, **style)
    grid = figure.add_gridspec(2, len(places), height_ratios=(1.3, 1))
    turned = _turned(shown.joints)
    limits = [(values.min(), values.max()) for values in _present(turned).T]
    margin = 0.05 * max(high - low for low, high in limits) or 0.5
    for column, place in enumerate(places):
        axes = figure.add_subplot(grid[0, column])
        for start, end in bones:
            x, y = turned[place, [start, end]].T
            axes.plot(x, y, color="black", lw=1.5, solid_capstyle="round")
        axes.set(xlim=(limits[0][0] - margin, limits[0][1] + margin))
        axes.set(ylim=(limits[1][0] - margin, limits[1][1] + margin), aspect="equal")
        axes.set(xticks=[], yticks=[])
        at = f"{time[place]:.2f} s" if frame_rate else f"frame {shown.frames[place]}"
        axes.set_title(at, fontsize=8)

    axes = figure.add_subplot(grid[1, :])
    if len(shown.probabilities) > 1:
        for name, curve in zip(names, shown.probabilities.T, strict=True):
            axes.plot(time, curve, label=name)
        for place in places:
            axes.axvline(time[place], color="black", lw=0.5, alpha=0.3)
        axes.set(xlabel=f"time in {'seconds' if frame_rate else 'frames'}", ylabel=label)
        axes.set_ylim(-0.02, 1.02)
        font = {"family": fonts, "size": 9}
        legend = axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), prop=font)
        for text in legend.get_texts():
            text.set_parse_math(False)
    else:
        axes.barh(range(len(names)), shown.probabilities[0])
        axes.set(xlabel=label, xlim=(0, 1))
        axes.set_yticks(range(len(names)), names, **style)
        axes.invert_yaxis()
    save_figure(figure, path)


def skeleton_page(
    recordings: Iterable[MovingSkeleton],
    bones: Bones,
    classes: Sequence[str],
    title: str,
    frame_rate: float = 30.0,
) -> Iterator[str]:
    """Yield an HTML page of skeletons that move, piece by piece while the recordings are read.

    The page refers to no other file. Each recording plays while it is in sight, beside the
    probabilities of its most probable classes and above their curves over time; it can be stopped,
    moved to any frame, and seen from any side. Without JavaScript its first frame is shown.

    Args:
        recordings: The recordings.
        bones: The pairs of joints to join by a line.
        classes: C names.
        title: The page's title.
        frame_rate: Frames a second.

    Yields:
        Parts of the page, in order.
    """
    parts = (skeleton_drawing(moving, bones, classes, frame_rate) for moving in recordings)
    yield from page(title, PAGE_STYLE + SKELETON_STYLE, parts, SKELETON_SCRIPT)


def skeleton_drawing(
    moving: MovingSkeleton,
    bones: Bones,
    classes: Sequence[str],
    frame_rate: float = 30.0,
    level: int = 2,
) -> str:
    """Return the part of a page with one recording; see ``skeleton_page`` and ``drawing``.

    It moves where the page has ``SKELETON_SCRIPT``.
    """
    shown = _shown(moving)
    points = _on_page(shown.joints)
    width, height = _reach(points)
    names = [classes[number] for number in shown.classes]
    table = probability_table(names, shown.probabilities[0], len(classes) - len(names))
    data = {
        "bones": [list(map(int, bone)) for bone in bones],
        "rate": frame_rate * len(shown.frames) / (shown.frames[-1] + 1),
        "frames": [[None if np.isnan(v) else int(v) for v in frame.ravel()] for frame in points],
        "probabilities": shown.probabilities.round(3).tolist(),
    }
    content = (
        '<div class="moving">\n'
        f'<svg class="body" viewBox="{-width} -30 {2 * width} {height + 60}">'
        f'<path d="{_outline(points[0], bones)}"/></svg>\n'
        f"{table}</div>\n{probability_curves(shown.probabilities)}"
        '<p><button type="button">stop</button>\n<label>frame <input type="range" class="time" '
        f'min="0" max="{len(points) - 1}" value="0"></label>\n<label>seen from <input type="range" '
        f'class="view" min="-180" max="180" value="{VIEW}"></label></p>\n'
        f'<script type="application/json">{json.dumps(data, separators=(",", ":"))}</script>\n'
    )
    return drawing(moving.name, content, level)


def _shown(moving: MovingSkeleton) -> _Shown:
    """Return the frames and classes of a recording that are drawn."""
    joints = np.array(moving.joints, np.float64)
    joints[~np.isfinite(joints).all(axis=2)] = np.nan
    last = len(joints) - 1
    frames = np.unique(np.linspace(0, last, min(len(joints), MOST_FRAMES)).round().astype(np.intp))
    best, table = most_probable(moving.probabilities)
    if len(table) > 1:
        table = table[frames]
    return _Shown(joints[frames], frames, best, table)


def _present(points: NDArray[Any]) -> NDArray[Any]:
    """Return the joints [N, D] of all frames that are not missing; a zero if all are."""
    rows = points.reshape(-1, points.shape[-1])
    rows = rows[~np.isnan(rows).any(axis=1)]
    return rows if len(rows) else np.zeros((1, points.shape[-1]))


def _turned(joints: NDArray[Any]) -> NDArray[Any]:
    """Return joints [..., 3] as they are seen, [..., 2]."""
    angle = np.deg2rad(VIEW)
    across = np.cos(angle) * joints[..., 0] + np.sin(angle) * joints[..., 2]
    return np.stack([across, joints[..., 1]], axis=-1)


def _on_page(joints: NDArray[Any]) -> NDArray[Any]:
    """Return joints [F, J, 3] in whole units of the page, around x = z = 0 and with y downwards."""
    present = _present(joints)
    low, high = present.min(axis=0), present.max(axis=0)
    centre = np.array([(low[0] + high[0]) / 2, high[1], (low[2] + high[2]) / 2])
    extent = (high - low).max() or 1.0
    return np.round((joints - centre) * [1, -1, 1] * EXTENT / extent)


def _reach(points: NDArray[Any]) -> tuple[int, int]:
    """Return how far points on a page are from the vertical axis, seen from any side, and down."""
    present = _present(points)
    across = np.hypot(present[:, 0], present[:, 2]).max()
    return int(across) + 30, int(present[:, 1].max())


def _outline(points: NDArray[Any], bones: Bones) -> str:
    """Return the bones of one frame [J, 3] as an SVG path."""
    seen = _turned(points)
    return "".join(
        f"M{seen[start, 0]:.0f} {seen[start, 1]:.0f}L{seen[end, 0]:.0f} {seen[end, 1]:.0f}"
        for start, end in bones
        if not np.isnan(seen[[start, end]]).any()
    )


#: The style of ``skeleton_drawing``.
SKELETON_STYLE = (
    DRAWN_STYLE
    + """
.moving { display: flex; gap: 1rem; align-items: center; }
.body { width: 50%; height: 20rem; }
.body > path { fill: none; stroke: currentColor; stroke-width: 12; stroke-linecap: round; }
.curves > line { stroke: currentColor; stroke-width: 1; }
.time { width: 20rem; max-width: 50vw; }
"""
)

#: Moves the skeletons of a page, each of which has its data beside it. The projection is that of
#: ``_turned``.
SKELETON_SCRIPT = """
for (const body of document.querySelectorAll(".body")) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const section = body.closest("section");
  const { bones, rate, frames, probabilities } =
    JSON.parse(section.querySelector("script").textContent);
  const path = section.querySelector(".body > path");
  const cursor = section.querySelector(".curves > line");
  const bars = section.querySelectorAll("td > div");
  const time = section.querySelector(".time"), view = section.querySelector(".view");
  const button = section.querySelector("button");
  let place = 0, before = 0, plays = !still, visible = false;

  function show() {
    const number = +time.value, frame = frames[number], angle = view.value * Math.PI / 180;
    const point = joint => frame[3 * joint] === null ? null : Math.round(
      Math.cos(angle) * frame[3 * joint] + Math.sin(angle) * frame[3 * joint + 2]
    ) + " " + frame[3 * joint + 1];
    path.setAttribute("d", bones.map(bone => bone.map(point)).filter(ends => !ends.includes(null))
      .map(([start, end]) => `M${start}L${end}`).join(""));
    const now = probabilities[Math.min(number, probabilities.length - 1)];
    bars.forEach((bar, row) => {
      bar.style.width = 100 * now[row] + "%";
      bar.parentNode.nextElementSibling.textContent = now[row].toFixed(3);
    });
    if (cursor) { cursor.setAttribute("x1", number); cursor.setAttribute("x2", number); }
  }

  function play(wanted) {
    plays = wanted;
    button.textContent = plays ? "stop" : "play";
  }

  function step(now) {
    if (plays && visible) {
      // After the last frame it waits for a second, and begins again.
      place = (place + rate * Math.min(now - before, 250) / 1000) % (frames.length + rate);
      time.value = Math.min(Math.floor(place), frames.length - 1);
      show();
    }
    before = now;
    if (visible) requestAnimationFrame(step);
  }

  new IntersectionObserver(entries => {
    const seen = entries[entries.length - 1].isIntersecting;
    if (seen && !visible) requestAnimationFrame(step);
    visible = seen;
  }).observe(section);
  time.addEventListener("input", () => { play(false); place = +time.value; show(); });
  view.addEventListener("input", show);
  button.addEventListener("click", () => play(!plays));
  play(plays);
  show();
}
"""
