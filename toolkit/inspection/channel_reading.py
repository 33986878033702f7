"""The moments and extremes of the channels of series, and channels whose scale differs."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Scales that differ by more than this are hardly those of the same units.
SCALE_FACTOR = 10.0


class ChannelSums:
    """The values of each of C channels, frame by frame; NaN is missing.

    Attributes:
        steps: The number of time steps.
        known: The number of values that are not missing, int64 [C].
        means: Their mean [C]; 0 without any.
        magnitudes: The mean of their absolute values [C]; 0 without any.
        low: The smallest [C]; infinite without any.
        high: The largest [C].
    """

    def __init__(self, channels: int) -> None:
        self.steps = 0
        self.known = np.zeros(channels, np.int64)
        self.means = np.zeros(channels)
        self.magnitudes = np.zeros(channels)
        self.low = np.full(channels, np.inf)
        self.high = np.full(channels, -np.inf)
        self._squares = np.zeros(channels)  # of the differences from the means

    def add(self, frames: NDArray[np.floating]) -> None:
        """Add frames [T, C].

        Chan, Golub and LeVeque (1983), "Algorithms for computing the sample variance", equations
        2.1.
        """
        missing = np.isnan(frames)
        values = np.where(missing, 0, frames).astype(np.float64)
        known = len(frames) - missing.sum(axis=0)
        together = np.maximum(self.known + known, 1)
        means = values.sum(axis=0) / np.maximum(known, 1)
        magnitudes = np.abs(values).sum(axis=0) / np.maximum(known, 1)
        squares = (np.where(missing, 0, values - means) ** 2).sum(axis=0)
        share = known / together
        self._squares += squares + (means - self.means) ** 2 * self.known * share
        self.means += (means - self.means) * share
        self.magnitudes += (magnitudes - self.magnitudes) * share
        self.known += known
        self.steps += len(frames)
        self.low = np.minimum(self.low, np.where(missing, np.inf, frames).min(axis=0))
        self.high = np.maximum(self.high, np.where(missing, -np.inf, frames).max(axis=0))

    @property
    def deviations(self) -> NDArray[np.float64]:
        """The standard deviations [C]; 0 without any value."""
        return np.sqrt(self._squares / np.maximum(self.known, 1))


class OtherScale(NamedTuple):
    """A channel whose scale in one place, such as a group, is not that in most.

    Attributes:
        channel: Its number, from 0.
        place: The name of the place.
        measure: What differs: ``deviation`` or ``mean magnitude``.
        scale: The measure in this place.
        usual: The measure in ``usual_place``, which is the median of all.
        usual_place: The name of that place.
    """

    channel: int
    place: str
    measure: str
    scale: float
    usual: float
    usual_place: str

    @property
    def factor(self) -> float:
        """The ratio of the larger scale to the smaller, at least 1."""
        return max(self.scale / self.usual, self.usual / self.scale)


def find_other_scales(places: Mapping[str, ChannelSums]) -> list[OtherScale]:
    """Return the channels whose scale differs between places, the largest difference first.

    A channel that is constant, zero or missing in a place has no scale there.

    Args:
        places: The values in each place by its name, such as those of a group.
    """
    found: dict[tuple[int, str], OtherScale] = {}
    names = list(places)
    measures = {
        "deviation": [sums.deviations for sums in places.values()],
        "mean magnitude": [sums.magnitudes for sums in places.values()],
    }
    for measure, scales in measures.items():
        for channel, column in enumerate(np.transpose(scales)):  # [P] of [C, P]
            known = np.flatnonzero(column > 0)
            if not len(known):
                continue
            order = known[np.argsort(column[known], kind="stable")]
            usual = min(order[(len(order) - 1) // 2], order[len(order) // 2])
            for place in known.tolist():
                other = OtherScale(
                    *(channel, names[place], measure, float(column[place])),
                    *(float(column[usual]), names[usual]),
                )
                if other.factor > SCALE_FACTOR:
                    found.setdefault((channel, names[place]), other)
    return sorted(found.values(), key=lambda other: -other.factor)
