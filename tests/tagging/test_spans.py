"""Conversion between spans, tags and places of tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.data import Span, align, spans_of, tags_of

SEGMENTS = st.lists(st.tuples(st.sampled_from([None, "X", "Y-z"]), st.integers(1, 4)), max_size=8)


def laid_out(segments: list[tuple[str | None, int]]) -> tuple[list[Span], int]:
    """Return the spans of those consecutive segments that have a label, and the total length."""
    spans, place = [], 0
    for label, length in segments:
        if label is not None:
            spans.append(Span(place, place + length, label))
        place += length
    return spans, place


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("B-PER I-PER O B-LOC B-LOC", [(0, 2, "PER"), (3, 4, "LOC"), (4, 5, "LOC")]),
        ("B-work-of-art I-work-of-art", [(0, 2, "work-of-art")]),
        ("O O", []),
        ("", []),
        # not IOB2; read as the CoNLL evaluation script reads it
        ("I-X I-X O I-X", [(0, 2, "X"), (3, 4, "X")]),
        ("B-X I-Y I-Y", [(0, 1, "X"), (1, 3, "Y")]),
    ],
)
def test_spans_of_tags(tags: str, spans: list[tuple[int, int, str]]) -> None:
    assert spans_of(tags.split()) == spans


@given(SEGMENTS)
def test_spans_to_tags_and_back(segments) -> None:
    spans, length = laid_out(segments)
    tags = tags_of(spans, length)
    assert len(tags) == length
    assert spans_of(tags) == spans
    assert {tag[0] for tag in tags} <= {*"BIO"}


def test_places_of_tokens() -> None:
    text, tokens = "Ann's dog", [(0, 3), (3, 5), (6, 9)]
    starts, ends = zip(*tokens, strict=True)
    assert [text[start:end] for start, end in tokens] == ["Ann", "'s", "dog"]
    assert align([Span(0, 3, "PER")], starts, ends) == ([(0, 1, "PER")], [])
    whole, part = Span(0, 9, "X"), Span(0, 4, "X")
    assert align([whole, part], starts, ends) == ([(0, 3, "X")], [part])
    assert align([part], [], []) == ([], [part])


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2)), max_size=6),
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6)), max_size=4),
)
def test_places_of_tokens_by_brute_force(tokens, stretches) -> None:
    starts, ends, place = [], [], 0
    for length, gap in tokens:
        starts.append(place)
        ends.append(place + length)
        place += length + gap
    spans = [Span(start, start + length, "X") for start, length in stretches]
    fitting, others = [], []
    for span in spans:
        found = [
            Span(first, last + 1, "X")
            for first in range(len(starts))
            for last in range(first, len(starts))
            if (starts[first], ends[last]) == (span.start, span.end)
        ]
        fitting += found
        others += [] if found else [span]
    assert align(spans, starts, ends) == (fitting, others)
