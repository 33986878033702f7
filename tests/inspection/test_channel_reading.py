"""Moments of channels that come in pieces, against NumPy on all of them; scales that differ."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.inspection.channel_reading import ChannelSums, find_other_scales


def summed(*pieces: object) -> ChannelSums:
    sums = ChannelSums(np.shape(pieces[0])[1])
    for piece in pieces:
        sums.add(np.asarray(piece, np.float32))
    return sums


@given(st.lists(st.integers(1, 7), min_size=1, max_size=5), st.floats(0, 0.9), st.integers(0, 99))
def test_pieces_give_what_all_at_once_gives(lengths: list[int], share: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    values = random.normal([0, 1000, -3], [1, 0.01, 50], (sum(lengths), 3)).astype(np.float32)
    values[random.random(values.shape) < share] = np.nan
    sums = summed(*np.split(values, np.cumsum(lengths)[:-1]))
    assert sums.steps == sum(lengths)
    for channel, column in enumerate(values.T.astype(np.float64)):
        known = column[~np.isnan(column)]
        assert sums.known[channel] == len(known)
        if not len(known):
            assert (sums.means[channel], sums.deviations[channel]) == (0, 0)
            continue
        assert sums.means[channel] == pytest.approx(known.mean())
        assert sums.deviations[channel] == pytest.approx(known.std(), abs=1e-9)
        assert sums.magnitudes[channel] == pytest.approx(abs(known).mean())
        assert (sums.low[channel], sums.high[channel]) == (known.min(), known.max())


def places(**scales: float) -> dict[str, ChannelSums]:
    random = np.random.default_rng(0)
    return {
        name: summed(random.normal([1, 0], 1, (50, 2)) * [scale, 1])
        for name, scale in scales.items()
    }


@pytest.mark.parametrize(
    ("scales", "odd"),
    [
        ({"a": 1, "b": 1, "c": 1000}, {"c"}),
        ({"a": 0.001, "b": 1}, {"b"}),  # of two, the first is taken for the usual one
        ({"a": 1, "b": 0.001}, {"b"}),
        ({"a": 1000, "b": 1000, "c": 1, "d": 1000}, {"c"}),
        ({"a": 1, "b": 5}, set()),
        ({"a": 1}, set()),
        ({"a": 1, "b": 0, "c": 1}, set()),  # constant: no scale
    ],
)
def test_the_place_with_another_scale_is_found(scales: dict[str, float], odd: set[str]) -> None:
    found = find_other_scales(places(**scales))
    assert {other.place for other in found} == odd
    assert {other.channel for other in found} <= {0}
    for other in found:
        assert other.factor == pytest.approx(1000, rel=0.5)


def test_an_offset_is_found_by_the_magnitude_and_the_largest_difference_is_first() -> None:
    random = np.random.default_rng(1)
    values = random.normal([20, 0], 1, (50, 2))
    groups = {"a": summed(values), "b": summed(values), "c": summed(values + np.array([273, 0]))}
    groups["d"] = summed(values * [1, 500])
    first, second = find_other_scales(groups)
    assert (first.channel, first.place, first.measure) == (1, "d", "deviation")
    assert (second.channel, second.place, second.measure) == (0, "c", "mean magnitude")
    assert second.scale == pytest.approx(293, rel=0.01)
    assert second.usual == pytest.approx(20, rel=0.05)
    assert second.usual_place in "ab"
