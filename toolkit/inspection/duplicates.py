"""Duplicate texts, found by fingerprints of eight bytes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: The number of examples that are kept of each finding.
EXAMPLES = 3


class Repeats(NamedTuple):
    """Numbers and examples of duplicate texts.

    Attributes:
        training: The number of texts of the training part that equal an earlier one of it.
        held_out: The number of texts of the held-out part that equal an earlier one of it.
        across: The number of texts of the held-out part that are also in the training part.
        contradicting: The number of distinct texts with different labels.
        training_pairs: The first few repeats in the training part, each with an earlier text:
            indices [n, 2].
        held_out_pairs: The same for the held-out part.
        across_pairs: The first few held-out texts that are also in the training part, each with
            the training text.
        contradicting_pairs: The first few pairs of equal texts with different labels.
    """

    training: int
    held_out: int
    across: int
    contradicting: int
    training_pairs: NDArray[np.int64]
    held_out_pairs: NDArray[np.int64]
    across_pairs: NDArray[np.int64]
    contradicting_pairs: NDArray[np.int64]


def find_repeats(
    fingerprints: NDArray[np.int64], labels: NDArray[np.int64], held_out: NDArray[np.bool_]
) -> Repeats:
    """Find equal texts by their fingerprints.

    Args:
        fingerprints: The fingerprint of each text [N], N >= 1.
        labels: The fingerprint of the label of each text [N].
        held_out: Whether each text is in the held-out part [N].
    """
    # Sort equal texts next to each other, those of the training part first, in stable order.
    order = np.lexsort((held_out, fingerprints))
    same = fingerprints[order][1:] == fingerprints[order][:-1]
    before, after = order[:-1][same], order[1:][same]
    begins = np.flatnonzero(np.concatenate([[True], ~same]))
    first = np.empty_like(order)  # the first text that equals each text
    first[order] = np.repeat(order[begins], np.diff([*begins, len(order)]))

    within = held_out[before] == held_out[after]
    training = after[within & ~held_out[after]], before[within & ~held_out[after]]
    held = after[within & held_out[after]], before[within & held_out[after]]
    crossing = np.flatnonzero(held_out & ~held_out[first])
    differing = np.flatnonzero(labels != labels[first])
    return Repeats(
        len(training[0]),
        len(held[0]),
        len(crossing),
        len(np.unique(first[differing])),
        _examples(*training),
        _examples(*held),
        _examples(crossing, first[crossing]),
        _examples(differing, first[differing]),
    )


def _examples(later: NDArray[np.int64], earlier: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first few pairs, ordered by the later text."""
    index = np.argsort(later, kind="stable")[:EXAMPLES]
    return np.stack([later[index], earlier[index]], axis=1)
