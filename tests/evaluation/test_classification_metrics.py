"""Metrics of classes, labels and numbers, against values by hand and scikit-learn."""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import DataError
from toolkit.evaluation import (
    calibration_error,
    classification_metrics,
    multilabel_metrics,
    number_metrics,
)


def test_classification_by_hand() -> None:
    metrics = classification_metrics(
        labels=[0, 0, 0, 1],
        probabilities=[[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.75, 0.25, 0.0], [0.25, 0.5, 0.25]],
        classes=["neg", "pos", "mixed"],
    )
    assert metrics == {
        "accuracy": 0.75,
        "macro_f1": pytest.approx((4 / 5 + 2 / 3) / 2),  # 'mixed' occurs nowhere
        "log_loss": pytest.approx(-math.log(0.5 * 0.25 * 0.75 * 0.5) / 4),
        "roc_auc": pytest.approx(2.5 / 3),  # for 'neg' and 'pos': two pairs in order, one tie
        "average_precision": pytest.approx(((1 + 1 + 3 / 4) / 3 + 1 / 2) / 2),  # likewise
        "mcc": pytest.approx(1 / math.sqrt(3)),
        "calibration_error": pytest.approx((0.5 + 0.25) / 4),  # of the answers at 0.5 and at 0.75
        "per_class": {
            "neg": {"precision": 1.0, "recall": pytest.approx(2 / 3), "f1": 0.8, "support": 3},
            "pos": {"precision": 0.5, "recall": 1.0, "f1": pytest.approx(2 / 3), "support": 1},
            "mixed": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0},
        },
        "confusion": [[2, 1, 0], [0, 1, 0], [0, 0, 0]],
    }


def test_multilabel_by_hand() -> None:
    metrics = multilabel_metrics(
        labels=[[1, 0, 0], [1, 1, 0]],
        probabilities=[[0.5, 0.25, 0.25], [0.25, 0.75, 0.25]],
        classes=["plot", "cast", "score"],
    )
    assert metrics == {
        "accuracy": 0.5,
        "macro_f1": pytest.approx((2 / 3 + 1) / 2),
        "micro_f1": pytest.approx(4 / 5),
        "log_loss": pytest.approx(-math.log(0.5 * 0.75 * 0.75 * 0.25 * 0.75 * 0.75) / 6),
        "roc_auc": 1.0,  # defined for 'cast' alone
        "average_precision": 1.0,
        "calibration_error": pytest.approx((0.0 + 0.5 + 0.25) / 6),  # at 0.25, 0.5 and 0.75
        "per_class": {
            "plot": {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "support": 2},
            "cast": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 1},
            "score": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0},
        },
    }


def test_numbers_by_hand() -> None:
    assert number_metrics([1, 2, 3, 6], [1, 2, 5, 4]) == {
        "mean_absolute_error": 1.0,
        "root_mean_squared_error": pytest.approx(math.sqrt(2)),
        "r2": pytest.approx(1 - 8 / 14),
    }


seeds = st.integers(0, 2**32 - 1)


