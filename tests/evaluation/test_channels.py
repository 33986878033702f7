"""Line plots of channels: the page read back by a parser."""

import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from page_reader import EVIL, Reader

from toolkit.evaluation import PlottedSeries, channel_page
from toolkit.evaluation.pages.channels import MOST_CHANNELS, MOST_POINTS

CLASSES = ("walks", "runs", "sits")


def page(*series: PlottedSeries, channels: Any = ("a", "b"), classes: Any = CLASSES) -> Reader:
    text = "".join(channel_page(series, channels, classes, EVIL))
    text.encode()
    assert "http" not in text
    assert not re.search(r"(?i)\b(nan|inf|infinity)\b", text)
    return Reader(text)


def drawn(path: str) -> list[NDArray[Any]]:
    """The lines [n, 2] of a path."""
    lines = [line.replace("h0", "").split("L") for line in path.split("M")[1:]]
    return [np.array([point.split() for point in line], float) for line in lines]


def test_lines_are_the_values_of_each_channel_on_its_own_scale() -> None:
    random = np.random.default_rng(0)
    values = random.normal([5, -300], [1, 20], (40, 2))
    reader = page(PlottedSeries("one", values, [0.2, 0.5, 0.3]))
    paths = reader.attributes("path", "d")
    for path, channel in zip(paths, values.T, strict=True):
        (line,) = drawn(path)
        np.testing.assert_allclose(line[:, 0], np.arange(40))
        heights = 100 * (channel.max() - channel) / np.ptp(channel)
        np.testing.assert_allclose(line[:, 1], heights, atol=0.051)
    extents = [f": {low:.4g} to {high:.4g}" for low, high in zip(*extremes(values), strict=True)]
    assert reader.of("figcaption") == extents
    assert reader.of("bdi") == ["one", "a", "b", "runs", "sits", "walks"]
    assert reader.of("td") == ["0.500", "0.300", "0.200"]
    assert reader.attributes("polyline", "points") == []


def extremes(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    return values.min(axis=0), values.max(axis=0)


def test_missing_values_are_gaps_and_a_single_value_is_a_dot() -> None:
    values = [[1, np.nan], [2, np.inf], [np.nan, np.nan], [4, np.nan], [np.nan] * 2, [3, np.nan]]
    reader = page(PlottedSeries("one", values, [1, 0, 0]))
    first, second = reader.attributes("path", "d")
    assert [line[:, 0].tolist() for line in drawn(first)] == [[0, 1], [3], [5]]
    assert first.count("h0") == 3
    assert second == ""
    assert reader.of("figcaption") == [": 1 to 4", ": missing"]


def test_a_constant_is_in_the_middle_and_huge_values_are_drawn() -> None:
    huge = float(np.finfo(np.float32).max)
    reader = page(PlottedSeries("one", [[7, -huge], [7, huge]], [1, 0, 0]))
    first, second = (drawn(path)[0] for path in reader.attributes("path", "d"))
    assert first[:, 1].tolist() == [50, 50]
    assert second[:, 1].tolist() == [100, 0]


def test_long_series_keep_their_peaks() -> None:
    values = np.random.default_rng(1).random((50_000, 2))
    values[31_234, 0], values[7, 0] = 9, -9
    curves = np.full((50_000, 3), 1 / 3)
    reader = page(PlottedSeries("one", values, curves))
    (line,) = drawn(reader.attributes("path", "d")[0])
    assert len(line) <= MOST_POINTS
    assert (np.diff(line[:, 0]) > 0).all()
    assert [31_234, 0] in line.tolist()
    assert [7, 100] in line.tolist()
    for curve in reader.attributes("polyline", "points"):
        assert len(curve.split()) == MOST_POINTS


def test_probabilities_over_time_are_curves_and_those_of_the_end_are_bars() -> None:
    curves = np.random.default_rng(2).dirichlet([1, 1, 1], 30)
    reader = page(PlottedSeries("one", np.zeros((30, 2)), curves))
    order = np.argsort(-curves.max(axis=0))
    assert reader.of("td") == [f"{curves[-1, number]:.3f}" for number in order]
    for curve, number in zip(reader.attributes("polyline", "points"), order, strict=True):
        points = np.array([point.split(",") for point in curve.split()], float)
        np.testing.assert_allclose(points[:, 1], 100 - 100 * curves[:, number], atol=0.051)


@pytest.mark.parametrize("steps", [1, 2, MOST_POINTS, MOST_POINTS + 1])
def test_any_number_of_steps_and_channels_without_classes(steps: int) -> None:
    names = [f"c{number}" for number in range(MOST_CHANNELS + 5)]
    values = np.zeros((steps, len(names)))
    reader = page(PlottedSeries("3.5", values, np.zeros(0)), channels=names, classes=())
    assert len(reader.attributes("path", "d")) == MOST_CHANNELS
    assert "5 other channels are not shown." in reader.of("p")
    assert reader.of("td") == []


def test_nothing_in_a_name_is_taken_for_html() -> None:
    reader = page(
        PlottedSeries(EVIL, [[0, 1]], [1, 0, 0]), channels=(EVIL, "b"), classes=(EVIL, "b", "c")
    )
    shown = EVIL.replace("\0", "\ufffd").replace("\ud800", "\ufffd")
    assert reader.of("title") == reader.of("h1") == [shown]
    assert reader.of("bdi").count(shown) == 3
    assert {"img", "script"}.isdisjoint(tag for tag, _ in reader.tags)
