"""What ``auto`` stands for: sizes that suit the data, chosen by rule and said when chosen."""

import logging
from dataclasses import dataclass
from typing import Any

from toolkit.options import option

logger = logging.getLogger("toolkit")

#: How many units of a text are read, by what a unit is; tried on film reviews, where more gains
#: little. A training text may well be shorter than what the model is asked later.
MAX_LENGTHS = {"words": 400, "characters": 1_600}

#: 20,000 entries hold all but about two per cent of the words of English reviews.
MAX_TOKENS = 20_000


@dataclass(frozen=True)
class DataSize:
    """What the rules look at.

    Args:
        texts: How many training texts there are.
        tokens: How many units they have together, after truncation.
    """

    texts: int
    tokens: int


def choose(options: Any, name: str, value: Any) -> Any:
    """The option's own value, or for ``auto`` the given one, which is then said."""
    given = getattr(options, name)
    if given != "auto":
        return given
    logger.info("%s: %s (chosen; set %s)", name, value, option(name))
    return value


#: The number of training tokens from which data counts as large.
LARGE = 1_000_000


@dataclass(frozen=True)
class Network:
    """Sizes and regularisation that suit one another.

    Small data is sentences, which a small network learns in seconds, and in which each word counts.
    Large data is film reviews and the like, learnt by heart unless much is hidden in training, and
    unless rare words, whose gradients are small, stay near where other words have put them: by
    vectors that start from co-occurrence, and by Adam's epsilon.
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
    """The network that suits the data; they were tried, on the sample and on IMDB.

    Args:
        size: The data's.
        pretrained: Whether it starts from a language model, whose sizes it then has; that is not
            to be unlearnt, so its steps are smaller.
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
    """About thirty million tokens of training, in 4 to 40 epochs; early stopping may end sooner."""
    return max(4, min(40, round(30_000_000 / max(1, size.tokens))))


def batch_tokens(size: DataSize) -> int:
    """At least 300 steps an epoch where the data has them, and batches of 512 to 12,000 tokens."""
    return max(512, min(12_000, size.tokens // 300))


@dataclass(frozen=True)
class TaggerNetwork:
    """Sizes and regularisation of a tagger; they were tried on CoNLL-2003."""

    embedding_size: int = 100
    hidden_size: int = 100
    embedding_dropout: float = 0.4
    output_dropout: float = 0.4
    ema: float = 0.998  # with the steps of an epoch of CoNLL-2003
    learning_rate: float = 0.002
    epsilon: float = 1e-7


def tagger(size: DataSize) -> TaggerNetwork:
    """The tagger that suits the data.

    After each epoch half of the averaged weights are what they were before it, so that they soon
    leave the random ones with which they begin, however few steps an epoch has.
    """
    steps = max(1.0, size.tokens / tagger_batch_tokens(size))
    return TaggerNetwork(ema=round(0.5 ** (1 / steps), 5))


def tagger_epochs(size: DataSize) -> int:
    """About three million tokens of training, in 10 to 40 epochs."""
    return max(10, min(40, round(3_000_000 / max(1, size.tokens))))


def tagger_batch_tokens(size: DataSize) -> int:
    """About 350 steps an epoch, of at most 2,048 tokens each.

    Small data has fewer, of 256 tokens, and very small data 20, of at least 64.
    """
    small = max(64, min(256, size.tokens // 20))
    return max(small, min(2_048, size.tokens // 350))


@dataclass(frozen=True)
class TranslatorNetwork:
    """Sizes and regularisation of a translator; they were tried on Multi30k."""

    embedding_size: int = 128
    hidden_size: int = 256
    word_dropout: float = 0.0
    dropout: float = 0.0
    embedding_dropout: float = 0.2
    output_dropout: float = 0.3
    ema: float = 0.998
    learning_rate: float = 0.002
    epsilon: float = 1e-7


def translator(size: DataSize) -> TranslatorNetwork:
    """The translator that suits the data.

    As in ``tagger``, half of the averaged weights are what they were before each epoch. Sentences
    as people write them are learnt by heart unless more is hidden; from a million units on less.
    What there is little of is learnt by a smaller network, and sooner.
    """
    steps = max(1.0, size.tokens / translator_batch_tokens(size))
    ema = round(min(0.999, 0.5 ** (1 / steps)), 5)
    if size.tokens < LARGE / 10:
        return TranslatorNetwork(hidden_size=128, ema=ema)
    return TranslatorNetwork(dropout=0.2 if size.tokens < LARGE else 0.1, ema=ema)


def translator_tokens(pairs: int) -> int:
    """Of small data 500 subwords are enough, of large data 8,000."""
    return max(500, min(8_000, pairs // 3))


def translator_epochs(size: DataSize) -> int:
    """About six million target units of training, in 6 to 40 epochs."""
    return max(6, min(40, round(6_000_000 / max(1, size.tokens))))


def translator_batch_tokens(size: DataSize) -> int:
    """About 300 steps an epoch, of 256 to 1,536 units each."""
    return max(256, min(1_536, size.tokens // 300))


@dataclass(frozen=True)
class LanguageNetwork:
    """Sizes and regularisation of a language model."""

    embedding_size: int = 128
    hidden_size: int = 512
    embedding_dropout: float = 0.1
    output_dropout: float = 0.3
    ema: float = 0.998
    learning_rate: float = 0.002
    epsilon: float = 1e-7


def language_model(size: DataSize, units: str) -> LanguageNetwork:
    """The language model that suits the data.

    As in ``tagger``, half of the averaged weights are what they were before each epoch.
    """
    steps = max(1.0, size.tokens / language_batch_tokens(size))
    ema = round(min(0.999, 0.5 ** (1 / steps)), 5)
    if units == "characters":
        return LanguageNetwork(ema=ema)
    return LanguageNetwork(embedding_size=256, embedding_dropout=0.2, ema=ema)


def language_tokens(units: str) -> int:
    """Of characters all that there are, of subwords 4,000, of words 20,000."""
    return {"characters": 5_000, "subwords": 4_000}.get(units, MAX_TOKENS)


def language_epochs(size: DataSize) -> int:
    """About fourteen million units of training, in 2 to 40 epochs; tried on Shakespeare's plays."""
    return max(2, min(40, round(14_000_000 / max(1, size.tokens))))


def language_batch_tokens(size: DataSize) -> int:
    """About 250 steps an epoch, of 256 to 8,192 units each."""
    return max(256, min(8_192, size.tokens // 250))
