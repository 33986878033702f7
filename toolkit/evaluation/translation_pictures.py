"""Pictures of translations: attention weights, and BLEU by length."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit.evaluation.translation import LengthRow
from toolkit.pictures import legible, save_figure, visible

#: The side of a token's cell in inches, and its lower limit for long texts.
CELL, SMALLEST_CELL = 0.32, 0.16
LONGEST_SIDE = 24.0


def draw_attention(
    source: Sequence[str], target: Sequence[str], weights: ArrayLike, path: str | Path
) -> None:
    """Draw the attention weights of a translation.

    Args:
        source: The S tokens of the source, along the picture's upper edge.
        target: The T tokens of the translation, along its left edge.
        weights: [T, S].
        path: The PNG file; it is written whole or not at all.
    """
    from matplotlib.figure import Figure

    table = np.asarray(weights, np.float64).reshape(len(target), len(source))
    cell = max(SMALLEST_CELL, min(CELL, LONGEST_SIDE / max(1, *table.shape)))
    names = [visible(token) for token in (*source, *target)]
    tokens, fonts = legible(names)
    margin = 0.11 * max(map(len, tokens), default=1) + 0.4
    figure = Figure(
        figsize=(margin + cell * max(1, len(source)), margin + cell * max(1, len(target))),
        layout="constrained",
    )
    axes = figure.add_subplot()
    if table.size:
        axes.imshow(table, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    style: dict[str, Any] = {
        "fontfamily": fonts,
        "fontsize": min(10, 60 * cell / 2),
        "parse_math": False,
    }
    axes.xaxis.tick_top()
    axes.set_xticks(range(len(source)), tokens[: len(source)], rotation=90, **style)
    axes.set_yticks(range(len(target)), tokens[len(source) :], **style)
    axes.set_xlabel("attention to the source")
    axes.set_ylabel("translation")
    save_figure(figure, path)


def draw_bleu_by_length(curves: Mapping[str, Sequence[LengthRow]], path: str | Path) -> None:
    """Draw BLEU against the number of words in the source, one line per model.

    Args:
        curves: The rows of ``bleu_by_length`` by model.
        path: The PNG file; it is written whole or not at all.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    for name, rows in curves.items():
        values = [np.nan if row.bleu is None else row.bleu for row in rows]
        axes.plot([row.words for row in rows], values, marker="o", label=name)
    axes.set_xlabel("words of the source")
    axes.set_ylabel("BLEU")
    axes.set_title("BLEU by length")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    if len(curves) > 1:
        axes.legend()
    save_figure(figure, path)
