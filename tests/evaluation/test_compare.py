"""The paired bootstrap, against enumeration, brute force, SciPy, closed forms and properties."""

import itertools
import json
import math
import statistics
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import DataError, ModelError, OptionError
from toolkit.evaluation import (
    BootstrapOptions,
    Metric,
    Statistics,
    classification_metrics,
    classification_statistics,
    compare,
    comparison_table,
    multilabel_metrics,
    multilabel_statistics,
    number_metrics,
    number_statistics,
    paired_bootstrap,
)

seeds = st.integers(0, 2**32 - 1)
SHARE = {"share": Metric(lambda sums: sums[..., 0] / sums[..., 1])}


def answers(rng: np.random.Generator, labels: Any, count: int, right: float) -> Any:
    """Return probabilities [N, C]: the label with probability ``right``, else a random class."""
    chosen = np.where(rng.random(len(labels)) < right, labels, rng.integers(0, count, len(labels)))
    return np.eye(count)[chosen]


def shares(*right: Any) -> list[Any]:
    """Return each system's statistics: the correctness of each example, and a count of 1."""
    return [np.stack([side, np.ones_like(side)], axis=1) for side in map(np.asarray, right)]


# Metrics from sums of statistics


@given(seed=seeds, examples=st.integers(1, 40), count=st.integers(2, 6))
def test_the_sums_of_classes_make_the_metrics(seed: int, examples: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    labels, given_ = rng.integers(0, count, examples), rng.dirichlet(np.ones(count), examples)
    several = rng.integers(0, 2, (examples, count))
    names = [str(i) for i in range(count)]
    for found, expected in (
        (classification_statistics(labels, given_), classification_metrics(labels, given_, names)),
        (multilabel_statistics(several, given_), multilabel_metrics(several, given_, names)),
    ):
        for name, metric in found.metrics.items():
            assert metric.of(found.rows.sum(axis=0)) == pytest.approx(expected[name]), name


@given(seed=seeds, examples=st.integers(1, 40))
def test_the_sums_of_numbers_make_the_metrics(seed: int, examples: int) -> None:
    right, given_ = np.random.default_rng(seed).normal(3, 2, (2, examples))
    found = number_statistics(right, given_)
    for name, metric in found.metrics.items():
        assert metric.of(found.rows.sum(axis=0)) == pytest.approx(
            number_metrics(right, given_)[name]
        )
        assert metric.lower_is_better


def test_labels_of_which_none_occurs() -> None:
    found = multilabel_statistics([[0, 0]], [[0.1, 0.2]])
    values = {name: metric.of(found.rows.sum(axis=0)) for name, metric in found.metrics.items()}
    assert values == {"accuracy": 1, "macro_f1": 0, "micro_f1": 0}


def test_no_examples_are_complained_about() -> None:
    for measure in (classification_statistics, multilabel_statistics):
        with pytest.raises(DataError, match="no examples"):
            measure([], np.zeros((0, 2)))


# The bootstrap


@pytest.mark.parametrize("seed", range(4))
def test_against_every_resample_there_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, 5)
    a, b = answers(rng, labels, 3, 0.3), answers(rng, labels, 3, 0.7)
    sides = [classification_statistics(labels, side) for side in (a, b)]
    found = paired_bootstrap(*(side.rows for side in sides), sides[0].metrics)

    def measured(rows: Any, side: Any) -> dict[str, float]:
        right, answer = labels[list(rows)], side.argmax(axis=1)[list(rows)]
        f1 = sklearn.metrics.f1_score(right, answer, average="macro", zero_division=0)
        return {"accuracy": float(np.mean(right == answer)), "macro_f1": float(f1)}

    for name in ("accuracy", "macro_f1"):
        observed = measured(range(5), b)[name] - measured(range(5), a)[name]
        all_of_them = np.array(
            [
                measured(rows, b)[name] - measured(rows, a)[name]
                for rows in itertools.combinations_with_replacement(range(5), 5)
            ]
        )
        weights = np.array(
            [
                math.factorial(5) / math.prod(math.factorial(rows.count(i)) for i in range(5))
                for rows in itertools.combinations_with_replacement(range(5), 5)
            ]
        )
        far = np.abs(all_of_them - observed) >= abs(observed) - 1e-9
        exact = weights[far].sum() / 5**5
        error = 4 * math.sqrt(exact * (1 - exact) / 10_000) + 2e-4
        assert found[name].difference == pytest.approx(observed)
        assert found[name].p_value == pytest.approx(exact, abs=error)
        for end, share in ((found[name].low, 0.025), (found[name].high, 0.975)):
            below = weights[all_of_them < end - 1e-9].sum() / 5**5
            upto = weights[all_of_them <= end + 1e-9].sum() / 5**5
            assert below - 0.01 <= share <= upto + 0.01


