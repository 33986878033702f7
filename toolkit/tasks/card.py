"""Texts that the model cards of all tasks share."""

from collections.abc import Mapping, Sized
from typing import Any

LIMITS = (
    "It answers every text, also one in another language or on another subject than the training "
    "data; its scores mean little there.",
    "It has learnt the biases and errors of its training data.",
)


def validation_words(held_out: Sized | None, own_data: Any, manner: str, seed: int) -> str:
    """Describe the origin of the held-out part.

    Args:
        held_out: The held-out part, if any.
        own_data: The separate validation data, if any.
        manner: The kind of split.
        seed: The seed of the split.
    """
    if held_out is None:
        return "none"
    if own_data is not None:
        return f"{len(held_out):,} rows of data of its own"
    return f"{len(held_out):,} rows held out, {manner}, seed {seed}"


def validation_metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return the numeric metrics, with names that start with ``validation``."""
    return {
        f"validation {name.replace('_', ' ')}": value
        for name, value in metrics.items()
        if isinstance(value, float)
    }
