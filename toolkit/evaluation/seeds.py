"""Means and deviations of metrics over runs with different seeds."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def over_seeds(runs: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """Combine the metrics of runs that differ only in their seed.

    Args:
        runs: The metrics from ``evaluate`` by seed, of two runs at least.

    Returns:
        ``mean`` and ``deviation`` (the sample standard deviation) of each numeric metric, None if
        it is undefined for a run; and ``runs``, the metrics by seed.
    """
    first = next(iter(runs.values()))
    names = [name for name, value in first.items() if isinstance(value, int | float | None)]
    values = {name: [metrics[name] for metrics in runs.values()] for name in names}
    defined = {name for name, row in values.items() if None not in row}
    return {
        "mean": {n: float(np.mean(values[n])) if n in defined else None for n in names},
        "deviation": {n: float(np.std(values[n], ddof=1)) if n in defined else None for n in names},
        "runs": {str(seed): {n: metrics[n] for n in names} for seed, metrics in runs.items()},
    }
