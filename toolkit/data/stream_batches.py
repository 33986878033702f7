"""A long text dealt into batches that go on where the batch before ended."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data.on_disk import let_go
from toolkit.data.prefetched import prefetched
from toolkit.data.stream_corpus import StreamCorpus
from toolkit.errors import DataError


class StreamBatches:
    """Windows of a text, side by side, for training with truncated backpropagation through time.

    The text is cut into ``rows`` stretches of equal length that are read side by side, a window of
    ``steps`` units at a time: row b of a batch goes on where row b of the batch before ended, so
    that the state can be carried on (Mikolov et al. 2010, section 2). In each epoch the first
    stretch begins at another unit, a random one of the first window, so that windows do not always
    end at the same places. The first unit of each stretch is given as 0, so that this is learnt as
    what stands before a text of which nothing is known.

    Args:
        corpus: The text.
        rows: B, how many stretches are read side by side.
        steps: T, how many units a window has; the last window of an epoch may have fewer.
        seed: The seed of the beginnings.
        shuffle: Whether epochs begin at different units.

    Raises:
        DataError: The text is too short to have a unit to learn in each row.
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
                f"the text has {len(corpus)} units; {rows} rows of a batch need at least "
                f"{2 * rows}, so give more text or a smaller batch"
            )
        spare = min(steps, len(corpus) // 10) if shuffle else 0
        self._length = (len(corpus) - 1 - spare) // rows
        self._spare = spare

    def __len__(self) -> int:
        """How many batches an epoch has."""
        return -(-self._length // self.steps)

    def windows(self, epoch: int = 0, batch: int = 0) -> Iterator[tuple[Any, NDArray[np.int32]]]:
        """The batches of an epoch, from one on.

        Yields:
            ``ids`` int32 [B, T] and ``fresh`` bool [B], whether a row begins anew; and the units
            that follow, int32 [B, T].
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
                {"ids": ids, "fresh": np.full(self.rows, number == 0)},
                self.corpus.ids[places + 1],
            )
            let_go(self.corpus.ids)

    def stream(self, epoch: int = 0, batch: int = 0) -> tf.data.Dataset:
        """The batches of all epochs without end, from a batch of an epoch on."""

        def batches() -> Iterator[Any]:
            yield from self.windows(epoch, batch)
            for following in itertools.count(epoch + 1):
                yield from self.windows(following)

        ids = tf.TensorSpec([self.rows, None], tf.int32)
        signature = ({"ids": ids, "fresh": tf.TensorSpec([self.rows], tf.bool)}, ids)
        return prefetched(batches, signature)
