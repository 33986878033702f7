"""The layers' time loop and hand-written gradient, against Keras's loop around the same cell."""

import itertools
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.cells import GRUCell
from toolkit.layers import (
    GRU,
    LSTM,
    MinGRU,
    SimpleRNN,
    SimplifiedGRU,
    bptt,
    linear_recurrence,
    time_loop,
)

B, T, D, H = 4, 5, 3, 6

LAYERS = {
    "simple_rnn": (SimpleRNN, {}),
    "relu": (SimpleRNN, {"activation": "relu"}),
    "sigmoid": (SimpleRNN, {"activation": "sigmoid"}),
    "simplified_gru": (SimplifiedGRU, {}),
    "min_gru": (MinGRU, {}),
    "gru": (GRU, {}),
    "gru_reset_after": (GRU, {"reset_after": True}),
    "lstm": (LSTM, {}),
}
EVERY_LAYER = pytest.mark.parametrize("name", LAYERS)
MASKS = {
    "none": None,
    "right": [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [1, 1, 1, 1, 0]],
    "left": [[1, 1, 1, 1, 1], [0, 0, 1, 1, 1], [0, 0, 0, 0, 1], [0, 1, 1, 1, 1]],
    "anywhere": [[0, 1, 0, 1, 0], [0, 0, 0, 0, 0], [1, 0, 0, 0, 1], [1, 1, 1, 1, 1]],
}


@pytest.fixture
def by_hand(monkeypatch):
    """A list with the argument ``by_hand`` of each call of the time loop."""
    calls = []

    def counted(through_time, *arguments, by_hand, **options):
        calls.append(by_hand)
        return through_time(*arguments, by_hand=by_hand, **options)

    for module in (bptt, linear_recurrence):
        monkeypatch.setattr(module, "through_time", partial(counted, module.through_time))
    return calls


def make(name, dtype="float64", **options):
    layer_class, arguments = LAYERS[name]
    initializers = {"bias_initializer": "random_normal"} if options.get("use_bias", True) else {}
    layer = layer_class(H, dtype=dtype, **arguments, **initializers, **options)
    layer.build((B, T, D))
    return layer


def inherited(layer):
    """Return Keras's loop, with automatic differentiation, around the same cell."""
    return keras.layers.RNN(
        layer.cell,
        return_sequences=layer.return_sequences,
        return_state=layer.return_state,
        go_backwards=layer.go_backwards,
        zero_output_for_mask=layer.zero_output_for_mask,
        dtype=layer.dtype_policy,
    )


def data(seed=0, dtype="float64", steps=T, batch=B):
    rng = np.random.default_rng(seed)
    x, h = rng.normal(size=(batch, steps, D)), rng.normal(size=(batch, H))
    return tf.constant(x, dtype), tf.constant(h, dtype)


def mask_of(name):
    return None if MASKS[name] is None else tf.constant(np.array(MASKS[name], bool))


def states_of(layer, h):
    """Return an initial value of each state of a layer, of which the first is h."""
    return [h, tf.reverse(h, [0])][: len(layer.cell.get_initial_state(1))]


def results(layer, x, h, mask=None, second=False):
    """Return outputs, states, and first and perhaps second derivatives of a loss on them."""
    variables = [v.value for v in layer.trainable_variables]
    initial = states_of(layer, h)
    sources = [x, *initial, *variables]
    with tf.GradientTape() as outer:
        outer.watch([x, *initial])
        with tf.GradientTape() as tape:
            tape.watch([x, *initial])
            output, *states = layer(x, initial_state=initial, mask=mask, training=True)
            losses = [(n + 1) * tf.reduce_sum(state**2) for n, state in enumerate(states)]
            loss = tf.add_n([tf.reduce_sum(tf.sin(3 * output)), *losses])
        gradients = tape.gradient(loss, sources)
        if second:
            loss = tf.add_n([tf.reduce_sum(tf.cos(g)) for g in gradients])
    return [output, *states, *gradients, *(outer.gradient(loss, sources) if second else [])]


