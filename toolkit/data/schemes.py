"""How tags say where entities begin and end: IOB1, IOB2, BIOES.

IOB2 is what the toolkit speaks; BIOES is what its networks learn (Ratinov and Roth 2009,
section 5). IOB1 is of Ramshaw and Marcus 1995 and the CoNLL-2003 data, IOB2 of Tjong Kim Sang and
Veenstra 1999.

========  ===  ===================================================================
scheme    a b   two entities of the label X, of two tokens and of one, side by side
========  ===  ===================================================================
IOB1            I-X I-X B-X   (B only beside another entity, where it must be told apart)
IOB2            B-X I-X B-X
BIOES           B-X E-X S-X   (also with L for E, U for S, M for I, as in BILOU and BMES)
IO              X   X   X     (also I-X I-X I-X: what is side by side is one entity)
========  ===  ===================================================================
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from toolkit.data.spans import Span, spans_of, tags_of
from toolkit.errors import DataError, quoted

OUTSIDE = "O"
SCHEMES = ("IOB1", "IOB2", "BIOES", "IO")

_TAG = re.compile(r"([BIEMLSU])[-_](.+)", re.IGNORECASE | re.DOTALL)
_PREFIXES = {"M": "I", "L": "E", "U": "S"}
_ALLOWED = {"IOB1": {*"OBI"}, "IOB2": {*"OBI"}, "BIOES": {*"OBIES"}, "IO": {"O", "I", ""}}
_EXAMPLES = {
    "IOB1": "O, I-X and B-X",
    "IOB2": "O, B-X and I-X",
    "BIOES": "O, B-X, I-X, E-X and S-X",
    "IO": "O and labels without B-",
}


class TagError(DataError):
    """Tags that their scheme does not allow.

    Args:
        message: What is wrong.
        token: Which token's tag it is, from 0.
    """

    def __init__(self, message: str, token: int) -> None:
        super().__init__(message)
        self.token = token


def find_scheme(sentences: Iterable[Sequence[str]]) -> str:
    """Finds out, in one pass, which scheme the tags of sentences are in, by most of them.

    It is IO if most tags have no prefix. It is BIOES if most entities have a tag with E or S (or L,
    U). With B and I alone, what tells is how entities begin that stand alone: IOB2 begins them
    with B, IOB1 with I. What is of another scheme than most is for ``to_iob2`` to complain of.

    Labels may look like tags: an E of BIOES (or L) has its B, so that where there is no
    ``B-mail``, ``e-mail`` is a label without a prefix.

    Args:
        sentences: The tags of each sentence.

    Returns:
        One of ``SCHEMES``; IOB2 if there are no entities.

    Raises:
        DataError: each tag is a label without a prefix, and none is O: these are no tags.
    """
    counts: Counter[tuple[str, str]] = Counter()
    alone: Counter[str] = Counter()  # those that begin an entity, by their prefix
    for tags in sentences:
        before = ""
        for tag in tags:
            prefix, label = _parts(tag)
            counts[prefix, label] += 1
            alone[prefix] += label != before if prefix == "I" else not before
            before = label
    prefixes: Counter[str] = Counter()
    for (prefix, label), number in counts.items():
        prefixes["" if prefix == "E" and not counts["B", label] else prefix] += number
    if {*prefixes} == {""}:
        raise DataError("every token has a label, and none has the tag O of what is no entity")
    if prefixes[""] > prefixes["B"] + prefixes["I"] + prefixes["S"]:
        return "IO"
    entities = prefixes["B"] + prefixes["S"] + alone["I"]
    if 2 * (prefixes["E"] + prefixes["S"]) > entities:
        return "BIOES"
    return "IOB1" if alone["I"] > alone["B"] else "IOB2"


def to_iob2(tags: Sequence[str], scheme: str) -> list[str]:
    """Tags of a scheme in IOB2.

    ::

        IOB1    I-PER I-PER B-PER O I-LOC   ->   B-PER I-PER B-PER O B-LOC
        BIOES   B-PER E-PER S-PER O S-LOC   ->   B-PER I-PER B-PER O B-LOC
        IO      PER   PER   PER   O LOC     ->   B-PER I-PER I-PER O B-LOC

    Prefixes may be in lower case, and an underscore may stand for the hyphen after them. Labels of
    IO may look like tags, but for such as ``I-PER``, whose label is PER.

    Args:
        tags: The tags of a sentence.
        scheme: One of ``SCHEMES``.

    Raises:
        TagError: the scheme does not allow these tags.
    """
    closes = scheme == "BIOES"  # each entity says where it ends
    found = []
    before = ""  # the label that may go on
    for place, (prefix, label) in enumerate(split_tags(tags, scheme)):
        tag = tags[place]
        goes_on = prefix not in ("O", "B", "S") and label == before
        after = f"after {quoted(tags[place - 1])}" if place else "at the beginning"
        if prefix in ("I", "E") and not goes_on and scheme in ("IOB2", "BIOES"):
            raise TagError(
                f"the tag {quoted(tag)} {after} continues no entity; in {scheme} one begins with "
                f"B-{label}",
                place,
            )
        if prefix == "B" and not before and scheme == "IOB1":
            raise TagError(
                f"the tag {quoted(tag)} {after} is beside no entity; in IOB1 one begins with "
                f"I-{label} then",
                place,
            )
        if closes and before and not goes_on:
            raise TagError(
                f"the tag {quoted(tags[place - 1])} is followed by {quoted(tag)}; in BIOES the "
                f"entity must end with E-{before}",
                place - 1,
            )
        found.append(OUTSIDE if prefix == "O" else f"{'I' if goes_on else 'B'}-{label}")
        before = "" if closes and prefix in ("E", "S") else label
    if closes and before:
        raise TagError(
            f"the tag {quoted(tags[-1])} is the sentence's last; in BIOES the entity must end "
            f"with E-{before}",
            len(tags) - 1,
        )
    return found


def split_tags(tags: Sequence[str], scheme: str) -> list[tuple[str, str]]:
    """The prefix of each tag (O, B, I, E, S or none) and its label.

    Args:
        tags: Tags, each looked at for itself.
        scheme: One of ``SCHEMES``.

    Raises:
        TagError: a tag is none of the scheme.
    """
    found = []
    for place, tag in enumerate(tags):
        prefix, label = _parts(tag)
        if scheme == "IO" and prefix != OUTSIDE and tag[:1] not in "BI":
            prefix, label = "", tag
        if tag.upper() in _WITHOUT_LABEL:
            raise TagError(f"the tag {quoted(tag)} has no label; tags are such as B-PER", place)
        if prefix not in _ALLOWED[scheme]:
            known = _EXAMPLES[scheme]
            raise TagError(f"the tag {quoted(tag)} is none of {scheme}; tags are {known}", place)
        found.append((prefix, label))
    return found


@lru_cache(4096)
def _parts(tag: str) -> tuple[str, str]:
    """The prefix of a tag (O, B, I, E, S or none) and its label."""
    if tag in ("O", "o"):
        return OUTSIDE, ""
    match = _TAG.fullmatch(tag)
    if match is None:
        return "", tag
    prefix = match[1].upper()
    return _PREFIXES.get(prefix, prefix), match[2]


_WITHOUT_LABEL = {f"{prefix}{end}" for prefix in "BI" for end in ("", "-", "_")}


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
