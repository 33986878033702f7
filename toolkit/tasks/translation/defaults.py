"""The rules by which a translator resolves ``auto``."""

from dataclasses import asdict, dataclass
from typing import Any

from toolkit.tasks.defaults import LARGE, DataSize


@dataclass(frozen=True)
class Network:
    """Sizes and regularisation of a translator, tested on Multi30k."""

    embedding_size: int = 128
    hidden_size: int = 256
    word_dropout: float = 0.0
    dropout: float = 0.0
    embedding_dropout: float = 0.2
    output_dropout: float = 0.3
    ema: float = 0.998
    learning_rate: float = 0.002
    epsilon: float = 1e-7


def network(size: DataSize) -> Network:
    """Return the network for the data.

    The decay of the averaged weights halves the old average in each epoch. Natural sentences need
    more dropout against overfitting, and less from a million tokens on. Little data needs a smaller
    network, which also learns faster.
    """
    steps = max(1.0, size.tokens / batch_tokens(size))
    ema = round(min(0.999, 0.5 ** (1 / steps)), 5)
    if size.tokens < LARGE / 10:
        return Network(hidden_size=128, ema=ema)
    return Network(dropout=0.2 if size.tokens < LARGE else 0.1, ema=ema)


def max_tokens(pairs: int) -> int:
    """Return the size of the vocabulary, from 500 for small data to 8,000 for large data."""
    return max(500, min(8_000, pairs // 3))


def epochs(size: DataSize) -> int:
    """Return the number of epochs, 6 to 40, for about six million target tokens of training."""
    return max(6, min(40, round(6_000_000 / max(1, size.tokens))))


def batch_tokens(size: DataSize) -> int:
    """Return the tokens of a batch, 256 to 1,536, for about 300 steps per epoch."""
    return max(256, min(1_536, size.tokens // 300))


def resolved(size: DataSize) -> dict[str, Any]:
    """Return the value of each option of network and training that may be ``auto``."""
    return {
        **asdict(network(size)),
        "batch_tokens": batch_tokens(size),
        "epochs": epochs(size),
    }