def assert_close(ours, theirs, share):
    """Check that the largest difference is at most this share of the largest value."""
    for a, b in zip(ours, theirs, strict=True):
        scale = max(1.0, float(tf.reduce_max(tf.abs(b)))) if tf.size(b) else 1.0
        np.testing.assert_allclose(a, b, atol=share * scale, rtol=0)


class TestAgainstTheInheritedLoop:
    @EVERY_LAYER
    @pytest.mark.parametrize(
        "mask", [pytest.param(n, marks=() if n == "anywhere" else pytest.mark.slow) for n in MASKS]
    )
    def test_both_give_the_same(self, name, mask, by_hand):
        for sequences, back, zero in itertools.product([True, False], repeat=3):
            layer = make(
                name,
                return_sequences=sequences,
                return_state=True,
                go_backwards=back,
                zero_output_for_mask=zero,
                use_bias=not back,
            )
            ours = results(layer, *data(), mask_of(mask))
            assert by_hand.pop()
            assert_close(ours, results(inherited(layer), *data(), mask_of(mask)), 1e-10)

    @EVERY_LAYER
    @pytest.mark.parametrize("mask", ["none", "anywhere"])
    def test_second_derivatives(self, name, mask, by_hand):
        layer = make(name, return_sequences=True, return_state=True)
        ours = results(layer, *data(), mask_of(mask), second=True)
        assert by_hand
        theirs = results(inherited(layer), *data(), mask_of(mask), second=True)
        assert_close(ours, theirs, 1e-10)

    @pytest.mark.parametrize(
        "name", [pytest.param("simple_rnn", marks=pytest.mark.slow), "min_gru", "gru"]
    )
    @pytest.mark.parametrize("jit", [False, True], ids=["graph", "xla"])
    def test_compiled(self, name, jit):
        layer = make(name, return_sequences=True, return_state=True, go_backwards=True)
        second = not jit

        @tf.function(jit_compile=jit)
        def compiled(x, h, mask):
            return results(layer, x, h, mask, second)

        ours = compiled(*data(), mask_of("anywhere"))
        theirs = results(inherited(layer), *data(), mask_of("anywhere"), second)
        assert_close(ours, theirs, 1e-10)

    def test_unknown_length_and_batch(self):
        layer = make("gru", return_sequences=True, return_state=True)
        signature = [tf.TensorSpec(shape, "float64") for shape in ([None, None, D], [None, H])]
        compiled = tf.function(lambda x, h: results(layer, x, h), input_signature=signature)
        for steps, batch in [(1, 1), (7, 3)]:
            inputs = data(steps=steps, batch=batch)
            assert_close(compiled(*inputs), results(inherited(layer), *inputs), 1e-10)

    @EVERY_LAYER
    def test_single_precision(self, name):
        layer = make(name, "float32", return_sequences=True, return_state=True)
        inputs = data(dtype="float32", steps=40)
        assert_close(results(layer, *inputs), results(inherited(layer), *inputs), 1e-5)

    @pytest.mark.slow
    @EVERY_LAYER
    @pytest.mark.parametrize("policy", ["bfloat16", "float16"])
    def test_half_precision_is_no_farther_from_the_truth(self, name, policy):
        half = make(name, f"mixed_{policy}", return_sequences=True, return_state=True)
        exact = make(name, "float64", return_sequences=True, return_state=True)
        ours_off, theirs_off = [], []
        for seed in range(4):
            x, h = data(seed, policy, steps=20, batch=16)
            rng = np.random.default_rng(seed)
            weights = [rng.normal(size=w.shape, scale=0.4) for w in half.get_weights()]
            for layer in (half, exact):
                layer.set_weights([tf.cast(tf.cast(w, policy), "float64").numpy() for w in weights])
            truth = results(exact, tf.cast(x, "float64"), tf.cast(h, "float64"))
            for layer, off in ((half, ours_off), (inherited(half), theirs_off)):
                for value, true in zip(results(layer, x, h), truth, strict=True):
                    off.append(np.sqrt(np.mean((tf.cast(value, "float64").numpy() - true) ** 2)))
                    off[-1] /= np.sqrt(np.mean(true**2))
        # The median, because a relu that rounding switches on or off makes a large difference.
        assert np.median(np.array(ours_off) / theirs_off) <= 1.05

    @EVERY_LAYER
    @pytest.mark.parametrize("half", ["bfloat16", "float16"])
    def test_sums_over_time_are_not_rounded_to_half_precision(self, name, half):
        layer = make(name, f"mixed_{half}", return_sequences=True, return_state=True)
        found = results(layer, *data(dtype=half, steps=40))
        for gradient in found[-len(layer.weights) :]:
            assert gradient.dtype == "float32"
            assert np.any(gradient != tf.cast(tf.cast(gradient, half), "float32"))

    @EVERY_LAYER
    def test_inference_computes_the_same_with_an_automatic_gradient(self, name, by_hand):
        layer = make(name, return_sequences=True, go_backwards=True)
        x, h = data()
        gradients, outputs = [], []
        for training in (False, True):
            with tf.GradientTape() as tape:
                tape.watch([x, h])
                initial, mask = states_of(layer, h), mask_of("left")
                outputs.append(layer(x, initial_state=initial, mask=mask, training=training))
                loss = tf.reduce_sum(outputs[-1] ** 2)
            gradients.append(tape.gradient(loss, [x, h]))
        assert by_hand == [False, True]
        assert_close([outputs[0], *gradients[0]], [outputs[1], *gradients[1]], 1e-10)

    @pytest.mark.parametrize("name", ["simple_rnn", "gru", "lstm"])
    @pytest.mark.parametrize("back", [False, True])
    def test_inference_of_every_length(self, name, back):
        """Its loop takes steps in chunks, and two chunks an iteration."""
        layer = make(name, return_sequences=True, return_state=True, go_backwards=back)
        signature = [tf.TensorSpec([B, None, D], "float64"), tf.TensorSpec([B, None], "bool")]
        answer, wanted = (
            tf.function(lambda x, mask, each=each: each(x, mask=mask), input_signature=signature)
            for each in (layer, inherited(layer))
        )
        for steps in range(1, 4 * time_loop.CHUNK + 2):
            x, _ = data(steps=steps)
            mask = tf.constant(np.random.default_rng(steps).random((B, steps)) < 0.7)
            assert_close(answer(x, mask), wanted(x, mask), 1e-10)


