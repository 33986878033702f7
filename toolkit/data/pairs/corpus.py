"""Encoded pairs of texts, on disk."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data.corpora.packed import PackedCorpus, PackedSequences, SequenceWriter
from toolkit.data.pairs.examples import PairExample

_PAIRS_AT_ONCE = 512


class PairCorpus(PackedCorpus):
    """Encoded pairs.

    Args:
        sequences: The ids of the sources.
        labels: The ids of the targets, without the end of text.
        rows: The row of each pair in its source, int64 [N].
    """

    labels: PackedSequences

    @property
    def lengths(self) -> NDArray[np.int32]:
        """The number of time steps of the longer side of each pair, with the target's end [N]."""
        return np.maximum(self.source_lengths, self.target_lengths + 1)

    @property
    def source_lengths(self) -> NDArray[np.int32]:
        """The number of tokens of each source [N]."""
        return self.sequences.lengths

    @property
    def target_lengths(self) -> NDArray[np.int32]:
        """The number of tokens of each target, without its end [N]."""
        return self.labels.lengths

    def inputs(self, indices: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return ``source`` [B, S] and ``target`` [B, T], the decoder's inputs: 0, then the tokens.

        Their lengths are ``source_length`` and ``target_length`` [B]; the latter includes the 0.
        """
        return {
            "source": self.sequences.batch(indices),
            "source_length": self.source_lengths[indices],
            "target": np.pad(self.targets(indices)[:, :-1], [(0, 0), (1, 0)]),
            "target_length": self.target_lengths[indices] + np.int32(1),
        }

    def targets(self, indices: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the decoder's targets [B, T]: the tokens, then 0."""
        if not self.target_lengths[indices].any():
            return np.zeros((len(indices), 1), np.int32)
        return np.pad(self.labels.batch(indices), [(0, 0), (0, 1)])

    @property
    def input_signature(self) -> dict[str, tf.TensorSpec]:
        """The specification of ``inputs``."""
        ids, length = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32)
        return {"source": ids, "source_length": length, "target": ids, "target_length": length}


def encode_pairs(
    examples: Iterable[PairExample],
    source_layer: Callable[[Any], Any],
    target_layer: Callable[[Any], Any],
) -> PairCorpus:
    """Encode pairs in one pass, with their ids in files on disk.

    Args:
        examples: The pairs.
        source_layer: Maps strings [B] to ids int32 [B, S], padded with 0 at the end, in TensorFlow
            ops; it is compiled.
        target_layer: The same for the targets; it may be the same layer.

    Raises:
        DataError: A row cannot be used.
        WorkError: The temporary files cannot be written.
    """
    signature = [tf.TensorSpec([None], tf.string)]
    compiled = [
        tf.function(layer, input_signature=signature, autograph=False)
        for layer in (source_layer, target_layer)
    ]
    stream = iter(examples)
    rows: list[int] = []
    with SequenceWriter() as source_writer, SequenceWriter() as target_writer:
        while chunk := list(islice(stream, _PAIRS_AT_ONCE)):
            rows += [example.row for example in chunk]
            sides = [e.source for e in chunk], [e.target for e in chunk]
            writers = (source_writer, target_writer)
            for layer, texts, writer in zip(compiled, sides, writers, strict=True):
                writer.write_ids(np.asarray(layer(tf.constant(texts))))
        sources, targets = source_writer.packed(), target_writer.packed()
    return PairCorpus(sources, targets, np.asarray(rows, np.int64))
