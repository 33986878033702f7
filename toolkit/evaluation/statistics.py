"""Each example's part of the sums that metrics are computed from, for resampling.

A metric is a function of sums over the examples, as are nearly all metrics of NLP: shares, F1
(counts of true positives, predicted and gold), BLEU and chrF (counts of n-grams). It takes the sums
of many resamples at once, and is defined for all of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit.evaluation.classification import require_examples


class Metric(NamedTuple):
    """A metric as a function of sums.

    Args:
        of: Takes sums [..., K] and returns the metric [...].
        lower_is_better: Whether smaller values are better, as with errors.
        counts: The column of the count that it is a mean over; if two runs count differently, as by
            different token levels, their values cannot be compared.
    """

    of: Callable[[NDArray[Any]], NDArray[Any]]
    lower_is_better: bool = False
    counts: int | None = None


@dataclass(frozen=True)
class Statistics:
    """Each example's part of the sums, and the metrics of the sums.

    Args:
        rows: [N, K] each example's part, of the smallest type that holds it.
        metrics: The metrics by name.
        checksum: The checksum of the examples as read; only runs with equal ones can be compared.
    """

    rows: NDArray[Any]
    metrics: Mapping[str, Metric]
    checksum: int = 0


def classification_statistics(labels: ArrayLike, probabilities: ArrayLike) -> Statistics:
    """Return the statistics of ``accuracy`` and ``macro_f1``.

    Args:
        labels: [N] the index of the gold class.
        probabilities: [N, C] the predicted probabilities.

    Raises:
        DataError: There are no examples.
    """
    predicted = np.asarray(probabilities)
    classes = np.arange(predicted.shape[1])
    gold = require_examples(np.asarray(labels))[:, None] == classes
    answers = predicted.argmax(axis=1)[:, None] == classes
    metrics = {"accuracy": Metric(_accuracy), "macro_f1": Metric(macro_f1)}
    return Statistics(_true_positives_predicted_gold(gold, answers), metrics)


def multilabel_statistics(labels: ArrayLike, probabilities: ArrayLike) -> Statistics:
    """Return the statistics of ``accuracy``, ``macro_f1`` and ``micro_f1``.

    Args:
        labels: [N, C] 1 where a class is gold, else 0.
        probabilities: [N, C] one per class.

    Raises:
        DataError: There are no examples.
    """
    gold = require_examples(np.asarray(labels)) != 0
    answers = np.asarray(probabilities) >= 0.5
    whole = (gold == answers).all(axis=1, keepdims=True)
    rows = np.hstack([_true_positives_predicted_gold(gold, answers), whole, np.ones_like(whole)])
    metrics = {
        "accuracy": Metric(lambda sums: sums[..., -2] / sums[..., -1]),
        "macro_f1": Metric(lambda sums: macro_f1(sums[..., :-2])),
        "micro_f1": Metric(lambda sums: micro_f1(sums[..., :-2])),
    }
    return Statistics(rows, metrics)


def number_statistics(numbers: ArrayLike, answers: ArrayLike) -> Statistics:
    """Return the statistics of the errors of ``number_metrics``.

    Args:
        numbers: [N] the gold numbers.
        answers: [N] the predicted numbers.

    Raises:
        DataError: There are no examples.
    """
    errors = np.abs(
        require_examples(np.asarray(numbers, np.float64)) - np.asarray(answers, np.float64)
    )
    metrics = {
        "mean_absolute_error": Metric(lambda sums: sums[..., 0] / sums[..., 2], True),
        "root_mean_squared_error": Metric(lambda sums: np.sqrt(sums[..., 1] / sums[..., 2]), True),
    }
    return Statistics(np.stack([errors, errors**2, np.ones_like(errors)], axis=1), metrics)


def _true_positives_predicted_gold(gold: NDArray[Any], answers: NDArray[Any]) -> NDArray[Any]:
    """Return [N, 3 C] whether each class is a true positive, predicted, and gold."""
    return np.hstack([gold & answers, answers, gold])


def _accuracy(sums: NDArray[Any]) -> NDArray[Any]:
    true_positives, _, gold = np.split(sums, 3, axis=-1)
    return true_positives.sum(axis=-1) / gold.sum(axis=-1)


def macro_f1(sums: NDArray[Any]) -> NDArray[Any]:
    """Return the mean F1 over the classes that are predicted or gold; 0 if there is none.

    Args:
        sums: [..., 3 C] the true positives, predicted and gold counts of each class.
    """
    true_positives, predicted, gold = np.split(sums, 3, axis=-1)
    occurring = predicted + gold > 0
    f1 = 2 * true_positives / np.maximum(predicted + gold, 1)
    return f1.sum(axis=-1) / np.maximum(occurring.sum(axis=-1), 1)


def micro_f1(sums: NDArray[Any]) -> NDArray[Any]:
    """Return the F1 over all classes together, from the same sums."""
    true_positives, predicted, gold = (part.sum(axis=-1) for part in np.split(sums, 3, axis=-1))
    return 2 * true_positives / np.maximum(predicted + gold, 1)
