"""Pooling of a sequence of vectors to one vector, against loops in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.layers import GRU, SequencePooling

H = 4
RNG = np.random.default_rng(0)
STATES = RNG.normal(size=(4, 5, H)).astype("float32") - 1  # most are negative
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 1, 0, 1], [0, 0, 0, 0, 0]], bool)
MODES = ["last", "mean", "max", "concat", "attention"]


def expected(mode, steps, layer):
    """Return the pooled vector of the steps that are not masked [n, H]."""
    if mode == "concat":
        return np.concatenate([expected(part, steps, layer) for part in ("last", "mean", "max")])
    if not len(steps):
        return np.zeros(H)
    if mode == "last":
        return steps[-1]
    if mode == "mean":
        return steps.mean(axis=0)
    if mode == "max":
        return steps.max(axis=0)
    kernel, bias, context = layer.get_weights()
    score = np.tanh(steps @ kernel + bias) @ context
    share = np.exp(score) / np.exp(score).sum()
    return share @ steps


def built(mode, **options):
    layer = SequencePooling(mode, **options)
    layer.build(STATES.shape)
    layer.set_weights([RNG.normal(size=w.shape) for w in layer.get_weights()])
    return layer


@pytest.mark.parametrize("mode", MODES)
def test_masked_steps_do_not_count(mode):
    layer = built(mode)
    rows = [expected(mode, s[m], layer) for s, m in zip(STATES, MASK, strict=True)]
    np.testing.assert_allclose(layer(STATES, mask=tf.constant(MASK)), rows, atol=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_without_a_mask(mode):
    layer = built(mode)
    rows = [expected(mode, s, layer) for s in STATES]
    np.testing.assert_allclose(layer(STATES), rows, atol=1e-5)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_rows_without_any_step_have_finite_gradients(mode, bidirectional, training):
    layer = built(mode, bidirectional=bidirectional)
    states = tf.constant(STATES)
    with tf.GradientTape() as tape:
        tape.watch(states)
        loss = tf.reduce_sum(layer(states, mask=tf.constant(MASK), training=training) ** 2)
    slope, *slopes = tape.gradient(loss, [states, *layer.trainable_variables])
    np.testing.assert_array_equal(slope[3], np.zeros((5, H)))
    assert all(np.isfinite(s).all() for s in [slope, *slopes])


@pytest.mark.parametrize("dtype", ["float32", "float64", "mixed_bfloat16"])
def test_the_maximum_in_training_is_that_of_automatic_differentiation(dtype):
    layer = SequencePooling("max", dtype=dtype)
    states = tf.cast(np.round(STATES), layer.compute_dtype)  # so that some maxima are equal
    mask = tf.constant(MASK)
    results = []
    for training in (False, True):
        with tf.GradientTape() as tape:
            tape.watch(states)
            pooled = layer(states, mask=mask, training=training)
            loss = tf.reduce_sum(pooled * tf.range(1, 1 + H, dtype=pooled.dtype))
        results.append((pooled, tape.gradient(loss, states)))
    (pooled, slope), (pooled_in_training, slope_in_training) = results
    assert np.any((slope > 0) & (slope < 1))  # shared by equal maxima
    np.testing.assert_array_equal(pooled_in_training, pooled)
    np.testing.assert_allclose(
        tf.cast(slope_in_training, "float64"), tf.cast(slope, "float64"), rtol=1e-2
    )


def test_last_of_both_directions():
    # At the first step, the backward half has read the whole sequence.
    pooled = SequencePooling("last", bidirectional=True)(STATES, mask=tf.constant(MASK))
    rows = [
        np.concatenate([s[m][-1, :2], s[m][0, 2:]]) if m.any() else np.zeros(H)
        for s, m in zip(STATES, MASK, strict=True)
    ]
    np.testing.assert_array_equal(pooled, rows)


def test_last_is_what_the_recurrent_layer_gives_without_sequences():
    sequences = keras.layers.Bidirectional(GRU(2, return_sequences=True))
    alone = keras.layers.Bidirectional(GRU(2))
    x, mask = STATES[:2], tf.constant(MASK[:2])
    sequences(x), alone(x)
    alone.set_weights(sequences.get_weights())
    pooled = SequencePooling("last", bidirectional=True)(sequences(x, mask=mask), mask=mask)
    np.testing.assert_allclose(pooled, alone(x, mask=mask), atol=1e-6)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision(mode, policy):
    layer = built(mode, dtype=policy)
    exact = built(mode)
    exact.set_weights(layer.get_weights())
    pooled = layer(STATES, mask=tf.constant(MASK))
    assert pooled.dtype == policy.removeprefix("mixed_")
    truth = exact(STATES, mask=tf.constant(MASK))
    np.testing.assert_allclose(tf.cast(pooled, "float32"), truth, atol=0.05)


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_batch(mode):
    layer = built(mode)
    found = layer(STATES[:0], mask=tf.constant(MASK[:0]))
    assert found.shape == (0, 3 * H if mode == "concat" else H)
    assert found.shape[1] == layer.compute_output_shape(STATES.shape)[1]


def test_in_a_model(tmp_path):
    inputs = keras.Input((None, H))
    pooled = SequencePooling("attention")(keras.layers.Masking()(inputs))
    model = keras.Model(inputs, pooled)
    assert pooled.shape == (None, H)
    assert getattr(pooled, "_keras_mask", None) is None
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(STATES), model(STATES))


def in_steps(layer, states, read=None):
    """Return the vectors [T, B, P] of the steps so far, of which some rows read only some."""
    memory = [tf.zeros([len(states), size]) for size in layer.memory_sizes]
    vectors = []
    for step, h in enumerate(states.transpose(1, 0, 2)):
        after = layer.step(tf.constant(h), memory)
        assert [m.shape for m in after] == [(len(states), size) for size in layer.memory_sizes]
        if read is not None:
            after = [
                tf.where(read[:, step, None], a, m) for a, m in zip(after, memory, strict=True)
            ]
        memory = after
        vectors.append(layer.summary(memory).numpy())
    return np.array(vectors)


@pytest.mark.parametrize("mode", MODES)
def test_step_by_step_it_pools_the_steps_so_far(mode):
    layer = built(mode)
    for step, vectors in enumerate(in_steps(layer, STATES), start=1):
        rows = [expected(mode, s[:step], layer) for s in STATES]
        np.testing.assert_allclose(vectors, rows, atol=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_steps_that_are_left_out_do_not_count(mode):
    layer = built(mode)
    read = MASK[:3]
    rows = [expected(mode, s[m], layer) for s, m in zip(STATES, read, strict=False)]
    np.testing.assert_allclose(in_steps(layer, STATES[:3], read)[-1], rows, atol=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_step_by_step_large_scores_and_zeros_are_exact(mode):
    layer = built(mode)
    if mode == "attention":
        layer.context.assign(500 * layer.context)  # scores whose exponentials overflow
    states = np.stack([STATES[0], 0 * STATES[0], np.repeat(STATES[0, :1], 5, axis=0)])
    vectors = in_steps(layer, states)
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(vectors[-1], layer(states), atol=1e-5)
    np.testing.assert_array_equal(vectors[:, 1], np.zeros_like(vectors[:, 1]))


@pytest.mark.parametrize("mode", MODES)
def test_step_by_step_in_half_precision_sums_are_single(mode):
    layer, exact = built(mode, dtype="mixed_bfloat16"), built(mode)
    exact.set_weights(layer.get_weights())
    states = np.tile(STATES, (1, 60, 1))  # bfloat16 counts no further than 256
    halves = tf.cast(states, "bfloat16")
    memory = [tf.zeros([len(states), size]) for size in layer.memory_sizes]
    for h in tf.unstack(halves, axis=1):
        memory = layer.step(h, memory)
    assert {m.dtype for m in memory} == {tf.float32}
    np.testing.assert_allclose(layer.summary(memory), exact(tf.cast(halves, "float32")), atol=1e-3)


def test_configuration_and_bad_modes():
    layer = SequencePooling("last", bidirectional=True)
    assert SequencePooling.from_config(layer.get_config()).get_config() == layer.get_config()
    with pytest.raises(OptionError, match="mode is 'median'; it must be one of last, mean, max"):
        SequencePooling("median")
