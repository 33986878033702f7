"""Pages of strands, read back by a parser: heights, colours, and what is drawn of long strands."""

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from page_reader import EVIL, Reader

from toolkit.evaluation import (
    ClassifiedStrand,
    MarkedStrand,
    Stretch,
    classified_strand_page,
    drawn_stretches,
    marked_strand_page,
)
from toolkit.evaluation.pages.page import hue
from toolkit.evaluation.pages.strands import BESIDE, LINE, MOST_BASES, SMALLEST

LABELS = ("exon", "site(-)")


def span(start: int, end: int, label: str = "exon", score: float = 0.98765) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label, "score": score}


def read(parts: Any) -> Reader:
    text = "".join(parts)
    text.encode()
    assert not re.search("(?i)http|<script|<link|<img|nan", text)
    return Reader(text)


def marked(*strands: MarkedStrand, labels: Any = LABELS) -> Reader:
    return read(marked_strand_page(strands, labels, EVIL))


def whole(strand: str, spans: Any, table: Any, name: str = "1: s1") -> MarkedStrand:
    return MarkedStrand(name, strand, spans, [Stretch(0, table)])


def groups(reader: Reader) -> list[tuple[str, str, list[tuple[float, float]]]]:
    """The label's style, the bars and the matrices (x, height) of each group, in order."""
    found: list[Any] = []
    for tag, attributes in reader.tags:
        if tag == "g":
            found.append((attributes["style"], "", []))
        elif tag == "path" and "L" not in (attributes["d"] or "") and found:
            style, bars, letters = found[-1]
            found[-1] = (style, bars or attributes["d"], letters)
        elif tag == "text" and "transform" in attributes:
            numbers = re.findall(r"[\d.]+", attributes["transform"] or "")
            assert numbers[1:3] == ["0", "0"]
            assert numbers[5] == "30"
            found[-1][2].append((float(numbers[4]), float(numbers[3]) * 7 / 30))
    return found