class TestTheLSTMOfKeras:
    """Values and gradients of ``keras.layers.LSTMCell`` in a ``keras.layers.RNN``."""

    @pytest.mark.parametrize("mask", ["none", "anywhere"])
    @pytest.mark.parametrize("back", [False, True])
    def test_values_and_gradients(self, mask, back, by_hand):
        options = {"return_sequences": True, "return_state": True, "go_backwards": back}
        ours = make("lstm", **options)
        theirs = keras.layers.RNN(
            keras.layers.LSTMCell(H, dtype="float64"), dtype="float64", **options
        )
        theirs.build((B, T, D))
        theirs.set_weights(ours.get_weights())
        found = [results(layer, *data(), mask_of(mask)) for layer in (ours, theirs)]
        assert by_hand
        assert_close(*found, 1e-12)

    @pytest.mark.parametrize("used", ["output", "h", "c"])
    def test_a_loss_on_one_result_alone(self, used):
        """The gradients of the results that a loss does not use are zero, not missing."""
        ours = make("lstm", return_sequences=True, return_state=True)
        x, h = data()
        initial = states_of(ours, h)

        def gradients(layer, x, *initial):
            sources = [x, *initial, *(v.value for v in layer.trainable_variables)]
            with tf.GradientTape() as tape:
                tape.watch(sources[:3])
                found = layer(x, initial_state=initial, mask=mask_of("anywhere"), training=True)
                loss = tf.reduce_sum(tf.sin(found[["output", "h", "c"].index(used)]))
            return tape.gradient(loss, sources)

        theirs = gradients(inherited(ours), x, *initial)
        assert_close(gradients(ours, x, *initial), theirs, 1e-12)
        in_a_graph = tf.function(lambda *tensors: gradients(ours, *tensors))
        assert_close(in_a_graph(x, *initial), theirs, 1e-12)


