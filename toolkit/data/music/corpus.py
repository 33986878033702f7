"""Rolls on disk, in parts that are trained on, and batches of them in any key."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data.corpora.length_batches import LengthBatches
from toolkit.data.corpora.packed import PackedCorpus, PackedSequences, SequenceWriter
from toolkit.data.corpora.prefetch import prefetched
from toolkit.data.music.examples import MusicExample
from toolkit.music.rolls import KEYS, room

#: The most semitones by which a piece is moved down and up: all keys, each once.
DOWN, UP = 6, 5


class RollCorpus(PackedCorpus):
    """Pieces of music, or parts of them.

    The inputs have also ``before`` uint8 [B, 88], the frame before the first one, and ``begins``
    bool [B], whether there is none, since the piece begins.
    """

    @property
    def begins(self) -> NDArray[np.bool_]:
        """The parts that are the first of their piece, bool [N]."""
        return np.ones(len(self), bool) if self.labels is None else np.asarray(self.labels)

    def parts(self, window: int) -> Self:
        """Return the pieces in parts of at most this number of frames, of about equal length."""
        starts, lengths, begins, rows = [], [], [], []
        for index, (start, length) in enumerate(
            zip(self.sequences.starts.tolist(), self.lengths.tolist(), strict=True)
        ):
            count = max(1, -(-length // window))
            places = [length * number // count for number in range(count + 1)]
            for first, end in itertools.pairwise(places):
                starts.append(start + first)
                lengths.append(end - first)
                begins.append(first == 0)
                rows.append(self.rows[index])
        sequences = PackedSequences(
            self.sequences.values, np.array(starts, np.int64), np.array(lengths, np.int32)
        )
        return type(self)(sequences, np.array(begins, bool), np.array(rows, np.int64))

    def inputs(self, indices: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return the inputs of a network: ``values``, ``length``, ``before`` and ``begins``."""
        begins = self.begins[indices]
        before = np.zeros((len(indices), KEYS), np.uint8)
        before[~begins] = self.sequences.values[self.sequences.starts[indices][~begins] - 1]
        return {**super().inputs(indices), "before": before, "begins": begins}

    @property
    def input_signature(self) -> dict[str, tf.TensorSpec]:
        """The specification of ``inputs``."""
        return {
            **super().input_signature,
            "before": tf.TensorSpec([None, KEYS], tf.uint8),
            "begins": tf.TensorSpec([None], tf.bool),
        }

    @property
    def target_signature(self) -> None:
        """Return None: the frames are their own targets."""
        return


class RollBatches(LengthBatches):
    """Batches of pieces of similar length, each piece moved to a random key in each epoch.

    A piece is moved by -6 to 5 semitones, as far as the 88 keys have room for it; how far is a
    function of seed, epoch and batch.

    Args:
        corpus: The pieces.
        batch_tokens: The most frames of a batch, padding included.
        seed: The seed of order and keys.
        transpose: Whether pieces are moved.
    """

    def __init__(
        self, corpus: RollCorpus, batch_tokens: int, seed: int = 0, transpose: bool = True
    ) -> None:
        super().__init__(corpus, batch_tokens, seed)
        self.transpose = transpose

    def stream(self, epoch: int = 0, batch: int = 0) -> tf.data.Dataset:
        """Return the batches of all epochs, from a given epoch and batch on, as a data set."""

        def batches() -> Iterator[Any]:
            for number in itertools.count(epoch):
                first = batch if number == epoch else 0
                for place, indices in enumerate(self.order(number)):
                    if place >= first:
                        yield (self._moved(indices, [self.seed, number, place]),)

        return prefetched(batches, (self.corpus.input_signature,))

    def _moved(self, indices: NDArray[np.int64], seed: list[int]) -> dict[str, NDArray[Any]]:
        """Return the inputs of a batch, in random keys."""
        inputs = self.corpus.inputs(indices)
        if not self.transpose:
            return inputs
        drawn = np.random.default_rng(seed).integers(-DOWN, UP + 1, len(indices)).tolist()
        for row, semitones in enumerate(drawn):
            frames, before = inputs["values"][row], inputs["before"][row]
            down, up = room(np.concatenate([frames, before[None]]))
            by = max(-down, min(up, semitones))
            inputs["values"][row] = np.roll(frames, by, axis=1)
            inputs["before"][row] = np.roll(before, by)
        return inputs


def encode_music(examples: Iterable[MusicExample]) -> RollCorpus:
    """Write pieces to a file on disk in one pass, uint8 [S, 88].

    Raises:
        DataError: A piece cannot be used.
        WorkError: The temporary file cannot be written.
    """
    rows = []
    with SequenceWriter(np.uint8, (KEYS,)) as writer:
        for example in examples:
            writer.write(example.roll, [len(example.roll)])
            rows.append(example.row)
        return RollCorpus(writer.packed(), None, np.asarray(rows, np.int64))
