"""Metrics on arrays, by scikit-learn, defined for every input: one example, an absent class.

A quotient with nothing below the line is 0. All values are plain Python numbers, so that they can
be written as JSON. scikit-learn takes a second to import, and is imported by the first call.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


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
    from sklearn import metrics

    right = np.asarray(labels, np.int64)
    given = np.asarray(probabilities)
    answers = given.argmax(axis=1)
    indices = np.arange(len(classes))
    return {
        "accuracy": float(metrics.accuracy_score(right, answers)),
        "macro_f1": float(metrics.f1_score(right, answers, average="macro", zero_division=0)),
        "log_loss": float(metrics.log_loss(right, given, labels=indices)),
        "per_class": _per_class(right, answers, classes, indices),
        "confusion": metrics.confusion_matrix(right, answers, labels=indices).tolist(),
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
        ``accuracy``, the share of examples with all classes as they should be; ``macro_f1``, the
        mean over the classes that occur among labels or answers; ``micro_f1``, over all decisions
        together; ``log_loss``, the mean over all decisions in nats; ``per_class`` as in
        ``classification_metrics``.
    """
    from sklearn import metrics

    right = np.asarray(labels, np.int64)
    given = np.asarray(probabilities)
    answers = (given >= 0.5).astype(np.int64)
    occurring = np.flatnonzero(right.any(axis=0) | answers.any(axis=0))
    return {
        "accuracy": float(metrics.accuracy_score(right, answers)),
        "macro_f1": float(
            metrics.f1_score(right, answers, labels=occurring, average="macro", zero_division=0)
        )
        if len(occurring)
        else 0.0,
        "micro_f1": float(metrics.f1_score(right, answers, average="micro", zero_division=0)),
        "log_loss": float(metrics.log_loss(right.ravel(), given.ravel(), labels=[0, 1])),
        "per_class": _per_class(right, answers, classes, np.arange(len(classes))),
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
    from sklearn import metrics

    right = np.asarray(numbers, np.float64)
    given = np.asarray(answers, np.float64)
    varied = len(right) > 1
    return {
        "mean_absolute_error": float(metrics.mean_absolute_error(right, given)),
        "root_mean_squared_error": float(metrics.root_mean_squared_error(right, given)),
        "r2": float(metrics.r2_score(right, given) if varied else np.array_equal(right, given)),
    }


def _per_class(
    right: Any, answers: Any, classes: Sequence[str], indices: Any
) -> dict[str, dict[str, float]]:
    from sklearn.metrics import precision_recall_fscore_support

    columns = precision_recall_fscore_support(right, answers, labels=indices, zero_division=0)
    names = ("precision", "recall", "f1", "support")
    return {
        name: dict(zip(names, row, strict=True))
        for name, row in zip(
            classes, zip(*(column.tolist() for column in columns), strict=True), strict=True
        )
    }
