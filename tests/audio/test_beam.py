"""Beam search over texts, against the sums over all paths."""

import itertools
from collections import defaultdict

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_softmax

from toolkit.audio.beam import beam_search
from toolkit.audio.ctc import best_path

RANDOM = np.random.default_rng(4)


def by_all_paths(logits: np.ndarray) -> list[tuple[tuple[int, ...], float]]:
    """All texts with their log probabilities, by the definition, the best first."""
    steps, classes = logits.shape
    scores = log_softmax(logits.astype(np.float64), axis=1)
    texts: dict[tuple[int, ...], float] = defaultdict(float)
    for path in itertools.product(range(classes), repeat=steps):
        text = tuple(c + 1 for c, _ in itertools.groupby(path) if c != classes - 1)
        texts[text] += np.exp(sum(scores[time, c] for time, c in enumerate(path)))
    return sorted(((t, float(np.log(p))) for t, p in texts.items()), key=lambda item: -item[1])


def search(
    logits: np.ndarray, size: int, mask: np.ndarray | None = None
) -> list[list[tuple[tuple[int, ...], float]]]:
    """The texts and scores of a beam search."""
    mask = np.ones(logits.shape[:2], bool) if mask is None else mask
    graph = tf.function(beam_search, autograph=False)
    found = graph(tf.constant(logits, tf.float32), tf.constant(mask), tf.constant(size))
    return [
        [(tuple(i[i > 0].tolist()), float(s)) for i, s in zip(ids, scores, strict=True)]
        for ids, scores in zip(found.ids.numpy(), found.scores.numpy(), strict=True)
    ]


@pytest.mark.parametrize(("steps", "classes"), [(4, 3), (5, 3), (4, 4), (1, 3)])
def test_a_wide_beam_finds_all_texts_with_their_probabilities(steps: int, classes: int) -> None:
    logits = 2 * RANDOM.normal(size=(3, steps, classes))
    expected = [by_all_paths(row) for row in logits]
    most = min(map(len, expected))
    for found, right in zip(search(logits, most), expected, strict=True):
        assert [text for text, _ in found] == [text for text, _ in right[:most]]
        np.testing.assert_allclose([s for _, s in found], [s for _, s in right[:most]], rtol=1e-4)


def test_true_repeats_are_kept() -> None:
    paths = np.array([[0, 2, 0, 2, 1], [0, 0, 0, 2, 1]])
    found = search(6 * np.eye(3)[paths], 3)
    assert [row[0][0] for row in found] == [(1, 1, 2), (1, 2)]


def test_steps_after_the_end_change_nothing() -> None:
    logits = RANDOM.normal(size=(2, 7, 4))
    mask = np.array([[True] * 4 + [False] * 3, [True] * 7])
    alone = search(logits[:1, :4], 5)[0]
    together = search(logits, 5, mask)[0]
    assert [text for text, _ in together] == [text for text, _ in alone]
    np.testing.assert_allclose([s for _, s in together], [s for _, s in alone], rtol=1e-5)


def test_where_there_are_fewer_texts_the_last_is_repeated() -> None:
    found = search(RANDOM.normal(size=(1, 1, 3)), 6)[0]  # nothing, one symbol or the other
    assert len({text for text, _ in found[:3]}) == 3
    assert found[3:] == [found[2]] * 3
    assert all(np.isfinite(score) for _, score in found)


def test_a_sum_of_paths_may_beat_the_likeliest_path() -> None:
    probabilities = np.array([[[0.4, 0.6], [0.4, 0.6]]])
    logits = np.log(probabilities)
    assert search(logits, 2)[0][0][0] == (1,)  # 0.64 against 0.36
    mask = tf.ones([1, 2], tf.bool)
    assert not best_path(tf.constant(logits, tf.float32), mask).ids.numpy().any()
