"""Sentences with tags on disk: training is given the features that serving computes."""

import gc
import os
import zlib
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from toolkit.data import LengthBatches, TaggedSentence, encode_tagged
from toolkit.data.entities import corpus as tagged_corpus
from toolkit.errors import OptionError, WorkError
from toolkit.text import TokenFeatures, utf8

TOKENS = {"Anna": 3, "sang": 3, "Élan": 3, "U.S.": 3, "26-year-old": 3, "我": 3, "a": 3}
FEATURES = TokenFeatures()
FEATURES.adapt(TOKENS)
COMPILED = tf.function(FEATURES.lookup, input_signature=[tf.TensorSpec([None], tf.string)])
SERVED = tf.function(FEATURES.call, input_signature=[tf.TensorSpec([None, None], tf.string)])
NAMES = [["Anna", "sang"], [], ["a", "我", "a", "unseen-and-long"], ["Anna"]]
ROWS = ("index", "length")  # inputs per sentence, not per distinct token
TAGS = [[4, 0], [], [1, 3, 0, 2], [4]]


def corpus_of(sentences=NAMES, tags=TAGS, rows=None, features=COMPILED):
    rows = range(len(sentences)) if rows is None else rows
    return encode_tagged(map(TaggedSentence, rows, sentences, tags), features)


def as_lists(inputs: dict) -> list[list[dict]]:
    """Return the features of each token of a batch, without the padding of characters."""
    inputs = {name: np.asarray(values) for name, values in inputs.items()}
    index, length = inputs.pop("index"), inputs.pop("length")
    assert length.tolist() == (index != 0).sum(axis=1).tolist()

    def plain(values: np.ndarray) -> list[int]:
        return np.trim_zeros(np.atleast_1d(values), "b").tolist()

    return [
        [{name: plain(values[place]) for name, values in inputs.items()} for place in row]
        for row in index
    ]


def padded(sentences: list[list[str]]) -> tf.Tensor:
    width = max(map(len, sentences), default=0)
    rows = [[utf8(t) for t in [*row, *[""] * (width - len(row))]] for row in sentences]
    return tf.constant(rows, tf.string, shape=(len(rows), width))


def test_literal_corpus():
    corpus = corpus_of(rows=[0, 0, 1, 5])
    assert len(corpus) == 4
    assert corpus.sequences.values.tolist() == [1, 2, 3, 4, 3, 5, 1]
    assert corpus.labels.values.tolist() == [4, 0, 1, 3, 0, 2, 4]
    assert corpus.sequences.starts.tolist() == [0, 2, 2, 6]
    assert corpus.lengths.tolist() == [2, 0, 4, 1]
    assert corpus.rows.tolist() == [0, 0, 1, 5]
    assert [corpus.labels[index].tolist() for index in range(4)] == TAGS
    assert corpus.tag_counts(6).tolist() == [2, 1, 1, 1, 2, 0]
    targets = corpus.targets(np.array([2, 3, 1]))
    assert targets.dtype == np.int32
    assert targets.tolist() == [[1, 3, 0, 2], [4, 0, 0, 0], [0, 0, 0, 0]]
    inputs = corpus.inputs(np.array([3, 0]))
    assert inputs["index"].tolist() == [[1, 0], [1, 2]]
    assert FEATURES.words[inputs["words"][1]] == "anna"
    assert inputs["length"].tolist() == [1, 2]
    assert [len(values) for name, values in inputs.items() if name not in ROWS] == [3] * 4
    assert inputs["characters"].shape[1] == 4  # the longest token of the batch, not of the corpus


SENTENCES = st.lists(
    st.lists(
        st.one_of(st.sampled_from([*TOKENS, "x" * 40, "a\ud800"]), st.text(min_size=1)), max_size=5
    ),
    max_size=6,
)


@pytest.mark.slow
@given(sentences=SENTENCES, seed=st.integers(0, 9))
def test_training_is_given_what_serving_computes(sentences, seed):
    corpus = corpus_of(sentences, [[0] * len(tokens) for tokens in sentences])
    order = np.random.default_rng(seed).permutation(len(sentences))[:3]
    trained = corpus.inputs(order)
    served = SERVED(padded([sentences[index] for index in order]))
    assert as_lists(trained) == as_lists(served)
    assert trained.keys() == served.keys()
    for name, values in trained.items():
        assert values.dtype == np.int32
        assert values.shape[1:] == served[name].shape[1:]
    signature = corpus.input_signature
    assert signature.keys() == trained.keys()
    for name, spec in signature.items():
        assert spec.is_compatible_with(tf.constant(trained[name]))
    assert not trained["words"][0]
    assert len({*trained["index"].flat} | {0}) == len(trained["words"])  # no unused tokens


