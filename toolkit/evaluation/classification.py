"""Metrics on arrays, by scikit-learn, for every input: one example, an absent class.

A quotient with nothing below the line is 0; what has no meaning for the examples is None. All
values are plain Python numbers, so that they can be written as JSON. scikit-learn takes a second to
import, and is imported by the first call.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit.errors import DataError

#: How many bins of equal width the calibration error has (Guo et al. 2017).
CALIBRATION_BINS = 15


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
        ``log_loss``, the mean of -ln p(right class) in nats; ``roc_auc``, the area under the ROC
        curve of the second of two classes, of more classes the mean of each against the rest, over
        those that some examples have and some have not (None without any); ``calibration_error``
        of the answers' probabilities, see ``calibration_error``; ``per_class``, by name
        ``precision``, ``recall``, ``f1`` and ``support``; ``confusion``, C rows of C counts, a row
        for each right class and a column for each answer.

    Raises:
        DataError: There are no examples.
    """
    from sklearn import metrics

    right = some(np.asarray(labels, np.int64))
    given = np.asarray(probabilities)
    answers = given.argmax(axis=1)
    indices = np.arange(len(classes))
    ranked = indices[1:] if len(classes) == 2 else indices
    return {
        "accuracy": float(metrics.accuracy_score(right, answers)),
        "macro_f1": float(metrics.f1_score(right, answers, average="macro", zero_division=0)),
        "log_loss": float(metrics.log_loss(right, given, labels=indices)),
        "roc_auc": _roc_auc(right[:, None] == ranked, given[:, ranked]),
        "calibration_error": calibration_error(answers == right, given.max(axis=1)),
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
        together; ``log_loss``, the mean over all decisions in nats; ``roc_auc``, the mean over the
        classes that some examples have and some have not (None without any);
        ``calibration_error`` of all decisions' probabilities; ``per_class`` as in
        ``classification_metrics``.

    Raises:
        DataError: There are no examples.
    """
    from sklearn import metrics

    right = some(np.asarray(labels, np.int64))
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
        "roc_auc": _roc_auc(right, given),
        "calibration_error": calibration_error(right, given),
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

    Raises:
        DataError: There are no examples.
    """
    from sklearn import metrics

    right = some(np.asarray(numbers, np.float64))
    given = np.asarray(answers, np.float64)
    varied = len(right) > 1
    return {
        "mean_absolute_error": float(metrics.mean_absolute_error(right, given)),
        "root_mean_squared_error": float(metrics.root_mean_squared_error(right, given)),
        "r2": float(metrics.r2_score(right, given) if varied else np.array_equal(right, given)),
    }


def calibration_error(outcomes: ArrayLike, probabilities: ArrayLike) -> float:
    """Returns the expected calibration error (Naeini et al. 2015; Guo et al. 2017).

    Probabilities fall into ``CALIBRATION_BINS`` bins of equal width, each closed on the right (0
    belongs to the first). The error is the mean, over all probabilities, of the distance in their
    bin between the mean probability and the share of outcomes that came true; 0 is perfect.

    Args:
        outcomes: 1 where what was given a probability came true, else 0; of any shape.
        probabilities: Of the same shape.
    """
    given = np.asarray(probabilities, np.float64).ravel()
    bins = np.clip(np.ceil(given * CALIBRATION_BINS), 1, CALIBRATION_BINS).astype(np.int64)
    gaps = np.bincount(bins, np.asarray(outcomes, np.float64).ravel() - given)
    return float(np.abs(gaps).sum() / len(given))


def some(labels: Any) -> Any:
    """The labels, if there are any.

    Raises:
        DataError: There are none.
    """
    if not len(labels):
        raise DataError("there are no examples to measure")
    return labels


def _roc_auc(right: Any, given: Any) -> float | None:
    """The mean over the columns in which both outcomes occur; None without such a column."""
    from sklearn.metrics import roc_auc_score

    ranked = np.flatnonzero(right.any(axis=0) & ~right.all(axis=0))
    areas = [roc_auc_score(right[:, column], given[:, column]) for column in ranked]
    return float(np.mean(areas)) if areas else None


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
