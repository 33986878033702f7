"""Integrated gradients against closed forms and the paper's sum, and what is said of errors."""

import numpy as np
import pytest
import tensorflow as tf

from toolkit.explanation import explained_row, integrated_gradients


def of(score, x, baseline, **options):
    """Return the result for arrays, in NumPy."""
    call = tf.function(lambda a, b: integrated_gradients(score, a, b, **options), autograph=False)
    return [each.numpy() for each in call(tf.constant(x), tf.constant(baseline))]


def test_of_a_linear_score_they_are_its_terms():
    random = np.random.default_rng(0)
    vectors, unknown, weights = random.normal(size=(3, 5, 4)).astype(np.float32)
    values, score, baseline, error = of(
        lambda points: tf.einsum("pte,te->p", points, weights), vectors, unknown
    )
    np.testing.assert_allclose(values, ((vectors - unknown) * weights).sum(axis=1), atol=1e-5)
    np.testing.assert_allclose(
        [score, baseline], [(vectors * weights).sum(), (unknown * weights).sum()], rtol=1e-5
    )
    assert abs(error) < 1e-5


def test_of_a_product_each_factor_has_a_half():
    values, *_ = of(lambda p: p[:, 0] * p[:, 1] ** 3, [2.0, 3.0], [0.0, 0.0])
    np.testing.assert_allclose(values, [54 / 4, 54 * 3 / 4], rtol=1e-5)  # by its degree in each


def test_of_a_bag_of_vectors_under_a_softmax():
    """The mean of vectors, a layer and a softmax, against the sum of the paper's equation 3."""
    random = np.random.default_rng(1)
    vectors, unknown = random.normal(size=(2, 6, 4)).astype(np.float32)
    kernel = 3 * random.normal(size=(4, 3)).astype(np.float32)

    def score(points):
        return tf.nn.log_softmax(tf.reduce_mean(points, axis=1) @ kernel)[:, 1]

    values, *_, error = of(score, vectors, unknown)
    steps = (np.arange(20_000) + 0.5) / 20_000
    means = (unknown + steps[:, None, None] * (vectors - unknown)).mean(axis=1)
    logits = means @ kernel
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    slopes = (np.eye(3)[1] - shares) @ kernel.T / len(vectors)  # of log-softmax, by each vector
    expected = ((vectors - unknown) * slopes.mean(axis=0)).sum(axis=1)
    np.testing.assert_allclose(values, expected, atol=1e-4)
    assert abs(error) < 5e-4


@pytest.mark.parametrize("at_once", [1, 1000])
def test_kinks_are_found(at_once):
    """A maximum over steps has a kink wherever another step becomes the largest."""
    random = np.random.default_rng(2)
    x, baseline = random.normal(size=(2, 40, 8)).astype(np.float32)
    weights = random.normal(size=8).astype(np.float32)

    def score(points):
        return tf.linalg.matvec(tf.reduce_max(points, axis=1), weights)

    values, end, start, error = of(score, x, baseline, at_once=at_once)
    assert abs(error) <= 1e-3
    np.testing.assert_allclose(values.sum() - (end - start), error, atol=1e-5)
    steps = (np.arange(10_000) + 0.5) / 10_000
    largest = (baseline + steps[:, None, None] * (x - baseline)).argmax(axis=1)
    shares = np.stack([(largest == step).mean(axis=0) for step in range(40)])
    np.testing.assert_allclose(values, ((x - baseline) * shares * weights).sum(axis=1), atol=2e-3)


@pytest.mark.parametrize("at_once", [0, 1, 4, 64])
def test_so_many_points_are_evaluated_at_once(at_once):
    sizes = []

    def score(points):
        sizes.append(len(points))
        return tf.reduce_max(points, axis=1)

    x, baseline = tf.constant([1.0, 0.2, 0.9]), tf.constant([0.0, 0.7, 0.1])
    found = integrated_gradients(score, x, baseline, at_once=at_once)  # eagerly
    assert max(sizes) <= max(1, at_once)
    assert abs(found.error) <= 1e-3
    np.testing.assert_allclose(tf.reduce_sum(found.values), 0.3, atol=1e-3)


def test_half_precision_ends_the_search_early():
    sizes = []

    def log_answers(points):
        sizes.append(len(points))
        noisy = tf.cast(3 * tf.reduce_sum(points, axis=1), tf.bfloat16)  # rounded by up to 0.03
        return tf.stack([tf.cast(noisy, tf.float32)] * 2, axis=1)

    x, number = tf.random.stateless_normal([30], [0, 1]), tf.constant(1)
    for dtype, most in (("bfloat16", 70), ("float32", 1100)):
        sizes.clear()
        found = explained_row(log_answers, x, 0 * x, number, dtype=dtype)
        assert not found["complete"]
        assert most / 2 < sum(sizes) < most


def test_an_error_that_remains_is_told():
    values, end, start, error = of(
        lambda p: tf.sigmoid(1e4 * (p[:, 0] - 0.37)), [1.0], [0.0], most=20
    )
    assert abs(error) > 0.1
    np.testing.assert_allclose(values.sum() - (end - start), error, atol=1e-5)


def test_dimensions_and_slopes_that_are_not_numbers():
    x = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    values, *_ = of(lambda p: tf.reduce_sum(p, [1, 2, 3]), x, np.zeros_like(x), dimensions=2)
    np.testing.assert_allclose(values, x.sum(axis=2), rtol=1e-5)
    values, *_, error = of(lambda p: tf.norm(p, axis=1), [3.0, 4.0], [0.0, 0.0])
    np.testing.assert_allclose(values, [1.8, 3.2], rtol=0.06)  # the slope at zero is none
    assert np.isfinite(error)
