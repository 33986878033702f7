"""Packed sequences of any values in a file, with explicit lengths, and the corpus of them."""

import tempfile
from collections.abc import Iterable
from typing import Any, Self

import numpy as np
import tensorflow as tf
from numpy.typing import DTypeLike, NDArray

from toolkit.data.corpora.mapped_files import checksum, explain_full_disk
from toolkit.data.labels import LabelEncoder
from toolkit.errors import DataError


class PackedSequences:
    """Sequences of ids, vectors or other arrays of one shape, end to end in one array.

    No value means padding: the lengths alone determine the time steps.

    Example::

        vectors = [[[0.0, 1.0], [2.0, 3.0]], [[4.0, 5.0]]]
        packed = PackedSequences.from_sequences(vectors, np.float32, (2,))
        packed.batch([1, 0])  # [[[4, 5], [0, 0]], [[0, 1], [2, 3]]]

    Args:
        values: The time steps of all sequences, end to end [S, ...]; usually mapped from a file.
        starts: The start of each sequence in ``values``, int64 [N].
        lengths: The number of time steps of each sequence, int32 [N].
    """

    def __init__(
        self, values: NDArray[Any], starts: NDArray[np.int64], lengths: NDArray[np.int32]
    ) -> None:
        self.values = values
        self.starts = starts
        self.lengths = lengths

    @classmethod
    def from_sequences(
        cls, sequences: Iterable[Any], dtype: DTypeLike = np.int32, shape: tuple[int, ...] = ()
    ) -> Self:
        """Write sequences, each an array [T, *shape], to a file, one at a time in memory.

        Raises:
            DataError: A sequence has time steps of another shape; the message counts from 1.
            WorkError: The file cannot be written.
        """
        with SequenceWriter(dtype, shape) as writer:
            for number, sequence in enumerate(sequences, 1):
                steps = np.asarray(sequence, writer.dtype)
                if steps.shape[1:] != shape and len(steps):
                    raise DataError(
                        f"sequence {number} has time steps of shape {list(steps.shape[1:])}; "
                        f"{list(shape)} is needed"
                    )
                writer.write(steps, [len(steps)])
            values, starts, lengths = writer.arrays()
        return cls(values, starts, lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> NDArray[Any]:
        """Return the time steps of one sequence [T, ...]."""
        start = self.starts[index]
        return np.asarray(self.values[start : start + self.lengths[index]])

    def batch(self, indices: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """Return sequences as one array [B, T, ...], T >= 1, padded with zeros."""
        lengths = self.lengths[indices]
        steps = np.arange(max(1, lengths.max(initial=0)))
        inside = steps < lengths[:, None]
        rows = np.zeros((*inside.shape, *self.values.shape[1:]), self.values.dtype)
        rows[inside] = self.values[(self.starts[indices][:, None] + steps)[inside]]
        return rows

    def subset(self, indices: NDArray[np.integer[Any]]) -> Self:
        """Return some of the sequences, in the given order; the values are shared, not copied."""
        return type(self)(self.values, self.starts[indices], self.lengths[indices])

    @property
    def spec(self) -> tf.TensorSpec:
        """The specification of ``batch``."""
        return tf.TensorSpec([None, None, *self.values.shape[1:]], self.values.dtype)

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """The arrays of values, starts and lengths, for a checksum."""
        return self.values, self.starts, self.lengths


class SequenceWriter:
    """Write sequences to a temporary file, which is then mapped into memory.

    The file has no name: the operating system removes it with the last reference to it.

    Args:
        dtype: The type of the values.
        shape: The shape of one time step; () for ids.

    Raises:
        WorkError: The disk is full.
    """

    def __init__(self, dtype: DTypeLike = np.int32, shape: tuple[int, ...] = ()) -> None:
        self.dtype = np.dtype(dtype)
        self.shape = shape
        self._lengths: list[NDArray[np.int32]] = []
        self._file: Any = None

    def __enter__(self) -> Self:
        with explain_full_disk():
            self._file = tempfile.TemporaryFile(prefix="toolkit-")
        return self

    def __exit__(self, *_: object) -> None:
        with explain_full_disk():  # what could not be written is tried once more
            self._file.close()  # existing mappings stay valid

    def write(self, values: NDArray[Any], lengths: Any) -> None:
        """Append the time steps [S, *shape] of sequences with these lengths, end to end."""
        with explain_full_disk():
            self._file.write(np.ascontiguousarray(values, self.dtype).tobytes())
        self._lengths.append(np.asarray(lengths, np.int32))

    def write_ids(self, ids: NDArray[Any]) -> None:
        """Append rows of ids [B, T] without their padding, id 0 at the end."""
        inside = ids != 0
        self.write(ids[inside], inside.sum(axis=1, dtype=np.int32))

    def write_batch(self, values: NDArray[Any], lengths: NDArray[np.int32]) -> None:
        """Append sequences [B, T, *shape] with these lengths, without their padding."""
        self.write(values[np.arange(values.shape[1]) < lengths[:, None]], lengths)

    def arrays(self) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int32]]:
        """Return values, starts and lengths of all sequences written."""
        with explain_full_disk():
            self._file.flush()
        lengths = np.concatenate([np.zeros(0, np.int32), *self._lengths])
        values: NDArray[Any] = np.zeros((0, *self.shape), self.dtype)
        if lengths.any():
            values = np.memmap(self._file, self.dtype, mode="r").reshape(-1, *self.shape)
        return values, np.cumsum(lengths, dtype=np.int64) - lengths, lengths

    def packed(self) -> PackedSequences:
        """Return all sequences written."""
        return PackedSequences(*self.arrays())


