"""A classifier's network as an ONNX graph.

Recurrent layers become ONNX's own RNN, GRU and LSTM operators. A tracing converter makes them a
loop of single operations, which takes ONNX Runtime some twenty times as long for a text of 200
words.
"""

from typing import Any

import keras
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from toolkit import __version__
from toolkit.cells import GRUCell, LSTMCell, MinGRUCell, SimpleRNNCell, SimplifiedGRUCell
from toolkit.errors import ModelError
from toolkit.models import ManyToOne, OneToOne

#: What ONNX Runtime 1.12 and later can read.
OPSET, IR_VERSION = 17, 8

IDS = "ids"
ALWAYS_OPEN = 40.0  # the sigmoid of it is 1 in float32

Array = NDArray[Any]


def onnx_model(network: keras.Model) -> onnx.ModelProto:
    """Return the network as a model of one input and one output.

    It takes ``ids`` int64 [batch, time], where 0 is padding, and gives ``probabilities`` float
    [batch, C], or for a number ``value`` float [batch]. It computes in float32 whatever the
    network's precision.

    Args:
        network: A ``ManyToOne`` or ``OneToOne``.

    Raises:
        ModelError: ONNX has no operator for the network's cell.
    """
    graph = Graph()
    summary = (_many_to_one if isinstance(network, ManyToOne) else _one_to_one)(graph, network)
    name, shape = _answer(graph, network.output_layer, summary)
    description = helper.make_graph(
        graph.nodes,
        network.name,
        [helper.make_tensor_value_info(IDS, TensorProto.INT64, ["batch", "time"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])],
        graph.constants,
    )
    model = helper.make_model(
        description,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="recurrent-toolkit",
        producer_version=__version__,
    )
    onnx.checker.check_model(model, full_check=True)
    return model


