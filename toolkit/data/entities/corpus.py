"""Encoded sentences with a tag for each token, on disk."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data.corpora.packed import PackedCorpus, PackedSequences, SequenceWriter
from toolkit.text import utf8

_TOKENS_AT_ONCE = 4096

Features = Mapping[str, NDArray[np.int32]]


class TaggedSentence(NamedTuple):
    """A sentence with the indices of its tags.

    Attributes:
        row: The index of its example, from 0.
        tokens: The tokens.
        tags: The index of the tag of each token.
    """

    row: int
    tokens: Sequence[str]
    tags: Sequence[int]


class TaggedCorpus(PackedCorpus):
    """Sentences as indices of distinct tokens, with a tag for each token.

    Args:
        sequences: The index of each token among the distinct tokens, int32; 0 is padding.
        labels: The tag of each token.
        rows: The index of the example of each sentence, from 0, int64 [N].
        features: The features of the distinct tokens, int32 [D, ...], padding first.
    """

    labels: PackedSequences

    def __init__(
        self,
        sequences: PackedSequences,
        labels: PackedSequences,
        rows: NDArray[np.int64],
        features: Features,
    ) -> None:
        super().__init__(sequences, labels, rows)
        self.features = features

    def inputs(self, indices: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return the inputs of sentences, as ``toolkit.text.TokenFeatures`` returns them."""
        ids = self.sequences.batch(indices)
        distinct = np.union1d(0, ids)
        features = {name: values[distinct] for name, values in self.features.items()}
        width = max(1, int((features["characters"] != 0).sum(axis=1).max()))
        features["characters"] = features["characters"][:, :width]
        index = np.searchsorted(distinct, ids).astype(np.int32)
        return {"index": index, "length": self.lengths[indices], **features}

    @property
    def input_signature(self) -> dict[str, tf.TensorSpec]:
        """The specification of ``inputs``."""
        rows = {
            name: tf.TensorSpec([None, *values.shape[1:]], tf.int32)
            for name, values in self.features.items()
        }
        rows["characters"] = tf.TensorSpec([None, None], tf.int32)
        return {
            "index": tf.TensorSpec([None, None], tf.int32),
            "length": tf.TensorSpec([None], tf.int32),
            **rows,
        }

    def _arrays(self) -> tuple[NDArray[Any], ...]:
        return *super()._arrays(), *self.features.values()

    def _replaced(self, sequences: PackedSequences, labels: Any, rows: NDArray[np.int64]) -> Self:
        return type(self)(sequences, labels, rows, self.features)


def encode_tagged(
    sentences: Iterable[TaggedSentence], features: Callable[[Any], Mapping[str, Any]]
) -> TaggedCorpus:
    """Encode sentences in one pass, with their tokens and tags in files on disk.

    Memory grows with the number of distinct tokens.

    Args:
        sentences: The sentences.
        features: Maps tokens [D] to their features int32 [D, ...]; the width of ``characters`` may
            vary; it is compiled.

    Raises:
        WorkError: The temporary files cannot be written.
    """
    numbers = {"": 0}
    rows: list[int] = []
    with SequenceWriter() as token_writer, SequenceWriter() as tag_writer:
        for sentence in sentences:
            length = [len(sentence.tokens)]
            ids = [numbers.setdefault(token, len(numbers)) for token in sentence.tokens]
            token_writer.write(np.asarray(ids, np.int32), length)
            tag_writer.write(np.asarray(sentence.tags, np.int32), length)
            rows.append(sentence.row)
        tokens, tags = token_writer.packed(), tag_writer.packed()
    known = _features([*numbers], features)
    return TaggedCorpus(tokens, tags, np.asarray(rows, np.int64), known)


def _features(
    tokens: Sequence[str], features: Callable[[Any], Mapping[str, Any]]
) -> dict[str, NDArray[np.int32]]:
    """Return the features of tokens [D, ...], computed in batches."""
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
