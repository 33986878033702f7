"""Encoding of texts as ids on disk, and arrays of their labels, lengths and rows."""

import gc
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from toolkit.data import ColumnOptions, LabelEncoder, TextExamples, encode, open_source, scan
from toolkit.errors import DataError, WorkError

FRAME = pd.DataFrame(
    {
        "text": ["a bb", "ccc", "a bb ccc dddd"],
        "label": ["x", "y", "x"],
        "film": [7, "7", 8.0],
    }
)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0


def test_literal_corpus(encode_all) -> None:
    corpus = encode_all(FRAME)
    assert [corpus.sequences[index].tolist() for index in range(3)] == [[1, 2], [3], [1, 2, 3, 4]]
    assert corpus.lengths.tolist() == [2, 1, 4]
    assert corpus.rows.tolist() == [1, 2, 3]
    assert corpus.labels.tolist() == [0, 1, 0]
    assert corpus.class_counts.tolist() == [2, 1]
    batch = corpus.sequences.batch(np.array([2, 1]))
    assert batch.dtype == np.int32
    assert batch.tolist() == [[1, 2, 3, 4], [3, 0, 0, 0]]


def test_many_chunks(encode_all) -> None:
    lengths = np.random.default_rng(0).integers(1, 20, 1500)
    texts = [" ".join("a" * (1 + index % 9) for _ in range(n)) for index, n in enumerate(lengths)]
    corpus = encode_all((texts, np.arange(1500) % 3))
    assert corpus.lengths.tolist() == lengths.tolist()
    assert all(set(corpus.sequences[index]) == {1 + index % 9} for index in range(1500))
    assert corpus.class_counts.tolist() == [500, 500, 500]


def test_rows_count_what_was_left_out(encode_all) -> None:
    corpus = encode_all((["a", "", "bb"], [1, 1, 2]), skip_bad_rows=True)
    assert corpus.rows.tolist() == [1, 3]
    assert corpus.lengths.tolist() == [1, 1]


def test_without_labels(tokenizer) -> None:
    examples = TextExamples(open_source(["a bb", " ", "ccc"]), ColumnOptions(), labelled=False)
    corpus = encode(examples, tokenizer)
    assert corpus.labels is None
    assert corpus.lengths.tolist() == [2, 0, 1]
    assert corpus.class_counts.tolist() == []
    assert corpus.sequences.batch(np.array([1])).tolist() == [[0]]


def test_texts_without_any_unit() -> None:
    examples = TextExamples(open_source([" ", ""]), ColumnOptions(), labelled=False)
    corpus = encode(examples, lambda texts: tf.zeros([tf.size(texts), 1], tf.int32))
    assert len(corpus) == 2
    assert corpus.sequences.batch(np.array([0, 1])).tolist() == [[0], [0]]


def test_several_labels_and_numbers(encode_all) -> None:
    several = encode_all((["a", "b"], ["x|y", "y"]), target="labels")
    assert several.labels.tolist() == [[1, 1], [0, 1]]
    assert several.class_counts.tolist() == [1, 2]
    number = encode_all((["a", "b"], [0.5, 2]), target="number")
    assert number.labels.tolist() == [0.5, 2.0]
    assert number.class_counts.tolist() == []


def test_unknown_class(tokenizer) -> None:
    examples = TextExamples(open_source(FRAME), ColumnOptions())
    with pytest.raises(DataError, match="row 2: the label 'y' is none of the known classes: x, z"):
        encode(examples, tokenizer, LabelEncoder("classes", ["x", "z"]))


def test_subsets_share_the_ids(encode_all) -> None:
    corpus = encode_all(FRAME)
    part = corpus.subset(np.array([2, 0]))
    assert part.sequences.values is corpus.sequences.values
    assert [part.sequences[0].tolist(), part.sequences[1].tolist()] == [[1, 2, 3, 4], [1, 2]]
    assert part.rows.tolist() == [3, 1]


def test_the_file_goes_with_the_corpus(encode_all, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    gc.collect()
    before = open_files()
    corpus = encode_all(FRAME)
    part = corpus.subset(np.array([0]))
    del corpus
    gc.collect()
    assert part.sequences[0].tolist() == [1, 2]
    del part
    gc.collect()
    assert not list(tmp_path.iterdir())
    assert open_files() == before


@pytest.mark.parametrize("texts", [3, 20_000])
def test_a_full_disk(encode_all, full_disk, texts) -> None:
    data = ["a bb"] * texts, ["x", "y", *["x"] * (texts - 2)]
    encode_all(data)
    full_disk()
    with pytest.raises(
        WorkError, match=r"do not fit into .* \(File too large\); make room, or set"
    ):
        encode_all(data)


def test_a_later_reading_is_held_to_the_survey(tokenizer) -> None:
    texts = tf.data.Dataset.from_tensor_slices(([str(n) for n in range(50)], np.arange(50) % 2))
    examples = TextExamples(open_source(texts), ColumnOptions())
    found = scan(examples, "classes")
    assert len(encode(examples, tokenizer, found.encoder, expected=found)) == 50
    shuffled = TextExamples(open_source(texts.shuffle(50, seed=1)), ColumnOptions())
    with pytest.raises(DataError, match="came in another order"):
        encode(shuffled, tokenizer, found.encoder, expected=found)