class Graph:
    """A graph under construction: its nodes and constants."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def __call__(
        self, operator: str, *inputs: str | Array | np.generic, outputs: int = 1, **attributes: Any
    ) -> Any:
        """Add a node and return the name of its output, or the names of several.

        Args:
            operator: The name of the ONNX operator.
            inputs: Names of values, ``""`` for one that is left out, or arrays, which become
                constants.
            outputs: The number of outputs.
            attributes: The operator's attributes; ``name`` is that of its output.
        """
        name = attributes.pop("name", f"{operator}_{len(self.nodes)}")
        names = [name, *(f"{name}_{number}" for number in range(1, outputs))]
        given = [value if isinstance(value, str) else self._constant(value) for value in inputs]
        self.nodes.append(helper.make_node(operator, given, names, **attributes))
        return names if outputs > 1 else name

    def _constant(self, value: Array | np.generic) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name


def _many_to_one(graph: Graph, network: ManyToOne) -> str:
    """Add the layers up to the pooled states [B, P], and return their name."""
    # ONNX Runtime 1.32 crashes where there is no row or no step.
    missing = graph("Max", graph("Sub", np.int64(1), graph("Shape", IDS)), np.int64(0))
    ids = graph("Pad", IDS, graph("Concat", _integers(0, 0), missing, axis=0))

    # The operators take lengths, so ids move to the front of their rows. The pooling does not
    # depend on where the padding was.
    present = graph("Cast", _present(graph, ids), to=TensorProto.INT32)
    lengths = graph("ReduceSum", present, _integers(1), keepdims=0)
    place = graph("CumSum", present, np.int64(1))
    place = graph("Where", _present(graph, ids), place, np.int32(np.iinfo(np.int32).max))
    steps = graph("Shape", ids, start=1, end=2)
    _, order = graph("TopK", place, steps, axis=1, largest=0, outputs=2)
    ids = graph("Transpose", graph("GatherElements", ids, order, axis=1), perm=[1, 0])  # [T, B]

    states = graph("Gather", _array(network.front.embedding.embeddings), ids)  # [T, B, E]
    for layer in network.recurrent:
        states, last = _recurrent(graph, layer, states, lengths)

    mask = graph("Unsqueeze", _present(graph, ids), _integers(2))  # [T, B, 1]
    count = graph("Unsqueeze", graph("Cast", lengths, to=TensorProto.FLOAT), _integers(1))
    zero, one = np.float32(0), np.float32(1)
    pooling = network.pooling

    def pooled(mode: str) -> str:
        if mode == "concat":
            parts = [pooled(part) for part in ("last", "mean", "max")]
            return graph("Concat", *parts, axis=1)
        if mode == "last":
            return last
        if mode == "max":
            lowest = graph("Where", mask, states, np.float32(-np.inf))
            return graph("ReduceMax", lowest, axes=[0], keepdims=0)
        if mode == "mean":
            total = graph("ReduceSum", graph("Where", mask, states, zero), _integers(0), keepdims=0)
            return graph("Div", total, graph("Max", count, one))
        u = graph("MatMul", states, _array(pooling.kernel))
        u = graph("Tanh", graph("Add", u, _array(pooling.bias)))
        score = graph("MatMul", u, _array(pooling.context)[:, None])  # [T, B, 1]
        weights = graph("Softmax", graph("Where", mask, score, np.float32(-1e9)), axis=0)
        return graph("ReduceSum", graph("Mul", weights, states), _integers(0), keepdims=0)

    summary = pooled(pooling.mode)
    summary = graph("Where", graph("Greater", count, zero), summary, zero)
    return graph("Slice", summary, _integers(0), graph("Shape", IDS, end=1))


def _one_to_one(graph: Graph, network: OneToOne) -> str:
    """Add the layers up to the hidden vector [B, H], and return its name."""
    window, size = network.window, network.front.size
    ids = graph("Pad", IDS, _integers(0, 0, 0, window))
    ids = graph("Slice", ids, _integers(0), _integers(window), _integers(1))
    vectors = graph("Gather", _array(network.front.embedding.embeddings), ids)  # [B, N, E]
    mask = graph("Unsqueeze", _present(graph, ids), _integers(2))
    vectors = graph("Where", mask, vectors, np.float32(0))
    vectors = graph("Reshape", vectors, _integers(0, window * size))
    return graph("Tanh", _dense(graph, network.hidden, vectors))


def _answer(graph: Graph, layer: Any, summary: str) -> tuple[str, list[int]]:
    """Add the output layer; return the output's name, and its sizes without the batch."""
    logits = _dense(graph, layer, summary)
    if layer.output_kind == "linear":
        scaled = graph("Mul", logits, np.float32(layer.scale))
        number = graph("Add", scaled, np.float32(layer.mean))
        return graph("Squeeze", number, _integers(1), name="value"), []
    operator = {"softmax": "Softmax", "sigmoid": "Sigmoid"}[layer.output_kind]
    return graph(operator, logits, name="probabilities"), [layer.outputs]


def _recurrent(graph: Graph, layer: Any, inputs: str, lengths: str) -> tuple[str, str]:
    """Add a recurrent layer; return its states [T, B, H] and the last ones [B, H].

    The states of two directions are concatenated.
    """
    both = isinstance(layer, keras.layers.Bidirectional)
    cells = [one.cell for one in ((layer.forward_layer, layer.backward_layer) if both else [layer])]
    operator, attributes, _ = _operator(cells[0])
    units, directions = cells[0].units, len(cells)
    for name in attributes.keys() & {"activations", "activation_alpha", "activation_beta"}:
        attributes[name] *= directions
    blocks = np.stack([_operator(cell)[2] for cell in cells])  # [directions, k, D + H + 2, H]
    weights = blocks.swapaxes(2, 3).reshape(directions, -1, blocks.shape[2])
    kernel, recurrent_kernel, biases = np.split(weights, [-units - 2, -2], axis=2)
    states, last = graph(
        operator,
        inputs,
        kernel,
        recurrent_kernel,
        np.concatenate([biases[:, :, 0], biases[:, :, 1]], axis=1),
        lengths,
        outputs=2,
        hidden_size=units,
        direction="bidirectional" if both else "forward",
        **attributes,
    )
    states = graph("Transpose", states, perm=[0, 2, 1, 3])  # [T, B, directions, H]
    states = graph("Reshape", states, _integers(0, 0, directions * units))
    last = graph("Transpose", last, perm=[1, 0, 2])  # [B, directions, H]
    return states, graph("Reshape", last, _integers(0, directions * units))


