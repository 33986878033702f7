"""The rules by which a tagger resolves ``auto``."""

from dataclasses import asdict, dataclass
from typing import Any

from toolkit.tasks.defaults import DataSize


@dataclass(frozen=True)
class Network:
    """Sizes and regularisation of a tagger, tested on CoNLL-2003."""

    embedding_size: int = 100
    hidden_size: int = 100
    embedding_dropout: float = 0.4
    output_dropout: float = 0.4
    ema: float = 0.998  # with the steps of an epoch of CoNLL-2003
    learning_rate: float = 0.002
    epsilon: float = 1e-7


def network(size: DataSize) -> Network:
    """Return the network for the data.

    The decay of the averaged weights halves the old average in each epoch, so that the random
    initial weights soon vanish from it, however few steps an epoch has.
    """
    steps = max(1.0, size.tokens / batch_tokens(size))
    return Network(ema=round(0.5 ** (1 / steps), 5))


def epochs(size: DataSize) -> int:
    """Return the number of epochs, 10 to 40, for about three million tokens of training."""
    return max(10, min(40, round(3_000_000 / max(1, size.tokens))))


def batch_tokens(size: DataSize) -> int:
    """Return the tokens of a batch, at most 2,048, for about 350 steps per epoch.

    Small data has fewer steps, of 256 tokens, and very small data 20 steps of at least 64 tokens.
    """
    small = max(64, min(256, size.tokens // 20))
    return max(small, min(2_048, size.tokens // 350))


def resolved(size: DataSize) -> dict[str, Any]:
    """Return the value of each option of network and training that may be ``auto``."""
    return {
        **asdict(network(size)),
        "batch_tokens": batch_tokens(size),
        "epochs": epochs(size),
    }
