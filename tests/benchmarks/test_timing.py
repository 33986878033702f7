"""Timing: the order of the runs, and the times that count."""

import pytest

from benchmarks import timing


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch):
    monkeypatch.setattr(timing, "SETTLE", 0)


def test_the_order_rotates_from_round_to_round():
    order = []
    runs = {name: lambda name=name: order.append(name) for name in "abc"}
    seconds = timing.interleaved(runs, 3)
    assert "".join(order) == "abcbcacab"
    assert {name: len(times) for name, times in seconds.items()} == {"a": 3, "b": 3, "c": 3}


def test_latencies_are_of_each_item_alone_without_the_first_round():
    calls = []
    seconds = timing.latencies([1, 2], {"f": calls.append}, rounds=2)
    assert calls == [[1], [2]] * 3
    assert len(seconds["f"]) == 4


def test_a_speedup_is_the_median_of_the_rounds_own_ratios():
    assert timing.speedup({"a": [1.0, 2.0, 4.0], "b": [2.0, 2.0, 40.0]}, "a", over="b") == 2.0
