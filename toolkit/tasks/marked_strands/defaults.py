"""The rules by which a tagger of strands resolves ``auto``."""

from typing import Any

from toolkit.tasks.defaults import DataSize

#: The sizes and the regularisation of the network, tested on splice junctions.
NETWORK = {
    "kmers": 48,
    "hidden_size": 48,
    "base_dropout": 0.0,
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


def resolved(size: DataSize) -> dict[str, Any]:
    """Return the value of each option of network and training that may be ``auto``.

    The decay of the averaged weights halves the old average in an epoch.
    """
    steps = max(1.0, size.tokens / batch_tokens(size))
    return NETWORK | {
        "ema": round(0.5 ** (1 / steps), 5),
        "batch_tokens": batch_tokens(size),
        "epochs": epochs(size),
    }
