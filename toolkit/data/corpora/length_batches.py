"""Batches of sequences of similar length, in an order determined by seed and epoch."""

import itertools
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data.corpora.packed import PackedCorpus
from toolkit.data.corpora.prefetch import prefetched
from toolkit.errors import OptionError

LENGTH_NOISE = 0.05
"""The maximum relative noise that is added to lengths before they are sorted in an epoch."""

Indices = NDArray[np.int64]


class LengthBatches:
    """Divide a corpus into batches of similar length, each within a budget of time steps.

    The examples are sorted by length, and a new batch begins where the next example would exceed
    the budget: the number of examples times the longest length, padding included. The boundaries,
    and so the number of batches, are the same in every epoch. In each epoch every length is first
    multiplied by random noise of at most ``LENGTH_NOISE``, so that batches are composed anew, and
    the batches are shuffled. The boundaries include the maximum noise, so the budget holds in every
    epoch: the k-th smallest noisy length is at most the k-th smallest length with maximum noise.

    Args:
        corpus: The examples.
        batch_tokens: The maximum number of time steps in a batch, padding included; only a batch of
            one example may exceed it.
        seed: The seed of the order.
        shuffle: Whether to shuffle; otherwise every pass is in the order of lengths.
        max_batch_size: The maximum number of examples in a batch.
        class_weights: The weight of each class [C], used as sample weight.

    Raises:
        OptionError: The budget is not positive, or there are weights but no classes.
    """

    def __init__(
        self,
        corpus: PackedCorpus,
        batch_tokens: int,
        seed: int = 0,
        shuffle: bool = True,
        max_batch_size: int = 256,
        class_weights: NDArray[np.floating[Any]] | None = None,
    ) -> None:
        if batch_tokens < 1 or max_batch_size < 1:
            raise OptionError("a batch needs room for at least one token of one example")
        target = corpus.target_signature
        if class_weights is not None and (target is None or target.dtype != tf.int32):
            raise OptionError("class weights need exactly one class for each example")
        self.corpus = corpus
        self.batch_tokens = batch_tokens
        self.seed = seed
        self.shuffle = shuffle
        self.max_batch_size = max_batch_size
        self.class_weights = class_weights
        self._boundaries = self._plan()

    def __len__(self) -> int:
        """Return the number of batches of an epoch."""
        return len(self._boundaries) - 1

    def order(self, epoch: int = 0) -> list[Indices]:
        """Return the examples of each batch of an epoch: each index of the corpus exactly once."""
        lengths = self.corpus.lengths
        if not self.shuffle:
            order = np.argsort(lengths, kind="stable")
            return [order[start:end] for start, end in itertools.pairwise(self._boundaries)]
        random = np.random.default_rng([self.seed, epoch])
        noisy = np.maximum(lengths, 1) * (1 + LENGTH_NOISE * random.random(len(lengths)))
        order = np.argsort(noisy, kind="stable")
        batches = [order[start:end] for start, end in itertools.pairwise(self._boundaries)]
        return [batches[index] for index in random.permutation(len(batches))]

    @cached_property
    def padding_share(self) -> float:
        """The share of padding among the time steps of the first epoch."""
        lengths = np.maximum(self.corpus.lengths, 1)
        computed = sum(len(batch) * int(lengths[batch].max()) for batch in self.order())
        return 1 - float(lengths.sum(dtype=np.int64)) / computed if computed else 0.0

    def dataset(self, epoch: int = 0) -> tf.data.Dataset:
        """Return the batches of one epoch as a data set.

        Returns:
            A prefetched data set of known cardinality, with elements ``(inputs,)``,
            ``(inputs, targets)`` or, with class weights, ``(inputs, targets, weights)``: inputs
            and targets of the corpus, such as ids int32 [B, T] padded with 0, T >= 1, and labels
            [B]; weights float32 of the shape of the targets.
        """
        return self._dataset(lambda: iter(self.order(epoch)), len(self))

    def stream(self, epoch: int = 0, batch: int = 0) -> tf.data.Dataset:
        """Return the batches of all epochs as an infinite data set.

        Args:
            epoch: The first epoch.
            batch: The first batch of this epoch, as when a training is resumed.

        Returns:
            A prefetched, infinite data set with the elements of ``dataset``.
        """

        def batches() -> Iterator[Indices]:
            yield from self.order(epoch)[batch:]
            for following in itertools.count(epoch + 1):
                yield from self.order(following)

        return self._dataset(batches, tf.data.INFINITE_CARDINALITY)

    def _dataset(self, batches: Callable[[], Iterator[Indices]], count: int) -> tf.data.Dataset:
        """Return a data set of the elements of batches of indices."""
        signature: list[Any] = [self.corpus.input_signature]
        target: Any = self.corpus.target_signature
        if target is not None:
            signature.append(target)
        if self.class_weights is not None:
            signature.append(tf.TensorSpec(target.shape, tf.float32))
        return prefetched(lambda: map(self._element, batches()), tuple(signature), count)

    def restore(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values of unshuffled batches in the order of the corpus.

        Args:
            values: One value for each example, in the order of the batches [N, ...].
        """
        restored = np.empty_like(values)
        restored[np.concatenate([np.zeros(0, np.int64), *self.order()])] = values
        return restored

    def _element(self, indices: Indices) -> tuple[Any, ...]:
        """Return inputs, targets and weights of one batch."""
        inputs = self.corpus.inputs(indices)
        if self.corpus.target_signature is None:
            return (inputs,)
        targets = self.corpus.targets(indices)
        if self.class_weights is None:
            return inputs, targets
        return inputs, targets, np.asarray(self.class_weights[targets], np.float32)

    def _plan(self) -> list[int]:
        """Return the boundaries of batches of the sorted examples: [0, ..., N]."""
        noise = 1 + LENGTH_NOISE if self.shuffle else 1.0
        longest = np.floor(np.maximum(np.sort(self.corpus.lengths), 1) * noise).astype(np.int64)
        boundaries = [0]
        for index, length in enumerate(longest.tolist()):
            size = index - boundaries[-1] + 1
            if size > 1 and (size * length > self.batch_tokens or size > self.max_batch_size):
                boundaries.append(index)
        return [*boundaries, len(longest)] if len(longest) else [0]