class TestFallingBack:
    """Cases in which the hand-written gradient does not apply and Keras's loop runs."""

    @pytest.mark.parametrize(
        ("layer_class", "arguments"),
        [
            (SimpleRNN, {"activation": "elu"}),
            (SimpleRNN, {"activation": None}),
            (SimpleRNN, {"activation": lambda a: a / 2}),
            (SimpleRNN, {"activation": keras.layers.LeakyReLU(dtype="float64")}),
            (SimplifiedGRU, {"activation": "relu"}),
            (GRU, {"activation": "relu"}),
            (GRU, {"recurrent_activation": "hard_sigmoid"}),
            (GRU, {"recurrent_activation": keras.layers.LeakyReLU(dtype="float64")}),
            (GRU, {"recurrent_dropout": 0.5}),
            (GRU, {"unroll": True}),
            (LSTM, {"activation": "relu"}),
            (LSTM, {"recurrent_activation": "hard_sigmoid"}),
            (LSTM, {"recurrent_dropout": 0.5}),
            (LSTM, {"unroll": True}),
        ],
    )
    def test_it_is_used(self, layer_class, arguments, by_hand):
        layer = layer_class(H, return_state=True, dtype="float64", seed=1, **arguments)
        layer(data()[0])
        by_hand.clear()
        ours = results(layer, *data(), mask_of("anywhere"))
        assert not by_hand
        if "recurrent_dropout" not in arguments:
            theirs = results(inherited(layer), *data(), mask_of("anywhere"))
            assert_close(ours, theirs, 1e-10)

    def test_a_cell_of_ones_own_keeps_its_own_equations(self, by_hand):
        class Doubled(GRUCell):
            def step(self, x, previous, dropped):
                return 2 * super().step(x, previous, dropped)

        class DoubledGRU(GRU):
            cell_class = Doubled

        layer = DoubledGRU(H)
        states = layer(data(dtype="float32")[0], training=True)
        assert not by_hand
        np.testing.assert_allclose(states, inherited(layer)(data(dtype="float32")[0]), atol=1e-6)


