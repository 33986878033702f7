"""Entities as spans, and the tags of tokens that say the same."""

import bisect
from collections.abc import Sequence
from typing import NamedTuple


class Span(NamedTuple):
    """A stretch of a text or of a sentence, with what it is.

    Attributes:
        start: Where it begins: in code points of a text, or in tokens of a sentence.
        end: Where it ends, exclusive.
        label: What kind of entity it is.
    """

    start: int
    end: int
    label: str


def spans_of(tags: Sequence[str]) -> list[Span]:
    """The spans in tokens that IOB2 tags stand for.

    ::

        B-PER I-PER O B-LOC B-LOC   ->   (0, 2, PER) (3, 4, LOC) (4, 5, LOC)

    An ``I-`` without its beginning begins an entity, as in the CoNLL evaluation script.
    """
    spans = []
    start, inside = 0, ""
    for place, tag in enumerate([*tags, "O"]):
        prefix, _, label = tag.partition("-")
        if inside and (prefix != "I" or label != inside):
            spans.append(Span(start, place, inside))
            inside = ""
        if prefix != "O" and not inside:
            start, inside = place, label
    return spans


def tags_of(spans: Sequence[Span], length: int) -> list[str]:
    """The IOB2 tags of so many tokens that spans in tokens stand for; the inverse of ``spans_of``.

    Spans must not overlap.
    """
    tags = ["O"] * length
    for start, end, label in spans:
        tags[start] = f"B-{label}"
        tags[start + 1 : end] = [f"I-{label}"] * (end - start - 1)
    return tags


def align(
    spans: Sequence[Span], starts: Sequence[int], ends: Sequence[int]
) -> tuple[list[Span], list[Span]]:
    """Spans of a text as spans of its tokens.

    ::

        "Ann's dog": (0, 3, PER) with tokens at 0-3, 3-5, 6-9   ->   (0, 1, PER)

    Args:
        spans: In code points.
        starts: Where each token begins, rising.
        ends: Where each token ends, exclusive.

    Returns:
        The spans in tokens; and those spans in code points whose borders are none of tokens.
        White space at a span's ends, where no token is, must not be part of it.
    """
    aligned, misfits = [], []
    for span in spans:
        first = bisect.bisect_left(starts, span.start)
        last = bisect.bisect_left(ends, span.end)
        fits = first < len(starts) and last < len(ends)
        if fits and (starts[first], ends[last]) == (span.start, span.end):
            aligned.append(Span(first, last + 1, span.label))
        else:
            misfits.append(span)
    return aligned, misfits