class PackedCorpus:
    """Encoded examples: sequences with their targets.

    Args:
        sequences: The sequences.
        labels: The targets: an array [N, ...] with one value for each sequence, packed sequences
            with one value for each time step, or None.
        rows: The row of each example in its source, from 1, int64 [N].
        encoder: The encoder of the labels, if they are classes, several labels or numbers.
    """

    def __init__(
        self,
        sequences: PackedSequences,
        labels: NDArray[Any] | PackedSequences | None = None,
        rows: NDArray[np.int64] | None = None,
        encoder: LabelEncoder | None = None,
    ) -> None:
        self.sequences = sequences
        self.labels: Any = labels
        self.rows = np.arange(1, len(sequences) + 1) if rows is None else rows
        self.encoder = encoder

    def __len__(self) -> int:
        return len(self.sequences)

    @property
    def lengths(self) -> NDArray[np.int32]:
        """The number of time steps of each example [N]."""
        return self.sequences.lengths

    @property
    def class_counts(self) -> NDArray[np.int64]:
        """The number of examples of each class, int64 [C]; empty for numbers and without labels."""
        if self.labels is None or self.encoder is None or self.encoder.target == "number":
            return np.zeros(0, np.int64)
        if self.encoder.target == "labels":
            return self.labels.sum(axis=0).astype(np.int64)
        return np.bincount(self.labels, minlength=self.encoder.outputs)

    def tag_counts(self, tags: int) -> NDArray[np.int64]:
        """Count each tag of all time steps [tags]; the targets are one for each time step."""
        counts = np.zeros(tags, np.int64)
        for index in range(len(self)):
            counts += np.bincount(self.labels[index], minlength=tags)
        return counts

    @property
    def checksum(self) -> int:
        """The CRC-32 of the sequences and of the labels."""
        return checksum(*self._arrays())

    def _arrays(self) -> tuple[NDArray[Any], ...]:
        """Return all arrays that training depends on."""
        if self.labels is None:
            return self.sequences.arrays
        if isinstance(self.labels, PackedSequences):
            return *self.sequences.arrays, *self.labels.arrays
        return *self.sequences.arrays, self.labels

    def subset(self, indices: NDArray[np.int64]) -> Self:
        """Return some of the examples, in the given order; the values are shared, not copied."""
        labels = self.labels
        if isinstance(labels, PackedSequences):
            labels = labels.subset(indices)
        elif labels is not None:
            labels = labels[indices]
        return self._replaced(self.sequences.subset(indices), labels, self.rows[indices])

    def _replaced(self, sequences: PackedSequences, labels: Any, rows: NDArray[np.int64]) -> Self:
        """Return a corpus of the same type with other examples."""
        return type(self)(sequences, labels, rows, self.encoder)

    def inputs(self, indices: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return the inputs of a network: ``values`` [B, T, ...], ``length`` [B]."""
        return {"values": self.sequences.batch(indices), "length": self.lengths[indices]}

    def targets(self, indices: NDArray[np.int64]) -> NDArray[Any]:
        """Return the targets of a network [B, ...], or [B, T, ...] padded with zeros."""
        if isinstance(self.labels, PackedSequences):
            return self.labels.batch(indices)
        return np.asarray(self.labels)[indices]

    @property
    def input_signature(self) -> dict[str, tf.TensorSpec]:
        """The specification of ``inputs``."""
        return {"values": self.sequences.spec, "length": tf.TensorSpec([None], tf.int32)}

    @property
    def target_signature(self) -> tf.TensorSpec | None:
        """The specification of ``targets``; None without labels."""
        if self.labels is None:
            return None
        if isinstance(self.labels, PackedSequences):
            return self.labels.spec
        return tf.TensorSpec([None, *self.labels.shape[1:]], self.labels.dtype)