class TestEdges:
    @EVERY_LAYER
    def test_finite_differences(self, name):
        layer = make(name, return_sequences=True)
        x, h = data(seed=3)
        variables = [v.value for v in layer.trainable_variables]

        def loss(x, h, *weights):
            layer.set_weights(weights)
            initial, mask = states_of(layer, h), mask_of("anywhere")
            states = layer(x, initial_state=initial, mask=mask, training=True)
            return tf.reduce_sum(tf.sin(states))

        weights = layer.get_weights()
        point = [np.array(x), np.array(h), *weights]
        with tf.GradientTape() as tape:
            tape.watch([x, h])
            value = loss(x, h, *weights)
        gradients = tape.gradient(value, [x, h, *variables])
        rng = np.random.default_rng(0)
        for i, gradient in enumerate(gradients):
            direction = np.zeros_like(point[i])
            direction[...] = rng.normal(size=direction.shape)
            ends = [
                loss(*(p + sign * 1e-6 * direction if j == i else p for j, p in enumerate(point)))
                for sign in (1, -1)
            ]
            along = np.sum(np.array(gradient) * direction)
            assert float(ends[0] - ends[1]) / 2e-6 == pytest.approx(along, rel=1e-6, abs=1e-7)

    @EVERY_LAYER
    def test_wholly_masked_rows_leave_the_state_alone(self, name):
        layer = make(name, return_state=True)
        x, h = data()
        output, *found = results(layer, x, h, tf.zeros((B, T), tf.bool))
        np.testing.assert_array_equal(output, np.zeros((B, H)))
        initial = states_of(layer, h)
        count = len(initial)
        states, d_x, d_states = found[:count], found[count], found[count + 1 : 2 * count + 1]
        for n, (before, after, gradient) in enumerate(zip(initial, states, d_states, strict=True)):
            np.testing.assert_array_equal(after, before)
            np.testing.assert_array_equal(gradient, 2 * (n + 1) * before)
        for gradient in [d_x, *found[2 * count + 1 :]]:
            np.testing.assert_array_equal(gradient, np.zeros(gradient.shape))

    @EVERY_LAYER
    def test_what_stands_at_masked_steps_does_not_matter(self, name):
        layer = make(name, return_sequences=True)
        x, _ = data()
        mask = mask_of("anywhere")
        other = tf.where(mask[:, :, None], x, np.nan)
        np.testing.assert_array_equal(layer(x, mask=mask), layer(other, mask=mask))

    @EVERY_LAYER
    def test_one_step_and_an_empty_batch(self, name):
        layer = make(name, return_sequences=True, return_state=True)
        one = data(steps=1)
        assert_close(results(layer, *one), results(inherited(layer), *one), 1e-10)
        found = results(layer, *data(batch=0))
        states = [(0, H)] * len(states_of(layer, one[1]))
        shapes = [(0, T, H), *states, (0, T, D), *states]
        assert [a.shape for a in found[: len(shapes)]] == shapes
        assert all(not np.any(gradient) for gradient in found[len(shapes) :])

    def test_a_batch_of_only_empty_sequences(self):
        # Padded to one step, as the text layer pads them.
        layer = keras.layers.Bidirectional(GRU(H, return_sequences=True))
        x = tf.zeros((B, 1, D))
        with tf.GradientTape() as tape:
            states = layer(x, mask=tf.zeros((B, 1), tf.bool), training=True)
            loss = tf.reduce_sum(states)
        np.testing.assert_array_equal(states, np.zeros((B, 1, 2 * H)))
        for gradient in tape.gradient(loss, layer.trainable_variables):
            np.testing.assert_array_equal(gradient, np.zeros(gradient.shape))

    @pytest.mark.slow
    def test_a_thousand_steps(self):
        layer = make("gru", return_sequences=True, return_state=True)
        x, h = data(steps=1000, batch=2)
        ours = tf.function(lambda x, h: results(layer, x, h))(x, h)
        theirs = tf.function(lambda x, h: results(inherited(layer), x, h))(x, h)
        assert_close(ours, theirs, 1e-10)


