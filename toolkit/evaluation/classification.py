"""Metrics on arrays, defined for every input: one example, a class that never occurs, a sure error.

The definitions are scikit-learn's; a quotient with nothing below the line is 0. All values are
plain Python numbers, so that they can be written as JSON.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def classification_metrics(
    labels: ArrayLike, probabilities: ArrayLike, classes: Sequence[str]
) -> dict[str, Any]:
    """Measures answers of which one class is right.

    Args:
        labels: [N] the index of the right class.
        probabilities: [N, C] what the model gave each class; the likeliest is its answer.
        classes: C names.

    Returns:
        ``accuracy``; ``macro_f1``, the mean over the classes that occur among labels or answers;
        ``log_loss``, the mean of -ln p(right class) in nats; ``per_class``, by name ``precision``,
        ``recall``, ``f1`` and ``support``; ``confusion``, C rows of C counts, a row for each right
        class and a column for each answer.
    """
    right = np.asarray(labels, np.int64)
    given = np.asarray(probabilities)
    count = len(classes)
    answers = given.argmax(axis=1)
    confusion = np.bincount(right * count + answers, minlength=count**2).reshape(count, count)
    hits, support, answered = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    return {
        "accuracy": float(np.mean(right == answers)),
        "macro_f1": _macro_f1(hits, support, answered),
        "log_loss": float(np.mean(_surprise(given[np.arange(len(right)), right]))),
        "per_class": _per_class(classes, hits, support, answered),
        "confusion": confusion.tolist(),
    }


def multilabel_metrics(
    labels: ArrayLike, probabilities: ArrayLike, classes: Sequence[str]
) -> dict[str, Any]:
    """Measures answers of which several classes, or none, may be right at once.

    Args:
        labels: [N, C] 1 where a class is right, else 0.
        probabilities: [N, C] each class's own; from one half on it is part of the answer.
        classes: C names.

    Returns:
        ``accuracy``, the share of examples with all classes as they should be; ``macro_f1`` and
        ``per_class`` as in ``classification_metrics``; ``micro_f1``, over all decisions together;
        ``log_loss``, the mean over all decisions in nats.
    """
    right = np.asarray(labels, bool)
    given = np.asarray(probabilities)
    answers = given >= 0.5
    hits, support, answered = (a.sum(axis=0) for a in (right & answers, right, answers))
    return {
        "accuracy": float(np.mean((right == answers).all(axis=1))),
        "macro_f1": _macro_f1(hits, support, answered),
        "micro_f1": float(_share(2 * hits.sum(), support.sum() + answered.sum())),
        "log_loss": float(np.mean(_surprise(np.where(right, given, 1 - given)))),
        "per_class": _per_class(classes, hits, support, answered),
    }


def number_metrics(numbers: ArrayLike, answers: ArrayLike) -> dict[str, Any]:
    """Measures answers that are numbers.

    Args:
        numbers: [N] what is right.
        answers: [N] what the model gave.

    Returns:
        ``mean_absolute_error`` and ``root_mean_squared_error`` in the numbers' unit, and ``r2``,
        the share of their variance that is explained; where they do not vary, 1 if all answers are
        right and else 0.
    """
    right = np.asarray(numbers, np.float64)
    errors = np.asarray(answers, np.float64) - right
    unexplained, total = np.sum(errors**2), np.sum((right - right.mean()) ** 2)
    return {
        "mean_absolute_error": float(np.mean(np.abs(errors))),
        "root_mean_squared_error": float(np.sqrt(np.mean(errors**2))),
        "r2": float(1 - unexplained / total) if total else float(unexplained == 0),
    }


def _share(part: ArrayLike, whole: ArrayLike) -> NDArray[np.float64]:
    """Divides; nothing out of nothing is 0."""
    return np.asarray(part) / np.maximum(whole, 1)


def _macro_f1(hits: ArrayLike, support: ArrayLike, answered: ArrayLike) -> float:
    occurrences = np.add(support, answered)
    f1 = _share(np.multiply(2, hits), occurrences)
    return float(_share(f1.sum(), np.count_nonzero(occurrences)))


def _per_class(
    classes: Sequence[str],
    hits: NDArray[np.int64],
    support: NDArray[np.int64],
    answered: NDArray[np.int64],
) -> dict[str, dict[str, float]]:
    columns = {
        "precision": _share(hits, answered).tolist(),
        "recall": _share(hits, support).tolist(),
        "f1": _share(2 * hits, support + answered).tolist(),
        "support": support.tolist(),
    }
    rows = zip(*columns.values(), strict=True)
    return {
        name: dict(zip(columns, row, strict=True)) for name, row in zip(classes, rows, strict=True)
    }


def _surprise(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """-ln p, with p no nearer to 0 than its precision lets 1 - p tell from 1."""
    tiny = np.finfo(probabilities.dtype).eps
    return -np.log(np.clip(probabilities.astype(np.float64), tiny, 1))
