"""Recurrent layers by the name of their cell."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.layers import CELLS, recurrent_layer

X = np.random.default_rng(0).normal(size=(3, 5, 2)).astype("float32")


class NeedsMore(keras.layers.Layer):
    def __init__(self, units, needed):
        super().__init__()


@pytest.mark.parametrize("cell", [*CELLS, "toolkit.cells:GRUCell"])
def test_shapes(cell):
    assert recurrent_layer(cell, 4)(X).shape == (3, 5, 4)
    assert recurrent_layer(cell, 4, return_sequences=False, dropout=0.1)(X).shape == (3, 4)
    assert recurrent_layer(cell, 4, bidirectional=True)(X).shape == (3, 5, 8)


@pytest.mark.parametrize("cell", [*CELLS, "toolkit.cells:GRUCell"])
def test_both_directions_are_those_of_keras(cell):
    layer = recurrent_layer(cell, 4, bidirectional=True, name="both")
    keras_layer = keras.layers.Bidirectional(recurrent_layer(cell, 4))
    mask = tf.constant([[1, 1, 1, 0, 0], [0, 1, 1, 1, 1], [0, 0, 0, 0, 0]]) > 0
    layer(X), keras_layer(X)
    keras_layer.set_weights(layer.get_weights())
    np.testing.assert_array_equal(layer(X, mask=mask), keras_layer(X, mask=mask))
    assert layer.name == "both"


def test_arguments_reach_the_cell():
    layer = recurrent_layer("gru", 4, dropout=0.1, recurrent_dropout=0.2, reset_after=True, seed=3)
    config = layer.cell.get_config()
    assert (config["dropout"], config["recurrent_dropout"]) == (0.1, 0.2)
    assert (config["reset_after"], config["seed"]) == (True, 3)
    layer = recurrent_layer("min_gru", 4, chrono=9)
    assert layer.cell.chrono == 9
    layer = recurrent_layer("simple_rnn", 4, activation="relu")
    assert layer.cell.activation is keras.activations.relu


def test_a_minimal_gru_has_no_recurrent_dropout():
    with pytest.raises(OptionError, match="recurrent_dropout is given, but a minimal GRU has no"):
        recurrent_layer("min_gru", 4, recurrent_dropout=0.1)


def test_reset_after_is_the_layers_own_unless_given():
    assert not recurrent_layer("gru", 4).cell.reset_after
    assert recurrent_layer("keras_gru", 4).reset_after
    assert not recurrent_layer("keras_gru", 4, reset_after=False).reset_after


@pytest.mark.parametrize("cell", [*CELLS, "toolkit.cells:GRUCell"])
def test_dtype_reaches_the_cell(cell):
    layer = recurrent_layer(cell, 4, dtype="mixed_bfloat16")
    assert layer.compute_dtype == layer.cell.compute_dtype == "bfloat16"
    both = recurrent_layer(cell, 4, dtype="float64", bidirectional=True)
    assert both(X).dtype == "float64"
    assert {weight.dtype for weight in both.weights} == {"float64"}


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("gruu", "cell is 'gruu'; it must be one of simple_rnn, simplified_gru, min_gru, gru, "),
        (":Cell", "cell is ':Cell'; it must be one of"),
        ("module:", "cell is 'module:'; it must be one of"),
        ("no_such_module:Cell", "cell 'no_such_module:Cell': the module cannot be imported"),
        ("toolkit.cells:Cell", "cell 'toolkit.cells:Cell': toolkit.cells has no Cell"),
        ("keras:layers", "cell 'keras:layers' is not a class of Keras layers"),
        ("subprocess:Popen", "cell 'subprocess:Popen' is not a class of Keras layers"),
        ("keras.layers:Dense", "cell 'keras.layers:Dense' makes no recurrent layer: The RNN cell"),
        ("test_factory:NeedsMore", "cell 'test_factory:NeedsMore' makes no recurrent layer: "),
    ],
)
def test_what_is_no_cell(cell, message):
    with pytest.raises(OptionError) as error:
        recurrent_layer(cell, 4)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("cell", CELLS)
def test_bad_arguments(cell):
    with pytest.raises(OptionError):
        recurrent_layer(cell, 4, no_such_argument=1)
    with pytest.raises(ValueError, match="units"):
        recurrent_layer(cell, 0)
