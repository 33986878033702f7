"""The rules by which a recogniser of speech resolves ``auto``."""

from typing import Any

from toolkit.tasks.defaults import DataSize

#: The most samples a second that ``auto`` chooses: above half of it speech has little.
MOST_SAMPLES = 16_000


def epochs(size: DataSize) -> int:
    """Return the number of epochs, 20 to 120, for about eight million steps of training."""
    return max(20, min(120, round(8_000_000 / max(1, size.tokens))))


def batch_tokens(size: DataSize) -> int:
    """Return the steps of a batch, 256 to 6,000, for about 30 batches an epoch if possible."""
    return max(256, min(6_000, size.tokens // 30))


def resolved(size: DataSize) -> dict[str, Any]:
    """Return the value of each option of network and training that may be ``auto``."""
    return {
        "hidden_size": 128,
        "output_dropout": 0.3,
        "epochs": epochs(size),
        "batch_tokens": batch_tokens(size),
        "learning_rate": 0.003,
        "epsilon": 1e-7,
        "ema": 0.99,
    }
