"""Encoded sentences with a tag for each token, on disk."""

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data.corpus import EncodedCorpus, padded, room_on_disk
from toolkit.text import utf8

_TOKENS_AT_ONCE = 4096

Features = Mapping[str, NDArray[np.int32]]


class TaggedSentence(NamedTuple):
    """A sentence to learn from.

    Attributes:
        row: The number of the example that it is of, from 0.
        tokens: Its tokens.
        tags: The number of each token's tag.
    """

    row: int
    tokens: Sequence[str]
    tags: Sequence[int]


class TaggedCorpus(EncodedCorpus):
    """Sentences as numbers of distinct tokens and of tags, ready to be dealt into batches.

    Args:
        ids: The distinct token of each token of all sentences, end to end, int32; 0 is padding.
        starts: Where each sentence begins in ``ids``, int64 [N].
        lengths: How many tokens each sentence has, int32 [N].
        rows: The example that each sentence is of, from 0, int64 [N].
        tags: The tag of each token, as ``ids`` are, int32.
        features: Of each distinct token its features, int32 [D, ...], padding first.
    """

    def __init__(
        self,
        ids: NDArray[np.int32],
        starts: NDArray[np.int64],
        lengths: NDArray[np.int32],
        rows: NDArray[np.int64],
        tags: NDArray[np.int32],
        features: Features,
    ) -> None:
        super().__init__(ids, starts, lengths, rows)
        self.tags = tags
        self.features = features

    def inputs(self, indices: NDArray[np.int64]) -> dict[str, NDArray[np.int32]]:
        """What ``toolkit.text.TokenFeatures`` gives of some sentences' tokens."""
        ids = self.batch(indices)
        distinct = np.union1d(0, ids)
        found = {name: values[distinct] for name, values in self.features.items()}
        width = max(1, int((found["characters"] != 0).sum(axis=1).max()))
        found["characters"] = found["characters"][:, :width]
        return {"index": np.searchsorted(distinct, ids).astype(np.int32), **found}

    def targets(self, indices: NDArray[np.int64]) -> NDArray[np.int32]:
        """Their tags [B, T], 0 at padding."""
        return padded(self.tags, self.starts[indices], self.lengths[indices])

    @property
    def input_signature(self) -> dict[str, tf.TensorSpec]:
        """The specification of ``inputs``."""
        rows = {
            name: tf.TensorSpec([None, *values.shape[1:]], tf.int32)
            for name, values in self.features.items()
        }
        rows["characters"] = tf.TensorSpec([None, None], tf.int32)
        return {"index": tf.TensorSpec([None, None], tf.int32), **rows}

    @property
    def target_signature(self) -> tf.TensorSpec:
        """The specification of ``targets``."""
        return tf.TensorSpec([None, None], tf.int32)

    @property
    def checksum(self) -> int:
        """The CRC-32 of all tokens' features and tags, and of the sentences' places in them."""
        return self.checksum_of(self.tags, *self.features.values())

    def subset(self, indices: NDArray[np.int64]) -> "TaggedCorpus":
        """Some of the sentences, in the given order; the ids are shared, not copied."""
        return TaggedCorpus(
            self.ids,
            self.starts[indices],
            self.lengths[indices],
            self.rows[indices],
            self.tags,
            self.features,
        )

    def tag_counts(self, tags: int) -> NDArray[np.int64]:
        """How often each of so many tags occurs in these sentences [tags]."""
        counts = np.zeros(tags, np.int64)
        for index in range(len(self)):
            counts += np.bincount(self.tags_of(index), minlength=tags)
        return counts

    def tags_of(self, index: int) -> NDArray[np.int32]:
        """The tags of one sentence."""
        start = self.starts[index]
        return np.asarray(self.tags[start : start + self.lengths[index]])


def encode_tagged(
    sentences: Iterable[TaggedSentence], features: Callable[[Any], Mapping[str, Any]]
) -> TaggedCorpus:
    """Reads sentences once, and keeps their tokens and tags on disk.

    Memory grows with the distinct tokens.

    Args:
        sentences: The sentences.
        features: Maps tokens [D] to their features int32 [D, ...], of which ``characters`` may be
            of any width; it is compiled.

    Raises:
        WorkError: The temporary files cannot be written.
    """
    numbers = {"": 0}
    lengths: list[int] = []
    rows: list[int] = []
    with (
        room_on_disk(),
        tempfile.TemporaryFile(prefix="toolkit-") as of_ids,
        tempfile.TemporaryFile(prefix="toolkit-") as of_tags,
    ):
        for sentence in sentences:
            ids = [numbers.setdefault(token, len(numbers)) for token in sentence.tokens]
            of_ids.write(np.asarray(ids, np.int32).tobytes())
            of_tags.write(np.asarray(sentence.tags, np.int32).tobytes())
            lengths.append(len(ids))
            rows.append(sentence.row)
        arrays = []
        for file in (of_ids, of_tags):
            file.flush()
            empty = not any(lengths)
            arrays.append(np.zeros(0, np.int32) if empty else np.memmap(file, np.int32, mode="r"))
    sizes = np.asarray(lengths, np.int32)
    starts = np.cumsum(sizes, dtype=np.int64) - sizes
    known = _features([*numbers], features)
    return TaggedCorpus(arrays[0], starts, sizes, np.asarray(rows, np.int64), arrays[1], known)


def _features(
    tokens: Sequence[str], features: Callable[[Any], Mapping[str, Any]]
) -> dict[str, NDArray[np.int32]]:
    compiled = tf.function(
        features, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False
    )
    parts: dict[str, list[NDArray[np.int32]]] = {}
    for start in range(0, len(tokens), _TOKENS_AT_ONCE):
        chunk = tf.constant([utf8(token) for token in tokens[start : start + _TOKENS_AT_ONCE]])
        for name, values in compiled(chunk).items():
            parts.setdefault(name, []).append(values.numpy())
    width = max(part.shape[1] for part in parts["characters"])
    parts["characters"] = [
        np.pad(part, [(0, 0), (0, width - part.shape[1])]) for part in parts["characters"]
    ]
    return {name: np.concatenate(values) for name, values in parts.items()}