def _operator(cell: Any) -> tuple[str, dict[str, Any], Array]:
    """Return the operator for a cell, its attributes, and its weights.

    The weights are [k, D + H + 2, H]: for each of the operator's k pre-activations, in its order,
    the kernel, the recurrent kernel, the input's bias and the recurrent bias. ONNX's update gate
    keeps the old state, that of the toolkit's cells the new one: 1 - sigmoid(a) = sigmoid(-a).
    """
    if type(cell) in (SimpleRNNCell, keras.layers.SimpleRNNCell):
        name = keras.activations.serialize(cell.activation)
        return "RNN", {"activations": [str(name).capitalize()]}, _blocks(cell, 1)
    if type(cell) is SimplifiedGRUCell:
        update, candidate = _blocks(cell, 2)
        reset = np.zeros_like(update)
        reset[-2] = ALWAYS_OPEN
        return "GRU", {}, np.stack([-update, reset, candidate])
    if type(cell) is MinGRUCell:
        update, candidate = _blocks(cell, 2)
        activation = str(keras.activations.serialize(cell.activation)).capitalize()
        attributes: dict[str, Any] = {"activations": ["Sigmoid", activation]}
        if activation == "Linear":
            attributes["activations"] = ["Sigmoid", "Affine"]  # alpha a + beta
            attributes |= {"activation_alpha": [1.0], "activation_beta": [0.0]}
        return "GRU", attributes, np.stack([-update, np.zeros_like(update), candidate])
    if type(cell) is GRUCell:
        update, reset, candidate = _blocks(cell, 3)
        order = {"linear_before_reset": int(cell.reset_after)}
        return "GRU", order, np.stack([-update, reset, candidate])
    if type(cell) is keras.layers.GRUCell:
        return "GRU", {"linear_before_reset": int(cell.reset_after)}, _blocks(cell, 3)
    if type(cell) in (LSTMCell, keras.layers.LSTMCell):
        of_input, of_forgetting, candidate, of_output = _blocks(cell, 4)
        return "LSTM", {}, np.stack([of_input, of_output, of_forgetting, candidate])
    raise ModelError(
        f"a {type(cell).__name__} cannot be written as ONNX, which has no operator for it; the "
        "cells simple_rnn, simplified_gru, min_gru, gru, lstm, keras_gru and keras_lstm can"
    )


def _blocks(cell: Any, count: int) -> Array:
    """Return a cell's weights, [count, D + H + 2, H]."""
    biases = np.zeros((2, count * cell.units), np.float32)
    if cell.use_bias:
        bias = np.atleast_2d(_array(cell.bias))
        biases[: len(bias)] = bias
    recurrent_kernel = np.zeros((cell.units, count * cell.units), np.float32)
    if hasattr(cell, "recurrent_kernel"):
        recurrent_kernel = _array(cell.recurrent_kernel)
    rows = np.concatenate([_array(cell.kernel), recurrent_kernel, biases])
    return np.stack(np.split(rows, count, axis=1))


def _dense(graph: Graph, layer: Any, inputs: str) -> str:
    return graph("Gemm", inputs, _array(layer.kernel), _array(layer.bias))


def _present(graph: Graph, ids: str) -> str:
    """Add a mask of the ids that are not padding, and return its name."""
    return graph("Not", graph("Equal", ids, np.int64(0)))


def _array(variable: Any) -> Array:
    return keras.ops.convert_to_numpy(variable).astype(np.float32)


def _integers(*values: int) -> Array:
    return np.array(values, np.int64)
