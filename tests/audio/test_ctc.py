"""CTC: the loss by summing over all paths, the likeliest path, and what can be written."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_softmax

from toolkit.audio.ctc import best_path, ctc_loss, ended, steps_needed

RANDOM = np.random.default_rng(3)


def collapsed(path: tuple[int, ...], blank: int) -> tuple[int, ...]:
    """The ids of a path: equal neighbours merged, blanks dropped."""
    return tuple(key + 1 for key, _ in itertools.groupby(path) if key != blank)


def by_all_paths(logits: np.ndarray, ids: list[int]) -> float:
    """Minus the log probability of symbols, by the definition."""
    steps, classes = logits.shape
    scores = log_softmax(logits.astype(np.float64), axis=1)
    total = sum(
        np.exp(sum(scores[time, c] for time, c in enumerate(path)))
        for path in itertools.product(range(classes), repeat=steps)
        if collapsed(path, classes - 1) == tuple(ids)
    )
    return float(-np.log(total)) if total else np.inf


def padded(rows: list[list[int]]) -> np.ndarray:
    """Ids as one array."""
    longest = max(1, *map(len, rows))
    return np.array([row + [0] * (longest - len(row)) for row in rows], np.int32)


TARGETS = [[1], [1, 2], [2, 2], [1, 1, 2], [], [1, 2, 1]]


@pytest.mark.parametrize("steps", [3, 5])
def test_the_loss_is_the_sum_over_all_paths(steps: int) -> None:
    logits = RANDOM.normal(size=(len(TARGETS), steps, 3)).astype(np.float32)
    losses = ctc_loss(tf.constant(logits), padded(TARGETS)).numpy()
    for row, ids in enumerate(TARGETS):
        expected = by_all_paths(logits[row], ids)
        is_left_out = np.isinf(expected) or not ids
        assert losses[row] == pytest.approx(0 if is_left_out else expected, rel=1e-4)
        assert np.isinf(expected) == (steps_needed(np.array(ids, int)) > steps)


def test_what_comes_after_the_end_changes_neither_loss_nor_gradient() -> None:
    logits = tf.constant(RANDOM.normal(size=(2, 4, 3)), tf.float32)
    ids = padded([[1, 2], [2, 2]])
    further = tf.concat([logits, 9 * tf.ones([2, 3, 3])], axis=1)
    mask = tf.repeat(tf.constant([[True] * 4 + [False] * 3]), 2, axis=0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([logits, further])
        short, long = ctc_loss(logits, ids), ctc_loss(ended(further, mask), ids)
    np.testing.assert_allclose(short, long, rtol=1e-5)
    of_short, of_long = tape.gradient(short, logits), tape.gradient(long, further)
    np.testing.assert_allclose(of_long[:, :4], of_short, atol=1e-5)
    np.testing.assert_array_equal(of_long[:, 4:], 0)


def test_what_cannot_be_written_has_no_gradient_and_is_finite() -> None:
    """Also where it could be in the steps after the end of the recording."""
    logits = tf.constant(RANDOM.normal(size=(2, 5, 3)), tf.float32)
    mask = tf.constant([[True, True, False, False, False], [True] * 5])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        losses = ctc_loss(ended(logits, mask), padded([[1, 1], [1, 1]]))
    gradient = tape.gradient(losses, logits).numpy()
    assert float(losses[0]) == 0
    assert float(losses[1]) == pytest.approx(by_all_paths(logits[1].numpy(), [1, 1]), rel=1e-4)
    assert np.isfinite(gradient).all()
    assert not gradient[0].any()
    assert gradient[1].any()


def test_the_likeliest_path_is_collapsed_and_true_repeats_are_kept() -> None:
    blank = 2
    paths = [(0, 0, 2, 0, 1, 1), (2, 2, 2, 2, 2, 2), (0, 1, 0, 0, 2, 2), (1, 2, 1, 2, 1, 1)]
    logits = 5 * np.eye(3, dtype=np.float32)[np.array(paths)]
    mask = np.ones((4, 6), bool)
    mask[3, 4:] = False
    found = best_path(tf.constant(logits), tf.constant(mask))
    written = [tuple(row[row > 0].tolist()) for row in found.ids.numpy()]
    assert written[:3] == [collapsed(path, blank) for path in paths[:3]]
    assert written[3] == (2, 2)
    np.testing.assert_array_equal(found.classes[:3], paths[:3])
    np.testing.assert_array_equal(found.classes[3], [1, 2, 1, 2, 2, 2])
    expected = 5 - np.log(np.exp(5) + 2)
    np.testing.assert_allclose(found.score, expected, rtol=1e-5)


def test_the_fewest_steps_by_trying_all_paths() -> None:
    for ids in ([1], [1, 1], [1, 2, 2, 1], [2, 2, 2]):
        fewest = next(
            steps
            for steps in range(1, 9)
            if any(collapsed(p, 2) == tuple(ids) for p in itertools.product(range(3), repeat=steps))
        )
        assert steps_needed(np.array(ids)) == fewest
