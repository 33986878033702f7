"""Confusion matrices and learning curves; matplotlib is imported when one is drawn."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit.pictures import legible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: The smallest size of text, in points.
SMALLEST = 4


def draw_confusion(
    confusion: ArrayLike, classes: Sequence[str], axes: "Axes | None" = None
) -> "Axes":
    """Draw a confusion matrix: a row for each gold class, a column for each predicted class.

    A cell's shade is its share of the row, so that rare classes are as visible as common ones; its
    text is the count, and below it the share, as far as they fit; a count of 0 is left out.

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
        axes = _square(inches=min(max(2.5, 0.6 * len(classes)), 16))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(100 * shares, cmap="Blues", vmin=0, vmax=100)
    axes.figure.colorbar(image, ax=axes, shrink=0.8, label="% of the right class")
    box = axes.get_window_extent()
    cell = 72 / axes.figure.dpi * min(box.width, box.height) / len(classes)  # in points
    right = int(np.trace(counts))
    axes.set_title(f"Confusions: {right:,} of {counts.sum():,} right", pad=12)
    axes.set_xlabel("answer")
    axes.set_ylabel("right class")

    names, fonts = legible(classes)
    size = min(10, 0.8 * cell)
    style: dict[str, Any] = {"fontfamily": fonts, "fontsize": size, "parse_math": False}
    horizontal = max(map(len, names)) * 0.7 * size < cell
    axes.set_xticks(range(len(names)), names, rotation=0 if horizontal else 90, **style)
    axes.set_yticks(range(len(names)), names, **style)

    size = min(10, cell / (0.7 * max(len(str(counts.max())), len("100 %")) + 0.5))
    has_shares = size >= SMALLEST and 3 * size < cell
    if not has_shares:
        size = min(10, cell / (0.7 * len(str(counts.max())) + 0.5))
    if size >= SMALLEST:
        for row, column in np.argwhere(counts):
            share = shares[row, column]
            text = f"{counts[row, column]}\n{share:.0%}" if has_shares else counts[row, column]
            ink = "white" if share > 0.5 else "black"
            axes.text(column, row, str(text), color=ink, fontsize=size, ha="center", va="center")
    return axes


def draw_history(
    history: Sequence[Mapping[str, float]], monitor: str | None = None
) -> "Axes | None":
    """Draw the learning curves of a training: the losses, and the metric that chose the weights.

    Args:
        history: A row for each epoch, as in ``history.csv``.
        monitor: The name of the metric; None if there is no validation.

    Returns:
        The lower axes; None without epochs.
    """
    if not history:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 6), layout="constrained")
    losses, below = figure.subplots(2, 1, sharex=True)
    epochs = [row.get("epoch", number) for number, row in enumerate(history, 1)]

    def curve(axes: Any, name: str, label: str) -> None:
        places = [epoch for epoch, row in zip(epochs, history, strict=True) if name in row]
        if places:
            values = [row[name] for row in history if name in row]
            axes.plot(places, values, marker=".", label=label)

    losses.set_title("Learning curves")
    losses.set_ylabel("loss")
    curve(losses, "loss", "training loss")
    curve(losses, "val_log_loss", "validation log loss")
    losses.legend()
    name = "gradient_norm" if monitor in (None, "log_loss") else f"val_{monitor}"
    label = "gradient norm" if name == "gradient_norm" else f"validation {_words(str(monitor))}"
    curve(below, name, label)
    below.set_ylabel(label)
    below.set_xlabel("epoch")
    below.xaxis.get_major_locator().set_params(integer=True)
    return below


def _words(name: str) -> str:
    """Return the name of a metric in words."""
    return name.replace("_", " ")


def save_picture(path: str | os.PathLike[str], axes: "Axes") -> None:
    """Write the figure of the axes; the file name's suffix decides the format."""
    axes.figure.canvas.print_figure(path, dpi=150, bbox_inches="tight")


def _square(inches: float) -> "Axes":
    """Return square axes of a given size; the figure grows around them when it is saved."""
    from matplotlib.figure import Figure

    return Figure(figsize=(inches, inches)).add_axes((0, 0, 1, 1))
