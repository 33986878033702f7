"""The cost of an epoch, estimated from some training steps."""

from typing import Any

import keras

from toolkit.data import LengthBatches
from toolkit.errors import count
from toolkit.training.cost import Trial, peak_memory


def epoch_figures(
    network: keras.Model, batches: LengthBatches, trial: Trial, tokens: int, epochs: int
) -> dict[str, Any]:
    """Return the batches of an epoch, and its time and memory, estimated from some steps.

    Args:
        network: The network.
        batches: The batches of the training part.
        trial: The time of some steps.
        tokens: The number of tokens in an epoch, without padding.
        epochs: The number of planned epochs.
    """
    rate = trial.time_steps / trial.seconds * (1 - batches.padding_share)
    return {
        "batch_tokens": batches.batch_tokens,
        "batches": len(batches),
        "padding_share": batches.padding_share,
        **cost_figures(network, trial, tokens, tokens / rate, epochs),
    }


def cost_figures(
    network: keras.Model, trial: Trial, tokens: int, seconds: float, epochs: int
) -> dict[str, Any]:
    """Return the estimated cost of an epoch.

    Args:
        network: The network.
        trial: The time of some steps.
        tokens: The number of tokens in an epoch, without padding.
        seconds: The estimated time of an epoch.
        epochs: The number of planned epochs.
    """
    return {
        "parameters": network.count_params(),
        "estimated_time_steps_per_second": tokens / seconds,
        "estimated_seconds_per_epoch": seconds,
        "epochs": epochs,
        "estimated_memory_bytes": peak_memory(),
        "estimated_from": f"{count(trial.steps, 'training step')} in {trial.seconds:.1f} s, "
        "measured with this network on this machine under its present load; reading, initial "
        "vectors and validation take additional time",
    }
