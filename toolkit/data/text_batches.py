"""Whole texts side by side, long ones in several batches."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data.corpus import EncodedCorpus
from toolkit.data.on_disk import let_go
from toolkit.data.prefetched import prefetched


class TextBatches:
    """Texts of similar length, side by side, each from its beginning to its end.

    ``rows`` texts are read at once. If they are longer than ``steps`` units, they take several
    batches, of about as many units each: row b of a batch goes on where row b of the batch before
    ended, so that the state can be carried on. Three texts in two batches of at most two units::

        [] [8 9] [5 6 7]  ->  ids  0 0   0 0    targets  0 0   0 0    weights  1 0   0 0
                                   0 8   9 0             8 9   0 0             1 1   1 0
                                   0 5   6 7             5 6   7 0             1 1   1 1

    Id 0 begins a text and ends it, and is padding, which has no weight. In each epoch other texts
    of similar length meet, and the groups come in another order; how many batches there are is the
    same. Both are functions of seed and epoch.

    Args:
        corpus: The texts, whose labels are their conditions.
        rows: B, how many texts are read side by side; of the last group some may be missing.
        steps: T, the most units of a text in a batch.
        seed: The seed of the order.
        shuffle: Whether to mix; otherwise every pass is in the order of the lengths.
    """

    def __init__(
        self, corpus: EncodedCorpus, rows: int, steps: int, seed: int = 0, shuffle: bool = True
    ) -> None:
        self.corpus = corpus
        self.rows = rows
        self.steps = steps
        self.seed = seed
        self.shuffle = shuffle
        # Texts of one grade mix. The highest grade of a group, and so the number of its batches, is
        # the same however they do.
        grain = max(1, steps // 8)
        self._grades = -(-(corpus.lengths.astype(np.int64) + 1) // grain)
        lasts = np.minimum(np.arange(rows, len(corpus) + rows, rows), len(corpus)) - 1
        self._counts = -(-np.sort(self._grades)[lasts] * grain // steps)

    def __len__(self) -> int:
        """How many batches an epoch has."""
        return int(self._counts.sum())

    def windows(self, epoch: int = 0, batch: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        """The batches of an epoch, from one on.

        Yields:
            ``ids`` int32 [B, T], ``fresh`` bool [B], whether a row begins anew, and ``condition``
            int32 [B]; the units that follow, int32 [B, T]; and weights, float32 [B, T], 0 for
            padding and else 1.
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
        """The batches of all epochs without end, from a batch of an epoch on."""

        def batches() -> Iterator[Any]:
            yield from self.windows(epoch, batch)
            for following in itertools.count(epoch + 1):
                yield from self.windows(following)

        units = [self.rows, None]
        signature = (
            {
                "ids": tf.TensorSpec(units, tf.int32),
                "fresh": tf.TensorSpec([self.rows], tf.bool),
                "condition": tf.TensorSpec([self.rows], tf.int32),
            },
            tf.TensorSpec(units, tf.int32),
            tf.TensorSpec(units, tf.float32),
        )
        return prefetched(batches, signature)

    def _group(self, texts: NDArray[np.int64], count: int, batch: int) -> Iterator[Any]:
        """The batches of some texts, from one on."""
        missing = self.rows - len(texts)
        starts = np.pad(self.corpus.starts[texts], (0, missing))[:, None]
        lengths = np.pad(self.corpus.lengths[texts], (0, missing), constant_values=-1)[:, None]
        condition = np.pad(np.asarray(self.corpus.labels)[texts], (0, missing))

        def units(places: NDArray[np.int64]) -> NDArray[np.int32]:
            inside = (places >= 0) & (places < lengths)
            found = np.zeros(inside.shape, np.int32)
            found[inside] = self.corpus.ids[(starts + places)[inside]]
            let_go(self.corpus.ids)
            return found

        size = int(lengths.max()) + 1
        for number in range(batch, count):
            places = np.arange(size * number // count, size * (number + 1) // count)
            inputs = {
                "ids": units(places - 1),
                "fresh": np.full(self.rows, number == 0),
                "condition": condition,
            }
            yield inputs, units(places), (places <= lengths).astype(np.float32)
