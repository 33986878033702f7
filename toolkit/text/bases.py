"""The letters of nucleotides, as plain values that need no TensorFlow."""

from collections import Counter
from typing import Any

#: The bases, in the order of their channels: the complement of channel c is channel 3 - c.
BASES = "ACGT"

#: The bases that each letter stands for (NC-IUB 1985). U is T; X, by which programs mask bases, is
#: N. A letter for several bases stands for an equal part of each.
CODES = dict(zip(BASES, BASES, strict=True)) | {
    "U": "T",
    "R": "AG",
    "Y": "CT",
    "S": "CG",
    "W": "AT",
    "K": "GT",
    "M": "AC",
    "B": "CGT",
    "D": "AGT",
    "H": "ACT",
    "V": "ACG",
    "N": BASES,
    "X": BASES,
}

#: The signs for a place without a base: gaps of an alignment, and ``*``.
GAPS = "-.*"

_COMPLEMENTS = str.maketrans(
    {
        letter: next(
            other
            for other, paired in CODES.items()
            if {*paired} == {BASES[3 - BASES.index(base)] for base in bases}
        )
        for letter, bases in CODES.items()
        if letter not in "UX"
    }
    | {"U": "A", "X": "X"}
)
_COMPLEMENTS |= {ord(chr(key).lower()): value.lower() for key, value in _COMPLEMENTS.items()}
_KNOWN = {*CODES, *GAPS}


def reverse_complement(strand: str) -> str:
    """Return the opposite strand in its own direction: ``AAGN-c`` becomes ``g-NCTT``.

    Case and ambiguity codes are kept: R, a purine, becomes Y. A becomes T, also in RNA. What is no
    nucleotide stays what it is.
    """
    return strand.translate(_COMPLEMENTS)[::-1]


def either_strand(strand: str) -> str:
    """Return what a strand and the opposite one have in common."""
    strand = strand.upper().replace("U", "T")
    return min(strand, reverse_complement(strand))


def letters(fractions: Any) -> list[str]:
    """Return the letter of each time step of a strand as fractions [T, 4]; N for several bases."""
    return [BASES[step.argmax()] if step.max() == 1 else "N" for step in fractions]


def unknown_letters(strand: str) -> Counter[str]:
    """Return how often a strand has each letter that stands neither for bases nor for a gap.

    Letters are counted in upper case.
    """
    letters = Counter(strand.upper())
    return Counter({letter: n for letter, n in letters.items() if letter not in _KNOWN})
