"""How much of a metric is the luck of the seed."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def over_seeds(runs: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """Brings together the metrics of runs that differ by their seed alone.

    Args:
        runs: What ``evaluate`` gave, by seed; of two runs at least.

    Returns:
        ``mean`` and ``deviation`` (the sample standard deviation) of each metric that is a number,
        None where it is undefined; and ``runs``, by seed the metrics themselves.
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
