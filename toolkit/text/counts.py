"""Counting the units of a corpus, in one pass."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.errors import DataError
from toolkit.text.strings import utf8

_BATCH_TEXTS = 256
_BATCH_BYTES = 1 << 20


@dataclass(frozen=True)
class TokenCounts:
    """What one pass over a corpus found.

    Attributes:
        lengths: How many units each text has: int32 [texts].
        frequencies: How often each distinct unit occurs, the most frequent first: int64
            [distinct].
        vocabulary_size: How many ids there are, padding and unknown included.
    """

    lengths: NDArray[np.int32]
    frequencies: NDArray[np.int64]
    vocabulary_size: int

    @property
    def texts(self) -> int:
        """The number of texts."""
        return len(self.lengths)

    @property
    def units(self) -> int:
        """The number of units, with repetition."""
        return int(self.lengths.sum(dtype=np.int64))

    @property
    def distinct(self) -> int:
        """The number of distinct units."""
        return len(self.frequencies)

    @property
    def unknown_share(self) -> float:
        """The share of units without an id of their own."""
        known = int(self.frequencies[: self.vocabulary_size - 2].sum())
        return 1 - known / self.units if self.units else 0.0


def count_units(
    texts: Iterable[str], unique_tokens: Callable[[Any], tuple[Any, Any, Any]]
) -> tuple[Counter[str], NDArray[np.int32]]:
    """Count the units of texts; memory grows with the distinct units, not with the texts.

    Args:
        texts: Any iterable of strings.
        unique_tokens: A function of strings [B] to distinct units [U], their counts [U], and the
            number of units of each text [B].

    Returns:
        How often each unit occurs, and the number of units of each text.
    """
    counter: Counter[bytes] = Counter()
    lengths = [np.zeros(0, np.int32)]
    for batch in _batches(texts):
        units, counts, row_lengths = unique_tokens(tf.constant(batch, tf.string))
        for unit, count in zip(units.numpy().tolist(), counts.numpy().tolist(), strict=True):
            counter[unit] += count
        lengths.append(row_lengths.numpy().astype(np.int32))
    return Counter({unit.decode(): n for unit, n in counter.items()}), np.concatenate(lengths)


def most_frequent(counter: Counter[str], max_units: int, min_count: int) -> list[str]:
    """The most frequent units; of equally frequent ones, the first in code point order."""
    frequent = [(-count, unit) for unit, count in counter.items() if count >= min_count]
    return [unit for _, unit in sorted(frequent)[:max_units]]


def _batches(texts: Iterable[str]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(f"text {index} is {type(text).__name__}, not str")
        batch.append(utf8(text))
        size += len(batch[-1])
        if len(batch) == _BATCH_TEXTS or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
