"""The weights of classes in the loss."""

from typing import Any

import numpy as np


def balanced_weights(counts: Any) -> Any:
    """Return weights [C], one on average, that give all classes the same total weight."""
    counts = np.maximum(1, counts)
    return counts.sum() / len(counts) / counts