def entity_f1(sums: Any) -> Any:
    return 2 * sums[..., 0] / np.maximum(sums[..., 1] + sums[..., 2], 1)


def test_another_tasks_metric_against_drawing_one_by_one() -> None:
    rng = np.random.default_rng(1)
    there = rng.integers(0, 4, 150)
    sides = []
    for share in (0.6, 0.7):
        found = rng.binomial(there, share)
        sides.append(np.stack([found, found + rng.integers(0, 2, 150), there], axis=1))
    result = paired_bootstrap(*sides, {"f1": Metric(entity_f1)})["f1"]
    differences = []
    for _ in range(10_000):
        rows = rng.integers(0, 150, 150)
        a, b = (entity_f1(side[rows].sum(axis=0)) for side in sides)
        differences.append(b - a)
    observed = entity_f1(sides[1].sum(axis=0)) - entity_f1(sides[0].sum(axis=0))
    assert result.difference == pytest.approx(observed)
    spread = np.std(differences)
    assert [result.low, result.high] == pytest.approx(
        np.quantile(differences, [0.025, 0.975]), abs=0.1 * spread
    )
    assert result.p_value == pytest.approx(
        np.mean(np.abs(np.array(differences) - observed) >= abs(observed)), abs=0.02
    )


def test_the_interval_against_scipy() -> None:
    rng = np.random.default_rng(2)
    right = rng.normal(size=300)
    a, b = right + rng.normal(0, 1.2, 300), right + rng.normal(0, 1, 300)

    def difference(a: Any, b: Any, right: Any, axis: int) -> Any:
        return np.abs(b - right).mean(axis=axis) - np.abs(a - right).mean(axis=axis)

    theirs = scipy.stats.bootstrap(
        (a, b, right), difference, paired=True, method="percentile", vectorized=True, rng=rng
    )
    sides = [number_statistics(right, side) for side in (a, b)]
    ours = paired_bootstrap(*(side.rows for side in sides), sides[0].metrics)["mean_absolute_error"]
    assert [ours.low, ours.high] == pytest.approx(
        list(theirs.confidence_interval), abs=0.1 * theirs.standard_error
    )
    assert (ours.better, ours.more_than_chance) == ("b", True)


@pytest.mark.slow
@pytest.mark.parametrize(("only_a", "only_b"), [(500, 560), (500, 600), (40, 40)])
def test_accuracy_in_large_samples_against_mcnemars_normal_form(only_a: int, only_b: int) -> None:
    both, neither = 7000, 2000
    right_a = np.repeat([1, 1, 0, 0], [both, only_a, only_b, neither])
    right_b = np.repeat([1, 0, 1, 0], [both, only_a, only_b, neither])
    count = len(right_a)
    found = paired_bootstrap(*shares(right_a, right_b), SHARE)["share"]
    difference = (only_b - only_a) / count
    error = math.sqrt((only_a + only_b) / count - difference**2) / math.sqrt(count)
    normal = statistics.NormalDist()
    assert found.difference == pytest.approx(difference)
    # The differences are multiples of 1 / count; half of that is the continuity correction.
    distance = max(0, abs(difference) - 0.5 / count) / error
    assert found.p_value == pytest.approx(2 - 2 * normal.cdf(distance), abs=0.015)
    assert [found.low, found.high] == pytest.approx(
        [difference - 1.96 * error, difference + 1.96 * error], abs=0.1 * error
    )


@pytest.mark.slow
def test_p_values_are_even_when_nothing_differs() -> None:
    rng = np.random.default_rng(3)
    options = BootstrapOptions(resamples=400)
    values = []
    for _ in range(400):
        right = rng.random((2, 500)) < 0.8
        values.append(paired_bootstrap(*shares(*right), SHARE, options)["share"].p_value)
    assert scipy.stats.kstest(values, "uniform").statistic < 0.1
    assert 0.02 <= np.mean(np.array(values) < 0.05) <= 0.09