def test_tokens_are_looked_at_some_at_a_time(monkeypatch):
    seen = []

    def features(tokens):
        tf.py_function(lambda some: seen.append(len(some)), [tokens], [])
        return FEATURES.lookup(tokens)

    sentences = [[f"{'w' * (n % 7)}{n}" for n in range(s, s + 10)] for s in range(0, 50, 5)]
    tags = [[0] * 10] * 10
    whole = corpus_of(sentences, tags)
    monkeypatch.setattr(tagged_corpus, "_TOKENS_AT_ONCE", 16)
    parts = corpus_of(sentences, tags, features=features)
    assert seen == [16, 16, 16, 8]  # 55 distinct tokens, and padding
    for name, values in whole.features.items():
        np.testing.assert_array_equal(values, parts.features[name])


def test_batches_with_tags_and_weights_of_tags():
    corpus = corpus_of()
    weights = np.array([1, 2, 3, 4, 5.0])
    batches = LengthBatches(corpus, 8, shuffle=False, class_weights=weights)
    for order, (inputs, targets, weight) in zip(batches.order(), batches.dataset(), strict=True):
        assert as_lists(inputs) == as_lists(FEATURES(padded([NAMES[i] for i in order])))
        for row, index in enumerate(order):
            tags = TAGS[index]
            assert targets[row].numpy().tolist()[: len(tags)] == tags
            assert weight[row].numpy().tolist()[: len(tags)] == [weights[tag] for tag in tags]
    with pytest.raises(OptionError, match="at least one token"):
        LengthBatches(corpus, 0)


def test_subsets_share_what_is_on_disk():
    corpus = corpus_of()
    part = corpus.subset(np.array([3, 2]))
    assert part.sequences.values is corpus.sequences.values
    assert part.labels.values is corpus.labels.values
    assert part.features is corpus.features
    assert [part.labels[index].tolist() for index in range(2)] == [TAGS[3], TAGS[2]]
    assert part.rows.tolist() == [3, 2]
    assert part.tag_counts(5).tolist() == [1, 1, 1, 1, 1]
    assert as_lists(part.inputs(np.array([1]))) == as_lists(corpus.inputs(np.array([2])))


def test_the_checksum_is_of_all_that_is_learnt_from():
    checksum = corpus_of().checksum
    assert checksum == corpus_of().checksum
    same = corpus_of(rows=[7, 8, 9, 10])
    assert same.checksum == checksum
    others = TokenFeatures()
    others.adapt(TOKENS | {"Anna": 1, "sang": 9})
    different = {
        corpus_of(tags=[[4, 1], *TAGS[1:]]).checksum,
        corpus_of([["Anna", "Anna"], *NAMES[1:]]).checksum,
        corpus_of([["Anna"], ["sang"], *NAMES[2:]], [[4], [0], *TAGS[2:]]).checksum,
        corpus_of().subset(np.array([0, 1, 3])).checksum,
        corpus_of(features=others.lookup).checksum,
    }
    assert len(different | {checksum}) == 6
    expected = 0
    corpus = corpus_of()
    for part in (*corpus.sequences.arrays, *corpus.labels.arrays):
        expected = zlib.crc32(part.tobytes(), expected)
    for part in corpus.features.values():
        expected = zlib.crc32(part.tobytes(), expected)
    assert checksum == expected


@pytest.mark.parametrize("sentences", [[], [[]], [[], []]])
def test_nothing_to_tag(sentences):
    corpus = corpus_of(sentences, [[0] * len(tokens) for tokens in sentences])
    everything = np.arange(len(sentences))
    inputs = corpus.inputs(everything)
    assert inputs["index"].tolist() == [[0]] * len(sentences)
    assert inputs["length"].tolist() == [0] * len(sentences)
    assert [values.shape for name, values in inputs.items() if name not in ROWS] == [
        *((1,), (1, 1), (1,), (1, 8))
    ]
    assert corpus.targets(everything).tolist() == [[0]] * len(sentences)
    assert corpus.tag_counts(3).sum() == sum(map(len, sentences))


def test_the_files_go_with_the_corpus(tmp_path: Path, monkeypatch):
    def open_files() -> int:
        return len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0

    corpus_of()  # the first use of a graph may open files
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    gc.collect()
    before = open_files()
    corpus = corpus_of()
    part = corpus.subset(np.array([0]))
    del corpus
    gc.collect()
    assert part.labels[0].tolist() == TAGS[0]
    del part
    gc.collect()
    assert open_files() == before


@pytest.mark.parametrize("sentences", [3, 20_000])
def test_a_full_disk(full_disk, sentences):
    full_disk()
    with pytest.raises(WorkError, match=r"do not fit into .* \(File too large\); make room"):
        corpus_of([["a", "b"]] * sentences, [[0, 0]] * sentences)
