"""Entities as spans, and their conversion to tags of tokens."""

import bisect
from collections.abc import Sequence
from typing import NamedTuple


class Span(NamedTuple):
    """An entity: a part of a text or of a sentence, with its label.

    Attributes:
        start: Its start, in code points of a text or in tokens of a sentence.
        end: Its end, exclusive.
        label: The kind of entity.
    """

    start: int
    end: int
    label: str


def spans_of(tags: Sequence[str]) -> list[Span]:
    """Return the spans, in tokens, of IOB2 tags.

    ::

        B-PER I-PER O B-LOC B-LOC   ->   (0, 2, PER) (3, 4, LOC) (4, 5, LOC)

    An ``I-`` that continues no entity begins one, as in the CoNLL evaluation script.
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
    """Return the IOB2 tags of ``length`` tokens with these spans; the inverse of ``spans_of``.

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
    """Convert spans in code points of a text to spans in its tokens.

    ::

        "Ann's dog": (0, 3, PER) with tokens at 0-3, 3-5, 6-9   ->   (0, 1, PER)

    Args:
        spans: The spans, in code points.
        starts: The start of each token, ascending.
        ends: The end of each token, exclusive.

    Returns:
        The spans in tokens; and the unaligned spans, whose borders are not those of tokens, in code
        points. Spans must not begin or end with white space.
    """
    aligned, unaligned = [], []
    for span in spans:
        first = bisect.bisect_left(starts, span.start)
        last = bisect.bisect_left(ends, span.end)
        fits = first < len(starts) and last < len(ends)
        if fits and (starts[first], ends[last]) == (span.start, span.end):
            aligned.append(Span(first, last + 1, span.label))
        else:
            unaligned.append(span)
    return aligned, unaligned
