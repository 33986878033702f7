"""The first reading of labelled data: which classes there are, and what a split must respect."""

import hashlib
from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data.examples import TextExamples
from toolkit.data.labels import LabelCounter, LabelEncoder
from toolkit.data.splits import Indices, split_indices


@dataclass(frozen=True)
class Survey:
    """What the first reading found; a few numbers are kept of each example, not its text.

    Attributes:
        count: How many examples there are.
        encoder: What encodes their labels.
        classes: The class of each example, int32 [count]; None unless each has exactly one.
        groups: A number for each example's group, int64 [count]; None without groups.
    """

    count: int
    encoder: LabelEncoder
    classes: NDArray[np.int32] | None
    groups: NDArray[np.int64] | None

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
    count = 0
    for example in counter.watch(examples):
        count += 1
        if target == "classes":
            classes.append(seen.setdefault(str(example.label), len(seen)))
        if examples.group_column is not None:
            groups.append(_group_number(example.group))
    encoder = counter.encoder()
    numbers = None
    if target == "classes":
        final = np.asarray(encoder.encode(list(seen)), np.int32)
        numbers = final[np.asarray(classes, np.int32)]
    return Survey(count, encoder, numbers, np.asarray(groups, np.int64) if groups else None)


def _group_number(group: str | None) -> int:
    """A number for a group, the same in every process."""
    digest = hashlib.blake2b((group or "").encode("utf-8", "surrogateescape"), digest_size=8)
    return int.from_bytes(digest.digest(), "little", signed=True)
