"""Encoded examples: the ids on disk, everything else in small arrays."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Self

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data.examples import TextExamples
from toolkit.data.labels import LabelEncoder
from toolkit.data.on_disk import checksum
from toolkit.data.survey import Survey
from toolkit.errors import WorkError

_TEXTS_AT_ONCE = 512


class EncodedCorpus:
    """Texts as ids, ready to be dealt into batches.

    The ids of all texts lie end to end in a temporary file that is mapped into memory; the file
    goes when the last corpus that uses it does. What is kept for each example is a few numbers.

    Args:
        ids: The ids of all texts, end to end, int32.
        starts: Where each example's ids begin in ``ids``, int64 [N].
        lengths: How many ids each example has, int32 [N].
        rows: The row of each example in its source, from 1, int64 [N].
        labels: Encoded labels, int32 [N], float32 [N, C] or float32 [N]; None without labels.
        encoder: What encoded the labels; None without labels.
    """

    def __init__(
        self,
        ids: NDArray[np.int32],
        starts: NDArray[np.int64],
        lengths: NDArray[np.int32],
        rows: NDArray[np.int64],
        labels: NDArray[Any] | None = None,
        encoder: LabelEncoder | None = None,
    ) -> None:
        self.ids = ids
        self.starts = starts
        self.lengths = lengths
        self.rows = rows
        self.labels = labels
        self.encoder = encoder

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> NDArray[np.int32]:
        """The ids of one example, without padding."""
        start = self.starts[index]
        return np.asarray(self.ids[start : start + self.lengths[index]])

    @property
    def class_counts(self) -> NDArray[np.int64]:
        """How many examples have each class, int64 [C]; empty for numbers and without labels."""
        if self.labels is None or self.encoder is None or self.encoder.target == "number":
            return np.zeros(0, np.int64)
        if self.encoder.target == "labels":
            return self.labels.sum(axis=0).astype(np.int64)
        return np.bincount(self.labels, minlength=self.encoder.outputs)

    @property
    def checksum(self) -> int:
        """The CRC-32 of all ids, and of the examples' places in them and labels."""
        return self.checksum_of(*([] if self.labels is None else [self.labels]))

    def checksum_of(self, *more: NDArray[Any]) -> int:
        """The CRC-32 of all ids, of the examples' places in them and of more arrays."""
        return checksum(self.ids, self.starts, self.lengths, *more)

    def subset(self, indices: NDArray[np.int64]) -> Self:
        """Some of the examples, in the given order; the ids are shared, not copied."""
        return type(self)(
            self.ids,
            self.starts[indices],
            self.lengths[indices],
            self.rows[indices],
            None if self.labels is None else self.labels[indices],
            self.encoder,
        )

    def batch(self, indices: NDArray[np.int64]) -> NDArray[np.int32]:
        """The ids of some examples as one array [B, T], T >= 1, padded with 0."""
        return padded(self.ids, self.starts[indices], self.lengths[indices])

    def inputs(self, indices: NDArray[np.int64]) -> Any:
        """What a network is given of some examples: their ids [B, T]."""
        return self.batch(indices)

    def targets(self, indices: NDArray[np.int64]) -> NDArray[Any]:
        """What it is to learn of them: their labels [B] or [B, C]."""
        return np.asarray(self.labels)[indices]

    @property
    def input_signature(self) -> Any:
        """The specification of ``inputs``."""
        return tf.TensorSpec([None, None], tf.int32)

    @property
    def target_signature(self) -> Any:
        """The specification of ``targets``; None without labels."""
        if self.labels is None:
            return None
        return tf.TensorSpec([None, *self.labels.shape[1:]], self.labels.dtype)


def encode(
    examples: TextExamples,
    tokenizer: Callable[[Any], Any],
    encoder: LabelEncoder | None = None,
    expected: Survey | None = None,
) -> EncodedCorpus:
    """Reads examples once, and keeps their ids on disk.

    Args:
        examples: The examples; rows whose class the encoder does not know are bad rows.
        tokenizer: Maps strings [B] to ids int32 [B, T], padded with 0 at the end, in TensorFlow
            ops; it is compiled, which halves the time.
        encoder: What encodes the labels; None for unlabelled data.
        expected: What an earlier reading found, to which this one is held.

    Raises:
        DataError: a row cannot be used, or the examples are not those that were expected.
        WorkError: the temporary file cannot be written.
    """
    lengths: list[NDArray[np.int32]] = []
    rows: list[int] = []
    labels: list[NDArray[Any]] = []
    compiled = tf.function(
        tokenizer, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False
    )
    read = examples.known(encoder) if encoder else iter(examples)
    if expected is not None:
        read = expected.again(read)
    # An anonymous file: the operating system removes it when nothing refers to it any more.
    with room_on_disk(), tempfile.TemporaryFile(prefix="toolkit-") as file:
        while chunk := list(islice(read, _TEXTS_AT_ONCE)):
            padded = np.asarray(compiled(tf.constant([example.text for example in chunk])))
            inside = padded != 0
            lengths.append(inside.sum(axis=1, dtype=np.int32))
            file.write(padded[inside].astype(np.int32, copy=False).tobytes())
            rows.extend(example.row for example in chunk)
            if encoder:
                labels.append(encoder.encode([example.label for example in chunk]))
        all_lengths = np.concatenate(lengths) if lengths else np.zeros(0, np.int32)
        file.flush()
        ids = np.zeros(0, np.int32)
        if all_lengths.any():
            ids = np.memmap(file, np.int32, mode="r")
    return EncodedCorpus(
        ids,
        np.cumsum(all_lengths, dtype=np.int64) - all_lengths,
        all_lengths,
        np.asarray(rows, np.int64),
        np.concatenate(labels) if labels else None,
        encoder,
    )


def padded(
    ids: NDArray[Any], starts: NDArray[np.int64], lengths: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Stretches of an array [N], one a row, as one array [B, T], T >= 1, padded with 0."""
    steps = np.arange(max(1, lengths.max(initial=0)))
    inside = steps < lengths[:, None]
    rows = np.zeros(inside.shape, np.int32)
    rows[inside] = ids[(starts[:, None] + steps)[inside]]
    return rows


@contextmanager
def room_on_disk() -> Iterator[None]:
    """Says what to do where the disk is full."""
    try:
        yield
    except OSError as error:
        raise WorkError(
            f"the encoded texts do not fit into {tempfile.gettempdir()} ({error.strerror}); "
            "make room, or set TMPDIR to another folder"
        ) from None
