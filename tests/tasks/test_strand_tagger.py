"""Tiles of long strands, pieces of training strands, and the metrics of spans."""

import re
import zlib
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.evaluation import Tagged, metrics_within
from toolkit.tagging import Span, bioes_tags
from toolkit.tasks.marked_strands import serving
from toolkit.tasks.marked_strands.prepared import encode_marked, pieces
from toolkit.tasks.marked_strands.serving import base_probabilities, find_in_long, signature
from toolkit.text import Nucleotides

WINDOW, OVERLAP = 8, 5


class RunsOfG:
    """A network that marks runs of G, with a half as each probability."""

    def answer(self, inputs: Any) -> Any:
        inside = inputs["values"][:, :, 2] == 1
        before = tf.pad(inside[:, :-1], [[0, 0], [1, 0]])
        after = tf.pad(inside[:, 1:], [[0, 0], [0, 1]])
        number = {tag: index for index, tag in enumerate(bioes_tags(["g"]))}
        within = tf.where(before, number["I-g"], number["B-g"])
        last = tf.where(before, number["E-g"], number["S-g"])
        tags = tf.where(inside, tf.where(after, within, last), 0)
        half = tf.fill(tf.shape(tags), 0.5)
        return tags, half, half


@pytest.fixture(scope="module")
def ask() -> Any:
    model: Any = SimpleNamespace(preprocessing=Nucleotides(), network=RunsOfG())
    function = signature(model, ["g"], WINDOW, OVERLAP)

    def asked(strands: Any) -> dict[str, Any]:
        return {name: value.numpy() for name, value in function(tf.constant(strands)).items()}

    return asked


def runs(strand: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer("[Gg]+", strand)]


def found(strands: list[str], ask: Any) -> list[list[dict[str, Any]]]:
    def decoded(batch: Any) -> dict[str, Any]:
        answers = ask(batch)
        for name in ("entity_text", "entity_label"):
            answers[name] = np.char.decode(answers[name].astype(bytes))
        return answers

    return find_in_long(strands, decoded, WINDOW, OVERLAP)


strands = st.lists(st.text("ACCTGN", max_size=70).map(lambda s: re.sub("G{6,}", "GGGGG", s)))


@settings(deadline=None)
@given(strands=strands)
def test_spans_in_tiles_are_those_of_the_whole(ask: Any, strands: list[str]) -> None:
    for strand, spans in zip(strands, found(strands, ask), strict=True):
        assert [(each["start"], each["end"]) for each in spans] == runs(strand)
        for each in spans:
            assert each["text"] == strand[each["start"] : each["end"]]
            assert each["score"] == pytest.approx(0.5 ** len(each["text"]))


@settings(deadline=None, max_examples=30)
@given(strands=strands)
def test_chunks_of_long_strands_have_the_same_spans(ask: Any, strands: list[str]) -> None:
    whole = found(strands, ask)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving, "CHUNK", 11)
        assert found(strands, ask) == whole


def test_a_span_longer_than_the_overlap_is_cut_but_none_overlap(ask: Any) -> None:
    (spans,) = found(["A" * 6 + "G" * 30 + "A"], ask)
    assert spans
    assert spans[0]["start"] == 6
    for before, after in pairwise(spans):
        assert before["end"] <= after["start"]


def drawn(values: np.ndarray) -> list[tuple[int, int]]:
    """Return spans that depend on all bases of a tile, as those of a network do."""
    draw = np.random.default_rng(zlib.crc32(values.tobytes()))
    spans, place = [], int(draw.integers(0, 3))
    while place < len(values):
        end = min(place + int(draw.integers(1, 9)), len(values))
        spans.append((place, end))
        place = end + int(draw.integers(0, 3))
    return spans


class Drawn:
    """A network that marks the spans of ``drawn``."""

    def answer(self, inputs: Any) -> Any:
        def tags(values: Any, lengths: Any) -> Any:
            number = {tag: index for index, tag in enumerate(bioes_tags(["g"]))}
            found = np.zeros(values.shape[:2], np.int32)
            for row, length in enumerate(lengths):
                for start, end in drawn(values[row, :length]):
                    found[row, start:end] = number["I-g"]
                    found[row, start], found[row, end - 1] = number["B-g"], number["E-g"]
                    if end == start + 1:
                        found[row, start] = number["S-g"]
            return found

        values = inputs["values"]
        found = tf.numpy_function(tags, [values, inputs["length"]], tf.int32)
        found = tf.ensure_shape(found, [None, None])
        half = tf.fill(tf.shape(found), 0.5)
        return found, half, half


@pytest.mark.parametrize(("window", "overlap"), [(8, 5), (8, 13), (3, 20), (5, 0)])
def test_spans_of_tiles_that_disagree_never_overlap(window: int, overlap: int) -> None:
    layer = Nucleotides()
    model: Any = SimpleNamespace(preprocessing=layer, network=Drawn())
    function = signature(model, ["g"], window, overlap)

    def asked(batch: Any) -> dict[str, Any]:
        answers = {name: value.numpy() for name, value in function(tf.constant(batch)).items()}
        for name in ("entity_text", "entity_label"):
            answers[name] = np.char.decode(answers[name].astype(bytes))
        return answers

    draw = np.random.default_rng(4)
    many = ["".join(draw.choice([*"ACGT"], 150)) for _ in range(20)]
    with pytest.MonkeyPatch.context() as patch:
        whole = find_in_long(many, asked, window, overlap)
        patch.setattr(serving, "CHUNK", 2 * window)
        assert find_in_long(many, asked, window, overlap) == whole
    for strand, spans in zip(many, whole, strict=True):
        codes = np.frombuffer(strand.encode("utf-32-le"), np.int32)
        expected, reach = [], 0
        for core in range(0, len(strand), window):
            first = max(core - overlap, 0)
            tile = layer.fractions(codes[first : core + window + overlap]).numpy()
            for start, end in [(first + a, first + b) for a, b in drawn(tile)]:
                if core <= start < core + window:
                    expected += [(start, end)] * (start >= reach)
                    reach = max(reach, end)
        assert [(each["start"], each["end"]) for each in spans] == expected
        assert all(before[1] <= after[0] for before, after in pairwise(expected))


