"""Every cell as a Keras layer: weights, configuration, dropout, bad arguments."""

import keras
import numpy as np
import pytest
from keras import ops

from toolkit.cells import GRUCell, LSTMCell, MinGRUCell, SimpleRNNCell, SimplifiedGRUCell
from toolkit.errors import OptionError

CELLS = [SimpleRNNCell, SimplifiedGRUCell, MinGRUCell, GRUCell, LSTMCell]
FULL_CONFIG = {
    "units": 4,
    "activation": "relu",
    "use_bias": True,
    "kernel_initializer": "he_normal",
    "recurrent_initializer": "glorot_normal",
    "bias_initializer": "ones",
    "kernel_regularizer": keras.regularizers.L2(0.1),
    "recurrent_regularizer": keras.regularizers.L1(0.2),
    "bias_regularizer": keras.regularizers.L2(0.3),
    "kernel_constraint": keras.constraints.MaxNorm(2.0),
    "recurrent_constraint": keras.constraints.NonNeg(),
    "bias_constraint": keras.constraints.UnitNorm(),
    "dropout": 0.25,
    "recurrent_dropout": 0.125,
    "seed": 7,
    "name": "named",
}
GATED = {"recurrent_activation": "hard_sigmoid", "chrono": 9}
OF_A_RECURRENT_KERNEL = [
    "recurrent_initializer",
    "recurrent_regularizer",
    "recurrent_constraint",
    "recurrent_dropout",
]
NO_RECURRENT_KERNEL = {k: v for k, v in FULL_CONFIG.items() if k not in OF_A_RECURRENT_KERNEL}


@pytest.mark.parametrize(
    ("cell", "shapes"),
    [
        (SimpleRNNCell(5), [(3, 5), (5, 5), (5,)]),
        (SimplifiedGRUCell(5), [(3, 10), (5, 10), (10,)]),
        (MinGRUCell(5), [(3, 10), (10,)]),
        (MinGRUCell(5, use_bias=False), [(3, 10)]),
        (GRUCell(5), [(3, 15), (5, 15), (15,)]),
        (GRUCell(5, reset_after=True), [(3, 15), (5, 15), (2, 15)]),
        (GRUCell(5, use_bias=False), [(3, 15), (5, 15)]),
        (LSTMCell(5), [(3, 20), (5, 20), (20,)]),
    ],
)
def test_weights_have_the_shapes_that_the_docstrings_say(cell, shapes):
    cell.build((None, 3))
    assert [tuple(weight.shape) for weight in cell.weights] == shapes


@pytest.mark.parametrize("cell_class", CELLS)
def test_state_and_output(cell_class):
    cell = cell_class(5)
    state = cell.get_initial_state(batch_size=2)
    count = 2 if cell_class is LSTMCell else 1
    assert cell.output_size == 5
    assert cell.state_size == (5 if count == 1 else [5, 5])
    assert [tuple(s.shape) for s in state] == [(2, 5)] * count
    output, new = cell(np.ones((2, 3), "float32"), state)
    assert [tuple(s.shape) for s in new] == [(2, 5)] * count
    np.testing.assert_array_equal(output, new[0])
    if count == 1:
        alone, new_alone = cell(np.ones((2, 3), "float32"), state[0])
        np.testing.assert_array_equal(output, alone)
        np.testing.assert_array_equal(output, new_alone)


@pytest.mark.parametrize("initializer", ["zeros", "ones", keras.initializers.RandomNormal(seed=1)])
def test_the_forget_gate_is_open_at_first(initializer):
    ours, without, keras_cell = (
        cell_class(3, bias_initializer=initializer, **options)
        for cell_class, options in (
            (LSTMCell, {}),
            (LSTMCell, {"unit_forget_bias": False}),
            (keras.layers.LSTMCell, {}),
        )
    )
    for cell in (ours, without, keras_cell):
        cell.build((None, 2))
    bias = ours.bias.numpy()
    assert bias[3:6].tolist() == [1, 1, 1]
    np.testing.assert_array_equal(np.delete(bias, [3, 4, 5]), np.delete(without.bias, [3, 4, 5]))
    if isinstance(initializer, str):
        np.testing.assert_array_equal(bias, keras_cell.bias)
    else:
        assert np.abs(without.bias[3:6] - 1).min() > 0.1


