"""Texts with conditions: reading, and batches."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.data.corpora.packed import PackedCorpus, PackedSequences
from toolkit.data.streams.conditioned import (
    conditioned_examples,
    conditioned_prompts,
    open_conditioned,
)
from toolkit.data.streams.conditioned_batches import TextBatches
from toolkit.data.streams.options import StreamColumnOptions
from toolkit.errors import DataError

BY_LABEL = StreamColumnOptions(text_column="text", condition_column="label")


def corpus(lengths: list[int]) -> PackedCorpus:
    """Return a corpus of texts of the given lengths whose tokens are all different."""
    sizes = np.array(lengths, np.int32)
    ids = np.arange(5, 5 + sizes.sum(), dtype=np.int32)
    starts = np.cumsum(sizes, dtype=np.int64) - sizes
    labels = np.arange(len(sizes), dtype=np.int32) % 3
    return PackedCorpus(PackedSequences(ids, starts, sizes), labels)


def test_texts_side_by_side() -> None:
    batches = TextBatches(corpus([3, 2, 0]), 3, 2, shuffle=False)
    (first, first_targets, first_weights), (second, targets, weights) = batches.windows()
    assert first["ids"].tolist() == [[0, 0], [0, 8], [0, 5]]
    assert first_targets.tolist() == [[0, 0], [8, 9], [5, 6]]
    assert first_weights.tolist() == [[1, 0], [1, 1], [1, 1]]
    assert second["ids"].tolist() == [[0, 0], [9, 0], [6, 7]]
    assert targets.tolist() == [[0, 0], [0, 0], [7, 0]]
    assert weights.tolist() == [[0, 0], [1, 0], [1, 1]]
    assert first["reset_mask"].tolist() == [True] * 3
    assert second["reset_mask"].tolist() == [False] * 3
    assert first["condition"].tolist() == second["condition"].tolist() == [2, 1, 0]


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=30),
    *(st.integers(1, 7), st.integers(1, 25), st.booleans(), st.integers(0, 3)),
)
def test_every_text_is_read_once_from_its_condition_to_its_end(
    lengths, rows, steps, shuffle, epoch
) -> None:
    texts = corpus(lengths)
    batches = TextBatches(texts, rows, steps, 1, shuffle)
    found: list[tuple[int, list[int]]] = []
    begun: list[tuple[int, list[int]]] = []
    windows = list(batches.windows(epoch))
    assert len(windows) == len(batches)
    for inputs, targets, weights in windows:
        assert inputs["ids"].shape == targets.shape == weights.shape
        assert 1 <= targets.shape[1] <= steps
        assert weights.any()
        if inputs["reset_mask"].all():
            found += begun
            begun = [(condition, []) for condition in inputs["condition"].tolist()]
        assert inputs["reset_mask"].all() or not inputs["reset_mask"].any()
        for row, (condition, units) in enumerate(begun):
            assert inputs["condition"][row] == condition
            if weights[row, 0]:
                assert inputs["ids"][row, 0] == (units[-1] if units else 0)
            assert inputs["ids"][row, 1:].tolist() == targets[row, :-1].tolist()
            units += targets[row][weights[row] > 0].tolist()
    read = sorted((condition, units) for condition, units in [*found, *begun] if units)
    assert read == sorted((i % 3, [*texts.sequences[i].tolist(), 0]) for i in range(len(lengths)))


def test_a_stream_goes_on_from_any_batch_and_epochs_differ() -> None:
    batches = TextBatches(corpus([1, 9, 3, 12, 5, 9, 2, 2, 30]), 2, 4, seed=3)

    def ids(*begin: int, count: int) -> list[list[list[int]]]:
        return [x["ids"].numpy().tolist() for x, *_ in batches.stream(*begin).take(count)]

    size = len(batches)
    whole = ids(count=3 * size)
    for epoch, batch in ((0, 1), (1, 0), (1, size - 1)):
        assert ids(epoch, batch, count=3) == whole[epoch * size + batch :][:3]
    assert whole[:size] != whole[size : 2 * size]


def test_conditions_are_read_from_rows(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("text,label\none two,b\nthree,a\n")
    for data in (
        tmp_path / "rows.csv",
        pd.DataFrame({"text": ["one two", "three"], "label": ["b", "a"]}),
        (["one two", "three"], ["b", "a"]),
    ):
        source = open_conditioned(data, options=BY_LABEL)
        examples = list(conditioned_examples(source, BY_LABEL))
        assert [(e.text, e.label) for e in examples] == [("one two", "b"), ("three", "a")]
        assert list(conditioned_prompts(source, BY_LABEL, "ab")) == [
            ("one two", "b"),
            ("three", "a"),
        ]


def test_a_prompt_may_be_empty_and_its_condition_may_not() -> None:
    frame = pd.DataFrame({"text": ["", None, "x"], "label": ["a", 1.0, "c"]})
    source = open_conditioned(frame, options=BY_LABEL)
    assert list(conditioned_prompts(source, BY_LABEL, ["a", "1", "c"])) == [
        *(("", "a"), ("", "1"), ("x", "c")),
    ]
    with pytest.raises(DataError, match=r"the DataFrame, row 3: .*'c' is none of .* a, 1 "):
        list(conditioned_prompts(source, BY_LABEL, ["a", "1"]))
    frame["label"] = ["a", None, "a"]
    with pytest.raises(DataError, match=r"the DataFrame, row 2: .* 'label' is missing"):
        list(conditioned_prompts(open_conditioned(frame, options=BY_LABEL), BY_LABEL, ["a"]))


def test_data_without_conditions(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("text")
    (tmp_path / "rows.csv").write_text("text,labels\nx,a\n")
    for data, complaint in (
        (tmp_path / "text.txt", "text.txt has no columns"),
        (tmp_path, "has no columns"),
        (tmp_path / "rows.csv", "did you mean 'labels'. it has: text, labels"),
        (tmp_path / "none.csv", "there is no"),
        (["x"], "give a pair"),
    ):
        with pytest.raises(DataError, match=complaint):
            open_conditioned(data, options=BY_LABEL)
