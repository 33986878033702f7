"""The loss from a sample of ids: its mean, against TensorFlow's own, and its seed."""

import keras
import numpy as np
import tensorflow as tf

from toolkit.layers.cross_entropy import sampled_cross_entropy

SIZE, SAMPLED = 50, 10
RANDOM = np.random.default_rng(0)
TABLE, STATES = (tf.constant(RANDOM.normal(size=(n, 8)), tf.float32) for n in (SIZE, 6))
BIAS = tf.constant(RANDOM.normal(size=SIZE), tf.float32)
TARGETS = tf.constant([0, 1, 7, 20, 33, 49])


def losses(draws: int, seed: int = 1) -> np.ndarray:
    generator = keras.random.SeedGenerator(seed)
    loss = tf.function(
        lambda: sampled_cross_entropy(STATES, TABLE, BIAS, TARGETS, SAMPLED, generator)
    )
    return np.array([loss() for _ in range(draws)])


def test_on_average_it_is_that_of_tensorflow() -> None:
    labels = tf.cast(TARGETS, tf.int64)[:, None]
    loss = tf.function(
        lambda: tf.nn.sampled_softmax_loss(TABLE, BIAS, labels, STATES, SAMPLED, SIZE)
    )
    theirs = np.array([loss() for _ in range(2_000)])
    ours = losses(2_000)
    error = np.sqrt((theirs.var(axis=0) + ours.var(axis=0)) / 2_000)
    assert (np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) < 5 * error + 0.02).all()


def test_the_seed_decides() -> None:
    once, again, other = losses(3), losses(3), losses(3, seed=2)
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()
    assert (once[0] != once[1]).any()
