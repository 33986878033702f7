"""Forced alignment, against all paths of the symbols."""

import itertools

import numpy as np
import pytest
from scipy.special import log_softmax

from toolkit.audio.alignment import forced_path
from toolkit.audio.ctc import steps_needed

RANDOM = np.random.default_rng(2)


def by_all_paths(scores: np.ndarray, classes: list[int]) -> tuple[float, list[tuple[int, int]]]:
    """The score of the likeliest path that writes symbols, and the steps of each."""
    blank = scores.shape[1] - 1
    found = []
    for path in itertools.product(range(blank + 1), repeat=len(scores)):
        runs = [(c, [*group]) for c, group in itertools.groupby(enumerate(path), lambda p: p[1])]
        symbols = [(c, run) for c, run in runs if c != blank]
        if [c for c, _ in symbols] == classes:
            score = sum(scores[time, c] for time, c in enumerate(path))
            found.append((score, [(run[0][0], run[-1][0] + 1) for _, run in symbols]))
    return max(found)


@pytest.mark.parametrize("classes", [[0], [0, 1], [1, 1], [0, 0, 1], [1, 0, 1], []])
@pytest.mark.parametrize("steps", [4, 6])
def test_the_path_is_the_likeliest_of_all(classes: list[int], steps: int) -> None:
    for _ in range(4):
        scores = log_softmax(3 * RANDOM.normal(size=(steps, 3)), axis=1)
        found = forced_path(scores, np.array(classes, int))
        assert found is not None
        score, spans = by_all_paths(scores, classes)
        assert found.score == pytest.approx(score)
        assert [*zip(found.starts, found.ends, strict=True)] == spans


@pytest.mark.parametrize("classes", [[0, 0], [0, 1, 0], [1, 1, 1]])
def test_there_is_a_path_from_the_fewest_steps_on(classes: list[int]) -> None:
    fewest = steps_needed(np.array(classes) + 1)
    scores = log_softmax(RANDOM.normal(size=(fewest, 3)), axis=1)
    assert forced_path(scores, np.array(classes)) is not None
    assert forced_path(scores[1:], np.array(classes)) is None
    assert forced_path(scores[:0], np.array(classes)) is None


def test_certain_spikes_are_found() -> None:
    path = [2, 2, 0, 0, 2, 1, 2, 2, 1, 1]
    scores = log_softmax(20 * np.eye(3)[path], axis=1)
    found = forced_path(scores, np.array([0, 1, 1]))
    assert found is not None
    assert (found.starts.tolist(), found.ends.tolist()) == ([2, 5, 8], [4, 6, 10])
