"""The scan of pairs of texts: their sources, which a split must not divide."""

import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolkit.data.fingerprints import fingerprint
from toolkit.data.labelled.scan import same_reread
from toolkit.data.pairs.examples import PairExample, PairExamples
from toolkit.data.splits import Indices, split_indices


@dataclass(frozen=True)
class PairScan:
    """The result of a scan.

    Attributes:
        sources: A fingerprint of the source text of each pair, int64 [N].
        checksum: The CRC-32 of all texts in order.
    """

    sources: NDArray[np.int64]
    checksum: int

    def reread(self, examples: PairExamples) -> Iterator[PairExample]:
        """Yield the pairs of a later reading, and check that they equal those of the scan.

        Raises:
            DataError: The pairs or their order differ; raised after the last of them.
        """
        return same_reread(examples, _content, len(self.sources), self.checksum)

    def split(self, share: float, seed: int) -> tuple[Indices, Indices]:
        """Split off a held-out part; pairs with the same source text stay together."""
        return split_indices(len(self.sources), share, seed, None, self.sources)


def scan_pairs(examples: PairExamples) -> PairScan:
    """Scan pairs, so that they can be split before any training.

    Raises:
        DataError: A row cannot be used.
    """
    sources, checksum = array("q"), 0
    for example in examples:
        sources.append(fingerprint(example.source))
        checksum = zlib.crc32(_content(example), checksum)
    return PairScan(np.asarray(sources, np.int64), checksum)


def _content(example: PairExample) -> bytes:
    """Return the texts of a pair, for the checksum."""
    return f"{example.source}\0{example.target}\0".encode()
