"""Weights to and from the GRU and LSTM of Keras: equal outputs, and equal weights after both."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.layers import (
    GRU,
    LSTM,
    from_keras_gru,
    from_keras_lstm,
    from_torch_gru,
    from_torch_lstm,
    to_keras_gru,
    to_keras_lstm,
    to_torch_gru,
    to_torch_lstm,
)

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
    ours.set_weights(from_keras_gru(theirs, ours))
    for training in (False, True):
        np.testing.assert_allclose(
            ours(X, mask=MASK, training=training), theirs(X, mask=MASK), atol=1e-12
        )
    for back, weight in zip(to_keras_gru(ours, theirs), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(back, weight)


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("use_bias", [False, True])
def test_the_lstm_of_keras_and_ours_compute_the_same(use_bias, back):
    options = {"return_sequences": True, "return_state": True, "go_backwards": back}
    options |= {"use_bias": use_bias, "dtype": "float64"}
    ours, theirs = (layer(4, **options) for layer in (LSTM, keras.layers.LSTM))
    rng = np.random.default_rng(1)
    for layer in (ours, theirs):
        layer.build(X.shape)
        layer.set_weights([rng.normal(size=w.shape) for w in layer.get_weights()])
    ours.set_weights(from_keras_lstm(theirs, ours))
    initial = [tf.constant(rng.normal(size=(3, 4))) for _ in range(2)]
    for training in (False, True):
        found = ours(X, initial_state=initial, mask=MASK, training=training)
        for a, b in zip(found, theirs(X, initial_state=initial, mask=MASK), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-12)
    for source in (ours, ours.get_weights()):
        for a, b in zip(to_keras_lstm(source, theirs), theirs.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("use_bias", [False, True])
def test_the_lstm_of_pytorch_has_two_biases(use_bias):
    layer = LSTM(4, use_bias=use_bias, bias_initializer="random_normal")
    layer.build(X.shape)
    state = to_torch_lstm(layer, layer=1, reverse=True)
    shapes = {"weight_ih": (16, 2), "weight_hh": (16, 4), "bias_ih": (16,), "bias_hh": (16,)}
    expected = {f"{name}_l1_reverse": s for name, s in [*shapes.items()][: 4 if use_bias else 2]}
    assert {name: part.shape for name, part in state.items()} == expected
    if use_bias:  # which are added to each other
        moved = np.arange(16.0)
        state["bias_ih_l1_reverse"] = state["bias_ih_l1_reverse"] - moved
        state["bias_hh_l1_reverse"] = state["bias_hh_l1_reverse"] + moved
    again = from_torch_lstm(state, layer, layer=1, reverse=True)
    for a, b in zip(again, layer.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


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


def layers_of(use_bias=True, reset_after=True, units=4):
    """A layer of Keras, which has ``reset_after``, and one of ours."""
    theirs = keras.layers.GRU(4, use_bias=use_bias, name="theirs")
    ours = GRU(units, use_bias=use_bias, reset_after=reset_after, name="ours")
    for layer in (theirs, ours):
        layer.build(X.shape)
    return theirs, ours


class TestLayersThatDiffer:
    @pytest.mark.parametrize("use_bias", [False, True])
    def test_reset_after(self, use_bias):
        theirs, ours = layers_of(use_bias, reset_after=False)
        message = "a GRU with reset_after={}, but layer {} has reset_after={}$"
        with pytest.raises(OptionError, match=message.format(True, "ours", False)):
            from_keras_gru(theirs, ours)
        with pytest.raises(OptionError, match=message.format(False, "theirs", True)):
            to_keras_gru(ours, theirs)
        torch_state = to_torch_gru(layers_of(use_bias)[1])
        with pytest.raises(OptionError, match=message.format(True, "ours", False)):
            from_torch_gru(torch_state, ours)

    def test_a_bias_shows_it_when_the_weights_are_set(self):
        theirs, ours = layers_of(reset_after=False)
        message = (
            r"the bias has the shape \[2, 12\], that of a GRU with reset_after=True; layer ours"
        )
        with pytest.raises(OptionError, match=message):
            ours.set_weights(from_keras_gru(theirs.get_weights()))

    def test_without_a_bias_both_layers_must_be_given(self):
        theirs, ours = layers_of(use_bias=False)
        for source, target in ((theirs, None), (theirs.get_weights(), ours)):
            with pytest.raises(OptionError, match="without a bias do not show reset_after; give"):
                from_keras_gru(source, target)
            with pytest.raises(OptionError, match="without a bias do not show reset_after; give"):
                from_torch_gru(to_torch_gru(ours))

    def test_units_and_bias_of_an_lstm(self):
        theirs = keras.layers.LSTM(4, name="theirs")
        other = LSTM(5, use_bias=False, name="other")
        ours = LSTM(5, name="ours")
        for layer in (theirs, other, ours):
            layer.build(X.shape)
        message = "the weights are those of an LSTM with {}, but layer {} has {}$"
        for convert, source, target, (given, taken) in (
            (from_keras_lstm, theirs, ours, ("units=4", "units=5")),
            (to_keras_lstm, ours, theirs, ("units=5", "units=4")),
            (from_torch_lstm, to_torch_lstm(ours), other, ("use_bias=True", "use_bias=False")),
        ):
            with pytest.raises(OptionError, match=message.format(given, target.name, taken)):
                convert(source, target)

    def test_units_and_bias(self):
        theirs, ours = layers_of(units=5)
        with pytest.raises(OptionError, match=r"with units=4, but layer ours has units=5$"):
            from_keras_gru(theirs, ours)
        with pytest.raises(OptionError, match=r"use_bias=True, but layer ours has use_bias=False$"):
            from_keras_gru(theirs, layers_of(use_bias=False)[1])


class TestWeightsOfAnotherNetwork:
    @pytest.mark.parametrize(
        ("layer_class", "kind"),
        [
            (keras.layers.LSTM, "an LSTM, for which there is from_keras_lstm"),
            (keras.layers.SimpleRNN, "another network"),
        ],
    )
    def test_of_keras(self, layer_class, kind):
        layer = layer_class(4, name="other")
        layer.build(X.shape)
        with pytest.raises(OptionError, match=r"layer other is a .*; a GRU with its weights"):
            from_keras_gru(layer)
        with pytest.raises(OptionError, match=f"they are those of {kind}$"):
            from_keras_gru(layer.get_weights())
        with pytest.raises(OptionError, match="layer gru is a GRU without weights"):
            from_keras_gru(keras.layers.GRU(4, name="gru"))
        with pytest.raises(OptionError, match=r"^1 weights are given; a GRU has a kernel, "):
            from_keras_gru(layer.get_weights()[:1])

    def test_a_gru_where_an_lstm_is_needed(self):
        gru = keras.layers.GRU(4, name="other")
        gru.build(X.shape)
        with pytest.raises(OptionError, match=r"layer other is a GRU; an LSTM with its weights"):
            from_keras_lstm(gru)
        for convert in (from_keras_lstm, to_keras_lstm):
            message = "48 weights of 4 units, and an LSTM's 64; they are those of a GRU, for which"
            with pytest.raises(OptionError, match=f"{message} there is from_keras_gru$"):
                convert(gru.get_weights())
        with pytest.raises(OptionError, match=r"^1 weights are given; an LSTM has a kernel, "):
            from_keras_lstm(gru.get_weights()[:1])
        state = to_torch_gru(layers_of()[1])
        with pytest.raises(
            OptionError, match=r"those of a GRU, for which there is from_torch_gru$"
        ):
            from_torch_lstm(state)
        projected = {"weight_ih_l0": np.ones((16, 2)), "weight_hh_l0": np.ones((16, 3))}
        with pytest.raises(OptionError, match="48 weights of 3 units, and an LSTM's 36; they are "):
            from_torch_lstm(projected)

    @pytest.mark.parametrize("gates", [1, 2, 4, 6])
    def test_of_pytorch(self, gates):
        shapes = {"weight_ih_l0": (4 * gates, 2), "weight_hh_l0": (4 * gates, 4)}
        shapes |= {"bias_ih_l0": (4 * gates,), "bias_hh_l0": (4 * gates,)}
        state = {name: np.ones(shape) for name, shape in shapes.items()}
        message = f"weight_hh_l0 has {16 * gates} weights of 4 units, and a GRU's 48; they are "
        message += f"those of {'an LSTM, .* from_torch_lstm' if gates == 4 else 'another network'}$"
        with pytest.raises(OptionError, match=message):
            from_torch_gru(state)
