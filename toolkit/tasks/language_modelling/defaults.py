"""The rules by which a language model resolves ``auto``."""

from dataclasses import asdict, dataclass
from typing import Any

from toolkit.tasks.defaults import DataSize


@dataclass(frozen=True)
class Network:
    """Sizes and regularisation of a language model."""

    embedding_size: int = 128
    hidden_size: int = 512
    embedding_dropout: float = 0.1
    output_dropout: float = 0.3
    ema: float = 0.998
    learning_rate: float = 0.002
    epsilon: float = 1e-7


def network(size: DataSize, token_level: str) -> Network:
    """Return the network for the data.

    The decay of the averaged weights halves the old average in each epoch.
    """
    steps = max(1.0, size.tokens / batch_tokens(size))
    ema = round(min(0.999, 0.5 ** (1 / steps)), 5)
    if token_level == "characters":
        return Network(ema=ema)
    return Network(embedding_size=256, embedding_dropout=0.2, ema=ema)


def max_tokens(token_level: str) -> int:
    """Return the size of the vocabulary: all characters, 4,000 subwords or 20,000 words."""
    return {"characters": 5_000, "subwords": 4_000}.get(token_level, 20_000)


def epochs(size: DataSize) -> int:
    """Return the number of epochs, 2 to 40, for about fourteen million tokens of training.

    This was tested on Shakespeare's plays.
    """
    return max(2, min(40, round(14_000_000 / max(1, size.tokens))))


def batch_tokens(size: DataSize) -> int:
    """Return the tokens of a batch, 256 to 8,192, for about 250 steps per epoch."""
    return max(256, min(8_192, size.tokens // 250))


def resolved(size: DataSize, token_level: str) -> dict[str, Any]:
    """Return the value of each option of network and training that may be ``auto``."""
    return {
        **asdict(network(size, token_level)),
        "batch_tokens": batch_tokens(size),
        "epochs": epochs(size),
    }
