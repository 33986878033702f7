"""Encoded pairs of texts, on disk."""

import tempfile
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data.corpus import EncodedCorpus, padded, room_on_disk
from toolkit.data.pair_examples import PairExample

_PAIRS_AT_ONCE = 512


class PairCorpus(EncodedCorpus):
    """Pairs as ids, ready to be dealt into batches.

    Args:
        ids: The ids of all sources, end to end, int32.
        starts: Where each pair's source begins in ``ids``, int64 [N].
        source_lengths: How many ids each source has, int32 [N].
        rows: The row of each pair in its source, int64 [N].
        targets: The ids of all targets, end to end, int32.
        target_starts: Where each pair's target begins in them, int64 [N].
        target_lengths: How many ids each target has, its end not counted, int32 [N].
    """

    def __init__(
        self,
        ids: NDArray[np.int32],
        starts: NDArray[np.int64],
        source_lengths: NDArray[np.int32],
        rows: NDArray[np.int64],
        targets: NDArray[np.int32],
        target_starts: NDArray[np.int64],
        target_lengths: NDArray[np.int32],
    ) -> None:
        # A batch is as long as its longest side, and the targets have an end.
        super().__init__(ids, starts, np.maximum(source_lengths, target_lengths + 1), rows)
        self.source_lengths = source_lengths
        self.target_ids = targets
        self.target_starts = target_starts
        self.target_lengths = target_lengths

    def inputs(self, indices: NDArray[np.int64]) -> dict[str, NDArray[np.int32]]:
        """``source`` [B, S]; and ``target`` [B, T], the decoder's inputs: 0, then the units."""
        target = self.targets(indices)
        return {
            "source": padded(self.ids, self.starts[indices], self.source_lengths[indices]),
            "target": np.pad(target[:, :-1], [(0, 0), (1, 0)]),
        }

    def targets(self, indices: NDArray[np.int64]) -> NDArray[np.int32]:
        """What the decoder is to write [B, T]: the units, then 0."""
        places = self.target_starts[indices], self.target_lengths[indices]
        if not places[1].any():
            return np.zeros((len(indices), 1), np.int32)
        return np.pad(padded(self.target_ids, *places), [(0, 0), (0, 1)])

    @property
    def input_signature(self) -> dict[str, tf.TensorSpec]:
        """The specification of ``inputs``."""
        return {side: tf.TensorSpec([None, None], tf.int32) for side in ("source", "target")}

    @property
    def target_signature(self) -> tf.TensorSpec:
        """The specification of ``targets``."""
        return tf.TensorSpec([None, None], tf.int32)

    @property
    def checksum(self) -> int:
        """The CRC-32 of all ids, and of the pairs' places in them."""
        return self.checksum_of(self.target_ids, self.target_starts, self.target_lengths)

    def subset(self, indices: NDArray[np.int64]) -> "PairCorpus":
        """Some of the pairs, in the given order; the ids are shared, not copied."""
        return PairCorpus(
            self.ids,
            self.starts[indices],
            self.source_lengths[indices],
            self.rows[indices],
            self.target_ids,
            self.target_starts[indices],
            self.target_lengths[indices],
        )


def encode_pairs(
    examples: Iterable[PairExample],
    source_layer: Callable[[Any], Any],
    target_layer: Callable[[Any], Any],
) -> PairCorpus:
    """Reads pairs once, and keeps their ids on disk.

    Args:
        examples: The pairs.
        source_layer: Maps strings [B] to ids int32 [B, S], padded with 0 at the end, in TensorFlow
            ops; it is compiled.
        target_layer: The same for the targets; it may be the same.

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
    lengths: list[list[NDArray[np.int32]]] = [[], []]
    rows: list[int] = []
    with (
        room_on_disk(),
        tempfile.TemporaryFile(prefix="toolkit-") as of_sources,
        tempfile.TemporaryFile(prefix="toolkit-") as of_targets,
    ):
        files = (of_sources, of_targets)
        while chunk := list(islice(stream, _PAIRS_AT_ONCE)):
            rows += [example.row for example in chunk]
            sides = [e.source for e in chunk], [e.target for e in chunk]
            for layer, texts, file, sizes in zip(compiled, sides, files, lengths, strict=True):
                ids = np.asarray(layer(tf.constant(texts)))
                inside = ids != 0
                sizes.append(inside.sum(axis=1, dtype=np.int32))
                file.write(ids[inside].astype(np.int32, copy=False).tobytes())
        found: list[tuple[Any, Any, Any]] = []
        for file, sizes in zip(files, lengths, strict=True):
            file.flush()
            of_side = np.concatenate(sizes) if sizes else np.zeros(0, np.int32)
            ids = np.memmap(file, np.int32, mode="r") if of_side.any() else np.zeros(0, np.int32)
            found.append((ids, np.cumsum(of_side, dtype=np.int64) - of_side, of_side))
    source, target = found
    return PairCorpus(*source, np.asarray(rows, np.int64), *target)
