"""The ONNX model: it answers as the network does, and is written whole or not at all."""

import dataclasses
import logging
import os

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf

from toolkit.cells import GRUCell, LSTMCell, MinGRUCell
from toolkit.errors import ModelError, OptionError, WorkError
from toolkit.export import check_runtime, read_golden, write_core
from toolkit.export.onnx_graph import onnx_model
from toolkit.layers import CELLS
from toolkit.models import ManyToOne, OneToOne, SequenceModel
from toolkit.tasks.classification.core import text_core
from toolkit.tasks.classification.options import TextClassifierOptions
from toolkit.text import Tokenizer

SIZES = {"vocabulary_size": 12, "outputs": 3, "embedding_size": 5, "hidden_size": 4}


def randomised(network):
    """Set all weights, biases included, to random values of both signs; return the network."""
    random = np.random.default_rng(1)
    network.build()
    network.set_weights([random.normal(0, 0.6, w.shape) for w in network.get_weights()])
    return network


def model_of(network):
    """Return the ONNX model of a text classifier with this network."""
    words = [f"word{number}" for number in range(network.config["vocabulary_size"] - 2)]
    model = SequenceModel(Tokenizer(vocabulary=words), network)
    classes = () if network.config["output"] == "linear" else ("a", "b", "c")
    return onnx_model(text_core(model, TextClassifierOptions(), 100, classes, []))


def session_of(model):
    source = model if isinstance(model, os.PathLike) else model.SerializeToString()
    return onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"])


def asked(session, ids):
    (answers,) = session.run(None, {"ids": np.asarray(ids, np.int64)})
    return answers


def batches():
    """Return batches: one step, one row, padding at any places, and rows of padding only."""
    random = np.random.default_rng(2)
    scattered = random.integers(1, 12, (6, 9)) * random.integers(0, 2, (6, 9))
    scattered[0, :], scattered[1, :4], scattered[2, 5:] = 0, 0, 0
    return [
        random.integers(1, 12, (1, 1)),
        random.integers(1, 12, (1, 7)),
        scattered,
        np.zeros((2, 1), int),
    ]


def assert_same(network, session, scale=1.0):
    answer = tf.function(network.answer, input_signature=[tf.TensorSpec([None, None], tf.int32)])
    for ids in batches():
        answers = asked(session, ids)
        expected = answer(ids.astype("int32")).numpy()
        np.testing.assert_allclose(answers, expected.reshape(answers.shape), atol=1e-6 * scale)


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell(cell):
    network = randomised(ManyToOne(**SIZES, cell=cell))
    assert_same(network, session_of(model_of(network)))


@pytest.mark.slow
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "concat", "attention"])
def test_every_pooling(pooling, bidirectional):
    options = {"cell": "simple_rnn", "pooling": pooling, "bidirectional": bidirectional}
    network = randomised(ManyToOne(**SIZES, **options))
    assert_same(network, session_of(model_of(network)))


def test_layers_upon_layers_and_several_labels():
    network = randomised(ManyToOne(**SIZES, layers=2, output="sigmoid"))
    assert_same(network, session_of(model_of(network)))


def test_a_number():
    scale = {"output_mean": 5000.0, "output_scale": 100.0}
    network = randomised(ManyToOne(**SIZES | {"outputs": 1}, output="linear", **scale))
    session = session_of(model_of(network))
    assert [(value.name, value.shape) for value in session.get_outputs()] == [("value", ["batch"])]
    assert_same(network, session, scale=1000)


def test_the_fixed_window():
    network = randomised(OneToOne(**SIZES, window=8))
    assert_same(network, session_of(model_of(network)))


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_the_activations_of_the_simple_cell(activation):
    network = ManyToOne(**SIZES, cell="simple_rnn", bidirectional=False)
    network.recurrent[0].cell.activation = keras.activations.get(activation)
    assert_same(randomised(network), session_of(model_of(network)))


@pytest.mark.parametrize(
    ("cell", "options"),
    [
        (GRUCell, {"reset_after": True}),
        (GRUCell, {"use_bias": False}),
        (MinGRUCell, {"activation": "tanh"}),
        (MinGRUCell, {"use_bias": False}),
        (keras.layers.GRUCell, {"reset_after": False}),
        (LSTMCell, {"use_bias": False}),
        (keras.layers.LSTMCell, {"use_bias": False}),
        (keras.layers.SimpleRNNCell, {"activation": "relu"}),
    ],
)
def test_the_options_of_a_cell(cell, options):
    network = ManyToOne(**SIZES, bidirectional=False)
    network.recurrent[0] = keras.layers.RNN(cell(4, **options), return_sequences=True)
    assert_same(randomised(network), session_of(model_of(network)))


def test_no_rows_and_no_steps():
    network = randomised(ManyToOne(**SIZES))
    session = session_of(model_of(network))
    assert asked(session, np.zeros((0, 4))).shape == (0, 3)
    assert asked(session, np.zeros((0, 0))).shape == (0, 3)
    nothing = asked(session, np.zeros((2, 0)))
    np.testing.assert_allclose(nothing, asked(session, np.zeros((2, 5))), atol=1e-7)


