"""The scan of labelled examples: their classes and groups, for split and encoder."""

import logging
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from toolkit.data.fingerprints import fingerprint
from toolkit.data.labelled.rows import LabelledRows
from toolkit.data.labels import LabelCounter, LabelEncoder
from toolkit.data.splits import Indices, split_indices
from toolkit.errors import DataError, quoted

logger = logging.getLogger("toolkit")

E = TypeVar("E")


def same_reread(
    examples: Iterable[E], content: Callable[[E], bytes], count: int, checksum: int
) -> Iterator[E]:
    """Yield the examples of a later reading, and check that they equal those of the scan.

    Args:
        examples: The examples.
        content: Returns the part of an example that the checksum covers.
        count: The number of examples in the scan.
        checksum: The CRC-32 of their contents.

    Raises:
        DataError: The examples or their order differ; raised after the last of them.
    """
    number = crc = 0
    for example in examples:
        number += 1
        crc = zlib.crc32(content(example), crc)
        if number > count:
            break
        yield example
    if (number, crc) != (count, checksum):
        raise DataError(
            "the data came in another order when it was read again; cache it or turn shuffling off"
        )


@dataclass(frozen=True)
class Scan:
    """The result of a scan: a few numbers for each example, not its text or series.

    Attributes:
        count: The number of examples.
        encoder: The encoder of their labels.
        classes: The class of each example, int32 [count]; None unless each has exactly one.
        groups: A fingerprint of the group of each example, int64 [count]; None without groups.
        checksum: The CRC-32 of the contents in order.
        content: Returns the part of an example that the checksum covers.
    """

    count: int
    encoder: LabelEncoder
    classes: NDArray[np.int32] | None
    groups: NDArray[np.int64] | None
    checksum: int
    content: Callable[[Any], bytes]

    def reread(self, examples: Iterable[E]) -> Iterator[E]:
        """Yield the examples of a later reading, and check that they equal those of the scan.

        The scan identifies examples by position, so a different order would assign them to the
        wrong part of the split.

        Raises:
            DataError: The examples or their order differ.
        """
        return same_reread(examples, self.content, self.count, self.checksum)

    def split(self, share: float, seed: int) -> tuple[Indices, Indices]:
        """Split off a held-out part; see :func:`toolkit.data.splits.split_indices`.

        The split is stratified by class, but not by several labels or numbers.
        """
        return split_indices(self.count, share, seed, self.classes, self.groups)


def scan(examples: LabelledRows[Any], target: Any, known: Sequence[str] = ()) -> Scan:
    """Scan examples, so that they can be split before any training.

    Args:
        examples: The labelled examples.
        target: The kind of label: ``classes``, ``labels`` or ``number``.
        known: The classes that have a number already.

    Raises:
        DataError: A row cannot be used, or there are fewer than two classes.
    """
    counter = LabelCounter(target, known)
    seen: dict[str, int] = {}  # classes in order of appearance
    classes, groups = array("i"), array("q")
    count = checksum = 0
    for example in counter.watch(examples):
        count += 1
        checksum = zlib.crc32(examples.content(example), checksum)
        if target == "classes":
            classes.append(seen.setdefault(str(example.label), len(seen)))
        if examples.group_column is not None:
            groups.append(fingerprint(example.group or ""))
    encoder = counter.encoder(examples.label_place)
    numbers = None
    if target == "classes":
        final = np.asarray(encoder.encode(list(seen)), np.int32)
        numbers = final[np.asarray(classes, np.int32)]
    group_prints = np.asarray(groups, np.int64) if groups else None
    if group_prints is not None and examples.group_is_guessed and len(set(groups)) == 1:
        logger.warning(
            "%s: all rows have the same value in column %s; a split is at random",
            *(examples.source.name, quoted(examples.group_column)),
        )
        group_prints = None
    return Scan(count, encoder, numbers, group_prints, checksum, examples.content)
