"""The first reading of pairs of texts: what a split must respect."""

import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolkit.data.duplicates import fingerprint
from toolkit.data.pair_examples import PairExample, PairExamples
from toolkit.data.splits import Indices, split_indices
from toolkit.data.survey import same_again


@dataclass(frozen=True)
class PairSurvey:
    """What the first reading found.

    Attributes:
        sources: A number for each pair's source, the same for the same one, int64 [N].
        checksum: The CRC-32 of all texts in their order.
    """

    sources: NDArray[np.int64]
    checksum: int

    def again(self, examples: PairExamples) -> Iterator[PairExample]:
        """Yields the pairs of a later reading, held to the order of the first.

        Raises:
            DataError: They are not the same in the same order; said after the last of them.
        """
        return same_again(examples, _text, len(self.sources), self.checksum)

    def split(self, share: float, seed: int) -> tuple[Indices, Indices]:
        """Holds out a share of the pairs, those of the same source together."""
        return split_indices(len(self.sources), share, seed, None, self.sources)


def survey_pairs(examples: PairExamples) -> PairSurvey:
    """Reads pairs once, so that they can be split before anything is learnt from them.

    Raises:
        DataError: A row cannot be used.
    """
    sources, checksum = array("q"), 0
    for example in examples:
        sources.append(fingerprint(example.source))
        checksum = zlib.crc32(_text(example).encode(), checksum)
    return PairSurvey(np.asarray(sources, np.int64), checksum)


def _text(example: PairExample) -> str:
    return f"{example.source}\0{example.target}\0"
