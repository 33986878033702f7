"""The confusion matrix as a picture; matplotlib is imported when one is drawn."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit.pictures import legible

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_confusion(
    confusion: ArrayLike, classes: Sequence[str], axes: "Axes | None" = None
) -> "Axes":
    """Draw a confusion matrix: a row for each gold class, a column for each predicted class.

    A cell's shade is its share of the row, so that rare classes are as visible as common ones; its
    text is the count, left out if it is 0 or does not fit.

    Args:
        confusion: [C, C] counts.
        classes: C names, in any script; a character that no installed font has is written as its
            code.
        axes: The axes to draw on; without them a new figure is made.

    Returns:
        The axes.
    """
    counts = np.asarray(confusion)
    if axes is None:
        axes = _square(inches=min(max(2.5, 0.4 * len(classes)), 16))
    box = axes.get_window_extent()
    cell = 72 / axes.figure.dpi * min(box.width, box.height) / len(classes)  # in points

    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xlabel("answer")
    axes.set_ylabel("right class")

    names, fonts = legible(classes)
    size = min(10, 0.8 * cell)
    style: dict[str, Any] = {"fontfamily": fonts, "fontsize": size, "parse_math": False}
    horizontal = max(map(len, names)) * 0.7 * size < cell
    axes.set_xticks(range(len(names)), names, rotation=0 if horizontal else 90, **style)
    axes.set_yticks(range(len(names)), names, **style)

    size = min(10, cell / (0.7 * len(str(counts.max())) + 0.5))
    if size >= 4:
        for row, column in np.argwhere(counts):
            ink = "white" if shares[row, column] > 0.5 else "black"
            count = str(counts[row, column])
            axes.text(column, row, count, color=ink, fontsize=size, ha="center", va="center")
    return axes


def save_picture(path: str | os.PathLike[str], axes: "Axes") -> None:
    """Write the figure of the axes; the file name's suffix decides the format."""
    axes.figure.canvas.print_figure(path, dpi=150, bbox_inches="tight")


def _square(inches: float) -> "Axes":
    """Return square axes of a given size; the figure grows around them when it is saved."""
    from matplotlib.figure import Figure

    return Figure(figsize=(inches, inches)).add_axes((0, 0, 1, 1))
