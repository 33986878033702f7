"""Comparison of two runs by the paired bootstrap."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import DataError, ModelError
from toolkit.evaluation.bootstrap import DEFAULTS, percentiles, resampled_sums
from toolkit.evaluation.options import BootstrapOptions
from toolkit.evaluation.statistics import Metric, Statistics

logger = logging.getLogger("toolkit")


@runtime_checkable
class Comparable(Protocol):
    """The part of a task that ``compare`` uses."""

    @property
    def classes(self) -> Sequence[str]:
        """The names of its classes; empty where it has none."""

    def statistics(self, data: Any) -> Statistics:
        """Return each example's part of the sums that metrics are computed from.

        Each metric of the sum of all rows equals the metric of that name from ``evaluate``.

        Args:
            data: Labelled data, of the same kinds as for ``fit``.

        Raises:
            DataError: The data cannot be used.
            ModelError: The task is not fitted.
        """


@dataclass(frozen=True)
class Difference:
    """The result of the paired bootstrap for one metric.

    Args:
        a: The metric of the first run.
        b: The metric of the second.
        difference: ``b - a``.
        low: The lower bound of the confidence interval of the difference.
        high: The upper bound.
        p_value: The probability of a difference at least as large, in either direction, if the runs
            were equally good.
        better: ``a`` or ``b``; None if they are equal.
        more_than_chance: Whether the p-value is below 1 - confidence.
    """

    a: float
    b: float
    difference: float
    low: float
    high: float
    p_value: float
    better: Literal["a", "b"] | None
    more_than_chance: bool


def compare(
    first: Comparable, second: Comparable, data: Any, options: BootstrapOptions = DEFAULTS
) -> dict[str, Any]:
    """Compare the answers of two fitted or loaded tasks to the same labelled data.

    Args:
        first: The task that is called A.
        second: The task that is called B.
        data: Labelled data, as for ``evaluate``.
        options: The number of resamples, the confidence and the seed.

    Returns:
        ``examples``, the number of examples; the options; and ``metrics``, the fields of
        ``Difference`` by metric. A metric that the two tasks average over different items, such as
        tokens of two levels, is left out with a warning.

    Raises:
        DataError: The data cannot be used, or the two tasks read it differently.
        ModelError: The two tasks have different classes, or different metrics.
    """
    check_classes(first.classes, second.classes)
    return compare_statistics(first.statistics(data), second.statistics(data), options)


def compare_statistics(
    a: Statistics, b: Statistics, options: BootstrapOptions = DEFAULTS
) -> dict[str, Any]:
    """Compare the statistics of two runs' answers to the same data; see ``compare``."""
    if a.metrics.keys() != b.metrics.keys():
        measures = "; ".join(", ".join(side.metrics) for side in (a, b))
        raise ModelError(
            f"A and B cannot be compared, since they have different metrics: {measures}"
        )
    if a.checksum != b.checksum:
        raise DataError(
            "A and B read the data differently, so their answers cannot be paired; "
            "give both the same columns and label rule"
        )
    metrics = {}
    for name, metric in a.metrics.items():
        column = metric.counts
        if column is None or np.array_equal(a.rows[:, column], b.rows[:, column]):
            metrics[name] = metric
        else:
            logger.warning("%s is left out: A and B average it over different tokens", name)
    if not metrics:
        raise ModelError("A and B have no metric that they average over the same tokens")
    differences = paired_bootstrap(a.rows, b.rows, metrics, options)
    return {
        "examples": len(a.rows),
        **asdict(options),
        "metrics": {name: asdict(difference) for name, difference in differences.items()},
    }


def check_classes(
    first: Sequence[str], second: Sequence[str], names: tuple[str, str] = ("A", "B")
) -> None:
    """Check that two runs have the same classes.

    Raises:
        ModelError: Their classes differ; the message names them.
    """
    only = [
        f"only {name} has {', '.join(more)}"
        for name, more in (
            (names[0], [name for name in first if name not in second]),
            (names[1], [name for name in second if name not in first]),
        )
        if more
    ]
    if only:
        raise ModelError(f"{names[0]} and {names[1]} have different classes: {'; '.join(only)}")


def paired_bootstrap(
    first: NDArray[Any],
    second: NDArray[Any],
    metrics: Mapping[str, Metric],
    options: BootstrapOptions = DEFAULTS,
) -> dict[str, Difference]:
    """Compare two systems on the same examples by the paired bootstrap.

    Each resample draws N of the N examples with replacement, and measures both systems on them
    (Koehn 2004, 'Statistical Significance Tests for Machine Translation Evaluation'). The interval
    lies between percentiles of the differences. The p-value is the share of resamples whose
    difference is at least as far from the observed difference as that is from 0: the two-sided form
    of Berg-Kirkpatrick et al. 2012, 'An Empirical Investigation of Statistical Significance in
    NLP', with the observed data counted as one of the resamples, so that it is never 0 (Phipson and
    Smyth 2010).

    Args:
        first: [N, K] what each example adds to the first system's sums.
        second: [N, K] the same for the second.
        metrics: Functions of the sums, by name.
        options: The number of resamples, the confidence and the seed.

    Returns:
        The comparison of each metric, by its name.
    """
    observed, drawn = resampled_sums(np.hstack([first, second]), options)
    differences = {}
    for name, metric in metrics.items():
        a, b = _sides(metric, observed)
        resampled_a, resampled_b = _sides(metric, drawn)
        differences[name] = _judge(a, b, resampled_b - resampled_a, metric.lower_is_better, options)
    return differences


def _sides(metric: Metric, sums: NDArray[Any]) -> tuple[Any, Any]:
    a, b = np.split(sums, 2, axis=-1)
    return metric.of(a), metric.of(b)


def _judge(
    a: Any, b: Any, resampled: NDArray[Any], lower_is_better: bool, options: BootstrapOptions
) -> Difference:
    difference = b - a
    low, high = percentiles(resampled, options.confidence)
    far = np.abs(resampled - difference) >= abs(difference) * (1 - 1e-9)  # but for rounding
    p_value = (1 + int(np.count_nonzero(far))) / (1 + len(resampled))
    better: Literal["a", "b"] | None = None
    if difference:
        better = "b" if (difference < 0) == lower_is_better else "a"
    return Difference(
        a=float(a),
        b=float(b),
        difference=float(difference),
        low=low,
        high=high,
        p_value=p_value,
        better=better,
        more_than_chance=p_value < 1 - options.confidence,
    )
