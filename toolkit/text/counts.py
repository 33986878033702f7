"""Token counts of a collection of texts, in one pass."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
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
    """Token counts of a collection of texts.

    Attributes:
        lengths: The number of tokens of each text: int32 [texts].
        frequencies: The count of each distinct token, in descending order: int64 [distinct].
        vocabulary_size: The number of ids, padding and unknown included.
    """

    lengths: NDArray[np.int32]
    frequencies: NDArray[np.int64]
    vocabulary_size: int

    @property
    def texts(self) -> int:
        """The number of texts."""
        return len(self.lengths)

    @property
    def tokens(self) -> int:
        """The number of tokens, with repetition."""
        return int(self.lengths.sum(dtype=np.int64))

    @property
    def distinct(self) -> int:
        """The number of distinct tokens."""
        return len(self.frequencies)

    @property
    def unknown_share(self) -> float:
        """The share of tokens that are not in the vocabulary."""
        known = int(self.frequencies[: self.vocabulary_size - 2].sum())
        return 1 - known / self.tokens if self.tokens else 0.0


def count_tokens(
    texts: Iterable[str], unique_tokens: Callable[[Any], tuple[Any, Any, Any]]
) -> tuple[Counter[str], NDArray[np.int32]]:
    """Count the tokens of texts; memory grows with the distinct tokens, not with the texts.

    Args:
        texts: Any iterable of strings.
        unique_tokens: Maps strings [B] to distinct tokens [U], their counts [U], and the number of
            tokens of each text [B].

    Returns:
        The count of each token, and the number of tokens of each text.
    """
    counter: Counter[bytes] = Counter()
    lengths = [np.zeros(0, np.int32)]
    for batch in _batches(texts):
        tokens, counts, row_lengths = unique_tokens(tf.constant(batch, tf.string))
        for token, count in zip(tokens.numpy().tolist(), counts.numpy().tolist(), strict=True):
            counter[token] += count
        lengths.append(row_lengths.numpy().astype(np.int32))
    return Counter({token.decode(): n for token, n in counter.items()}), np.concatenate(lengths)


def vocabulary_of(
    known: Sequence[str], counter: Counter[str], max_tokens: int, min_count: int
) -> list[str]:
    """Return known tokens in their order, and then the most frequent others.

    Args:
        known: The tokens that have ids, from id 2 on.
        counter: How often each token occurs.
        max_tokens: The largest number of ids, padding and unknown included.
        min_count: How often another token must occur.
    """
    others = Counter(counter)
    for token in known:
        del others[token]
    room = max(0, max_tokens - 2 - len(known))
    return [*known, *most_frequent(others, room, min_count)]


def most_frequent(counter: Counter[str], limit: int, min_count: int) -> list[str]:
    """Return the most frequent tokens; ties are ordered by code points."""
    frequent = [(-count, token) for token, count in counter.items() if count >= min_count]
    return [token for _, token in sorted(frequent)[:limit]]


def _batches(texts: Iterable[str]) -> Iterator[list[bytes]]:
    """Yield texts as UTF-8 in batches of limited number and size."""
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