class TestAsAKerasLayer:
    def test_bidirectional_and_stacked(self, by_hand):
        ours, theirs = (
            keras.Sequential(
                [
                    keras.layers.Bidirectional(
                        wrap(GRU(H, return_sequences=True, dtype="float64"))
                    ),
                    wrap(SimplifiedGRU(H, dtype="float64")),
                ]
            )
            for wrap in (lambda layer: layer, inherited)
        )
        x, _ = data()
        for model in (ours, theirs):
            model.build((B, T, D))
        theirs.set_weights(ours.get_weights())
        gradients = []
        for model in (ours, theirs):
            with tf.GradientTape() as tape:
                y = model.layers[0](x, mask=mask_of("anywhere"), training=True)
                y = model.layers[1](y, mask=mask_of("anywhere"), training=True)
                loss = tf.reduce_sum(y**2)
            variables = [v.value for v in model.trainable_variables]
            gradients.append([y, *tape.gradient(loss, variables)])
        assert by_hand.count(True) == 3
        assert_close(*gradients, 1e-10)

    def test_input_dropout_is_one_mask_and_has_its_gradient(self, by_hand):
        layer = make("gru", dropout=0.5, seed=1, return_sequences=True)
        same = make("gru", dropout=0.5, seed=1, return_sequences=True)
        same.set_weights(layer.get_weights())
        assert_close(
            [layer(data()[0], training=True)], [inherited(same)(data()[0], training=True)], 1e-10
        )
        assert by_hand == [True]

    @pytest.mark.parametrize("dropped", ["dropout", "recurrent_dropout"])
    def test_masks_are_drawn_in_training_alone(self, dropped):
        layer = make("gru", seed=1, return_sequences=True, **{dropped: 0.5})
        x, state = data()[0], layer.cell.seed_generator.state
        before = state.numpy().tolist()
        plain = layer(x)
        assert state.numpy().tolist() == before
        assert np.abs(layer(x, training=True) - plain).max() > 0.01
        assert state.numpy().tolist() != before
        assert_close([layer(x)], [plain], 0)

    @pytest.mark.parametrize("layer_class", [GRU, LSTM])
    def test_stateful(self, layer_class):
        layer = layer_class(H, stateful=True, return_sequences=True)
        whole = layer_class(H, return_sequences=True)
        x, _ = data(dtype="float32", steps=6)
        layer.build(x.shape)
        whole.build(x.shape)
        whole.set_weights(layer.get_weights()[:3])
        parts = [layer(x[:, :2], training=True), layer(x[:, 2:], training=True)]
        np.testing.assert_allclose(tf.concat(parts, 1), whole(x), atol=1e-6)
        layer.reset_state()
        np.testing.assert_allclose(layer(x[:, :2]), parts[0], atol=1e-6)

    @EVERY_LAYER
    def test_configuration_comes_back_whole(self, name):
        layer_class, arguments = LAYERS[name]
        options = {
            "return_sequences": True,
            "return_state": True,
            "go_backwards": True,
            "stateful": True,
            "unroll": True,
            "zero_output_for_mask": True,
            "activity_regularizer": keras.regularizers.L2(0.5),
            "kernel_regularizer": keras.regularizers.L2(0.25),
            "dropout": 0.125,
            "name": "named",
            "dtype": "mixed_bfloat16",
            "trainable": False,
            **arguments,
        }
        layer = layer_class(H, **options)
        described = keras.saving.serialize_keras_object(layer)
        again = keras.saving.deserialize_keras_object(described)
        assert keras.saving.serialize_keras_object(again) == described
        assert {"units", *options} <= described["config"].keys()
        assert again.units == H
        assert again.activity_regularizer.l2 == 0.5
        assert again.cell.get_config() == layer.cell.get_config()

    @pytest.mark.slow
    def test_trains_saves_and_loads(self, tmp_path, by_hand):
        inputs = keras.Input((None, D))
        x = keras.layers.Masking()(inputs)
        x = keras.layers.Bidirectional(GRU(H, dropout=0.1, dtype="mixed_bfloat16"))(x)
        model = keras.Model(inputs, keras.layers.Dense(1, dtype="float32")(x))
        model.compile(keras.optimizers.Adam(0.02, clipnorm=1.0), "mse")
        x = np.random.default_rng(0).normal(size=(64, T, D)).astype("float32")
        y = x[:, 0, 0] - x[:, -1, 1]
        by_hand.clear()
        history = model.fit(x, y, epochs=12, batch_size=16, verbose=0).history["loss"]
        assert True in by_hand
        assert history[-1] < 0.5 * history[0]
        model.save(tmp_path / "model.keras")
        again = keras.saving.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))

    @pytest.mark.slow
    def test_an_exported_graph_has_no_custom_gradient(self, tmp_path):
        model = keras.Sequential(
            [keras.Input((None, D)), keras.layers.Bidirectional(GRU(H)), keras.layers.Dense(1)]
        )
        model.compile("adam", "mse")
        x = np.ones((4, T, D), "float32")
        model.fit(x, np.ones(4), verbose=0)
        model.export(tmp_path / "1", verbose=False)
        loaded = tf.saved_model.load(tmp_path / "1")
        np.testing.assert_allclose(loaded.serve(x), model.predict(x, verbose=0), atol=1e-6)
        graph = loaded.signatures["serving_default"].graph.as_graph_def()
        ops = {node.op for function in graph.library.function for node in function.node_def}
        assert "TensorListSetItem" in ops  # an op of the time loop
        assert "IdentityN" not in ops  # the op that a custom gradient adds to a graph
