"""Batches of whole texts; long texts continue over several batches."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data.corpora.mapped_files import release_pages
from toolkit.data.corpora.packed import PackedCorpus
from toolkit.data.corpora.prefetch import prefetched


class TextBatches:
    """Batches of texts of similar length, each from its beginning to its end.

    ``rows`` texts are read in parallel. Texts longer than ``steps`` tokens are divided over several
    batches of about equal length: row b of a batch continues row b of the batch before, so that the
    state can be carried on. Three texts in two batches of at most two tokens::

        [] [8 9] [5 6 7]  ->  ids  0 0   0 0    targets  0 0   0 0    weights  1 0   0 0
                                   0 8   9 0             8 9   0 0             1 1   1 0
                                   0 5   6 7             5 6   7 0             1 1   1 1

    Id 0 marks the beginning and the end of a text, and is padding, which has weight 0. Each epoch
    groups other texts of similar length, and shuffles the groups, as a function of seed and epoch;
    the number of batches is the same.

    Args:
        corpus: The texts, whose labels are their conditions.
        rows: B, the number of texts that are read in parallel; the last group may have fewer.
        steps: T, the maximum number of tokens of a text in a batch.
        seed: The seed of the order.
        shuffle: Whether to shuffle; otherwise every pass is in the order of lengths.
    """

    def __init__(
        self, corpus: PackedCorpus, rows: int, steps: int, seed: int = 0, shuffle: bool = True
    ) -> None:
        self.corpus = corpus
        self.rows = rows
        self.steps = steps
        self.seed = seed
        self.shuffle = shuffle
        # Texts of one grade of length are shuffled among each other. The highest grade of a group,
        # and so the number of its batches, is then the same in every epoch.
        grain = max(1, steps // 8)
        self._grades = -(-(corpus.lengths.astype(np.int64) + 1) // grain)
        lasts = np.minimum(np.arange(rows, len(corpus) + rows, rows), len(corpus)) - 1
        self._counts = -(-np.sort(self._grades)[lasts] * grain // steps)

    def __len__(self) -> int:
        """Return the number of batches of an epoch."""
        return int(self._counts.sum())

    def windows(self, epoch: int = 0, batch: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        """Yield the batches of an epoch, from a given batch on.

        Yields:
            ``ids`` int32 [B, T], ``reset_mask`` bool [B], whether a row begins a new text, and
            ``condition`` int32 [B]; the next tokens, int32 [B, T]; and weights, float32 [B, T],
            0 for padding and otherwise 1.
        """
        ties, groups = np.arange(len(self.corpus)), np.arange(len(self._counts))
        if self.shuffle:
            random = np.random.default_rng([self.seed, epoch])
            ties, groups = random.permutation(ties), random.permutation(groups)
        order = np.lexsort((ties, self._grades))
        for group in groups:
            count = int(self._counts[group])
            if batch < count:
                yield from self._group(order[group * self.rows :][: self.rows], count, batch)
            batch = max(0, batch - count)

    def stream(self, epoch: int = 0, batch: int = 0) -> tf.data.Dataset:
        """Return the batches of all epochs, from a given epoch and batch on, as a data set."""

        def batches() -> Iterator[Any]:
            yield from self.windows(epoch, batch)
            for following in itertools.count(epoch + 1):
                yield from self.windows(following)

        shape = [self.rows, None]
        signature = (
            {
                "ids": tf.TensorSpec(shape, tf.int32),
                "reset_mask": tf.TensorSpec([self.rows], tf.bool),
                "condition": tf.TensorSpec([self.rows], tf.int32),
            },
            tf.TensorSpec(shape, tf.int32),
            tf.TensorSpec(shape, tf.float32),
        )
        return prefetched(batches, signature)

    def _group(self, texts: NDArray[np.int64], count: int, batch: int) -> Iterator[Any]:
        """Yield the batches of one group of texts, from a given batch on."""
        missing = self.rows - len(texts)
        starts = np.pad(self.corpus.sequences.starts[texts], (0, missing))[:, None]
        lengths = np.pad(self.corpus.lengths[texts], (0, missing), constant_values=-1)[:, None]
        condition = np.pad(np.asarray(self.corpus.labels)[texts], (0, missing))

        def ids_at(places: NDArray[np.int64]) -> NDArray[np.int32]:
            inside = (places >= 0) & (places < lengths)
            ids = np.zeros(inside.shape, np.int32)
            ids[inside] = self.corpus.sequences.values[(starts + places)[inside]]
            release_pages(self.corpus.sequences.values)
            return ids

        size = int(lengths.max()) + 1
        for number in range(batch, count):
            places = np.arange(size * number // count, size * (number + 1) // count)
            inputs = {
                "ids": ids_at(places - 1),
                "reset_mask": np.full(self.rows, number == 0),
                "condition": condition,
            }
            yield inputs, ids_at(places), (places <= lengths).astype(np.float32)