def test_a_real_difference_is_found_and_the_interval_holds_it() -> None:
    rng = np.random.default_rng(4)
    options = BootstrapOptions(resamples=400)
    held = found = 0
    for _ in range(200):
        right = rng.random((2, 1000)) < np.array([[0.75], [0.82]])
        result = paired_bootstrap(*shares(*right), SHARE, options)["share"]
        held += result.low <= 0.07 <= result.high
        found += result.more_than_chance and result.better == "b"
    assert held >= 180
    assert found >= 180


@given(seed=seeds, examples=st.integers(1, 30), count=st.integers(2, 4))
def test_a_system_against_itself(seed: int, examples: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, count, examples)
    one = classification_statistics(labels, answers(rng, labels, count, 0.5))
    for found in paired_bootstrap(
        one.rows, one.rows, one.metrics, BootstrapOptions(resamples=50)
    ).values():
        assert (found.difference, found.low, found.high, found.p_value) == (0, 0, 0, 1)
        assert (found.better, found.more_than_chance) == (None, False)


@given(seed=seeds, examples=st.integers(1, 30))
def test_the_other_way_round(seed: int, examples: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = shares(*rng.integers(0, 2, (2, examples)))
    options = BootstrapOptions(resamples=2000)
    one = paired_bootstrap(a, b, SHARE, options)["share"]
    other = paired_bootstrap(b, a, SHARE, options)["share"]
    assert (one.a, one.b, one.difference) == (other.b, other.a, -other.difference)
    assert one.p_value == pytest.approx(other.p_value, abs=0.08)
    assert 1 / 2001 <= one.p_value <= 1
    assert {one.better, other.better} in ({"a", "b"}, {None})


def test_numbers_against_drawing_how_often_each_occurs() -> None:
    """Multinomial counts give the same intervals, up to random variation."""
    rng = np.random.default_rng(6)
    right = rng.normal(size=200)
    first, second = (number_statistics(right, right + rng.normal(size=200)) for _ in range(2))
    options = BootstrapOptions(resamples=20_000)
    found = paired_bootstrap(first.rows, second.rows, first.metrics, options)
    times = rng.multinomial(200, np.full(200, 1 / 200), options.resamples)
    sums = [(side.rows.sum(axis=0), times @ side.rows) for side in (first, second)]
    errors = second.rows[:, 0] - first.rows[:, 0]
    deviation = errors.std() / np.sqrt(200)
    for name, one in found.items():
        (a, drawn_a), (b, drawn_b) = (map(first.metrics[name].of, side) for side in sums)
        others = drawn_b - drawn_a
        assert (one.a, one.b) == pytest.approx((a, b))
        assert [one.low, one.high] == pytest.approx(
            np.quantile(others, [0.025, 0.975]), abs=0.1 * deviation
        )
        far = np.abs(others - (b - a)) >= abs(b - a)
        assert one.p_value == pytest.approx(far.mean(), abs=0.03)
    by_the_central_limit = errors.mean() + 1.96 * deviation * np.array([-1, 1])
    interval = found["mean_absolute_error"].low, found["mean_absolute_error"].high
    assert interval == pytest.approx(tuple(by_the_central_limit), abs=0.15 * deviation)


def test_the_seed_decides() -> None:
    rng = np.random.default_rng(5)
    sides = shares(*rng.integers(0, 2, (2, 100)))
    first = paired_bootstrap(*sides, SHARE, BootstrapOptions(resamples=500, seed=1))
    assert paired_bootstrap(*sides, SHARE, BootstrapOptions(resamples=500, seed=1)) == first
    assert paired_bootstrap(*sides, SHARE, BootstrapOptions(resamples=500, seed=2)) != first


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"resamples": 0}, "resamples is 0; it must be at least 1"),
        ({"confidence": 95}, "at least 0 and below 1"),
        ({"seed": -1}, "at least 0"),
        ({"resamples": 1e4}, "a whole number"),
    ],
)
def test_impossible_options(options: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        BootstrapOptions(**options)


# Comparison of two tasks


@dataclass
class Fixed:
    """A task whose answers are known."""

    probabilities: Any
    labels: Any = (0, 1, 1, 0)
    classes: tuple[str, ...] = ("neg", "pos")
    checksum: int = 7
    several: bool = False

    def statistics(self, data: Any) -> Statistics:
        assert data == "test.csv"
        measure = multilabel_statistics if self.several else classification_statistics
        labels = np.eye(2)[list(self.labels)] if self.several else self.labels
        found = measure(labels, np.asarray(self.probabilities))
        return Statistics(found.rows, found.metrics, self.checksum)


GOOD = Fixed(np.eye(2)[[0, 1, 1, 1]])
POOR = Fixed(np.eye(2)[[1, 0, 0, 1]])


def test_two_tasks_on_one_data_set() -> None:
    options = BootstrapOptions(resamples=100, seed=3)
    result = compare(POOR, GOOD, "test.csv", options)
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert {name: result[name] for name in ("examples", *asdict(options))} == {
        "examples": 4, **asdict(options)
    }  # fmt: skip
    assert result["metrics"]["accuracy"]["difference"] == 0.75
    assert result["metrics"]["accuracy"]["better"] == "b"


@dataclass
class Counting:
    """A task whose loss is a mean over a given number of tokens per example."""

    units: int
    classes: tuple[str, ...] = ()

    def statistics(self, data: Any) -> Statistics:
        rows = np.array([[3.0, self.units, 9.0]] * 5)
        loss = Metric(lambda s: s[..., 0] / s[..., 1], lower_is_better=True, counts=1)
        other = {} if data == "loss alone" else {"other": Metric(lambda s: s[..., 2])}
        return Statistics(rows, {"log_loss": loss, **other})


def test_a_mean_over_other_units_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    options = BootstrapOptions(resamples=100)
    assert {*compare(Counting(2), Counting(2), "x", options)["metrics"]} == {"log_loss", "other"}
    assert not caplog.messages
    assert {*compare(Counting(2), Counting(3), "x", options)["metrics"]} == {"other"}
    assert "log_loss is left out: A and B average it over different tokens" in caplog.text
    with pytest.raises(ModelError, match="no metric"):
        compare(Counting(2), Counting(3), "loss alone", options)


@pytest.mark.parametrize(
    ("other", "error", "words"),
    [
        (
            Fixed(np.eye(3), classes=("neg", "mixed")),
            ModelError,
            "A and B have different classes: only A has pos; only B has mixed$",
        ),
        (Fixed(np.eye(3), classes=()), ModelError, "different classes: only A has neg, pos$"),
        (Fixed(np.eye(2)[[0, 1, 1, 1]], several=True), ModelError, "macro_f1, micro_f1$"),
        (Fixed(np.eye(2)[[0, 1, 1, 1]], checksum=8), DataError, "read the data differently"),
    ],
)
def test_what_cannot_be_compared(other: Fixed, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words) as raised:
        compare(GOOD, other, "test.csv")
    assert "\n" not in str(raised.value)


def test_the_table_says_what_it_means() -> None:
    common = {"a": 0.5, "low": -0.01, "high": 0.03}
    result = {
        "confidence": 0.9,
        "metrics": {
            "accuracy": common
            | {"b": 0.25, "difference": -0.25, "p_value": 0.012}
            | {"better": "a", "more_than_chance": True},
            "macro_f1": common
            | {"b": 0.75, "difference": 0.25, "p_value": 0.4}
            | {"better": "b", "more_than_chance": False},
            "other": common
            | {"b": 0.5, "difference": 0.0, "p_value": 1.0}
            | {"better": None, "more_than_chance": False},
        },
    }
    assert comparison_table(result).splitlines() == [
        "metric         A       B    B - A       90 % interval       p",
        "accuracy  0.5000  0.2500  -0.2500  -0.0100 to +0.0300  0.0120",
        "macro_f1  0.5000  0.7500  +0.2500  -0.0100 to +0.0300  0.4000",
        "other     0.5000  0.5000  +0.0000  -0.0100 to +0.0300  1.0000",
        "",
        "accuracy: A is better, by more than chance",
        "macro_f1: B is better, but that may be chance",
        "other: A and B are equal",
    ]