@pytest.mark.parametrize(
    ("cell_class", "config"),
    [
        (SimpleRNNCell, FULL_CONFIG),
        (SimplifiedGRUCell, {**FULL_CONFIG, **GATED}),
        (MinGRUCell, {**NO_RECURRENT_KERNEL, **GATED}),
        (GRUCell, {**FULL_CONFIG, **GATED, "reset_after": True}),
        (LSTMCell, {**FULL_CONFIG, **GATED, "unit_forget_bias": False}),
    ],
)
def test_configuration_comes_back_whole(cell_class, config):
    cell = cell_class(**config)
    described = keras.saving.serialize_keras_object(cell)
    again = keras.saving.deserialize_keras_object(described)
    assert type(again) is cell_class
    assert keras.saving.serialize_keras_object(again) == described
    assert config.keys() <= described["config"].keys()
    assert again.kernel_regularizer.l2 == pytest.approx(0.1)
    assert again.dropout == 0.25
    assert again.name == "named"


def test_regularizers_and_constraints_reach_their_weights():
    cell = GRUCell(2, **{k: v for k, v in FULL_CONFIG.items() if "regular" in k or "constr" in k})
    cell.build((None, 3))
    assert [w.regularizer for w in cell.weights] == [
        cell.kernel_regularizer,
        cell.recurrent_regularizer,
        cell.bias_regularizer,
    ]
    assert [w.constraint for w in cell.weights] == [
        cell.kernel_constraint,
        cell.recurrent_constraint,
        cell.bias_constraint,
    ]
    assert len(cell.losses) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": 0}, "units is 0; it must be a positive integer"),
        ({"units": 2.5}, "units is 2.5; it must be a positive integer"),
        ({"units": True}, "units is True; it must be a positive integer"),
        ({"units": 2, "dropout": 1}, "dropout is 1; it must be at least 0 and below 1"),
        (
            {"units": 2, "recurrent_dropout": -0.1},
            "recurrent_dropout is -0.1; it must be at least 0 and below 1",
        ),
        ({"units": 2, "dropout": "a"}, "dropout is 'a'; it must be at least 0 and below 1"),
        ({"units": 2, "activation": "tahn"}, "activation is 'tahn', which"),
        ({"units": 2, "recurrent_activation": "sigmod"}, "recurrent_activation is 'sigmod', which"),
        ({"units": 2, "kernel_initializer": "xavier"}, "kernel_initializer is 'xavier', which"),
        ({"units": 2, "bias_regularizer": "l3"}, "bias_regularizer is 'l3', which"),
        ({"units": 2, "bias_constraint": 3}, "bias_constraint is 3, which"),
        ({"units": 2, "chrono": 1}, "chrono is 1; it must be an integer of at least 2, or None"),
        ({"units": 2, "chrono": 9.5}, "chrono is 9.5; it must be an integer of at least 2"),
        ({"units": 2, "chrono": True}, "chrono is True; it must be an integer of at least 2"),
        (
            {"units": 2, "chrono": 9, "use_bias": False},
            "chrono is 9, but there is no bias; give use_bias=True",
        ),
    ],
)
def test_bad_arguments_say_what_would_be_right(arguments, message):
    with pytest.raises(OptionError) as error:
        GRUCell(**arguments)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)
    assert isinstance(error.value, ValueError)


@pytest.mark.parametrize("argument", OF_A_RECURRENT_KERNEL)
def test_a_minimal_gru_takes_no_arguments_of_a_recurrent_kernel(argument):
    with pytest.raises(OptionError) as error:
        MinGRUCell(2, **{argument: FULL_CONFIG[argument]})
    assert str(error.value).startswith(f"{argument} is given, but a minimal GRU has no recurrent")


@pytest.mark.parametrize("dropout", [0, 0.5])
@pytest.mark.parametrize(
    ("cell_class", "keras_class"),
    [
        (GRUCell, keras.layers.GRUCell),
        (LSTMCell, keras.layers.LSTMCell),
    ],
)
def test_with_a_seed_the_first_weights_are_those_of_keras(cell_class, keras_class, dropout):
    pairs = []
    for make in (cell_class, keras_class):
        keras.utils.set_random_seed(3)
        cells = [make(4, dropout=dropout), make(4, dropout=dropout)]
        for cell in cells:
            cell.build((None, 3))
        pairs.append([w for cell in cells for w in (cell.kernel, cell.recurrent_kernel)])
    for ours, theirs in zip(*pairs, strict=True):
        np.testing.assert_array_equal(*map(ops.convert_to_numpy, (ours, theirs)))


