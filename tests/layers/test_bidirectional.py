"""Both directions at once, against two layers of Keras's ``Bidirectional``."""

import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.layers import GRU, LSTM, MinGRU, SimpleRNN, SimplifiedGRU, recurrent_layer
from toolkit.layers.bidirectional import Bidirectional
from toolkit.layers.recurrent import Recurrent

B, T, D, H = 4, 5, 3, 2
RNG = np.random.default_rng(0)
X = RNG.normal(size=(B, T, D)).astype(np.float32)
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 0, 1, 0, 1], [0, 0, 0, 0, 0]], bool)
LAYERS = {
    "simple_rnn": lambda **options: SimpleRNN(H, **options),
    "simplified_gru": lambda **options: SimplifiedGRU(H, **options),
    "min_gru": lambda **options: MinGRU(H, **options),
    "gru": lambda **options: GRU(H, **options),
    "lstm": lambda **options: LSTM(H, **options),
    "unrolled": lambda **options: GRU(H, unroll=True, **options),
    "recurrent_dropout": lambda **options: GRU(H, recurrent_dropout=0.5, seed=1, **options),
    "dropout": lambda **options: GRU(H, dropout=0.5, seed=1, **options),
    "penalty": lambda **options: GRU(H, activity_regularizer="l2", **options),
}


def same_layers(name, options=None, **arguments):
    """Return the toolkit's layer and Keras's with equal weights."""
    layers = []
    for bidirectional in (Bidirectional, keras.layers.Bidirectional):
        layer = bidirectional(LAYERS[name](return_sequences=True, **(options or {})), **arguments)
        layer.build((B, T, D))
        layers.append(layer)
    weights = [RNG.normal(size=w.shape) for w in layers[0].get_weights()]
    for layer in layers:
        layer.set_weights(weights)
    return layers


def results(layer, *arguments, **options):
    """Return all outputs, losses and gradients of a call."""
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = tf.nest.flatten(layer(x, *arguments, **options))
        weights = [tf.reshape(tf.range(tf.size(o)), o.shape) for o in outputs]
        loss = sum(
            tf.reduce_sum(tf.cast(w, tf.float32) * tf.cast(o, tf.float32))
            for w, o in zip(weights, outputs, strict=True)
        )
        loss += sum(layer.losses)
    return [*outputs, loss, *tape.gradient(loss, [x, *layer.trainable_variables])]


def assert_same(layers, *arguments, **options):
    ours, theirs = (results(layer, *arguments, **options) for layer in layers)
    for mine, expected in zip(ours, theirs, strict=True):
        assert mine.dtype == expected.dtype
        np.testing.assert_allclose(
            tf.cast(mine, "float64"), tf.cast(expected, "float64"), rtol=1e-4, atol=1e-4
        )


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_outputs_and_gradients(name, training, masked):
    mask = tf.constant(MASK) if masked else None
    assert_same(same_layers(name), mask=mask, training=training)


@pytest.mark.parametrize("name", ["gru", "lstm"])
def test_states(name):
    layers = same_layers(name, {"return_state": True})
    assert_same(layers, mask=tf.constant(MASK), training=True)
    count = 2 if name == "lstm" else 1
    start = [RNG.normal(size=(B, H)).astype(np.float32) for _ in range(2 * count)]
    assert_same(layers, initial_state=[tf.constant(s) for s in start], training=True)


@pytest.mark.parametrize("merge_mode", ["sum", "mul", "ave", None])
def test_other_ways_to_merge(merge_mode):
    assert_same(same_layers("gru", merge_mode=merge_mode), training=True)


def test_half_precision():
    layers = same_layers("gru", {"dtype": "mixed_bfloat16"}, dtype="mixed_bfloat16")
    assert layers[0](X, training=True).dtype == "bfloat16"
    assert_same(layers, mask=tf.constant(MASK), training=True)


def test_the_layers_of_keras():
    keras.utils.set_random_seed(0)
    layer = Bidirectional(keras.layers.GRU(H, return_sequences=True))
    same = keras.layers.Bidirectional(keras.layers.GRU(H, return_sequences=True))
    for each in (layer, same):
        each.build((B, T, D))
    same.set_weights(layer.get_weights())
    assert_same([layer, same], mask=tf.constant(MASK), training=True)


def test_it_is_what_networks_have_and_runs_both_loops_at_once(monkeypatch):
    layer = recurrent_layer("gru", H, bidirectional=True)
    layer.build((B, T, D))
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(again) is Bidirectional
    monkeypatch.setattr(Recurrent, "call", None)  # neither layer is called
    assert layer(X).shape == (B, T, 2 * H)


def test_the_given_layer_lives_as_long_as_both_directions() -> None:
    """While Keras loads a model, it takes two objects with the same id() for one."""
    given = LAYERS["gru"](return_sequences=True)
    reference = weakref.ref(given)
    layer = Bidirectional(given)
    del given
    gc.collect()
    assert reference() is not None
    assert len(layer._flatten_layers(include_self=False, recursive=False)) == 2
