"""GRU weights to and from ``keras.layers.GRU``: equal outputs, and equal weights after both."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.layers import GRU, from_keras_gru, from_torch_gru, to_keras_gru, to_torch_gru

X = np.random.default_rng(0).normal(size=(3, 5, 2))
MASK = tf.constant([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 0, 1, 1, 1]]) > 0


@pytest.mark.parametrize("reset_after", [False, True])
@pytest.mark.parametrize("use_bias", [False, True])
def test_the_layer_of_keras_and_ours_compute_the_same(reset_after, use_bias):
    options = {"reset_after": reset_after, "use_bias": use_bias, "dtype": "float64"}
    ours, theirs = (layer(4, return_sequences=True, **options) for layer in (GRU, keras.layers.GRU))
    ours.build(X.shape)
    theirs.build(X.shape)
    rng = np.random.default_rng(1)
    theirs.set_weights([rng.normal(size=w.shape) for w in theirs.get_weights()])
    ours.set_weights(from_keras_gru(theirs.get_weights()))
    for training in (False, True):
        np.testing.assert_allclose(
            ours(X, mask=MASK, training=training), theirs(X, mask=MASK), atol=1e-12
        )
    for back, weight in zip(to_keras_gru(ours.get_weights()), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(back, weight)


@pytest.mark.parametrize("use_bias", [False, True])
def test_pytorch_needs_reset_after(use_bias):
    layer = GRU(4, use_bias=use_bias, name="reader")
    layer.build(X.shape)
    with pytest.raises(OptionError, match="layer reader has reset_after=False"):
        to_torch_gru(layer)


def test_a_layer_that_is_not_there():
    layer = GRU(4, reset_after=True)
    layer.build(X.shape)
    state = to_torch_gru(layer)
    with pytest.raises(OptionError, match="the state has no 'weight_ih_l1'; it has weight_ih_l0, "):
        from_torch_gru(state, layer=1)
