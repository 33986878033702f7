"""Forced alignment by CTC: where each symbol of a given text is in a recording."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class ForcedPath(NamedTuple):
    """The likeliest path of given symbols.

    Attributes:
        starts: The first step of each symbol [L].
        ends: The step after its last one [L].
        score: The log probability of the path.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    score: float


def forced_path(
    scores: NDArray[np.floating[Any]], classes: NDArray[np.integer[Any]]
) -> ForcedPath | None:
    """Return the likeliest of all paths that write given symbols; None if there is none.

    This is Viterbi's search through the symbols with a blank before, between and after them (Graves
    et al. 2006, 'Connectionist Temporal Classification', section 4.1, with maxima for sums). It
    takes time and memory in proportion to T L.

    Args:
        scores: The log probabilities of the classes [T, C], the blank last.
        classes: The classes of the symbols [L].
    """
    states = np.full(2 * len(classes) + 1, scores.shape[1] - 1)
    states[1::2] = classes
    may_skip = np.zeros(len(states), bool)  # the blank before, which must be between equal ones
    may_skip[3::2] = states[3::2] != states[1:-2:2]
    moves = np.zeros((len(scores), len(states)), np.int8)
    best = np.full(len(states), -np.inf)
    best[0] = 0.0  # as if there had been a blank before the first step
    reach = np.full((3, len(states)), -np.inf)
    for time, row in enumerate(scores):
        reach[0] = best
        reach[1, 1:] = best[:-1]
        reach[2, 2:] = np.where(may_skip[2:], best[:-2], -np.inf)
        moves[time] = reach.argmax(axis=0)
        best = (
            np.take_along_axis(reach, moves[time][None].astype(np.int64), axis=0)[0] + row[states]
        )
    state = len(states) - 1
    if len(classes) and best[-2] > best[-1]:
        state -= 1
    score = float(best[state])
    if score == -np.inf:
        return None
    path = np.zeros(len(scores), np.int64)
    for time in range(len(scores) - 1, -1, -1):
        path[time] = state
        state -= int(moves[time, state])
    written = 2 * np.arange(len(classes)) + 1
    starts, ends = (np.searchsorted(path, written, side=side) for side in ("left", "right"))
    return ForcedPath(starts, ends, score)
