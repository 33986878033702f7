"""Attention and the cross-entropy over a vocabulary, against loops in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.layers import Attention
from toolkit.layers.cross_entropy import cross_entropy, linear_cross_entropy

RNG = np.random.default_rng(0)
B, T, S, Q, M = 3, 4, 5, 6, 7
QUERIES = RNG.normal(size=(B, T, Q)).astype("float32")
MEMORY = RNG.normal(size=(B, S, M)).astype("float32")
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]], bool)
SCORES = ["additive", "multiplicative"]


def built(score, **options):
    layer = Attention(score, **options)
    layer.build(QUERIES.shape, MEMORY.shape)
    layer.set_weights([RNG.normal(size=w.shape) for w in layer.get_weights()])
    return layer


def score_of(layer, query, value):
    """Return the score of one query [Q] with one value [M]."""
    weights = {w.name: w.numpy() for w in layer.weights}
    if layer.score == "multiplicative":
        return query @ (value @ weights["key_kernel"])
    projected = query @ weights["query_kernel"] + value @ weights["key_kernel"] + weights["bias"]
    return (np.tanh(projected) @ weights["scale"]).item()


def expected(layer):
    """Return contexts [B, T, M] and weights [B, T, S], computed query by query."""
    contexts, weights = np.zeros((B, T, M)), np.zeros((B, T, S))
    for b in range(B):
        for t in range(T):
            here = np.flatnonzero(MASK[b])
            scores = np.array([score_of(layer, QUERIES[b, t], MEMORY[b, s]) for s in here])
            if len(here):
                share = np.exp(scores - scores.max())
                weights[b, t, here] = share / share.sum()
            contexts[b, t] = weights[b, t] @ MEMORY[b]
    return contexts, weights


@pytest.mark.parametrize("options", [{}, {"units": 2}])
@pytest.mark.parametrize("score", SCORES)
def test_contexts_and_weights(score, options):
    layer = built(score, **options)
    found = layer(QUERIES, MEMORY, layer.keys(MEMORY), tf.constant(MASK))
    for given, right in zip(found, expected(layer), strict=True):
        np.testing.assert_allclose(given, right, atol=1e-5)


@pytest.mark.parametrize("score", SCORES)
def test_without_a_mask_all_is_looked_at(score):
    layer = built(score)
    keys = layer.keys(MEMORY)
    free = layer(QUERIES, MEMORY, keys)
    bound = layer(QUERIES, MEMORY, keys, tf.ones((B, S), tf.bool))
    np.testing.assert_allclose(free[0], bound[0], atol=1e-6)
    np.testing.assert_allclose(tf.reduce_sum(free[1], axis=-1), np.ones((B, T)), atol=1e-6)


@pytest.mark.parametrize("score", SCORES)
def test_gradients_are_finite_where_there_is_nothing_to_look_at(score):
    layer = built(score)
    queries, memory = tf.constant(QUERIES), tf.constant(MEMORY)
    with tf.GradientTape() as tape:
        tape.watch([queries, memory])
        context, _ = layer(queries, memory, layer.keys(memory), tf.constant(MASK))
        loss = tf.reduce_sum(context**2)
    for slope in tape.gradient(loss, [queries, memory, *layer.trainable_variables]):
        assert np.isfinite(slope.numpy()).all()


def test_config_round_trip_and_unknown_scores():
    layer = Attention("multiplicative", units=3, name="looks")
    assert Attention.from_config(layer.get_config()).get_config() == layer.get_config()
    with pytest.raises(OptionError, match="score is 'dot'; it must be one of additive"):
        Attention("dot")


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("backend", ["tensorflow", "another"])
def test_cross_entropy_and_its_gradients(smoothing, backend, monkeypatch):
    size = 5
    states, table, bias, weights = (
        tf.constant(RNG.normal(size=shape) * 2, tf.float32)
        for shape in ((2, 3, 4), (size, 4), (size,), (2, 3))
    )
    targets = tf.constant([[0, 4, 2], [1, 1, 3]])
    wanted = (1 - smoothing) * tf.one_hot(targets, size) + smoothing / size
    sources = [states, table, bias]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(sources)
        logits = tf.einsum("btd,vd->btv", states, table) + bias
        right = tf.nn.softmax_cross_entropy_with_logits(wanted, logits)
        right_loss = tf.reduce_sum(right * weights)
        with monkeypatch.context() as patch:
            patch.setattr(keras.backend, "backend", lambda: backend)
            found = linear_cross_entropy(states, table, bias, targets, smoothing)
        loss = tf.reduce_sum(found * weights)
    np.testing.assert_allclose(cross_entropy(logits, targets, smoothing), right, atol=1e-5)
    np.testing.assert_allclose(found, right, atol=1e-5)
    for one, other in zip(
        tape.gradient(loss, sources), tape.gradient(right_loss, sources), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_cross_entropy_of_half_precision_is_computed_in_full():
    logits = tf.constant([[8.0, 0.0]], tf.bfloat16)
    loss = cross_entropy(logits, tf.constant([0]))
    assert loss.dtype == tf.float32
    np.testing.assert_allclose(loss, [np.log1p(np.exp(-8.0))], rtol=1e-3)


def test_gradients_of_half_precision_are_close():
    states, table, bias = (
        tf.constant(RNG.normal(size=shape), tf.float32) for shape in ((50, 8), (20, 8), (20,))
    )
    targets = tf.constant(RNG.integers(0, 20, 50))
    slopes = {}
    for dtype in (tf.float32, tf.bfloat16):
        with tf.GradientTape() as tape:
            tape.watch([states, table, bias])
            losses = linear_cross_entropy(tf.cast(states, dtype), table, bias, targets, 0.1)
            loss = tf.reduce_mean(losses)
        slopes[dtype] = tape.gradient(loss, [states, table, bias])
    for one, other in zip(*slopes.values(), strict=True):
        np.testing.assert_allclose(one, other, atol=0.02 * np.abs(one).max())