class TestChronoInitialization:
    """The first biases of the gates; see ``GatedCell``."""

    @staticmethod
    def bias(cell_class, units=400, **arguments):
        cell = cell_class(units, **arguments)
        cell.build((None, 3))
        return ops.convert_to_numpy(cell.bias)

    @pytest.mark.parametrize("cell_class", [SimplifiedGRUCell, MinGRUCell, GRUCell])
    def test_times_are_uniform_up_to_the_longest_distance(self, cell_class):
        bias = self.bias(cell_class, chrono=101, seed=1, bias_initializer="ones")
        times = np.sort(np.exp(-bias[:400]))
        assert times.min() >= 1 - 1e-5
        assert times.max() <= 100 + 1e-3
        # The largest distance of Kolmogorov and Smirnov, at a level of 0.1 %.
        distance = np.abs((times - 1) / 99 - (np.arange(400) + 0.5) / 400).max()
        assert distance < 1.95 / np.sqrt(400)
        assert (bias[400:] == 1).all()  # of the other blocks

    def test_a_gate_keeps_for_its_time(self):
        bias = self.bias(SimplifiedGRUCell, chrono=31, seed=1)[:400]
        kept = 1 / (1 + np.exp(bias))  # 1 - sigmoid(b_u), of a state in one step
        mean_age = kept / (1 - kept)  # of a geometric distribution
        assert mean_age.mean() == pytest.approx(16, rel=0.1)  # the mean of U([1, 30]) is 15.5

    def test_the_row_of_the_product_is_zero_there(self):
        bias = self.bias(GRUCell, 5, chrono=9, reset_after=True, bias_initializer="ones")
        times = np.exp(-bias[0, :5])
        assert ((times >= 1 - 1e-6) & (times <= 8 + 1e-5)).all()
        assert (bias[1, :5] == 0).all()
        assert (bias[:, 5:] == 1).all()

    def test_the_gates_of_an_lstm(self):
        bias = self.bias(LSTMCell, 5, chrono=9, bias_initializer="ones")
        times = np.exp(-bias[:5])
        assert ((times >= 1 - 1e-6) & (times <= 8 + 1e-5)).all()
        assert (bias[5:10] == -bias[:5]).all()  # the forget gate's
        assert (bias[10:] == 1).all()

    def test_the_seed_decides(self):
        one, same, other, random, again = (
            self.bias(MinGRUCell, 5, chrono=9, seed=seed) for seed in (1, 1, 2, None, None)
        )
        assert (one == same).all()
        for different in (other, random, again):
            assert (one[:5] != different[:5]).all()
        assert (random[:5] != again[:5]).all()

    def test_the_shortest_distance_is_a_half(self):
        assert (self.bias(MinGRUCell, 5, chrono=2) == 0).all()


