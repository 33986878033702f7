"""Pairs of texts: files, tables and lists, errors in them, and batches of them."""

import gzip
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from toolkit.data import (
    LengthBatches,
    PairColumnOptions,
    PairExamples,
    Unreadable,
    encode_pairs,
    open_pairs,
    scan_pairs,
    source_texts,
)
from toolkit.data.options import inherit
from toolkit.errors import DataError
from toolkit.text import Tokenizer

PAIRS = [("one cat", "une chatte"), ("two dogs", "deux chiens"), ('he said "no"', "il dit non")]


def read(data: Any, **options: Any) -> list[tuple[str, str]]:
    asked = PairColumnOptions(**options)
    return [(e.source, e.target) for e in PairExamples(open_pairs(data, "train", asked), asked)]


def files(folder: Path, source: str | bytes, target: str | bytes) -> tuple[Path, Path]:
    paths = folder / "a.en", folder / "a.fr"
    for path, content in zip(paths, (source, target), strict=True):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return paths


def lines(side: int) -> str:
    return "".join(f"{pair[side]}\n" for pair in PAIRS)


def test_parallel_files(tmp_path: Path) -> None:
    paths = files(tmp_path, lines(0), lines(1))
    assert read(paths) == PAIRS
    assert read(tuple(map(str, paths))) == PAIRS
    packed = files(tmp_path, gzip.compress(lines(0).encode()), lines(1).removesuffix("\n"))
    assert read(packed) == PAIRS


def test_separators_of_unicode_do_not_cut_a_line(tmp_path: Path) -> None:
    odd = "one\u2028two\x85three\x0bfour\n"
    assert read(files(tmp_path, odd, "eins\r\n")) == [(odd.strip("\n"), "eins")]


@pytest.mark.parametrize("name", ["pairs.tsv", "pairs.txt", "pairs.tsv.gz"])
def test_lines_with_a_tab(tmp_path: Path, name: str) -> None:
    content = "".join(f"{source}\t{target}\n" for source, target in PAIRS).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    assert read(path) == PAIRS
    swapped = [(target, source) for source, target in PAIRS]
    assert read(path, source_column="2", target_column="1") == swapped


@pytest.mark.parametrize("name", ["lines.txt", "lines.fr.gz", "lines"])
@pytest.mark.parametrize("asked", [{}, {"source_column": "2"}, {"source_column": "fr"}])
def test_texts_alone_whatever_the_column_is_called(
    tmp_path: Path, name: str, asked: dict[str, str]
) -> None:
    path = tmp_path / name
    content = b"To\n\nfr\n"
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    opened = open_pairs(path, "test", PairColumnOptions(**asked))
    assert list(source_texts(opened)) == ["To", "", "fr"]
    with pytest.raises(DataError, match="has a single column"):
        read(path, **asked)
    path.write_text("fr\nun chat\n")
    if not name.endswith(".gz"):
        opened = open_pairs(path, "test", PairColumnOptions(source_column="fr"))
        assert list(source_texts(opened)) == ["un chat"]


def test_rows_without_a_text_are_answered_and_said(tmp_path: Path, caplog: Any) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("a\tb\nc\nd\te\tf\n")
    opened = open_pairs(path, "test", PairColumnOptions())
    problem = "line {}: {} fields where line 1 has 2"
    rows = ["a", Unreadable(problem.format(2, 1)), Unreadable(problem.format(3, 3))]
    assert list(source_texts(opened)) == rows
    assert "2 bad rows answered with an error, of 3 (66.7 %; line 2: 1 fields" in caplog.text