class OfTiles:
    """A network that answers with the share of G at a base, and the number of A in its tile."""

    def label_probabilities(self, inputs: Any) -> Any:
        values = inputs["values"]
        of_tile = tf.reduce_sum(values[:, :, 0], axis=1, keepdims=True)
        return tf.stack([values[:, :, 2], tf.broadcast_to(of_tile, tf.shape(values)[:2])], axis=2)


@settings(deadline=None, max_examples=30)
@given(
    strand=st.text("ACGTN", min_size=1, max_size=90),
    borders=st.tuples(st.integers(0, 89), st.integers(1, 40)),
    window=st.integers(1, 12),
    overlap=st.integers(0, 9),
)
def test_bases_have_the_probabilities_of_their_tile(
    strand: str, borders: tuple[int, int], window: int, overlap: int
) -> None:
    start = min(borders[0], len(strand) - 1)
    end = min(start + borders[1], len(strand))
    model: Any = SimpleNamespace(preprocessing=Nucleotides(), network=OfTiles())
    found = base_probabilities(model, window, overlap)(strand, start, end)
    expected = []
    for place in range(start, end):
        core = place // window * window
        tile = strand[max(core - overlap, 0) : core + window + overlap]
        of_g = {"G": 1, "N": 0.25}.get(strand[place], 0)
        expected.append([of_g, tile.count("A") + tile.count("N") / 4])
    np.testing.assert_allclose(found, expected)


def test_places_are_those_of_characters(ask: Any) -> None:
    (spans,) = found(["éA👍GgG-g"], ask)
    assert [(each["start"], each["end"], each["text"]) for each in spans] == [
        (3, 6, "GgG"),
        (7, 8, "g"),
    ]


def test_pieces_end_outside_spans() -> None:
    spans = [Span(3, 5, "x"), Span(8, 13, "x"), Span(20, 40, "x")]
    assert list(pieces(50, spans, 10)) == [(0, 8), (8, 18), (18, 20), (20, 40), (40, 50)]
    assert list(pieces(7, [], 10)) == [(0, 7)]
    assert list(pieces(0, [], 10)) == []


@given(
    borders=st.lists(st.integers(0, 60), unique=True, max_size=12).map(sorted),
    most=st.integers(1, 30),
)
def test_pieces_cover_a_strand(borders: list[int], most: int) -> None:
    pairs = zip(borders[::2], borders[1::2], strict=False)
    spans = [Span(start, end, "x") for start, end in pairs]
    cut = list(pieces(60, spans, most))
    assert [place for piece in cut for place in range(*piece)] == [*range(60)]
    for start, end in cut:
        assert end - start <= most or Span(start, end, "x") in spans
        assert not any(span.start < end < span.end for span in spans)


def test_encoded_strands_are_fractions_with_tags() -> None:
    example: Any = SimpleNamespace(text="ACGTNA", spans=[Span(1, 3, "x"), Span(4, 5, "y")])
    corpus = encode_marked([example], Nucleotides(), ["x", "y"], window=4)
    tags = bioes_tags(["x", "y"])
    assert corpus.rows.tolist() == [0, 0]
    assert [[tags[n] for n in corpus.labels[row]] for row in (0, 1)] == [
        ["O", "B-x", "E-x", "O"],
        ["S-y", "O"],
    ]
    np.testing.assert_array_equal(corpus.sequences[0], np.eye(4))
    np.testing.assert_array_equal(corpus.sequences[1], [[0.25] * 4, [1, 0, 0, 0]])


def test_spans_within_some_bases() -> None:
    gold = [Span(10, 20, "x"), Span(30, 40, "x"), Span(50, 52, "y")]
    predicted = [Span(12, 18, "x"), Span(11, 20, "x"), Span(30, 44, "x"), Span(50, 52, "x")]
    strand = Tagged("A" * 60, gold, predicted, [1.0] * 4)
    for tolerance, hits in ((0, 0), (1, 1), (2, 1), (4, 2)):
        assert metrics_within([strand, strand], tolerance) == {
            "precision_within": hits / 4,
            "recall_within": pytest.approx(hits / 3),
            "f1_within": pytest.approx(2 * hits / 7),
        }
    assert set(metrics_within([Tagged("A", [], [], [])], 3).values()) == {None}


spans = st.lists(st.integers(0, 40), unique=True, max_size=10).map(
    lambda borders: [
        Span(a, b, "xy"[a % 2])
        for a, b in zip(sorted(borders)[::2], sorted(borders)[1::2], strict=False)
    ]
)


@given(gold=spans, predicted=spans)
def test_within_no_bases_is_exact(gold: list[Span], predicted: list[Span]) -> None:
    strand = Tagged("A" * 41, gold, predicted, [1.0] * len(predicted))
    hits = len({*gold} & {*predicted})
    total = len(gold) + len(predicted)
    expected = 2 * hits / total if total else None
    assert metrics_within([strand], 0)["f1_within"] == expected
    within = [metrics_within([strand], k)["f1_within"] or 0 for k in (0, 2, 5, 50)]
    assert within == sorted(within)
