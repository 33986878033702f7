"""The first reading of labelled data: which classes there are, and what a split must respect."""

import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from toolkit.data.duplicates import fingerprint
from toolkit.data.examples import Example, TextExamples
from toolkit.data.labels import LabelCounter, LabelEncoder
from toolkit.data.splits import Indices, split_indices
from toolkit.errors import DataError

E = TypeVar("E")


def same_again(
    examples: Iterable[E], text: Callable[[E], str], count: int, checksum: int
) -> Iterator[E]:
    """Yields the examples of a later reading, and holds them to those of the first.

    Args:
        examples: The examples.
        text: What the checksum is of in each.
        count: How many they were in the first reading.
        checksum: The CRC-32 of their texts.

    Raises:
        DataError: They are not the same in the same order; said after the last of them.
    """
    number = found = 0
    for example in examples:
        number += 1
        found = zlib.crc32(text(example).encode(), found)
        if number > count:
            break
        yield example
    if (number, found) != (count, checksum):
        raise DataError(
            "the data came in another order when it was read again; cache it or turn shuffling off"
        )


@dataclass(frozen=True)
class Survey:
    """What the first reading found; a few numbers are kept of each example, not its text.

    Attributes:
        count: How many examples there are.
        encoder: What encodes their labels.
        classes: The class of each example, int32 [count]; None unless each has exactly one.
        groups: A number for each example's group, int64 [count]; None without groups.
        checksum: The CRC-32 of the texts in their order.
    """

    count: int
    encoder: LabelEncoder
    classes: NDArray[np.int32] | None
    groups: NDArray[np.int64] | None
    checksum: int

    def again(self, examples: Iterable[Example]) -> Iterator[Example]:
        """Yields the examples of a later reading, and holds them to those of the first.

        What the survey says of an example is by its position, so that another order would put
        labels and groups on the wrong side of a split.

        Raises:
            DataError: they are not the same texts in the same order.
        """
        return same_again(examples, attrgetter("text"), self.count, self.checksum)

    def split(self, share: float, seed: int) -> tuple[Indices, Indices]:
        """Holds out a share of the examples; see :func:`toolkit.data.splits.split_indices`.

        Classes are stratified. Several labels at once and numbers are not.
        """
        return split_indices(self.count, share, seed, self.classes, self.groups)


def survey(examples: TextExamples, target: Any) -> Survey:
    """Reads examples once, so that they can be split before anything is learnt from them.

    Args:
        examples: The labelled examples.
        target: What a label is: ``classes``, ``labels`` or ``number``.

    Raises:
        DataError: A row cannot be used, or there are not two classes to tell apart.
    """
    counter = LabelCounter(target)
    seen: dict[str, int] = {}  # classes by the order in which they come
    classes, groups = array("i"), array("q")
    count = checksum = 0
    for example in counter.watch(examples):
        count += 1
        checksum = zlib.crc32(example.text.encode(), checksum)
        if target == "classes":
            classes.append(seen.setdefault(str(example.label), len(seen)))
        if examples.group_column is not None:
            groups.append(fingerprint(example.group or ""))
    encoder = counter.encoder(examples.label_place)
    numbers = None
    if target == "classes":
        final = np.asarray(encoder.encode(list(seen)), np.int32)
        numbers = final[np.asarray(classes, np.int32)]
    of_groups = np.asarray(groups, np.int64) if groups else None
    return Survey(count, encoder, numbers, of_groups, checksum)