class TestDropout:
    """Dropout masks, made visible by a SimpleRNNCell whose kernel is the identity."""

    def layer(self, recurrent="zeros", activation="relu", **dropout):
        cell = SimpleRNNCell(
            50,
            activation=activation,
            kernel_initializer="identity",
            recurrent_initializer=recurrent,
            **dropout,
        )
        return keras.layers.RNN(cell, return_sequences=True)

    def test_inputs_have_one_mask_for_the_whole_sequence(self):
        layer = self.layer(dropout=0.5, seed=1)
        first, second = (np.array(layer(np.ones((3, 6, 50)), training=True)) for _ in range(2))
        assert set(np.unique(first)) == {0.0, 2.0}
        assert (first == first[:, :1]).all()
        assert (first[0] != first[1]).any()
        assert (first != second).any()  # another batch, another mask

    def test_states_have_one_mask_for_the_whole_sequence(self):
        layer = self.layer(recurrent="identity", recurrent_dropout=0.5, seed=1)
        ones_first = np.zeros((3, 4, 50))
        ones_first[:, 0] = 1
        states = np.array(layer(ones_first, training=True))
        for state, power in zip(np.moveaxis(states, 1, 0)[1:], [2.0, 4.0, 8.0], strict=True):
            assert set(np.unique(state)) == {0.0, power}
            assert ((state > 0) == (states[:, 1] > 0)).all()

    def test_nothing_is_dropped_outside_training(self):
        layer = self.layer(dropout=0.5, recurrent_dropout=0.5)
        np.testing.assert_array_equal(layer(np.ones((3, 6, 50))), np.ones((3, 6, 50)))

    def test_the_seed_makes_it_repeatable(self):
        one, same, other = (
            np.array(self.layer(dropout=0.5, seed=seed)(np.ones((3, 6, 50)), training=True))
            for seed in (1, 1, 2)
        )
        assert (one == same).all()
        assert (one != other).any()

    @pytest.mark.parametrize("cell_class", [SimplifiedGRUCell, GRUCell])
    def test_the_carried_state_is_not_dropped(self, cell_class):
        cell = cell_class(50, recurrent_dropout=0.9, seed=1)
        state = np.ones((2, 50), "float32")
        cell.build((None, 3))
        kernel, recurrent, bias = cell.get_weights()
        bias[:50] = -100.0  # the update gate is closed
        cell.set_weights([kernel, recurrent, bias])
        output, _ = cell(np.ones((2, 3), "float32"), state, training=True)
        np.testing.assert_allclose(output, state)

    def test_the_carried_memory_is_not_dropped(self):
        cell = LSTMCell(50, recurrent_dropout=0.9, seed=1)
        h, c = np.ones((2, 50), "float32"), np.full((2, 50), 0.5, "float32")
        cell.build((None, 3))
        kernel, recurrent, bias = cell.get_weights()
        bias[:50], bias[50:100] = -100.0, 100.0  # the input gate is closed, the forget gate open
        cell.set_weights([kernel, recurrent, bias])
        _, [_, memory] = cell(np.ones((2, 3), "float32"), [h, c], training=True)
        np.testing.assert_allclose(memory, c)

    def test_keras_still_makes_masks_for_the_private_class(self):
        # When this fails, Keras has moved or renamed what toolkit/cells/base.py imports.
        from keras.src.layers.rnn import dropout_rnn_cell, rnn

        assert rnn.DropoutRNNCell is dropout_rnn_cell.DropoutRNNCell
        assert issubclass(GRUCell, rnn.DropoutRNNCell)
        cell = GRUCell(3, dropout=0.5)
        layer = keras.layers.RNN(cell)
        layer(np.ones((2, 4, 3)), training=True)
        assert cell._dropout_mask is None  # the mask is deleted after the batch


@pytest.mark.parametrize("cell_class", CELLS)
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float64"])
def test_data_types(cell_class, policy):
    cell = cell_class(3, dtype=policy)
    output, states = cell(np.ones((2, 3)), cell.get_initial_state(2))
    expected = "bfloat16" if policy == "mixed_bfloat16" else policy
    for value in (output, *states):
        assert keras.backend.standardize_dtype(value.dtype) == expected
    assert cell.kernel.dtype == ("float32" if policy == "mixed_bfloat16" else policy)


@pytest.mark.parametrize(
    "cell",
    [
        SimpleRNNCell(4),
        SimplifiedGRUCell(4),
        MinGRUCell(4),
        GRUCell(4),
        GRUCell(4, reset_after=True),
        LSTMCell(4),
    ],
)
def test_the_layer_of_keras_trains_a_cell(cell):
    model = keras.Sequential([keras.Input((5, 3)), keras.layers.RNN(cell)])
    model.compile("sgd", "mse")
    losses = model.fit(np.ones([2, 5, 3]), np.ones([2, 4]), epochs=3, verbose=0).history["loss"]
    assert losses[0] > losses[1] > losses[2]


def test_stacked_cells():
    layer = keras.layers.RNN(
        [GRUCell(3, dropout=0.1), LSTMCell(3), SimpleRNNCell(2), SimplifiedGRUCell(4)]
    )
    assert ops.shape(layer(np.ones((2, 5, 3)), training=True)) == (2, 4)
