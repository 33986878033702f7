"""Pictures of rolls."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.music.rolls import KEYS, LOWEST
from toolkit.pictures import save_figure

#: The rows of an octave whose keys are black, from C.
BLACK = (1, 3, 6, 8, 10)
#: Inches of a step, and the least and largest width of a picture.
STEP, NARROWEST, WIDEST = 0.09, 6.0, 40.0
#: The most columns of a picture; of longer rolls several steps share one.
MOST_COLUMNS = 6_000


def draw_roll(
    roll: NDArray[Any], path: str | Path, steps_per_quarter: int, beginning: int = 0
) -> None:
    """Draw a roll with time to the right and pitch upwards.

    Args:
        roll: Which keys sound, [T, 88].
        path: The PNG file.
        steps_per_quarter: The number of time steps of a quarter.
        beginning: The number of first steps that were given, which are drawn in another colour.
    """
    from matplotlib.figure import Figure

    roll = np.pad(roll, ((0, max(0, 1 - len(roll))), (0, 0)))  # a picture has a width
    given = np.arange(len(roll))[:, None] < beginning
    shades = np.where(roll > 0, np.where(given, 2, 1), 0)
    together = -(-len(roll) // MOST_COLUMNS)
    if together > 1:
        padded = np.pad(shades, ((0, -len(roll) % together), (0, 0)))
        shades = padded.reshape(-1, together, KEYS).max(axis=1)
    used = np.flatnonzero(np.asarray(roll).any(axis=0))
    low, high = (int(used[0]), int(used[-1])) if len(used) else (0, KEYS - 1)
    low, high = max(0, low - 2), min(KEYS - 1, high + 2)
    colours = np.array([[255, 255, 255], [38, 84, 150], [214, 120, 34]], np.uint8)
    picture = colours[shades[:, low : high + 1]]
    black = np.isin((np.arange(low, high + 1) + LOWEST) % 12, BLACK)
    picture[(shades[:, low : high + 1] == 0) & black] = 238
    width = min(max(NARROWEST, 1 + STEP * len(roll)), WIDEST)
    figure = Figure(figsize=(width, 1 + 0.06 * (high - low + 1)), layout="constrained")
    axes = figure.subplots()
    end = len(roll) / steps_per_quarter
    axes.imshow(
        picture.swapaxes(0, 1),
        aspect="auto",
        origin="lower",
        interpolation="nearest",
        extent=(0, end, low + LOWEST - 0.5, high + LOWEST + 0.5),
    )
    octaves = [pitch for pitch in range(12, 128, 12) if low <= pitch - LOWEST <= high]
    axes.set_yticks(octaves, [f"C{pitch // 12 - 1}" for pitch in octaves])
    axes.set_xlabel("quarters")
    axes.set_ylabel("pitch")
    if beginning:
        axes.set_title("The beginning that was given, and what follows")
    save_figure(figure, path)
