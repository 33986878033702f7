"""How tags say where entities begin and end: IOB1, IOB2, BIOES.

IOB2 is what the toolkit speaks; BIOES is what its networks learn (Ratinov and Roth 2009,
section 5).

========  ===  ===================================================================
scheme    a b   two entities of the label X, of two tokens and of one, side by side
========  ===  ===================================================================
IOB1            I-X I-X B-X   (B only where an entity of the same label ends)
IOB2            B-X I-X B-X
BIOES           B-X E-X S-X
========  ===  ===================================================================
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from toolkit.data.spans import Span, spans_of, tags_of

OUTSIDE = "O"


def bioes_tags(labels: Sequence[str]) -> tuple[str, ...]:
    """The tags of BIOES: ``O``, then B, I, E and S of each label in turn."""
    return (OUTSIDE, *(f"{prefix}-{label}" for label in labels for prefix in "BIES"))


def to_bioes(tags: Sequence[str]) -> list[str]:
    """IOB2 tags in BIOES.

    ::

        B-PER I-PER I-PER O B-LOC   ->   B-PER I-PER E-PER O S-LOC
    """
    found = [OUTSIDE] * len(tags)
    for start, end, label in spans_of(tags):
        if end - start == 1:
            found[start] = f"S-{label}"
            continue
        inside = [f"I-{label}"] * (end - start - 2)
        found[start:end] = [f"B-{label}", *inside, f"E-{label}"]
    return found


def from_bioes(tags: Sequence[str]) -> list[str]:
    """Legal BIOES tags in IOB2; the inverse of ``to_bioes``."""
    return tags_of(bioes_spans(tags), len(tags))


def bioes_spans(tags: Sequence[str]) -> list[Span]:
    """The spans in tokens that legal BIOES tags stand for."""
    spans = []
    start = 0
    for place, tag in enumerate(tags):
        prefix, _, label = tag.partition("-")
        if prefix in ("B", "S"):
            start = place
        if prefix in ("E", "S"):
            spans.append(Span(start, place + 1, label))
    return spans


def bioes_transitions(
    tags: Sequence[str],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """What BIOES allows.

    Args:
        tags: C tags, as ``bioes_tags`` gives them.

    Returns:
        Which may come first [C]; which (column) may follow which (row) [C, C]; which may come
        last [C].
    """
    parts = [tag.partition("-")[::2] for tag in tags]
    begins = np.array([prefix in "OBS" for prefix, _ in parts])  # no entity is open before it
    closed = np.array([prefix in "OES" for prefix, _ in parts])  # none is open after it
    same = np.array([[one == other for _, other in parts] for _, one in parts])
    return begins, np.where(closed[:, None], begins, same & ~begins), closed
