"""Batches of consecutive windows of a long text, for truncated BPTT."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data.corpora.mapped_files import release_pages
from toolkit.data.corpora.prefetch import prefetched
from toolkit.data.streams.corpus import StreamCorpus
from toolkit.errors import DataError


class StreamBatches:
    """Batches of windows of a text, for training with truncated backpropagation through time.

    The text is divided into ``rows`` parts of equal length that are read in parallel, a window of
    ``steps`` tokens at a time: row b of a batch continues row b of the batch before, so that the
    state can be carried on (Mikolov et al. 2010, section 2). Each epoch begins at a random token of
    the first window, so that the borders of windows vary. The first input of each part is 0, which
    is thereby learnt as the unknown context before a text.

    Args:
        corpus: The text.
        rows: B, the number of parts that are read in parallel.
        steps: T, the number of tokens of a window; the last window of an epoch may have fewer.
        seed: The seed of the offsets.
        shuffle: Whether epochs begin at different tokens.

    Raises:
        DataError: The text is too short for one target in each row.
    """

    def __init__(
        self, corpus: StreamCorpus, rows: int, steps: int, seed: int = 0, shuffle: bool = True
    ) -> None:
        self.corpus = corpus
        self.rows = rows
        self.steps = steps
        self.seed = seed
        self.shuffle = shuffle
        if len(corpus) < 2 * rows:
            raise DataError(
                f"the text has {len(corpus)} tokens; {rows} rows of a batch need at least "
                f"{2 * rows}, so give more text or a smaller batch"
            )
        spare = min(steps, len(corpus) // 10) if shuffle else 0
        self._length = (len(corpus) - 1 - spare) // rows
        self._spare = spare

    def __len__(self) -> int:
        """Return the number of batches of an epoch."""
        return -(-self._length // self.steps)

    def windows(self, epoch: int = 0, batch: int = 0) -> Iterator[tuple[Any, NDArray[np.int32]]]:
        """Yield the batches of an epoch, from a given batch on.

        Yields:
            ``ids`` int32 [B, T] and ``reset_mask`` bool [B], whether a row begins a new sequence;
            and the next tokens, int32 [B, T].
        """
        begin = 0
        if self._spare:
            begin = int(np.random.default_rng([self.seed, epoch]).integers(self._spare + 1))
        starts = begin + self._length * np.arange(self.rows)[:, None]
        for number in range(batch, len(self)):
            first = number * self.steps
            places = starts + np.arange(first, min(first + self.steps, self._length))
            ids = np.array(self.corpus.ids[places])
            if number == 0:
                ids[:, 0] = 0
            yield (
                {"ids": ids, "reset_mask": np.full(self.rows, number == 0)},
                self.corpus.ids[places + 1],
            )
            release_pages(self.corpus.ids)

    def stream(self, epoch: int = 0, batch: int = 0) -> tf.data.Dataset:
        """Return the batches of all epochs, from a given epoch and batch on, as a data set."""

        def batches() -> Iterator[Any]:
            yield from self.windows(epoch, batch)
            for following in itertools.count(epoch + 1):
                yield from self.windows(following)

        ids = tf.TensorSpec([self.rows, None], tf.int32)
        signature = ({"ids": ids, "reset_mask": tf.TensorSpec([self.rows], tf.bool)}, ids)
        return prefetched(batches, signature)
