"""Tagging schemes: IOB1, IOB2, BIOES and IO.

The toolkit uses IOB2; its networks learn BIOES (Ratinov and Roth 2009, section 5). IOB1 was
introduced by Ramshaw and Marcus 1995 and is that of the CoNLL-2003 data, IOB2 by Tjong Kim Sang and
Veenstra 1999.

========  ===  ===================================================================
scheme    a b   two entities of the label X, of two tokens and of one, side by side
========  ===  ===================================================================
IOB1            I-X I-X B-X   (B only directly after another entity of the same label)
IOB2            B-X I-X B-X
BIOES           B-X E-X S-X   (also with L for E, U for S, M for I, as in BILOU and BMES)
IO              X   X   X     (also I-X I-X I-X: adjacent tokens are one entity)
========  ===  ===================================================================

Some data has the prefix at the end, as in ``X-B``: ``has_suffixes`` and ``to_prefix``.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import DataError, quoted
from toolkit.tagging.spans import Span, spans_of

OUTSIDE = "O"
SCHEMES = ("IOB1", "IOB2", "BIOES", "IO")

_TAG = re.compile(r"([BIEMLSU])[-_](.+)", re.IGNORECASE | re.DOTALL)
_SUFFIXED_TAG = re.compile(r"(.+)[-_]([BIEMLSU])", re.DOTALL)
#: Tags by which some data means O, where it has no O.
_LIKE_OUTSIDE = {"OTHER", "0", "_", "-", "NONE", "NULL", "OUT", "OUTSIDE", "NO"}
_PREFIXES = {"M": "I", "L": "E", "U": "S"}
_ALLOWED = {"IOB1": {*"OBI"}, "IOB2": {*"OBI"}, "BIOES": {*"OBIES"}, "IO": {"O", "I", ""}}
_EXAMPLES = {
    "IOB1": "O, I-X and B-X",
    "IOB2": "O, B-X and I-X",
    "BIOES": "O, B-X, I-X, E-X and S-X",
    "IO": "O and labels without B-",
}


class TagError(DataError):
    """Tags that are invalid in their scheme.

    Args:
        message: The problem.
        token: The index of the token, from 0.
        repairable: Whether the tags become valid with ``repair``.
    """

    def __init__(self, message: str, token: int, repairable: bool = False) -> None:
        super().__init__(message)
        self.token = token
        self.repairable = repairable


def find_scheme(sentences: Iterable[Sequence[str]]) -> str:
    """Find the scheme of most tags of sentences, in one pass.

    It is IO if most tags have no prefix, and BIOES if most entities have a tag with E or S (or L,
    U). With B and I alone, it is decided by the first tags of entities that follow no other: B in
    IOB2, I in IOB1. ``to_iob2`` reports tags of other schemes.

    Labels may look like tags. A label with E (or L) also occurs with B in BIOES, so without a
    ``B-mail``, ``e-mail`` is a label without a prefix. Where no tag is O, tags such as OTHER do not
    count.

    Args:
        sentences: The tags of each sentence.

    Returns:
        One of ``SCHEMES``; IOB2 if there are no entities.

    Raises:
        DataError: All tags are labels without a prefix, and none is O: these are no tags.
    """
    counts: Counter[tuple[str, str]] = Counter()
    first_tags: Counter[str] = Counter()  # first tags of entities after no other, by prefix
    for tags in sentences:
        before = ""
        for tag in tags:
            prefix, label = _parts(tag)
            counts[prefix, label] += 1
            first_tags[prefix] += label != before if prefix == "I" else not before
            before = label
    prefixes: Counter[str] = Counter()
    like_outside = "" if counts[OUTSIDE, ""] else _most_frequent_like_outside(counts)
    for (prefix, label), number in counts.items():
        if prefix or label.upper() not in _LIKE_OUTSIDE or not like_outside:
            prefixes["" if prefix == "E" and not counts["B", label] else prefix] += number
    if {*prefixes} == {""}:
        hint = f"; is it {quoted(like_outside)}?" if like_outside else ""
        raise DataError(
            f"every token has a label, and none has the tag O of what is no entity{hint}"
        )
    if prefixes[""] > prefixes["B"] + prefixes["I"] + prefixes["S"]:
        return "IO"
    entities = prefixes["B"] + prefixes["S"] + first_tags["I"]
    if 2 * (prefixes["E"] + prefixes["S"]) > entities:
        return "BIOES"
    return "IOB1" if first_tags["I"] > first_tags["B"] else "IOB2"


def _most_frequent_like_outside(counts: Counter[tuple[str, str]]) -> str:
    """Return the most frequent tag such as OTHER; empty if there is none."""
    like = (tag for (prefix, tag), _ in counts.most_common() if not prefix)
    return next((tag for tag in like if tag.upper() in _LIKE_OUTSIDE), "")


def has_suffixes(sentences: Iterable[Sequence[str]], sure: bool = True) -> bool:
    """Return whether most tags but O end with their prefix, as ``PER-B`` and ``PER-I`` do.

    A label with I, E, M or L must also occur with B.

    Args:
        sentences: The tags of each sentence.
        sure: Whether an entity of several tokens must be among them, as in ``PER-B PER-I``; without
            one, ``VITAMIN-B`` may as well be a label.
    """
    counts: Counter[tuple[str, str]] = Counter()
    others = 0
    continued = not sure
    for tags in sentences:
        before: tuple[str, str] | None = None
        for tag in tags:
            match = None if _TAG.fullmatch(tag) else _SUFFIXED_TAG.fullmatch(tag)
            parts = None if match is None else (match[1], match[2])
            if parts is not None:
                counts[parts] += 1
                continued |= before == (parts[0], "B") and parts[1] in "IEML"
            else:
                others += tag not in ("O", "o")
            before = parts
    if not continued:
        return False
    fitting = sum(
        number
        for (label, suffix), number in counts.items()
        if suffix in "BSU" or counts[label, "B"]
    )
    return fitting > others + counts.total() - fitting


def has_prefix(tag: str) -> bool:
    """Return whether a tag has a prefix, in front or at its end, such as ``B-PER`` or ``PER-B``."""
    return bool(_TAG.fullmatch(tag) or _SUFFIXED_TAG.fullmatch(tag))


def to_prefix(tag: str) -> str:
    """Move the prefix at the end of a tag to its beginning: ``B-PER`` for ``PER-B``."""
    match = _SUFFIXED_TAG.fullmatch(tag)
    return tag if match is None else f"{match[2]}-{match[1]}"


def to_iob2(tags: Sequence[str], scheme: str, repair: bool = False) -> list[str]:
    """Convert tags of a scheme to IOB2.

    ::

        IOB1    I-PER I-PER B-PER O I-LOC   ->   B-PER I-PER B-PER O B-LOC
        BIOES   B-PER E-PER S-PER O S-LOC   ->   B-PER I-PER B-PER O B-LOC
        IO      PER   PER   PER   O LOC     ->   B-PER I-PER I-PER O B-LOC

    Prefixes may be in lower case, and an underscore may replace the hyphen after them. Labels of IO
    may look like tags, except that the label of ``I-PER`` is PER.

    Args:
        tags: The tags of a sentence.
        scheme: One of ``SCHEMES``.
        repair: Whether an entity may begin with any tag and end before any other, as in the CoNLL
            evaluation script; otherwise such tags are invalid in IOB1, IOB2 and BIOES.

    Raises:
        TagError: The tags are invalid in the scheme.
    """
    parts = split_tags(tags, scheme)
    if not repair:
        _check_order(tags, parts, scheme)
    iob2 = []
    before = ""  # the label that may continue
    for prefix, label in parts:
        continues = prefix not in ("O", "B", "S") and label == before
        iob2.append(OUTSIDE if prefix == "O" else f"{'I' if continues else 'B'}-{label}")
        before = "" if scheme == "BIOES" and prefix in ("E", "S") else label
    return iob2


def _check_order(tags: Sequence[str], parts: Sequence[tuple[str, str]], scheme: str) -> None:
    """Raise ``TagError`` unless the scheme allows the tags in this order.

    Args:
        tags: The tags of a sentence.
        parts: The prefix and the label of each.
        scheme: One of ``SCHEMES``.
    """
    closes = scheme == "BIOES"  # the last tag of each entity marks its end
    before = ""  # the label that may continue
    for place, (prefix, label) in enumerate(parts):
        tag = tags[place]
        continues = prefix not in ("O", "B", "S") and label == before
        after = f"after {quoted(tags[place - 1])}" if place else "at the beginning"
        if prefix in ("I", "E") and not continues and scheme in ("IOB2", "BIOES"):
            raise TagError(
                f"the tag {quoted(tag)} {after} continues no entity; in {scheme} one begins with "
                f"B-{label}",
                place,
                repairable=True,
            )
        if prefix == "B" and not before and scheme == "IOB1":
            raise TagError(
                f"the tag {quoted(tag)} {after} is beside no entity; in IOB1 one begins with "
                f"I-{label} then",
                place,
                repairable=True,
            )
        if closes and before and not continues:
            raise TagError(
                f"the tag {quoted(tags[place - 1])} is followed by {quoted(tag)}; in BIOES the "
                f"entity must end with E-{before}",
                place - 1,
                repairable=True,
            )
        before = "" if closes and prefix in ("E", "S") else label
    if closes and before:
        raise TagError(
            f"the tag {quoted(tags[-1])} is the sentence's last; in BIOES the entity must end "
            f"with E-{before}",
            len(tags) - 1,
            repairable=True,
        )


def split_tags(tags: Sequence[str], scheme: str) -> list[tuple[str, str]]:
    """Split each tag into its prefix (O, B, I, E, S or none) and its label.

    Args:
        tags: Tags; the tags around each are not considered.
        scheme: One of ``SCHEMES``.

    Raises:
        TagError: A tag is invalid in the scheme.
    """
    parts = []
    for place, tag in enumerate(tags):
        prefix, label = _parts(tag)
        if scheme == "IO" and prefix != OUTSIDE and tag[:1] not in "BI":
            prefix, label = "", tag
        if tag.upper() in _WITHOUT_LABEL:
            raise TagError(f"the tag {quoted(tag)} has no label; tags are such as B-PER", place)
        if prefix not in _ALLOWED[scheme]:
            known = f"tags are {_EXAMPLES[scheme]}"
            if tag.upper() in _LIKE_OUTSIDE:
                known = "what is no entity has the tag O"
            raise TagError(f"the tag {quoted(tag)} is none of {scheme}; {known}", place)
        parts.append((prefix, label))
    return parts


@lru_cache(4096)
def _parts(tag: str) -> tuple[str, str]:
    """Split a tag into its prefix (O, B, I, E, S or none) and its label."""
    if tag in ("O", "o"):
        return OUTSIDE, ""
    match = _TAG.fullmatch(tag)
    if match is None:
        return "", tag
    prefix = match[1].upper()
    return _PREFIXES.get(prefix, prefix), match[2]


_WITHOUT_LABEL = {f"{prefix}{end}" for prefix in "BI" for end in ("", "-", "_")}


def bioes_tags(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the tags of BIOES: ``O``, then B, I, E and S of each label in turn."""
    return (OUTSIDE, *(f"{prefix}-{label}" for label in labels for prefix in "BIES"))


