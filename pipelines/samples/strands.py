"""Generated strands: classes by the order of splice sites, and spans between two motifs.

A donor, where an intron begins, has the consensus ``MAG|GTRAGT``; an acceptor, where it ends, has
pyrimidines before ``NCAG|G`` (Shapiro and Senapathy 1987, "RNA splice junctions of different
classes of eukaryotes"). Both occur in ``exon`` and in ``intron``, so that the counts of k-mers
hardly tell these apart::

    intron   ...CAGGTAAGT..........TTCTCTTCCACAGG...      donor before acceptor
    exon     ...TTCTCTTCCACAGG..........CAGGTAAGT...      acceptor before donor
    none     ...CAGGTAAGT..........AAGGTGAGT...           two of a kind

Every strand has decoys as well: GT and AG without the rest of the motif.

The spans are those of the lecture's strand, ``AG**CCCCTGTGAGGAACT**AG``: an ``insert`` lies between
AG and AG, begins with CCCC and ends with AACT, with 5 to 14 bases between. Decoys are one end
without the other, so that no k-mer tells whether a span begins::

    AG CCCC ..5 to 14.. AACT AG     an insert
    AG CCCC ....................    none
    ................... AACT AG     none
"""

import random
from collections.abc import Sequence
from typing import Any, Literal

#: The bases of each letter of the motifs, the likelier ones repeated.
LETTERS = {
    **{base: base for base in "ACGT"},
    "M": "CCA",
    "R": "AAG",
    "Y": "CTT",
    "N": "ACGT",
}
DONOR = "MAGGTRAGT"
ACCEPTOR = "YYYYYYYYNCAGG"
DECOYS = ("CCGTCC", "TAGGTC", "GAGCTA", "ACAGAC")
#: The order of the motifs of each class.
ORDERS: dict[str, tuple[tuple[str, str], ...]] = {
    "intron": ((DONOR, ACCEPTOR),),
    "exon": ((ACCEPTOR, DONOR),),
    "none": ((DONOR, DONOR), (ACCEPTOR, ACCEPTOR)),
}
#: The numbers of strands, of bases in each of the three stretches around the motifs, and of decoys.
STRANDS = {"train": 1500, "test": 300}
STRETCH = (6, 24)
#: The two ends of an insert; the numbers of strands with inserts, of their ends and decoys, and of
#: bases between and around them.
OPENING, CLOSING = "AGCCCC", "AACTAG"
MARKED = {"train": 700, "test": 150}
ENDS = (1, 4)
WITHIN, BETWEEN = (5, 14), (26, 40)
DEMO = (
    "ATCATGCCGTCCTACAGGTAAGTATCCATACCGTCCATGATTTCTCTTCCACAGGATCATACC",
    "ATCATGCCGTCCTATTTCTCTTCCACAGGATCATACCCGTCCATGATCAGGTAAGTATCCATA",
    "AGCCCCTGTGAGGAACTAG",
)


def strands(part: Literal["train", "test"]) -> tuple[list[str], list[str]]:
    """Return generated strands and their classes; those of the parts differ."""
    draw = random.Random(f"strands {part}")
    labels = [[*ORDERS][number % len(ORDERS)] for number in range(STRANDS[part])]
    return [strand(draw, draw.choice(ORDERS[label])) for label in labels], labels


def strand(draw: random.Random, motifs: Sequence[str]) -> str:
    """Return a strand with motifs in this order, random stretches around them, and decoys."""
    parts = [stretch(draw)]
    for motif in motifs:
        parts += [drawn(draw, motif), stretch(draw)]
    return "".join(parts)


def stretch(draw: random.Random) -> str:
    """Return random bases with a decoy among them."""
    bases = drawn(draw, "N" * draw.randint(*STRETCH))
    place = draw.randint(0, len(bases))
    return bases[:place] + draw.choice(DECOYS) + bases[place:]


def drawn(draw: random.Random, motif: str) -> str:
    """Return bases that a motif stands for, each drawn by its frequency."""
    return "".join(draw.choice(LETTERS[letter]) for letter in motif)


def marked_strands(part: Literal["train", "test"]) -> list[dict[str, Any]]:
    """Return generated strands with their inserts; those of the parts differ."""
    draw = random.Random(f"marked strands {part}")
    return [marked_strand(draw) for _ in range(MARKED[part])]


def marked_strand(draw: random.Random) -> dict[str, Any]:
    """Return a strand with inserts, and decoys of their ends, as a text with entities."""
    text, spans = between(draw), []
    for _ in range(draw.randint(*ENDS)):
        kind = draw.choice(("insert", "insert", "opening", "closing"))
        if kind == "insert":
            bases = "CCCC" + drawn(draw, "N" * draw.randint(*WITHIN)) + "AACT"
            start = len(text) + 2
            spans.append({"start": start, "end": start + len(bases), "label": "insert"})
            text += f"AG{bases}AG"
        else:
            text += OPENING if kind == "opening" else CLOSING
        text += between(draw)
    return {"text": text, "entities": spans}


def between(draw: random.Random) -> str:
    """Return random bases without an end of an insert."""
    while True:
        bases = drawn(draw, "N" * draw.randint(*BETWEEN))
        if OPENING not in bases and CLOSING not in bases:
            return bases