def test_inputs_and_outputs_have_names_and_sizes():
    session = session_of(model_of(randomised(ManyToOne(**SIZES))))
    (takes,), (gives,) = session.get_inputs(), session.get_outputs()
    assert (takes.name, takes.type, takes.shape) == ("ids", "tensor(int64)", ["batch", "time"])
    assert (gives.name, gives.type, gives.shape) == ("probabilities", "tensor(float)", ["batch", 3])


@keras.saving.register_keras_serializable()
class Wavering(keras.layers.SimpleRNNCell):
    """A user-defined cell."""


def test_a_cell_that_onnx_does_not_know():
    network = ManyToOne(**SIZES, cell=f"{__name__}:Wavering")
    network.build()
    with pytest.raises(ModelError, match=r"a Wavering cannot be written as ONNX.*gru, lstm"):
        model_of(network)


def test_an_operation_that_onnx_does_not_know(text_model):
    core = text_core(text_model, TextClassifierOptions(), 100, ("a", "b", "c"), [])

    def answer(ids):
        return {"probabilities": tf.math.igamma(core.function(ids)["probabilities"], 0.5)}

    with pytest.raises(ModelError, match=r"cannot be written as ONNX: .*Igamma"):
        onnx_model(dataclasses.replace(core, function=answer))


# Written versions


@pytest.fixture
def text_model():
    options = SIZES | {"vocabulary_size": 6, "cell": "simple_rnn", "bidirectional": False}
    tokenizer = Tokenizer(vocabulary=["a", "good", "film", "\u2028"])
    return SequenceModel(tokenizer, randomised(ManyToOne(**options)))


TEXTS = ["a good film", "", "a bad one"]


def write_onnx(folder, model, texts, files):
    core = text_core(model, TextClassifierOptions(), 100, ("a", "b", "c"), texts)
    return write_core(folder, dataclasses.replace(core, files=files), "onnx")


def test_a_version(text_model, tmp_path, caplog):
    with caplog.at_level(logging.INFO, "toolkit"):
        version = write_onnx(tmp_path, text_model, TEXTS, {"classes.txt": "x\r\n"})
    assert "the ONNX model's answers are the network's within " in caplog.text
    assert version == tmp_path / "onnx" / "1"
    assert {path.name for path in version.iterdir()} == {
        "model.onnx", "vocabulary.txt", "golden.jsonl", "classes.txt", "README.md"
    }  # fmt: skip
    assert (version / "classes.txt").read_bytes() == b"x\r\n"
    assert (version / "vocabulary.txt").read_bytes().decode().split("\n")[2:5] == [
        "a", "good", "film"
    ]  # fmt: skip
    golden = read_golden(version)
    assert [example["inputs"] for example in golden] == [
        {"text": text, "ids": ids}
        for text, ids in zip(TEXTS, [[2, 3, 4], [0], [2, 1, 1]], strict=True)
    ]
    session = session_of(version / "model.onnx")
    for example in golden:
        answers = asked(session, [example["inputs"]["ids"]])[0]
        np.testing.assert_allclose(answers, example["outputs"]["probabilities"], atol=1e-6)
    assert write_onnx(tmp_path, text_model, TEXTS, {}).name == "2"
    assert sorted(os.listdir(tmp_path / "onnx")) == ["1", "2"]


def test_a_network_of_half_precision_is_written_in_single(text_model, tmp_path, caplog):
    single = text_model.network
    half = ManyToOne(**single.config, dtype="mixed_bfloat16")
    half.build()
    half.set_weights(single.get_weights())
    with caplog.at_level(logging.INFO, "toolkit"):
        version = write_onnx(tmp_path, SequenceModel(text_model.preprocessing, half), TEXTS, {})
    assert float(caplog.messages[-1].split()[-1]) < 1e-6
    answers = asked(session_of(version / "model.onnx"), [[2, 3, 4]])
    np.testing.assert_allclose(answers, single.answer(np.array([[2, 3, 4]])), atol=1e-6)


@pytest.mark.parametrize("wrong", [1e-3, np.nan])
def test_a_model_that_answers_otherwise_is_not_put_in_place(
    text_model, tmp_path, monkeypatch, wrong
):
    model = model_of(text_model.network)
    bias = text_model.network.output_layer.bias
    bias.assign(bias + np.array([wrong, 0, 0]))
    monkeypatch.setattr("toolkit.export.onnx_graph.onnx_model", lambda _: model)
    with pytest.raises(WorkError, match=r"answers differ .* nothing was written"):
        write_onnx(tmp_path, text_model, TEXTS, {})
    assert os.listdir(tmp_path / "onnx") == []


def test_the_packages_that_are_missing_are_named(monkeypatch):
    check_runtime("onnx")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(OptionError, match=r"pip install onnx onnxruntime tf2onnx$"):
        check_runtime("onnx")