def to_bioes(tags: Sequence[str]) -> list[str]:
    """Convert IOB2 tags to BIOES.

    ::

        B-PER I-PER I-PER O B-LOC   ->   B-PER I-PER E-PER O S-LOC
    """
    bioes = [OUTSIDE] * len(tags)
    for start, end, label in spans_of(tags):
        if end - start == 1:
            bioes[start] = f"S-{label}"
            continue
        inside = [f"I-{label}"] * (end - start - 2)
        bioes[start:end] = [f"B-{label}", *inside, f"E-{label}"]
    return bioes


def bioes_spans(tags: Sequence[str]) -> list[Span]:
    """Return the spans, in tokens, of valid BIOES tags."""
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
    """Return which tags BIOES allows at the ends of a sentence and after one another.

    Args:
        tags: C tags, as ``bioes_tags`` returns them.

    Returns:
        Which tags may be first [C]; which tag (column) may follow which tag (row) [C, C]; which
        tags may be last [C].
    """
    parts = [tag.partition("-")[::2] for tag in tags]
    begins = np.array([prefix in "OBS" for prefix, _ in parts])  # no entity continues into it
    closed = np.array([prefix in "OES" for prefix, _ in parts])  # no entity continues after it
    same = np.array([[one == other for _, other in parts] for _, one in parts])
    return begins, np.where(closed[:, None], begins, same & ~begins), closed
