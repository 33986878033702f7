"""Batches of texts of similar length, in an order that is a function of seed and epoch."""

import itertools
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data.corpus import EncodedCorpus
from toolkit.data.prefetched import prefetched
from toolkit.errors import OptionError

LENGTH_NOISE = 0.05
"""How far, relative to its length, a text may wander in the order of an epoch."""

Indices = NDArray[np.int64]


class LengthBatches:
    """Deals a corpus into batches of similar length, each within a budget of tokens.

    The examples are sorted by length, and cut where the next one would bring a batch over its
    budget: so many examples times the longest of them, padding included. The cuts are the same in
    every epoch, and with them the number of batches. In each epoch every length is first
    stretched at random by at most ``LENGTH_NOISE``, so that batches mix anew, and the batches come
    in random order. The cuts allow for the stretching, so that the budget holds in every epoch: the
    k-th of the stretched lengths is at most the k-th of the lengths, stretched fully.

    Args:
        corpus: The examples.
        batch_tokens: The most ids in a batch, padding included; only a single text may be longer.
        seed: The seed of the order.
        shuffle: Whether to mix; otherwise every pass is in the order of the lengths.
        max_batch_size: The most examples in a batch.
        class_weights: How much a target of each class counts [C]; it becomes the sample weight.

    Raises:
        OptionError: the budget is not positive, or there are weights but no classes.
    """

    def __init__(
        self,
        corpus: EncodedCorpus,
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
        self._cuts = self._plan()

    def __len__(self) -> int:
        """How many batches an epoch has."""
        return len(self._cuts) - 1

    def order(self, epoch: int = 0) -> list[Indices]:
        """The examples of each batch in one epoch: every index of the corpus exactly once."""
        lengths = self.corpus.lengths
        if not self.shuffle:
            order = np.argsort(lengths, kind="stable")
            return [order[start:end] for start, end in itertools.pairwise(self._cuts)]
        random = np.random.default_rng([self.seed, epoch])
        stretched = np.maximum(lengths, 1) * (1 + LENGTH_NOISE * random.random(len(lengths)))
        order = np.argsort(stretched, kind="stable")
        batches = [order[start:end] for start, end in itertools.pairwise(self._cuts)]
        return [batches[index] for index in random.permutation(len(batches))]

    @cached_property
    def padding_share(self) -> float:
        """The share of what is computed that is padding, in the first epoch."""
        lengths = np.maximum(self.corpus.lengths, 1)
        computed = sum(len(batch) * int(lengths[batch].max()) for batch in self.order())
        return 1 - float(lengths.sum(dtype=np.int64)) / computed if computed else 0.0

    def dataset(self, epoch: int = 0) -> tf.data.Dataset:
        """The batches of one epoch as a data set.

        Returns:
            A prefetched data set of known cardinality, with elements ``(inputs,)``,
            ``(inputs, targets)`` or, with class weights, ``(inputs, targets, weights)``: inputs
            and targets as the corpus has them, such as ids int32 [B, T] padded with 0, T >= 1,
            and labels [B]; weights float32 of the shape of the targets.
        """
        return self._dataset(lambda: iter(self.order(epoch)), len(self))

    def stream(self, epoch: int = 0, batch: int = 0) -> tf.data.Dataset:
        """The batches of all epochs, one after the other without end.

        Args:
            epoch: The epoch to begin with.
            batch: How many of its batches are left out; a stopped training goes on so.

        Returns:
            A prefetched data set without end; its elements are those of ``dataset``.
        """

        def batches() -> Iterator[Indices]:
            yield from self.order(epoch)[batch:]
            for following in itertools.count(epoch + 1):
                yield from self.order(following)

        return self._dataset(batches, tf.data.INFINITE_CARDINALITY)

    def _dataset(self, batches: Callable[[], Iterator[Indices]], count: int) -> tf.data.Dataset:
        signature = [self.corpus.input_signature]
        target = self.corpus.target_signature
        if target is not None:
            signature.append(target)
        if self.class_weights is not None:
            signature.append(tf.TensorSpec(target.shape, tf.float32))
        return prefetched(lambda: map(self._element, batches()), tuple(signature), count)

    def restore(self, values: NDArray[Any]) -> NDArray[Any]:
        """Puts values that were computed batch by batch, unshuffled, into the corpus's order.

        Args:
            values: One value for each example, in the order of the batches [N, ...].
        """
        restored = np.empty_like(values)
        restored[np.concatenate([np.zeros(0, np.int64), *self.order()])] = values
        return restored

    def _element(self, indices: Indices) -> tuple[Any, ...]:
        inputs = self.corpus.inputs(indices)
        if self.corpus.target_signature is None:
            return (inputs,)
        targets = self.corpus.targets(indices)
        if self.class_weights is None:
            return inputs, targets
        return inputs, targets, np.asarray(self.class_weights[targets], np.float32)

    def _plan(self) -> list[int]:
        """Where the sorted examples are cut: [0, ..., N]."""
        stretch = 1 + LENGTH_NOISE if self.shuffle else 1.0
        longest = np.floor(np.maximum(np.sort(self.corpus.lengths), 1) * stretch).astype(np.int64)
        cuts = [0]
        for index, length in enumerate(longest.tolist()):
            size = index - cuts[-1] + 1
            if size > 1 and (size * length > self.batch_tokens or size > self.max_batch_size):
                cuts.append(index)
        return [*cuts, len(longest)] if len(longest) else [0]
