"""Classification and regression metrics on arrays, computed by scikit-learn.

Every input works, also one example or an absent class: a quotient whose denominator is 0 is 0; a
metric that is undefined for the examples is None. All values are plain Python numbers, so that they
can be written as JSON. scikit-learn takes a second to import, so the first call imports it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit.errors import DataError

#: The number of bins of equal width in the calibration error (Guo et al. 2017).
CALIBRATION_BINS = 15


def classification_metrics(
    labels: ArrayLike, probabilities: ArrayLike, classes: Sequence[str]
) -> dict[str, Any]:
    """Measure predictions of exactly one class each.

    Args:
        labels: [N] the index of the gold class.
        probabilities: [N, C] the predicted probabilities; the likeliest class is the answer.
        classes: C names.

    Returns:
        ``accuracy``; ``macro_f1``, the mean over the classes that occur among labels or answers;
        ``log_loss``, the mean of -ln p(gold class) in nats; ``roc_auc``, the area under the ROC
        curve of the second of two classes, or with more classes the mean one-against-rest area over
        the classes that have both positive and negative examples (None if there are none);
        ``average_precision``, the area under the precision-recall curve, of the same classes;
        ``mcc``, Matthews' correlation of labels and answers, for any number of classes (Gorodkin
        2004); ``calibration_error`` of the answers' probabilities, see ``calibration_error``;
        ``per_class``, by name ``precision``, ``recall``, ``f1`` and ``support``; ``confusion``, C
        rows of C counts, a row for each gold class and a column for each predicted class.

    Raises:
        DataError: There are no examples.
    """
    from sklearn import metrics

    gold = require_examples(np.asarray(labels, np.int64))
    predicted = np.asarray(probabilities)
    answers = predicted.argmax(axis=1)
    indices = np.arange(len(classes))
    ranked = indices[1:] if len(classes) == 2 else indices
    confusion = metrics.confusion_matrix(gold, answers, labels=indices)
    return {
        "accuracy": float(metrics.accuracy_score(gold, answers)),
        "macro_f1": float(metrics.f1_score(gold, answers, average="macro", zero_division=0)),
        "log_loss": float(metrics.log_loss(gold, predicted, labels=indices)),
        **_areas(gold[:, None] == ranked, predicted[:, ranked]),
        "mcc": _mcc(confusion),
        "calibration_error": calibration_error(answers == gold, predicted.max(axis=1)),
        "per_class": _per_class(gold, answers, classes, indices),
        "confusion": confusion.tolist(),
    }


def multilabel_metrics(
    labels: ArrayLike, probabilities: ArrayLike, classes: Sequence[str]
) -> dict[str, Any]:
    """Measure predictions of any number of classes each.

    Args:
        labels: [N, C] 1 where a class is gold, else 0.
        probabilities: [N, C] one per class; a class of 0.5 or more is part of the answer.
        classes: C names.

    Returns:
        ``accuracy``, the share of examples with all classes correct; ``macro_f1``, the mean over
        the classes that occur among labels or answers; ``micro_f1``, over all decisions together;
        ``log_loss``, the mean over all decisions in nats; ``roc_auc``, the mean over the classes
        that have both positive and negative examples (None if there are none), and likewise
        ``average_precision``; ``calibration_error`` of all decisions' probabilities;
        ``per_class`` as in ``classification_metrics``.

    Raises:
        DataError: There are no examples.
    """
    from sklearn import metrics

    gold = require_examples(np.asarray(labels, np.int64))
    predicted = np.asarray(probabilities)
    answers = (predicted >= 0.5).astype(np.int64)
    occurring = np.flatnonzero(gold.any(axis=0) | answers.any(axis=0))
    return {
        "accuracy": float(metrics.accuracy_score(gold, answers)),
        "macro_f1": float(
            metrics.f1_score(gold, answers, labels=occurring, average="macro", zero_division=0)
        )
        if len(occurring)
        else 0.0,
        "micro_f1": float(metrics.f1_score(gold, answers, average="micro", zero_division=0)),
        "log_loss": float(metrics.log_loss(gold.ravel(), predicted.ravel(), labels=[0, 1])),
        **_areas(gold, predicted),
        "calibration_error": calibration_error(gold, predicted),
        "per_class": _per_class(gold, answers, classes, np.arange(len(classes))),
    }


def number_metrics(numbers: ArrayLike, answers: ArrayLike) -> dict[str, Any]:
    """Measure predicted numbers.

    Args:
        numbers: [N] the gold numbers.
        answers: [N] the predicted numbers.

    Returns:
        ``mean_absolute_error`` and ``root_mean_squared_error`` in the numbers' unit, and ``r2``,
        the share of their variance that is explained; if they do not vary, it is 1 if all answers
        are correct and else 0.

    Raises:
        DataError: There are no examples.
    """
    from sklearn import metrics

    gold = require_examples(np.asarray(numbers, np.float64))
    predicted = np.asarray(answers, np.float64)
    varied = len(gold) > 1
    return {
        "mean_absolute_error": float(metrics.mean_absolute_error(gold, predicted)),
        "root_mean_squared_error": float(metrics.root_mean_squared_error(gold, predicted)),
        "r2": float(
            metrics.r2_score(gold, predicted) if varied else np.array_equal(gold, predicted)
        ),
    }


def calibration_error(outcomes: ArrayLike, probabilities: ArrayLike) -> float:
    """Return the expected calibration error (Naeini et al. 2015; Guo et al. 2017).

    Probabilities fall into ``CALIBRATION_BINS`` bins of equal width, each closed on the gold (0
    belongs to the first). The error is the mean over all probabilities of the distance, in their
    bin, between the mean probability and the share of true outcomes; 0 is perfect.

    Args:
        outcomes: 1 where the predicted event occurred, else 0; of any shape.
        probabilities: Of the same shape.
    """
    predicted = np.asarray(probabilities, np.float64).ravel()
    bins = np.clip(np.ceil(predicted * CALIBRATION_BINS), 1, CALIBRATION_BINS).astype(np.int64)
    gaps = np.bincount(bins, np.asarray(outcomes, np.float64).ravel() - predicted)
    return float(np.abs(gaps).sum() / len(predicted))


def require_examples(labels: Any) -> Any:
    """Return the labels, and refuse an empty list.

    Raises:
        DataError: There are no labels.
    """
    if not len(labels):
        raise DataError("there are no examples to measure")
    return labels


def _areas(gold: Any, predicted: Any) -> dict[str, float | None]:
    """Return the means over the columns in which both outcomes occur; None if there is none.

    They are the areas under the ROC curve and under the precision-recall curve.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    ranked = np.flatnonzero(gold.any(axis=0) & ~gold.all(axis=0))

    def mean(area: Any) -> float | None:
        areas = [area(gold[:, column], predicted[:, column]) for column in ranked]
        return float(np.mean(areas)) if areas else None

    return {"roc_auc": mean(roc_auc_score), "average_precision": mean(average_precision_score)}


def _mcc(confusion: NDArray[np.int64]) -> float:
    """Return Matthews' correlation for a confusion matrix [C, C] (Gorodkin 2004, equation 8)."""
    counts = confusion.astype(np.float64)
    total, gold, answered = counts.sum(), counts.sum(axis=1), counts.sum(axis=0)
    bound = np.sqrt((total**2 - gold @ gold) * (total**2 - answered @ answered))
    return float((np.trace(counts) * total - gold @ answered) / bound) if bound else 0.0


def _per_class(
    gold: Any, answers: Any, classes: Sequence[str], indices: Any
) -> dict[str, dict[str, float]]:
    from sklearn.metrics import precision_recall_fscore_support

    columns = precision_recall_fscore_support(gold, answers, labels=indices, zero_division=0)
    names = ("precision", "recall", "f1", "support")
    return {
        name: dict(zip(names, row, strict=True))
        for name, row in zip(
            classes, zip(*(column.tolist() for column in columns), strict=True), strict=True
        )
    }
