"""The size of data, by which each task's rules resolve ``auto``."""

from dataclasses import dataclass

#: The number of training tokens from which data counts as large.
LARGE = 1_000_000


@dataclass(frozen=True)
class DataSize:
    """The size of the training part.

    Args:
        texts: The number of training texts.
        tokens: The number of their tokens, after truncation.
    """

    texts: int
    tokens: int
