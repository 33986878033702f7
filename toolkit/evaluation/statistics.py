"""What each example adds to the sums that metrics are made of, so that they can be resampled.

A metric here is a function of sums over the examples, and so is nearly every metric of NLP: shares,
F1 (counts of what was found, given and right), BLEU and chrF (counts of n-grams). It takes the sums
of many resamples at once, and is defined for each of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit.evaluation.classification import some


class Metric(NamedTuple):
    """A metric as a function of sums.

    Args:
        of: Takes sums [..., K] and gives the metric [...].
        less_is_better: As with errors.
        counts: The column of what it is a mean over; where two runs count differently, as by other
            units of text, it says nothing of which is better.
    """

    of: Callable[[NDArray[Any]], NDArray[Any]]
    less_is_better: bool = False
    counts: int | None = None


@dataclass(frozen=True)
class Statistics:
    """A run's answers to some data, as far as its metrics depend on them.

    Args:
        rows: [N, K] what each example adds to the sums, of the smallest type that holds it.
        metrics: The metrics by name.
        checksum: Of the examples as they were read: two runs with the same one can be compared.
    """

    rows: NDArray[Any]
    metrics: Mapping[str, Metric]
    checksum: int = 0


def classification_statistics(labels: ArrayLike, probabilities: ArrayLike) -> Statistics:
    """Gives what ``accuracy`` and ``macro_f1`` of ``classification_metrics`` are made of.

    Args:
        labels: [N] the index of the right class.
        probabilities: [N, C] what the model gave each class.

    Raises:
        DataError: There are no examples.
    """
    given = np.asarray(probabilities)
    classes = np.arange(given.shape[1])
    right = some(np.asarray(labels))[:, None] == classes
    answers = given.argmax(axis=1)[:, None] == classes
    metrics = {"accuracy": Metric(_accuracy), "macro_f1": Metric(macro_f1)}
    return Statistics(_found_given_right(right, answers), metrics)


def multilabel_statistics(labels: ArrayLike, probabilities: ArrayLike) -> Statistics:
    """Gives what ``accuracy``, ``macro_f1`` and ``micro_f1`` of ``multilabel_metrics`` are made of.

    Args:
        labels: [N, C] 1 where a class is right, else 0.
        probabilities: [N, C] each class's own.

    Raises:
        DataError: There are no examples.
    """
    right = some(np.asarray(labels)) != 0
    answers = np.asarray(probabilities) >= 0.5
    whole = (right == answers).all(axis=1, keepdims=True)
    rows = np.hstack([_found_given_right(right, answers), whole, np.ones_like(whole)])
    metrics = {
        "accuracy": Metric(lambda sums: sums[..., -2] / sums[..., -1]),
        "macro_f1": Metric(lambda sums: macro_f1(sums[..., :-2])),
        "micro_f1": Metric(lambda sums: micro_f1(sums[..., :-2])),
    }
    return Statistics(rows, metrics)


def number_statistics(numbers: ArrayLike, answers: ArrayLike) -> Statistics:
    """Gives what the errors of ``number_metrics`` are made of.

    Args:
        numbers: [N] what is right.
        answers: [N] what the model gave.

    Raises:
        DataError: There are no examples.
    """
    errors = np.abs(some(np.asarray(numbers, np.float64)) - np.asarray(answers, np.float64))
    metrics = {
        "mean_absolute_error": Metric(lambda sums: sums[..., 0] / sums[..., 2], True),
        "root_mean_squared_error": Metric(lambda sums: np.sqrt(sums[..., 1] / sums[..., 2]), True),
    }
    return Statistics(np.stack([errors, errors**2, np.ones_like(errors)], axis=1), metrics)


def _found_given_right(right: NDArray[Any], answers: NDArray[Any]) -> NDArray[Any]:
    """[N, 3 C] of each class whether it was found, was given as the answer, and was right."""
    return np.hstack([right & answers, answers, right])


def _accuracy(sums: NDArray[Any]) -> NDArray[Any]:
    found, _, right = np.split(sums, 3, axis=-1)
    return found.sum(axis=-1) / right.sum(axis=-1)


def macro_f1(sums: NDArray[Any]) -> NDArray[Any]:
    """The mean over the classes that occur among what is given or right; 0 where none does.

    Args:
        sums: [..., 3 C] of each class how often it was found, given and right.
    """
    found, given, right = np.split(sums, 3, axis=-1)
    occurring = given + right > 0
    f1 = 2 * found / np.maximum(given + right, 1)
    return f1.sum(axis=-1) / np.maximum(occurring.sum(axis=-1), 1)


def micro_f1(sums: NDArray[Any]) -> NDArray[Any]:
    """Over all classes together, of the same sums."""
    found, given, right = (part.sum(axis=-1) for part in np.split(sums, 3, axis=-1))
    return 2 * found / np.maximum(given + right, 1)
