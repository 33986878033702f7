"""Rolls of music that play in a page."""

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from markupsafe import Markup
from numpy.typing import NDArray

from toolkit.evaluation.pages.page import escaped
from toolkit.music.rolls import LOWEST, notes_of
from toolkit.report.blocks import Examples

#: The most frames of a roll.
MOST_FRAMES = 200

STYLE = """
.roll { border-bottom: 1px solid var(--line); padding-bottom: .5rem; }
.roll p { margin: .3rem 0; }
.roll svg { width: 100%; height: 9rem; background: var(--soft); display: block; }
.roll path { fill: var(--accent); }
.roll line { stroke: #d55e00; stroke-width: 2; vector-effect: non-scaling-stroke; }
.roll button { font: inherit; }
"""

#: Plays rolls, those of a report and those of the server's page.
SCRIPT = files("toolkit.report").joinpath("templates", "roll.js").read_text("utf-8")


def roll_examples(
    rolls: Sequence[NDArray[Any]], names: Sequence[str], step_seconds: float
) -> Examples:
    """Return rolls as drawings that play.

    Args:
        rolls: Which keys sound, each [T, 88]; of longer ones the first ``MOST_FRAMES`` are shown.
        names: What to call each.
        step_seconds: The seconds of a frame.
    """
    items = [
        _roll(roll[:MOST_FRAMES], name, step_seconds)
        for roll, name in zip(rolls, names, strict=True)
    ]
    caption = f"The hardest pieces, at most their first {MOST_FRAMES} frames."
    return Examples(caption, items, noun="piece", style=STYLE, script=SCRIPT)


def _roll(roll: NDArray[Any], name: str, step_seconds: float) -> Markup:
    """Return a roll with its name and a button that plays it."""
    notes = [(note.key + LOWEST, note.start, note.end) for note in notes_of(roll)]
    pitches = [pitch for pitch, *_ in notes] or [LOWEST]
    low, high = min(pitches) - 1, max(pitches) + 2
    path = "".join(
        f"M{start} {high - pitch - 1}h{end - start - 0.1:.1f}v.8H{start}z"
        for pitch, start, end in notes
    )
    data = json.dumps({"notes": notes, "step": step_seconds, "frames": len(roll)})
    described = f"Piano roll of {len(notes)} notes in {len(roll)} frames"
    return Markup(
        f'<div class="roll"><p><bdi>{escaped(name)}</bdi></p>\n'
        f'<svg role="img" aria-label="{described}" viewBox="0 0 {max(1, len(roll))} {high - low}" '
        f'preserveAspectRatio="none"><path d="{path}"/>'
        f'<line y2="{high - low}" visibility="hidden"/></svg>\n'
        f'<p><button type="button">play</button></p>\n'
        f'<script type="application/json">{data}</script></div>'
    )
