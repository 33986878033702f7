"""A tokenizer in place of the text layer, and corpora that it encodes."""

from collections.abc import Sequence

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data import (
    ColumnOptions,
    LabelCounter,
    PackedCorpus,
    PackedSequences,
    TextExamples,
    encode,
)
from toolkit.data import open_source as open_


def word_lengths(texts: tf.Tensor) -> tf.Tensor:
    """Return the lengths of each text's words as its ids, padded by one step too many."""
    ids = tf.strings.length(tf.strings.split(texts)).to_tensor()
    return tf.pad(ids, [[0, 0], [0, 1]])


@pytest.fixture
def tokenizer():
    return word_lengths


def encode_data(data: object, **options) -> PackedCorpus:
    examples = TextExamples(open_(data), ColumnOptions(**options))
    counter = LabelCounter(examples.options.target)
    for _ in counter.watch(examples):
        pass
    return encode(examples, word_lengths, counter.encoder())


@pytest.fixture
def encode_all():
    return encode_data


@pytest.fixture
def corpus_of():
    """A function that makes a corpus of given lengths; each text's ids are its index plus one."""

    def corpus_of(
        lengths: Sequence[int], labels: NDArray[np.generic] | None = None, encoder=None
    ) -> PackedCorpus:
        sizes = np.asarray(lengths, np.int32)
        numbers = np.arange(len(sizes))
        ids = np.repeat(numbers + 1, sizes).astype(np.int32)
        starts = np.cumsum(sizes, dtype=np.int64) - sizes
        return PackedCorpus(PackedSequences(ids, starts, sizes), labels, encoder=encoder)

    return corpus_of
