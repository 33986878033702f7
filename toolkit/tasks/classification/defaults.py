"""The rules by which a text classifier resolves ``auto``."""

from dataclasses import asdict, dataclass
from typing import Any

from toolkit.tasks.defaults import LARGE, DataSize

#: The number of tokens read of a text, by token level; tested on film reviews, where more tokens
#: gain little. Texts at prediction may be longer than the training texts.
MAX_LENGTHS = {"words": 400, "characters": 1_600}

#: The size of the vocabulary: 20,000 entries cover about 98 % of the words of English reviews.
MAX_TOKENS = 20_000


@dataclass(frozen=True)
class Network:
    """Sizes and regularisation of the network.

    Small data, such as single sentences, needs little regularisation: every word matters. Large
    data, such as film reviews, needs strong regularisation against overfitting: dropout, and for
    rare words, whose gradients are small, vectors that are initialised from co-occurrence and a
    larger epsilon of Adam.
    """

    embedding_size: int = 64
    hidden_size: int = 64
    word_dropout: float = 0.0
    embedding_dropout: float = 0.2
    output_dropout: float = 0.3
    ema: float = 0.0
    vectors: str = "random"
    learning_rate: float = 0.002
    epsilon: float = 1e-7


def network(size: DataSize, pretrained: bool = False) -> Network:
    """Return the network for the data; the values were tested on the sample and on IMDB.

    Args:
        size: The size of the data.
        pretrained: Whether it is initialised from a language model, whose sizes it then has;
            smaller steps keep what that has learnt.
    """
    if pretrained:
        return Network(
            word_dropout=0.2,
            embedding_dropout=0.4,
            output_dropout=0.5,
            ema=0.998 if size.tokens >= LARGE else 0.0,
            learning_rate=0.001,
            epsilon=1e-5,
        )
    if size.tokens < LARGE:
        return Network()
    return Network(
        word_dropout=0.3,
        embedding_dropout=0.3,
        output_dropout=0.5,
        ema=0.998,
        vectors="cooccurrence",
        learning_rate=0.004,
        epsilon=1e-4,
    )


def epochs(size: DataSize) -> int:
    """Return the number of epochs, 4 to 40, for about thirty million tokens of training."""
    return max(4, min(40, round(30_000_000 / max(1, size.tokens))))


def batch_tokens(size: DataSize) -> int:
    """Return the tokens of a batch, 512 to 12,000, for at least 300 steps per epoch if possible."""
    return max(512, min(12_000, size.tokens // 300))


def resolved(size: DataSize, pretrained: bool, recurrent: bool) -> dict[str, Any]:
    """Return the value of each option of network and training that may be ``auto``.

    Args:
        size: The size of the data.
        pretrained: Whether the network is initialised from a language model.
        recurrent: Whether the network is recurrent, so that states are pooled.
    """
    values = {
        **asdict(network(size, pretrained)),
        "batch_tokens": batch_tokens(size),
        "epochs": epochs(size),
    }
    if recurrent:
        values["pooling"] = "concat" if pretrained else "max"
    if pretrained:
        del values["vectors"]
    return values
