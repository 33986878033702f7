"""Lengths, letters and fingerprints of strands, collected in one pass."""

from array import array
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.data.fingerprints import fingerprint
from toolkit.errors import count
from toolkit.inspection.duplicates import EXAMPLES
from toolkit.inspection.findings import Warnings, parts
from toolkit.inspection.labelled_rows import InspectedFiles
from toolkit.text.bases import BASES, CODES, reverse_complement

#: The codes that may be any base.
ANY_BASE = "NX"


class Strands(NamedTuple):
    """Figures of strands.

    Attributes:
        file: The number of the file of each, from 0, int64 [N].
        rows: Its row there, from 1, int64 [N].
        held_out: Whether it is in the held-out part [N].
        lengths: The number of its letters, int64 [N].
        known: How many of these are bases, or codes for some of them, int64 [N].
        fingerprints: Its fingerprint, without case and with U as T, int64 [N].
        opposites: The fingerprint of the opposite strand, int64 [N].
    """

    file: NDArray[np.int64]
    rows: NDArray[np.int64]
    held_out: NDArray[np.bool_]
    lengths: NDArray[np.int64]
    known: NDArray[np.int64]
    fingerprints: NDArray[np.int64]
    opposites: NDArray[np.int64]


class StrandReading:
    """Read strands one by one, and keep a few numbers of each.

    Attributes:
        letters: How often each letter occurs, in capitals, in ``training`` and in ``held_out``.
        label_letters: The same in the training strands of each label.
    """

    def __init__(self) -> None:
        self.letters: dict[str, Counter[str]] = {"training": Counter(), "held_out": Counter()}
        self.label_letters: dict[str, Counter[str]] = {}
        self._numbers = array("q")

    def add(
        self, strand: str, row: int, file: int, held_out: bool, labels: Iterable[str] = ()
    ) -> None:
        """Add a strand.

        Args:
            strand: The strand.
            row: Its row in its file, from 1.
            file: The number of its file, from 0.
            held_out: Whether it is in the held-out part.
            labels: The labels that it has.
        """
        strand = strand.upper()
        letters = Counter(strand)
        self.letters["held_out" if held_out else "training"].update(letters)
        for label in () if held_out else labels:
            self.label_letters.setdefault(label, Counter()).update(letters)
        known = sum(letters[code] for code in CODES if code not in ANY_BASE)
        strand = strand.replace("U", "T")
        prints = fingerprint(strand), fingerprint(reverse_complement(strand))
        self._numbers.extend((file, row, held_out, len(strand), known, *prints))

    def strands(self) -> Strands:
        """Return the figures of the strands that were read, at least one."""
        table = np.frombuffer(self._numbers, np.int64).reshape(-1, len(Strands._fields))
        file, rows, held_out, *others = table.T
        return Strands(file, rows, held_out.astype(bool), *others)


def gc_share(letters: Counter[str]) -> float | None:
    """Return the share of G, C and S (either) among these and A, T, U and W; None without any."""
    strong = sum(letters[code] for code in "GCS")
    weak = sum(letters[code] for code in "ATUW")
    return strong / (strong + weak) if strong + weak else None


def letter_shares(letters: Counter[str]) -> dict[str, Any]:
    """Return the shares of the four bases, N, other IUPAC codes and letters without a base."""
    total = letters.total()
    of_base = {
        base: sum(letters[code] for code, of in CODES.items() if of == base) for base in BASES
    }
    unknown = sum(letters[code] for code in ANY_BASE)
    others = sum(letters[code] for code in CODES) - sum(of_base.values()) - unknown
    counts = of_base | {"N": unknown, "other_codes": others}
    counts["no_base"] = total - sum(counts.values())
    shares = {f"{name}_share": number / max(1, total) for name, number in counts.items()}
    return {"letters": total} | shares | {"gc_share": gc_share(letters)}


def letter_report(
    reading: StrandReading, strands: Strands, inspected: InspectedFiles, warnings: Warnings
) -> dict[str, Any]:
    """Return the shares of letters in each part; warn of letters and strands that tell nothing.

    Args:
        reading: The reading of the strands.
        strands: Their figures.
        inspected: The files, whose readers count letters that are no nucleotides.
        warnings: The warnings to add to.
    """
    for examples in inspected.files:
        letters = examples.letters  # type: ignore[attr-defined]
        if letters.unknown:
            warnings.add("letters", letters.message(examples.source.name))
    blank = np.flatnonzero(strands.known == 0)
    if len(blank):
        rows, where = inspected.describe(blank[:EXAMPLES])
        warnings.add(
            "no_bases",
            f"{count(len(blank), 'strand')} without any base that is known ({where})",
            rows,
        )
    return {part: letter_shares(reading.letters[part]) for part in parts(strands.held_out)}


def opposite_report(
    strands: Strands, inspected: InspectedFiles, warnings: Warnings
) -> dict[str, int]:
    """Count the held-out strands whose opposite strand is in the training part; warn of them.

    Those that are in the training part themselves are not counted.
    """
    pairs = find_opposites(strands)
    if len(pairs):
        rows, where = inspected.describe(pairs[:EXAMPLES])
        warnings.add(
            "opposite_overlap",
            f"{count(len(pairs), 'held-out strand')} whose opposite strand is in the training "
            f"part: a model that has learnt one may know the other ({where})",
            rows,
        )
    return {"across": len(pairs)}


def find_opposites(strands: Strands) -> NDArray[np.int64]:
    """Return the held-out strands whose opposite strand alone is in the training part.

    Returns:
        Pairs [n, 2] of the held-out strand and the first of those training strands, as indices.
    """
    trained = np.flatnonzero(~strands.held_out)
    held = np.flatnonzero(strands.held_out)
    held = held[~np.isin(strands.fingerprints[held], strands.fingerprints[trained])]
    found, first = np.unique(strands.fingerprints[trained], return_index=True)
    place = np.searchsorted(found, strands.opposites[held])
    has = place < len(found)
    has[has] = found[place[has]] == strands.opposites[held[has]]
    return np.stack([held[has], trained[first[place[has]]]], axis=1)
