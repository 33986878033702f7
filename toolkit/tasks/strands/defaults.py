"""The rules by which a classifier of strands resolves ``auto``."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.tasks.defaults import DataSize

#: Data of fewer bases is small: there bases are replaced by N in training against overfitting. On
#: larger data that costs accuracy.
SMALL = 50_000

#: The sizes and the regularisation of the network, tested on splice junctions and promoters.
NETWORK = {
    "kmers": 48,
    "hidden_size": 48,
    "output_dropout": 0.3,
    "learning_rate": 0.005,
    "epsilon": 1e-7,
}


def epochs(size: DataSize) -> int:
    """Return the number of epochs, 4 to 40, for about two million bases of training."""
    return max(4, min(40, round(2_000_000 / max(1, size.tokens))))


def batch_tokens(size: DataSize) -> int:
    """Return the bases of a batch, 1,024 to 8,192, for about 70 steps per epoch if possible."""
    return max(1_024, min(8_192, size.tokens // 70))


def ema(size: DataSize) -> float:
    """Return the decay of the averaged weights, which halves the old average in an epoch."""
    return round(float(0.5 ** (batch_tokens(size) / max(1, size.tokens))), 5)


def resolved(size: DataSize, lengths: NDArray[np.int32]) -> dict[str, Any]:
    """Return the value of each option of network and training that may be ``auto``.

    Args:
        size: The size of the training part.
        lengths: The number of bases of each of its strands.
    """
    return NETWORK | {
        "base_dropout": 0.25 if size.tokens < SMALL else 0.0,
        "places": "on" if len({*lengths.tolist()}) == 1 else "off",
        "ema": ema(size),
        "batch_tokens": batch_tokens(size),
        "epochs": epochs(size),
    }
