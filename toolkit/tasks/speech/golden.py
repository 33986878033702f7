"""The recordings of a golden file that need no data."""

import numpy as np
from numpy.typing import NDArray

#: The durations of tones in seconds; the last is shorter than a frame.
SECONDS = (0.4, 0.25, 0.01)


def tones(rate: int) -> list[tuple[int, NDArray[np.int16]]]:
    """Return the rate and the samples of tones that glide, of noise, and of nothing."""
    random = np.random.default_rng(0)
    made = []
    for number, seconds in enumerate(SECONDS):
        time = np.arange(round(seconds * rate)) / rate
        wave = np.sin(2 * np.pi * (300 + 200 * number + 800 * time) * time)
        made.append(wave + random.normal(0, 0.05, len(time)))
    return [(rate, (8_000 * wave).astype(np.int16)) for wave in [*made, np.zeros(0)]]