def test_letters_are_as_high_as_the_likeliest_label_is_probable() -> None:
    table = np.random.default_rng(0).dirichlet([1, 1, 1], 50)[:, :2]
    table[7] = SMALLEST / 2
    strand = "".join(np.random.default_rng(1).choice([*"acgtRYn-"], 50))
    reader = marked(whole(strand, [], table))
    drawn: dict[int, tuple[str, float, float]] = {}
    for style, bars, letters in groups(reader):
        edges = re.findall(r"M(\d+) 30v-([\d.]+)h10V30", bars)
        assert "".join(f"M{x} 30v-{height}h10V30" for x, height in edges) == bars
        for (x, height), (middle, of_letter) in zip(edges, letters, strict=True):
            assert middle == int(x) + 5
            drawn[int(x) // 10] = (style, float(height) / 30, of_letter)
    assert drawn.keys() == {*range(50)} - {7}
    for place, (style, bar, letter) in drawn.items():
        assert style == hue(int(table[place].argmax()))
        assert [bar, letter] == pytest.approx([table[place].max()] * 2, abs=0.002)
    capitals = [
        text for tag, text in reader.texts if tag == "text" and len(text) == 1 and text != "0"
    ]
    assert sorted(capitals) == sorted(strand[:7].upper() + strand[8:].upper())


def test_letters_stand_below_as_they_are_with_their_places() -> None:
    strand = "acGTNRYn-.*" * 13
    reader = marked(whole(strand, [], np.zeros((len(strand), 2))))
    texts = reader.of("text")
    assert texts[::2] == ["0", "60", "120"]
    assert "".join(texts[1::2]) == strand
    for x, letters in zip(reader.attributes("text", "x")[1::2], texts[1::2], strict=True):
        assert [int(place) for place in x.split()] == [10 * n + 5 for n in range(len(letters))]


def test_spans_are_rectangles_in_each_line_that_they_touch() -> None:
    spans = [span(2, 5, "site(-)"), span(50, 130), span(131, 132)]
    reader = marked(whole("A" * 140, spans, np.zeros((140, 2))), whole("AC", [], np.zeros((2, 2))))
    boxes = [
        (attributes["style"], int(attributes["x"] or 0), int(attributes["width"] or 0))
        for tag, attributes in reader.tags
        if tag == "rect"
    ]
    assert boxes == [
        (hue(1), 20, 30),
        (hue(0), 500, 100),
        (hue(0), 0, 600),
        (hue(0), 0, 100),
        (hue(0), 110, 10),
    ]
    titles = reader.of("title")[1:]
    assert titles[0] == "site(-) from 2 to 5: 0.988"
    assert titles[1:4] == ["exon from 50 to 130: 0.988"] * 3
    labels = [text for text in reader.of("text") if "0.99" in text]
    assert labels == ["site(-) 0.99", "exon 0.99", "exon 0.99", "exon 0.99", "exon 0.99"]
    assert reader.of("span") == [" 2", " 1"]
    assert reader.of("mark") == ["exon", "site(-)"]
    assert reader.of("p") == ["140 bases, 3 spans", "2 bases, 0 spans"]


def test_a_label_without_room_is_left_to_the_pointer() -> None:
    near = [span(0, 2), span(3, 5), span(30, 60)]
    reader = marked(whole("A" * 60, near, np.zeros((60, 2))))
    assert len(reader.of("title")) == 4
    assert [text for text in reader.of("text") if "exon" in text] == ["exon 0.99"] * 2


def test_what_is_not_drawn_is_said() -> None:
    strand = "ACGT" * 3000
    spans = [span(100 * n, 100 * n + 5) for n in range(0, 120, 2)]
    places = drawn_stretches(len(strand), spans)
    drawn = [Stretch(start, np.full((end - start, 2), 0.3)) for start, end in places]
    reader = marked(MarkedStrand("long", strand, spans, drawn))
    (size,) = reader.of("p")
    found = re.fullmatch(r"12,000 bases, 60 spans; not drawn: 10,000 bases, (\d+) spans", size)
    assert found
    boxes = reader.attributes("rect", "x")
    assert len(boxes) == 60 - int(found[1])
    shown = [int(text.replace(",", "")) for text in reader.of("text") if text[0].isdigit()]
    assert shown[:3] == [0, 150, 210]


def test_a_vertical_line_stands_before_each_tenth_base() -> None:
    reader = marked(MarkedStrand("x", "A" * 99, [], [Stretch(23, np.zeros((65, 2)))]))
    first, second = reader.attributes("path", "d")
    assert first == "M0 30h600" + "".join(f"M{x}70 30v-30" for x in ("", 1, 2, 3, 4, 5))
    assert second == "M0 30h50"
    reader = marked(MarkedStrand("x", "A" * 99, [], [Stretch(20, np.zeros((10, 2)))]))
    assert reader.attributes("path", "d") == ["M0 30h100M0 30v-30M100 30v-30"]


LENGTHS = st.integers(0, 3 * MOST_BASES)


@example(length=3 * MOST_BASES, borders=[*range(30, 5000, 60)])
@given(length=LENGTHS, borders=st.lists(LENGTHS, unique=True, max_size=24).map(sorted))
def test_stretches_are_around_the_first_spans(length: int, borders: list[int]) -> None:
    borders = [place for place in borders if place <= length]
    spans = [span(a, b) for a, b in zip(borders[::2], borders[1::2], strict=False)]
    chosen = drawn_stretches(length, spans)
    places = [place for start, end in chosen for place in range(start, end)]
    assert places == sorted({*places})  # none twice, in order
    assert all(end > start for start, end in chosen)
    assert all(before[1] < after[0] for before, after in pairwise(chosen))
    near = [
        place
        for place in range(length)
        if any(each["start"] - BESIDE <= place < each["end"] + BESIDE for each in spans)
    ]
    if length <= MOST_BASES or not spans:
        near = [*range(length)]
    assert places == near[:MOST_BASES]


def test_classes_are_bars_above_the_letters() -> None:
    probabilities = {f"c{number}": 0.1 + number / 100 for number in range(8)}
    strand = "acgtNNRY-" * 10
    reader = read(classified_strand_page([ClassifiedStrand("1: x", strand, probabilities)], "t"))
    assert reader.of("td") == ["0.170", "0.160", "0.150", "0.140", "0.130", "0.120"]
    assert reader.of("caption") == ["2 less probable classes are not shown."]
    texts = reader.of("text")
    assert texts[::2] == ["0", "60"]
    assert "".join(texts[1::2]) == strand
    assert reader.of("p") == ["90 bases"]


def test_numbers_have_no_bars_and_long_strands_their_beginning() -> None:
    strand = "acgt" * MOST_BASES
    reader = read(classified_strand_page([ClassifiedStrand("1: 0.5", strand, {})], "t"))
    assert reader.of("td") == []
    assert reader.of("p") == ["8,000 bases; the first 2,000 are drawn"]
    assert "".join(reader.of("text")[1::2]) == strand[:MOST_BASES]
    assert read(classified_strand_page([ClassifiedStrand("1: 0.5", "", {})], "t")).of("text") == []


def test_nothing_is_taken_for_html_and_each_letter_has_its_place() -> None:
    strand = 'A<b>&"é👍 \t\n\0\ud800'
    strand_page = whole(strand, [span(1, 4, EVIL)], np.full((len(strand), 2), 0.5), EVIL)
    reader = marked(strand_page, labels=(EVIL, "b"))
    shown = EVIL.replace("\0", "\ufffd").replace("\ud800", "\ufffd")
    assert reader.of("h1") == reader.of("bdi") == reader.of("mark") == [shown]
    assert {"img", "script"}.isdisjoint(tag for tag, _ in reader.tags)
    bases = next(text for text in reader.of("text") if len(text) == len(strand))
    assert bases == 'A<b>&"' + "\ufffd" * 7
    assert len(strand) <= LINE
