"""The rules by which a model of music resolves ``auto``."""

from typing import Any

from toolkit.tasks.defaults import DataSize


def epochs(size: DataSize) -> int:
    """Return the number of epochs, 10 to 150, for about four million frames of training."""
    return max(10, min(150, round(4_000_000 / max(1, size.tokens))))


def batch_tokens(size: DataSize) -> int:
    """Return the frames of a batch, 256 to 2,000, for about 45 steps an epoch if possible."""
    return max(256, min(2_000, size.tokens // 45))


def resolved(size: DataSize) -> dict[str, Any]:
    """Return the value of each option of network and training that may be ``auto``."""
    return {
        "hidden_size": 256,
        "output_size": 256,
        "input_dropout": 0.0,
        "output_dropout": 0.4,
        "epochs": epochs(size),
        "batch_tokens": batch_tokens(size),
        "learning_rate": 0.003,
        "epsilon": 1e-7,
        "ema": 0.99,
    }
