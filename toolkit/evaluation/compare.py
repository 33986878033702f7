"""Whether one run is better than another by more than chance."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import DataError, ModelError
from toolkit.evaluation.options import BootstrapOptions
from toolkit.evaluation.statistics import Metric, Statistics

logger = logging.getLogger("toolkit")

#: Numbers in memory at once while resampling.
BLOCK = 4_000_000
#: A draw of how often a kind occurs takes as long as so many draws of an example.
BINOMIAL = 16


class Comparable(Protocol):
    """What ``compare`` asks of a task."""

    @property
    def classes(self) -> Sequence[str]:
        """The names of its classes; empty where it has none."""

    def statistics(self, data: Any) -> Statistics:
        """What its metrics on the data are made of, an example a row."""


@dataclass(frozen=True)
class Difference:
    """What the paired bootstrap says of one metric.

    Args:
        a: The metric of the first run.
        b: The metric of the second.
        difference: ``b - a``.
        low: Where the interval of the difference begins.
        high: Where it ends.
        p_value: How likely a difference at least as large, in either direction, would be if the
            runs were equally good.
        better: ``a`` or ``b``; None where they are equal.
        more_than_chance: Whether the p-value is below 1 less the confidence.
    """

    a: float
    b: float
    difference: float
    low: float
    high: float
    p_value: float
    better: Literal["a", "b"] | None
    more_than_chance: bool


DEFAULTS = BootstrapOptions()


def compare(
    first: Comparable, second: Comparable, data: Any, options: BootstrapOptions = DEFAULTS
) -> dict[str, Any]:
    """Compares the answers of two fitted or loaded tasks to the same labelled data.

    Args:
        first: The one that is called A.
        second: The one that is called B.
        data: Labelled data, as for ``evaluate``.
        options: How often is drawn, and the like.

    Returns:
        ``examples``, how many there are; the options; and ``metrics``, by name what
        ``Difference`` has. Those that the two take over other units are left out, which is said.

    Raises:
        DataError: The data is not what it should be, or the two read it differently.
        ModelError: The two have other classes, or other metrics.
    """
    check_classes(first.classes, second.classes)
    a, b = first.statistics(data), second.statistics(data)
    if a.metrics.keys() != b.metrics.keys():
        measures = "; ".join(", ".join(side.metrics) for side in (a, b))
        raise ModelError(f"A and B cannot be compared, since they are measured apart: {measures}")
    if a.checksum != b.checksum:
        raise DataError(
            "A and B read the data differently, so their answers are no pairs; "
            "give both the same columns and label rule"
        )
    metrics = {}
    for name, metric in a.metrics.items():
        of = metric.counts
        if of is None or np.array_equal(a.rows[:, of], b.rows[:, of]):
            metrics[name] = metric
        else:
            logger.warning("%s is left out: A and B take it over other units", name)
    if not metrics:
        raise ModelError("A and B have no metric that they take over the same units")
    differences = paired_bootstrap(a.rows, b.rows, metrics, options)
    return {
        "examples": len(a.rows),
        **asdict(options),
        "metrics": {name: asdict(difference) for name, difference in differences.items()},
    }


def check_classes(
    first: Sequence[str], second: Sequence[str], names: tuple[str, str] = ("A", "B")
) -> None:
    """Complains where two runs have other classes.

    Raises:
        ModelError: They have; the message says which.
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
        raise ModelError(f"{names[0]} and {names[1]} have other classes: {'; '.join(only)}")


def paired_bootstrap(
    first: NDArray[Any],
    second: NDArray[Any],
    metrics: Mapping[str, Metric],
    options: BootstrapOptions = DEFAULTS,
) -> dict[str, Difference]:
    """Compares two systems that answered the same examples, by drawing examples anew.

    As many examples as there are, are drawn with replacement, and both systems are measured on
    them; so again and again (Koehn 2004, 'Statistical Significance Tests for Machine Translation
    Evaluation'). The interval is between percentiles of the differences. The p-value is the share
    of draws whose difference lies at least as far from the observed one as that lies from 0: the
    two-sided form of Berg-Kirkpatrick et al. 2012, 'An Empirical Investigation of Statistical
    Significance in NLP', with the observed data counted as one of the draws, so that it is never 0
    (Phipson and Smyth 2010).

    Examples that add the same to all sums are drawn together: how often each kind is drawn is
    multinomial, and a draw's sums are a matrix product. Where nearly every example is of its own
    kind, as with numbers, the examples are drawn and counted instead, which is the same.

    Args:
        first: [N, K] what each example adds to the first system's sums.
        second: [N, K] the same for the second.
        metrics: Functions of the sums, by name.
        options: How often is drawn, and the like.

    Returns:
        By the metric's name, what was found.
    """
    kinds, counts = _kinds(np.hstack([first, second]))
    sums = {name: _sides(metric, counts @ kinds) for name, metric in metrics.items()}
    resampled: dict[str, list[Any]] = {name: [] for name in metrics}
    random = np.random.default_rng(options.seed)
    of_each = np.repeat(np.arange(len(kinds)), counts)  # the kind of each example
    one_by_one = len(kinds) * BINOMIAL > len(first)
    block = max(1, BLOCK // max(len(first) if one_by_one else 0, *kinds.shape))
    for begin in range(0, options.resamples, block):
        size = min(block, options.resamples - begin)
        if one_by_one:
            times = _tally(
                of_each[random.integers(len(first), size=(size, len(first)))], len(kinds)
            )
        else:
            times = random.multinomial(len(first), counts / len(first), size)
        drawn = times @ kinds
        for name, metric in metrics.items():
            a, b = _sides(metric, drawn)
            resampled[name].append(b - a)
    return {
        name: _judge(*sums[name], np.concatenate(resampled[name]), metric.less_is_better, options)
        for name, metric in metrics.items()
    }


def _tally(drawn: NDArray[np.int64], kinds: int) -> NDArray[np.int64]:
    """How often each kind is among the examples of each draw [S, N]: [S, U]."""
    draws = np.arange(len(drawn))[:, None]
    return np.bincount((drawn + draws * kinds).ravel(), minlength=draws.size * kinds).reshape(
        len(drawn), kinds
    )


def _kinds(rows: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The rows that differ, [U, K], and how often each is there, [U]."""
    rows = np.ascontiguousarray(rows)
    keys = rows.view(f"V{rows.itemsize * rows.shape[1]}").ravel()  # bytes, which sort fast
    _, index, counts = np.unique(keys, return_index=True, return_counts=True)
    return rows[index].astype(np.float64), counts


def _sides(metric: Metric, sums: NDArray[Any]) -> tuple[Any, Any]:
    a, b = np.split(sums, 2, axis=-1)
    return metric.of(a), metric.of(b)


def _judge(
    a: Any, b: Any, resampled: NDArray[Any], less_is_better: bool, options: BootstrapOptions
) -> Difference:
    difference = b - a
    low, high = np.quantile(resampled, (0.5 - options.confidence / 2, 0.5 + options.confidence / 2))
    far = np.abs(resampled - difference) >= abs(difference) * (1 - 1e-9)  # but for rounding
    p_value = (1 + int(np.count_nonzero(far))) / (1 + len(resampled))
    better: Literal["a", "b"] | None = None
    if difference:
        better = "b" if (difference < 0) == less_is_better else "a"
    return Difference(
        a=float(a),
        b=float(b),
        difference=float(difference),
        low=float(low),
        high=float(high),
        p_value=p_value,
        better=better,
        more_than_chance=p_value < 1 - options.confidence,
    )