def test_a_folder_is_no_pairs(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder"):
        read(tmp_path)


def test_pairs_in_another_order_are_refused() -> None:
    def examples(*sources: str) -> PairExamples:
        asked = PairColumnOptions()
        sides = list(sources), [source.upper() for source in sources]
        return PairExamples(open_pairs(sides, "train", asked), asked)

    found = scan_pairs(examples("a", "b", "a"))
    assert found.sources[0] == found.sources[2] != found.sources[1]
    assert [e.target for e in found.reread(examples("a", "b", "a"))] == ["A", "B", "A"]
    for others in (("b", "a", "a"), ("a", "b"), ("a", "b", "a", "c")):
        with pytest.raises(DataError, match="came in another order when it was read again; cache"):
            list(found.reread(examples(*others)))
    train, held_out = found.split(0.5, seed=0)
    assert sorted([*train, *held_out]) == [0, 1, 2]
    assert {0, 2} <= {*train} or {0, 2} <= {*held_out}


def test_a_header_is_seen_by_its_names(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("source\ttarget\na\tb\n")
    assert read(path) == [("a", "b")]
    path.write_text("en\tfr\tid\na\tb\t7\n")
    assert read(path, source_column="fr", target_column="en") == [("b", "a")]
    assert read(path) == [("en", "fr"), ("a", "b")]


def test_tables_and_lists(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text('id,target,source\n1,"b, b",a\n')
    assert read(path) == [("a", "b, b")]
    path.write_text("id,en,fr\n1,a,b\n")  # source and target are ambiguous
    with pytest.raises(DataError, match="'id', 'en', 'fr' none has a usual name of the source"):
        read(path)
    with pytest.raises(DataError, match=r"none of a usual name .* set target_column"):
        read(path, source_column="en")
    alone = open_pairs(path, "test", PairColumnOptions(source_column="en"))
    assert list(source_texts(alone)) == ["a"]  # texts to translate need no target column
    assert read(path, source_column="en", target_column="fr") == [("a", "b")]
    path.write_text("en,fr\na,b\n")  # of two columns, the target is the other one
    assert read(path) == [("a", "b")]
    assert read(path, source_column="fr") == [("b", "a")]
    assert read(path, target_column="en") == [("b", "a")]
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"en": "a", "fr": "b"}\n')
    assert read(path, source_column="fr", target_column="en") == [("b", "a")]
    frame = pd.DataFrame(PAIRS, columns=["src", "tgt"])
    assert read(frame) == PAIRS
    assert read(tuple(map(list, zip(*PAIRS, strict=True)))) == PAIRS


@pytest.mark.parametrize(
    ("source", "target", "complaint"),
    [
        ("a\nb\nc\n", "x\n", r"a\.fr ends after line 1, .*a\.en has 3 lines"),
        ("a\n", "x\ny\n", r"a\.en ends after line 1, .*a\.fr has 2 lines"),
        ("a\n\n", "x\ny\n", "line 2: the source is empty"),
        ("a\nb\n", "x\n \t\n", "line 2: the target is empty"),
        ("a\nb\0\n", "x\ny\n", "line 2: the source has a NUL"),
        (b"a\nb\xff\n", "x\ny\n", "line 2: the source is not UTF-8: the byte 0xFF at character 2"),
        ("", "", "has no row that can be used"),
        (
            gzip.compress(b"a\n" * 99, mtime=0)[:-9],
            "x\n" * 99,
            "in the middle of its compressed data",
        ),
    ],
)
def test_files_that_are_no_pairs(
    tmp_path: Path, source: str | bytes, target: str | bytes, complaint: str
) -> None:
    with pytest.raises(DataError, match=complaint):
        read(files(tmp_path, source, target))


def test_files_that_are_missing_or_the_same(tmp_path: Path) -> None:
    one, other = files(tmp_path, "a\n", "b\n")
    with pytest.raises(DataError, match="for both sides"):
        read((one, one))
    other.unlink()
    with pytest.raises(DataError, match=r"a\.fr is not there"):
        read((one, other))
    with pytest.raises(DataError, match="is no file"):
        read((one, tmp_path))


@pytest.mark.parametrize(
    ("content", "options", "complaint"),
    [
        ("a b\n", {}, "has a single column"),
        ("", {}, "is empty"),
        ("PK\0\0\ta\n", {}, "is no plain text"),
        ("a\tb\nc\n", {}, "line 2: 1 fields where line 1 has 2"),
        ("a\tb\n", {"source_column": "3"}, "has no column '3'"),
        ("sorce\ttarget\na\tb\n", {"source_column": "source"}, "did you mean 'sorce'"),
        ("a\tb\n", {"source_column": "1", "target_column": "1"}, "taken for both sides"),
    ],
)
def test_tables_that_are_no_pairs(
    tmp_path: Path, content: str, options: dict[str, str], complaint: str
) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text(content)
    with pytest.raises(DataError, match=complaint):
        read(path, **options)


def test_bad_pairs_are_left_out_and_counted(tmp_path: Path, caplog: Any) -> None:
    paths = files(tmp_path, "a\n\nc\n", "x\ny\nz\n")
    assert read(paths, skip_bad_rows=True) == [("a", "x"), ("c", "z")]
    assert "1 bad row left out, of 3 (33.3 %; line 2: the source is empty)" in caplog.text


def test_unequal_sides_are_said_and_left_out_by_option(tmp_path: Path, caplog: Any) -> None:
    caplog.set_level(logging.WARNING)
    paths = files(tmp_path, "a\nfine\n", f"{'x' * 60}\ngut\n")
    assert len(read(paths)) == 2
    assert "1 pair with a side more than 9 times longer than the other" in caplog.text
    assert "the first is line 1" in caplog.text
    caplog.clear()
    assert read(paths, max_length_ratio=9.0) == [("fine", "gut")]
    assert "1 pair left out by their lengths" in caplog.text


def corpus() -> Any:
    layers = [Tokenizer("characters", lowercase=False, min_count=1) for _ in range(2)]
    for side, layer in enumerate(layers):
        layer.adapt([pair[side] for pair in PAIRS])
    asked = PairColumnOptions()
    data = tuple(map(list, zip(*PAIRS, strict=True)))
    return encode_pairs(PairExamples(open_pairs(data, None, asked), asked), *layers), layers


def test_batches_have_both_sides_and_targets_begin_and_end_with_nothing() -> None:
    pairs, layers = corpus()
    assert pairs.source_lengths.tolist() == [len(source) for source, _ in PAIRS]
    assert pairs.target_lengths.tolist() == [len(target) for _, target in PAIRS]
    rows = np.array([2, 0])
    inputs, targets = pairs.inputs(rows), pairs.targets(rows)
    for place, row in enumerate(rows):
        for side, ids in enumerate((inputs["source"][place], targets[place])):
            text = layers[side].detokenize(ids).numpy().decode()
            assert text == PAIRS[row][side]
    assert (targets[:, -1] == [0, 0]).all()
    assert targets.shape[1] == max(len(PAIRS[row][1]) for row in rows) + 1
    np.testing.assert_array_equal(inputs["target"][:, 0], [0, 0])
    np.testing.assert_array_equal(inputs["target"][:, 1:], targets[:, :-1])


def test_batches_hold_their_budget_on_both_sides_and_have_each_pair_once() -> None:
    pairs, _ = corpus()
    whole = pairs.subset(np.arange(3).repeat(20))
    batches = LengthBatches(whole, 60, seed=1)
    count = 0
    for inputs, targets in batches.dataset():
        count += len(inputs["source"])
        assert max(tf_size(inputs["source"]), tf_size(targets)) <= 60
        assert inputs["target"].shape == targets.shape
    assert count == 60
    assert whole.subset(np.arange(59)).checksum != whole.checksum


def tf_size(tensor: Any) -> int:
    return int(np.prod(tensor.shape))


@pytest.mark.parametrize("header", ["", "source\n"])
def test_texts_alone_are_read_where_nothing_is_to_be_made_of_them(
    tmp_path: Path, header: str
) -> None:
    path = tmp_path / "texts.tsv"
    path.write_text(f"{header}a b\n\nc\n")
    for data in (path, ["a b", "", "c"], pd.DataFrame({"x": ["a b", None, "c"]})):
        source = open_pairs(data, "test", PairColumnOptions())
        assert list(source_texts(source)) == ["a b", "", "c"]
    pair = open_pairs((["a b", None], ["x", "y"]), "test", PairColumnOptions())
    assert list(source_texts(pair)) == ["a b", ""]


def test_the_target_of_a_run_yields_to_a_source_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text('{"id": 1, "text": "a"}\n')
    options = PairColumnOptions(source_column="text", target_column="2")
    inherit(options, ["target_column"], {})
    assert list(source_texts(open_pairs(path, "test", options))) == ["a"]
