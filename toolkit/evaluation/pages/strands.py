"""Strands as pages for a browser: marked spans with the probability of each base, or classes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit.errors import count
from toolkit.evaluation.pages.page import (
    DRAWN_STYLE,
    LEGEND_STYLE,
    MARK_STYLE,
    PAGE_STYLE,
    drawing,
    escaped,
    hue,
    legend,
    most_probable,
    page,
    probability_table,
)

#: The most bases that are drawn of a strand.
MOST_BASES = 2_000
#: Of a longer strand, the bases that are drawn on either side of a span.
BESIDE = 50
#: The number of bases of a line.
LINE = 60
#: Probabilities below this have neither a bar nor a letter.
SMALLEST = 0.02

# The measures of a line, in units of its drawing: the width of a base; the height of the
# probability 1, above the line's zero; what is below that; the margin with the place.
_STEP, _HEIGHT, _FOOT, _MARGIN = 10, 30, 28, 50
# The height of a capital of 10 units in most fonts.
_CAPITAL = 7

#: The style of ``strand_drawing``.
STRAND_STYLE = (
    DRAWN_STYLE
    + """
.line { display: block; width: 100%; margin: .3rem 0; }
.line text { font: 10px ui-monospace, monospace; text-anchor: middle; fill: currentColor; }
.line .place { font-size: 8px; text-anchor: end; }
.line .label { font: 8px system-ui, sans-serif; text-anchor: start; }
.line > path { stroke: #8886; stroke-width: .5; }
.line > rect { fill: hsl(var(--hue) 75% 84%); }
.line > g > path { fill: hsl(var(--hue) 65% 50%); opacity: .2; }
.line > g > text { font-weight: bold; fill: hsl(var(--hue) 75% 35%); }
@media (prefers-color-scheme: dark) {
  .line > rect { fill: hsl(var(--hue) 45% 30%); }
  .line > g > text { fill: hsl(var(--hue) 75% 65%); }
}
@media print { .line { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
)


class Stretch(NamedTuple):
    """Consecutive bases of a strand that are drawn.

    Attributes:
        start: The place of the first.
        probabilities: The probability of each base to be within a span of each label [T, L].
    """

    start: int
    probabilities: ArrayLike


class MarkedStrand(NamedTuple):
    """A strand with what a tagger says of it.

    Attributes:
        name: What to call it.
        strand: Its letters.
        spans: Its spans in order, none within another: ``label``, ``start``, ``end`` (exclusive)
            and ``score``.
        stretches: What is drawn of it, such as ``drawn_stretches`` chooses.
    """

    name: str
    strand: str
    spans: Sequence[Mapping[str, Any]]
    stretches: Sequence[Stretch]


class ClassifiedStrand(NamedTuple):
    """A strand with what a classifier says of it.

    Attributes:
        name: What to call it.
        strand: Its letters.
        probabilities: The probabilities of the classes by their names; empty for a number.
    """

    name: str
    strand: str
    probabilities: Mapping[str, float]


def drawn_stretches(length: int, spans: Sequence[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """Return the places of the bases to draw of a strand, as starts and exclusive ends.

    A strand of up to ``MOST_BASES`` is drawn whole; of a longer one as many bases, from the first
    span on, in and around its spans, or at its beginning if it has none.

    Args:
        length: The number of its bases.
        spans: Its spans in order, with ``start`` and ``end``.
    """
    if length <= MOST_BASES or not spans:
        return [(0, min(length, MOST_BASES))] if length else []
    chosen: list[tuple[int, int]] = []
    left = MOST_BASES
    for span in spans:
        start, end = max(0, span["start"] - BESIDE), min(length, span["end"] + BESIDE)
        if chosen and start <= chosen[-1][1]:
            start, stop = chosen.pop()
            left += stop - start
        end = min(end, start + left)
        if end > start:
            chosen.append((start, end))
            left -= end - start
    return chosen


def marked_strand_page(
    strands: Iterable[MarkedStrand], labels: Sequence[str], title: str
) -> Iterator[str]:
    """Yield an HTML page of strands with their spans, piece by piece while the strands are read.

    The page refers to no other file. Above each base is its letter in capitals, in the colour of
    the label whose spans are the likeliest to have this base, and as high as that is probable. A
    span's borders and probability are shown when the pointer rests on it. The foot of the page
    shows how many spans of each label were found.

    Args:
        strands: The strands.
        labels: The labels of spans [L].
        title: The page's title.

    Yields:
        Parts of the page, in order.
    """
    numbers = {label: number for number, label in enumerate(labels)}
    counts: Counter[str] = Counter()

    def parts() -> Iterator[str]:
        for strand in strands:
            counts.update(span["label"] for span in strand.spans)
            yield strand_drawing(strand, labels)
        yield legend(numbers, counts)

    yield from page(title, PAGE_STYLE + STRAND_STYLE + MARK_STYLE + LEGEND_STYLE, parts())


def classified_strand_page(strands: Iterable[ClassifiedStrand], title: str) -> Iterator[str]:
    """Yield an HTML page of strands with the probabilities of their most probable classes.

    The page refers to no other file. Of long strands the first ``MOST_BASES`` are drawn.

    Args:
        strands: The strands.
        title: The page's title.

    Yields:
        Parts of the page, in order.
    """
    yield from page(title, PAGE_STYLE + STRAND_STYLE, map(_classified, strands))


def _classified(classified: ClassifiedStrand) -> str:
    """Return the part of a page with one strand and the probabilities of its classes."""
    name, strand, probabilities = classified
    best, table = most_probable([*probabilities.values()])
    classes = [[*probabilities][number] for number in best]
    bars = probability_table(classes, table[0], len(probabilities) - len(best))
    size = count(len(strand), "base")
    if len(strand) > MOST_BASES:
        size += f"; the first {MOST_BASES:,} are drawn"
    shown = strand[:MOST_BASES]
    lines = [
        _line(_letters(shown, start, min(start + LINE, len(shown)), _STEP), _STEP + 4)
        for start in range(0, len(shown), LINE)
    ]
    return _section(name, size, (bars if classes else "") + "".join(lines))


def strand_drawing(strand: MarkedStrand, labels: Sequence[str], level: int = 2) -> str:
    """Return the part of a page with one strand; see ``marked_strand_page`` and ``drawing``."""
    numbers = {label: number for number, label in enumerate(labels)}
    drawn = "".join(_stretch(strand, stretch, numbers) for stretch in strand.stretches)
    return _section(strand.name, _size(strand), drawn, level)


def _section(name: str, size: str, content: str, level: int = 2) -> str:
    """Return the part of a page with one strand."""
    return drawing(name, f"<p>{size}</p>\n{content}", level)


def _size(strand: MarkedStrand) -> str:
    """Return how many bases and spans a strand has, and how many of them are not drawn."""
    ends = [(start, start + len(np.asarray(table))) for start, table in strand.stretches]
    bases = len(strand.strand) - sum(end - start for start, end in ends)
    spans = sum(
        all(span["end"] <= start or span["start"] >= end for start, end in ends)
        for span in strand.spans
    )
    size = f"{count(len(strand.strand), 'base')}, {count(len(strand.spans), 'span')}"
    if not (bases or spans):
        return size
    return f"{size}; not drawn: {count(bases, 'base')}, {count(spans, 'span')}"


def _stretch(strand: MarkedStrand, stretch: Stretch, numbers: Mapping[str, int]) -> str:
    """Return the lines of a stretch."""
    table = np.asarray(stretch.probabilities)
    lines = []
    for first in range(0, len(table), LINE):
        part = table[first : first + LINE]
        start = stretch.start + first
        end = start + len(part)
        rectangles = _spans(strand.spans, start, end, numbers)
        logo = _logo(strand.strand[start:end], part)
        letters = _letters(strand.strand, start, end, _HEIGHT + 13)
        lines.append(_line(f"{_rule(start, end)}{logo}{rectangles}{letters}", _HEIGHT + _FOOT))
    return "".join(lines)


def _line(content: str, height: int) -> str:
    """Return a line of bases as a drawing."""
    width = _MARGIN + LINE * _STEP
    return f'<svg class="line" viewBox="-{_MARGIN} -2 {width} {height + 2}">{content}</svg>\n'


def _rule(start: int, end: int) -> str:
    """Return the line of probability 0, and a vertical one before each tenth base."""
    tens = range(-start % 10, end - start + 1, 10)
    lines = "".join(f"M{_STEP * place} {_HEIGHT}v-{_HEIGHT}" for place in tens)
    return f'<path d="M0 {_HEIGHT}h{_STEP * (end - start)}{lines}"/>'


def _logo(letters: str, probabilities: NDArray[Any]) -> str:
    """Return the letters [T] as high as the likeliest label of each is probable, of [T, L]."""
    likeliest, heights = probabilities.argmax(axis=1), probabilities.max(axis=1)
    drawn = np.flatnonzero(heights >= SMALLEST)
    groups = []
    for label in np.unique(likeliest[drawn]).tolist():
        bars, capitals = [], []
        for place in drawn[likeliest[drawn] == label].tolist():
            height, x = _HEIGHT * heights[place], _STEP * place
            bars.append(f"M{x} {_HEIGHT}v-{height:.1f}h{_STEP}V{_HEIGHT}")
            matrix = f"1.5 0 0 {height / _CAPITAL:.2f} {x + _STEP // 2} {_HEIGHT}"
            capital = escaped(_shown(letters[place]).upper())
            capitals.append(f'<text transform="matrix({matrix})">{capital}</text>')
        groups.append(f'<g style="{hue(label)}"><path d="{"".join(bars)}"/>{"".join(capitals)}</g>')
    return "".join(groups)


def _spans(
    spans: Sequence[Mapping[str, Any]], start: int, end: int, numbers: Mapping[str, int]
) -> str:
    """Return the spans within a line as rectangles behind its letters, with their labels."""
    here = [span for span in spans if span["start"] < end and span["end"] > start]
    places = [_STEP * (max(span["start"], start) - start) for span in here]
    parts = []
    for span, x, following in zip(here, places, [*places, _STEP * LINE][1:], strict=True):
        width = _STEP * (min(span["end"], end) - start) - x
        label, score = str(span["label"]), span["score"]
        words = f"{label} {score:.2f}"
        parts.append(
            f'<rect style="{hue(numbers[span["label"]])}" x="{x}" y="{_HEIGHT + 3}" '
            f'width="{width}" height="13"><title>{escaped(label)} from {span["start"]:,} to '
            f"{span['end']:,}: {score:.3f}</title></rect>"
        )
        if x + 5 * len(words) <= following:  # else the colour and the pointer tell
            parts.append(f'<text class="label" x="{x}" y="{_HEIGHT + 25}">{escaped(words)}</text>')
    return "".join(parts)


def _letters(strand: str, start: int, end: int, y: int) -> str:
    """Return the letters of a line as they are, after the place of the first."""
    places = " ".join(str(_STEP * place + _STEP // 2) for place in range(end - start))
    letters = escaped("".join(map(_shown, strand[start:end])))
    return (
        f'<text class="place" x="-6" y="{y}">{start:,}</text><text x="{places}" y="{y}">{letters}'
        "</text>"
    )


def _shown(letter: str) -> str:
    """Return a letter that takes one place in a drawing; U+FFFD for what may not."""
    return letter if "!" <= letter <= "~" else "\ufffd"
