"""The rules by which a classifier of series resolves ``auto``."""

from typing import Any

from toolkit.tasks.defaults import DataSize

#: The options whose value depends on the front.
FRONTS: dict[str, dict[str, Any]] = {
    "standardize": {
        "velocities": "off",
        "input_dropout": 0.1,
        "time_stretch": 0.1,
        "crop": 0.0,
        "jitter": 0.05,
        "rotation": 0.0,
        "shift": 0.0,
    },
    "skeleton": {
        "velocities": "on",
        "input_dropout": 0.1,
        "time_stretch": 0.2,
        "crop": 0.1,
        "jitter": 0.02,
        "rotation": 15.0,
        "shift": 0.0,
    },
    "frames": {
        "velocities": "on",
        "input_dropout": 0.1,
        "time_stretch": 0.2,
        "crop": 0.1,
        "jitter": 0.05,
        "rotation": 0.0,
        "shift": 0.1,
    },
}


def epochs(size: DataSize) -> int:
    """Return the number of epochs, 10 to 100, for about three million frames of training."""
    return max(10, min(100, round(3_000_000 / max(1, size.tokens))))


def batch_tokens(size: DataSize, weight: int = 1) -> int:
    """Return the frames of a batch, for about 30 steps an epoch if possible.

    They are 256 to 12,000, fewer of large pictures.

    Args:
        size: The size of the training part.
        weight: The memory of a frame in units of a usual one.
    """
    return max(256 // max(1, weight // 8), min(12_000 // weight, size.tokens // 30))


def resolved(size: DataSize, front: str, weight: int = 1) -> dict[str, Any]:
    """Return the value of each option of network and training that may be ``auto``."""
    return {
        **FRONTS[front],
        "hidden_size": 64,
        "output_dropout": 0.5,
        "epochs": epochs(size),
        "batch_tokens": batch_tokens(size, weight),
        "learning_rate": 0.003,
        "epsilon": 1e-7,
        "ema": 0.99,
    }