@given(seed=seeds, examples=st.integers(1, 40), count=st.integers(2, 6))
def test_classification_against_scikit_learn(seed: int, examples: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    classes = [f"class {i}" for i in range(count)]
    labels = rng.integers(0, count, examples)
    probabilities = rng.dirichlet(np.full(count, 0.3), examples)
    metrics = classification_metrics(labels, probabilities, classes)

    every, answers = range(count), probabilities.argmax(axis=1)
    assert metrics["accuracy"] == pytest.approx(sklearn.metrics.accuracy_score(labels, answers))
    assert metrics["macro_f1"] == pytest.approx(
        sklearn.metrics.f1_score(labels, answers, average="macro", zero_division=0)
    )
    assert metrics["log_loss"] == pytest.approx(
        sklearn.metrics.log_loss(labels, probabilities, labels=every)
    )
    theirs = sklearn.metrics.precision_recall_fscore_support(
        labels, answers, labels=every, zero_division=0
    )
    ours = [list(row.values()) for row in metrics["per_class"].values()]
    np.testing.assert_allclose(ours, np.transpose(theirs))
    confusion = sklearn.metrics.confusion_matrix(labels, answers, labels=every)
    assert metrics["confusion"] == confusion.tolist()


@given(seed=seeds, examples=st.integers(1, 40), count=st.integers(2, 6))
def test_multilabel_against_scikit_learn(seed: int, examples: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    classes = [f"class {i}" for i in range(count)]
    labels = rng.integers(0, 2, (examples, count))
    probabilities = rng.random((examples, count))
    metrics = multilabel_metrics(labels, probabilities, classes)

    answers = (probabilities >= 0.5).astype(int)
    occurring = np.flatnonzero((labels + answers).sum(axis=0)).tolist() or None
    assert metrics["accuracy"] == pytest.approx(sklearn.metrics.accuracy_score(labels, answers))
    for average, labels_of in ("macro", occurring), ("micro", None):
        assert metrics[f"{average}_f1"] == pytest.approx(
            sklearn.metrics.f1_score(
                labels, answers, labels=labels_of, average=average, zero_division=0
            )
        )
    assert metrics["log_loss"] == pytest.approx(
        sklearn.metrics.log_loss(labels.ravel(), probabilities.ravel(), labels=[0, 1])
    )
    theirs = sklearn.metrics.precision_recall_fscore_support(labels, answers, zero_division=0)
    ours = [list(row.values()) for row in metrics["per_class"].values()]
    np.testing.assert_allclose(ours, np.transpose(theirs))


def area(right: Any, given: Any) -> float | None:
    """Return the share of pairs of a positive and a negative in the right order; ties are half."""
    pairs = [(p, q) for p in given[right] for q in given[~right]]
    return sum((p > q) + (p == q) / 2 for p, q in pairs) / len(pairs) if pairs else None


def precision_at_hits(right: Any, given: Any) -> float | None:
    """Return the mean over the positives of the precision at their score; ties are one cut."""
    if right.all() or not right.any():
        return None
    return float(np.mean([right[given >= score].mean() for score in given[right]]))


@pytest.mark.parametrize(
    ("name", "by_pairs"), [("roc_auc", area), ("average_precision", precision_at_hits)]
)
@given(seed=seeds, examples=st.integers(1, 30), count=st.integers(2, 5))
def test_areas_are_means_over_the_classes_that_have_both_outcomes(
    name: str, by_pairs: Callable[[Any, Any], float | None], seed: int, examples: int, count: int
) -> None:
    rng = np.random.default_rng(seed)
    classes = [f"class {i}" for i in range(count)]
    probabilities = rng.multinomial(4, np.full(count, 1 / count), examples) / 4  # with many ties
    labels = rng.integers(0, count, examples)
    several = rng.integers(0, 2, (examples, count))
    ranked = [1] if count == 2 else range(count)
    for measured, gold in (
        (classification_metrics(labels, probabilities, classes), labels[:, None] == range(count)),
        (multilabel_metrics(several, probabilities, classes), several == 1),
    ):
        chosen = ranked if measured.keys() >= {"mcc"} else range(count)
        by_hand = [by_pairs(gold[:, i], probabilities[:, i]) for i in chosen]
        each = [value for value in by_hand if value is not None]
        assert measured[name] == (pytest.approx(np.mean(each)) if each else None)


@given(seed=seeds, examples=st.integers(2, 40), count=st.integers(2, 5))
def test_mcc_is_the_correlation_of_labels_and_answers(seed: int, examples: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(count), examples)
    labels = rng.integers(0, count, examples)
    gold, found = (np.eye(count)[each] for each in (labels, probabilities.argmax(axis=1)))
    centred = [each - each.mean(axis=0) for each in (gold, found)]  # Gorodkin 2004, equation 8
    covariances = [(one * two).sum() for one in centred for two in centred]
    bound = math.sqrt(covariances[0] * covariances[3])
    expected = covariances[1] / bound if bound else 0.0
    measured = classification_metrics(labels, probabilities, [*map(str, range(count))])["mcc"]
    assert measured == pytest.approx(expected, abs=1e-9)


@given(seed=seeds, examples=st.integers(1, 30), count=st.integers(2, 5))
def test_roc_auc_of_classes_is_that_of_scikit_learn(seed: int, examples: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    probabilities = rng.multinomial(4, np.full(count, 1 / count), examples) / 4
    labels = rng.integers(0, count, examples)
    if len(set(labels)) < count:
        return
    measured = classification_metrics(labels, probabilities, [*map(str, range(count))])["roc_auc"]
    scores = probabilities[:, 1] if count == 2 else probabilities
    theirs = sklearn.metrics.roc_auc_score(labels, scores, multi_class="ovr")
    assert measured == pytest.approx(theirs)


@given(seed=seeds, examples=st.integers(1, 200), steps=st.sampled_from([15, 30, 1000]))
def test_calibration_error_bin_by_bin(seed: int, examples: int, steps: int) -> None:
    rng = np.random.default_rng(seed)
    probabilities = rng.integers(0, steps + 1, examples) / steps  # often on the border of two bins
    outcomes = rng.random(examples) < probabilities**2
    total = 0.0
    for number in range(15):
        inside = (probabilities > number / 15) & (probabilities <= (number + 1) / 15)
        if number == 0:
            inside |= probabilities == 0
        if inside.any():
            distance = abs(outcomes[inside].mean() - probabilities[inside].mean())
            total += distance * inside.sum() / examples
    assert calibration_error(outcomes, probabilities) == pytest.approx(total)


def test_calibration_error_sees_what_is_calibrated() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.random(200_000)
    truth = rng.random(200_000)
    assert calibration_error(truth < probabilities, probabilities) < 0.005
    assert calibration_error(truth < probabilities**2, probabilities) == pytest.approx(
        1 / 2 - 1 / 3, abs=0.005
    )


@pytest.mark.parametrize("measure", [classification_metrics, multilabel_metrics])
def test_no_examples_are_complained_about(measure: Any) -> None:
    with pytest.raises(DataError, match="no examples"):
        measure(np.zeros((0, 2))[:, 0], np.zeros((0, 2)), ["a", "b"])
    with pytest.raises(DataError, match="no examples"):
        number_metrics([], [])


@given(seed=seeds, examples=st.integers(2, 40))
def test_numbers_against_scikit_learn(seed: int, examples: int) -> None:
    rng = np.random.default_rng(seed)
    right, answers = rng.normal(3, 2, (2, examples))
    metrics = number_metrics(right, answers)
    for name in ("mean_absolute_error", "root_mean_squared_error"):
        assert metrics[name] == pytest.approx(getattr(sklearn.metrics, name)(right, answers))
    assert metrics["r2"] == pytest.approx(sklearn.metrics.r2_score(right, answers))


@pytest.mark.parametrize(
    "metrics",
    [
        classification_metrics([0], np.float32([[0, 1]]), ["a", "b"]),
        classification_metrics([0], np.float16([[1, 0]]), ["only", "other"]),
        classification_metrics(np.int32([1, 1]), np.float32([[1, 0, 0], [0, 1, 0]]), list("abc")),
        classification_metrics([1, 1], np.float32([[0.4, 0.6], [1, 0]]), ["a", "b"]),
        multilabel_metrics([[0, 0]], np.float32([[0, 0]]), ["a", "b"]),
        multilabel_metrics(np.float32([[1]]), np.float32([[0]]), ["only"]),
        number_metrics([2], [2]),
        number_metrics([2], [3]),
        number_metrics(np.float32([5, 5]), np.float32([5, 6])),
    ],
)
def test_always_defined_and_written_as_json(metrics: dict[str, Any]) -> None:
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics


def test_a_sure_error_costs_what_the_precision_lets_it() -> None:
    metrics = classification_metrics([0], np.float32([[0, 1]]), ["a", "b"])
    assert metrics["log_loss"] == pytest.approx(-math.log(2**-23))


@pytest.mark.parametrize(("answer", "r2"), [(2, 1.0), (3, 0.0)])
def test_numbers_that_do_not_vary(answer: float, r2: float) -> None:
    assert number_metrics([2], [answer])["r2"] == r2
    assert number_metrics([2, 2], [2, answer])["r2"] == r2
