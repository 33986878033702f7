"""What ``auto`` stands for: sizes that suit the data, chosen by rule and said when chosen."""

import logging
from dataclasses import dataclass
from typing import Any

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
    logger.info("%s: %s (chosen; set --%s)", name, value, name.replace("_", "-"))
    return value


def hidden_size(size: DataSize) -> int:
    """64 units learn small data in seconds; 128 are worth their time from a million tokens on."""
    return 64 if size.tokens < 1_000_000 else 128


def embedding_size(size: DataSize) -> int:
    """As for the recurrent state."""
    return 64 if size.tokens < 1_000_000 else 128


def epochs(size: DataSize) -> int:
    """About forty million tokens of training, in 5 to 40 epochs; early stopping may end sooner."""
    return max(5, min(40, round(40_000_000 / max(1, size.tokens))))


def batch_tokens(size: DataSize) -> int:
    """At least 300 steps an epoch where the data has them, and batches of 512 to 12,000 tokens."""
    return max(512, min(12_000, size.tokens // 300))
