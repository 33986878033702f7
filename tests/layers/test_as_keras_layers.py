"""The recurrent layers where they stand in for Keras's: masks, shapes, integers, Jacobians."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.layers import (
    CRF,
    GRU,
    LSTM,
    Attention,
    CharacterEncoder,
    Embedding,
    MinGRU,
    RareWordDropout,
    SimpleRNN,
    SimplifiedGRU,
    TiedEmbedding,
    WordDropout,
    recurrent_layer,
)
from toolkit.layers.cross_entropy import linear_cross_entropy

EVERY_LAYER = pytest.mark.parametrize("layer_class", [SimpleRNN, SimplifiedGRU, MinGRU, GRU, LSTM])
X = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], bool)


class TestReadingBackwards:
    """The mask that is handed on is in the order of the outputs, that of reading."""

    @EVERY_LAYER
    @pytest.mark.parametrize("return_state", [False, True])
    def test_the_mask_is_reversed(self, layer_class, return_state):
        layer = layer_class(4, return_sequences=True, return_state=return_state, go_backwards=True)
        masks = layer.compute_mask(X, MASK)
        mask = masks[0] if return_state else masks
        np.testing.assert_array_equal(mask, MASK[:, ::-1])
        if return_state:
            assert masks[1:] == [None] * layer.cell.states
        without = layer.compute_mask(X, None)
        assert without is None or without == [None] * (1 + layer.cell.states)

    @EVERY_LAYER
    def test_other_layers_hand_on_what_keras_does(self, layer_class):
        assert layer_class(4, go_backwards=True).compute_mask(X, MASK) is None
        forwards = layer_class(4, return_sequences=True)
        np.testing.assert_array_equal(forwards.compute_mask(X, MASK), MASK)
        both = keras.layers.Bidirectional(forwards)
        np.testing.assert_array_equal(both.compute_mask(X, MASK), MASK)

    @EVERY_LAYER
    def test_padding_changes_nothing(self, layer_class):
        ids = keras.Input((None,), dtype="int32")
        vectors = Embedding(9, 3, mask_zero=True)(ids)
        backwards = layer_class(4, return_sequences=True, go_backwards=True)(vectors)
        model = keras.Model(ids, layer_class(2)(backwards))
        alone, padded = np.array([[1, 2, 3]]), np.array([[1, 2, 3, 0, 0, 0]])
        np.testing.assert_allclose(model(padded), model(alone), atol=1e-6)


class TestTheShapeOfAMask:
    BAD = (MASK.T, MASK.ravel(), MASK.T[:, :, None], MASK[:, :4], MASK[:1], np.dstack([MASK] * 2))

    @EVERY_LAYER
    @pytest.mark.parametrize("unroll", [False, True])
    def test_other_shapes_are_refused(self, layer_class, unroll):
        layer = layer_class(4, unroll=unroll, name="reader")
        for mask in self.BAD:
            with pytest.raises(OptionError) as error:
                layer(X, mask=mask)
            assert "layer reader has a mask of shape" in str(error.value)
            assert "the mask must have the shape [2, 5]" in str(error.value)

    def test_a_trailing_one_and_numbers_are_accepted(self):
        layer = GRU(4)
        expected = layer(X, mask=MASK)
        for mask in (MASK[:, :, None], MASK.astype("float32"), MASK.astype("int32")):
            np.testing.assert_array_equal(layer(X, mask=mask), expected)

    @pytest.mark.parametrize("training", [False, True])
    def test_a_graph_of_unknown_sizes_refuses_them_when_it_runs(self, training):
        layer = GRU(4)
        layer.build(X.shape)
        shapes = [tf.TensorSpec([None, None, 3]), tf.TensorSpec([None, None], "bool")]
        read = tf.function(
            lambda x, mask: layer(x, mask=mask, training=training), input_signature=shapes
        )
        np.testing.assert_allclose(read(X, MASK), layer(X, mask=MASK), atol=1e-6)
        for mask in (MASK.T, MASK[:, :4], np.hstack([MASK, MASK])):
            with pytest.raises((tf.errors.InvalidArgumentError, ValueError)):
                read(X, mask)


class TestArgumentsOfTheLayer:
    @EVERY_LAYER
    @pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`")
    def test_an_input_shape_builds_a_model(self, layer_class):
        model = keras.Sequential([layer_class(4, input_shape=(5, 3)), keras.layers.Dense(1)])
        assert model.built
        assert model.input_shape == (None, 5, 3)
        assert model(X).shape == (2, 1)

    def test_autocast_is_the_layers(self):
        assert not GRU(4, autocast=False).autocast

    def test_what_neither_knows_is_refused(self):
        with pytest.raises(ValueError, match="batch_shape"):
            GRU(4, batch_shape=(2, 5, 3))


FOUR, TWO, ONE = np.int64(4), np.int32(2), np.uint8(1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: SimpleRNN(FOUR, seed=ONE, dropout=np.float32(0.25)),
        lambda: SimplifiedGRU(units=FOUR, seed=ONE),
        lambda: MinGRU(units=FOUR, seed=ONE, chrono=np.int64(9)),
        lambda: GRU(FOUR, seed=ONE, recurrent_dropout=np.float64(0.25)),
        lambda: LSTM(FOUR, seed=ONE),
        lambda: recurrent_layer("keras_gru", FOUR),
        lambda: recurrent_layer("keras_lstm", FOUR),
        lambda: recurrent_layer("toolkit.cells:GRUCell", FOUR, seed=ONE),
        lambda: Embedding(FOUR, TWO),
        lambda: TiedEmbedding(FOUR, TWO),
        lambda: Attention(units=FOUR),
        lambda: CRF(FOUR),
        lambda: WordDropout(0.5, unknown_id=ONE, seed=ONE),
        lambda: RareWordDropout(FOUR, 1.0, unknown_id=ONE, seed=ONE),
        lambda: CharacterEncoder(FOUR, FOUR, embedding_size=TWO, width=TWO, seed=ONE),
        lambda: CharacterEncoder(FOUR, FOUR, "gru", embedding_size=TWO),
    ],
)
def test_integers_of_numpy_are_integers(make):
    layer = make()
    config = json.loads(json.dumps(layer.get_config()))  # numbers of NumPy are no JSON
    again = type(layer).from_config(config)
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Embedding(np.float64(4), 2),
            "input_dim is np.float64(4.0); it must be a positive",
        ),
        (lambda: TiedEmbedding(4, np.int64(0)), "output_dim is np.int64(0); it must be a positive"),
        (lambda: GRU(np.bool_(True)), "units is np.True_; it must be a positive integer"),
        (lambda: recurrent_layer("lstm", 1.0), "units is 1.0; it must be a positive integer"),
        (lambda: CRF(-1), "tags is -1; it must be a positive integer"),
        (lambda: CharacterEncoder(4, 4, width="3"), "width is '3'; it must be a positive integer"),
    ],
)
def test_other_numbers_are_refused(make, message):
    with pytest.raises(OptionError) as error:
        make()
    assert str(error.value).startswith(message)


class TestJacobians:
    """Those of training, with a gradient by hand, are those of inference, without one."""

    @EVERY_LAYER
    @pytest.mark.parametrize(
        "options",
        [
            {},
            pytest.param({"return_sequences": True, "go_backwards": True}, marks=pytest.mark.slow),
        ],
    )
    def test_of_recurrent_layers(self, layer_class, options):
        layer = layer_class(4, dtype="float64", **options)
        x = tf.constant(X, tf.float64)
        layer(x)
        found = []
        for training in (False, True):
            with tf.GradientTape(persistent=True) as tape:
                tape.watch(x)
                states = layer(x, mask=MASK, training=training)
            found.append([tape.jacobian(states, [x, *(w.value for w in layer.weights)])])
        for by_hand, automatic in zip(found[1][0], found[0][0], strict=True):
            np.testing.assert_allclose(by_hand, automatic, atol=1e-12)

    def test_one_row_after_the_other(self):
        layer, x = GRU(2, dtype="float64"), tf.constant(X, tf.float64)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            states = layer(x, training=True)
        rows = tape.jacobian(states, x, experimental_use_pfor=False)
        np.testing.assert_allclose(rows, tape.jacobian(states, x), atol=1e-12)

    @pytest.mark.slow
    def test_of_embeddings_crf_and_losses(self):
        table = Embedding(9, 3, dtype="float64")
        crf = CRF(3, dtype="float64")
        tags = tf.constant(np.arange(10).reshape(2, 5) % 3)
        weight, bias = tf.Variable(X[0]), tf.Variable(X[0, :, 0])

        def conditionals(x, training):
            return crf.log_conditionals(x, tags, MASK, training=training)

        def losses(x, training):
            if training:
                return linear_cross_entropy(x, weight, bias, tags)
            scores = tf.matmul(x, weight, transpose_b=True) + bias
            return tf.nn.sparse_softmax_cross_entropy_with_logits(tags, scores)

        def vectors(x, training):
            return table(tags, training=training) * tf.cast(x[..., :1], tf.float64)

        for function, x in ((conditionals, X), (losses, X), (vectors, X)):
            found = []
            for training in (False, True):
                point = tf.constant(x, tf.float64 if function is conditionals else tf.float32)
                with tf.GradientTape() as tape:
                    tape.watch(point)
                    result = function(point, training)
                found.append(tape.jacobian(result, point))
            np.testing.assert_allclose(found[1], found[0], atol=1e-6)


@pytest.mark.slow
def test_a_saved_model_loads_after_the_import_of_the_layers(tmp_path):
    model = keras.Sequential([keras.Input((5, 3)), GRU(4, return_sequences=True), SimpleRNN(2)])
    path = tmp_path / "model.keras"
    model.save(path)
    np.save(tmp_path / "x.npy", X)
    code = (
        f"import keras, numpy, toolkit.layers; model = keras.models.load_model({str(path)!r});"
        f"print(*model(numpy.load({str(tmp_path / 'x.npy')!r})).numpy().ravel())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    answers = np.array(found.stdout.split(), "float32").reshape(2, 2)
    np.testing.assert_allclose(answers, model(X), atol=1e-6)
