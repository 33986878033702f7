"""The core of a task as an ONNX graph: traced by tf2onnx, but for the recurrent layers.

These become ONNX's own RNN, GRU and LSTM operators. A converter that traces them makes each a loop
of single operations, which takes ONNX Runtime some twenty times as long for a text of 200 words.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from numpy.typing import NDArray
from onnx import TensorProto

from toolkit import __version__
from toolkit.cells import GRUCell, LSTMCell, MinGRUCell, SimpleRNNCell, SimplifiedGRUCell
from toolkit.errors import ModelError
from toolkit.models.network import StackedNetwork

#: What ONNX Runtime 1.12 and later can read.
OPSET, IR_VERSION = 17, 8

ALWAYS_OPEN = 40.0  # the sigmoid of it is 1 in float32
#: The operation of TensorFlow that stands for a recurrent layer until tf2onnx comes to it: it has
#: the same inputs and outputs. Its ``seed`` is the number of the layer.
PLACE = "CudnnRNNV3"

Array = NDArray[Any]
Tensor = Any


def onnx_model(core: Any) -> onnx.ModelProto:
    """Return a core as a model with its inputs and outputs; batch and time are free.

    Whole numbers of the inputs are int64. It computes in float32.

    Args:
        core: A ``toolkit.export.Core``.

    Raises:
        ModelError: ONNX has no operator for a part of the network.
    """
    stacked = isinstance(core.network, StackedNetwork)
    layers = list(core.network.recurrent) if stacked else []
    operators = [_of_layer(layer) for layer in layers]
    specs = [
        tf.TensorSpec(spec.shape, tf.int64 if spec.dtype == tf.int32 else spec.dtype, name=name)
        for name, spec in core.inputs.items()
    ]
    function = tf.function(partial(_answer, core), input_signature=specs, autograph=False)
    with _places_of_layers(core.network, layers, scattered="length" not in core.inputs):
        graph = function.get_concrete_function().graph
        graph.clear_collection(tf.compat.v1.GraphKeys.TABLE_INITIALIZERS)  # those of the process
        unread = [
            f"{each.name}:{number}"
            for each in graph.get_operations()
            for number, output in enumerate(each.outputs)
            if each.type == PLACE and output.shape.rank is None
        ]
        model, _ = tf2onnx.convert.from_function(
            function,
            input_signature=specs,
            opset=OPSET,
            shape_override={output: [None] for output in unread},
            custom_op_handlers={
                "SelectV2": (_where, []),
                "RFFT": (_transform, []),
                "Real": (partial(_part, place=0), []),
                "Imag": (partial(_part, place=1), []),
                PLACE: (partial(_recurrent, operators=operators), []),
            },
        )
    _describe(model, core, function)
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"the network cannot be written as ONNX: {reason}") from error
    return model


def _answer(core: Any, *inputs: Tensor) -> dict[str, Tensor]:
    """Answer as the core does, for at least one row and step; return the rows that were given.

    ONNX Runtime 1.32 crashes where a recurrent operator has no row or no step.
    """
    rows = tf.shape(inputs[0])[0]
    filled = []
    for (name, spec), values in zip(core.inputs.items(), inputs, strict=True):
        sizes = tf.shape(values)
        ends = [1 - sizes[0], *([1 - sizes[1]] if name in core.timed else [])]
        ends = tf.maximum([*ends, *[0] * (len(spec.shape) - len(ends))], 0)
        values = tf.pad(values, tf.stack([tf.zeros_like(ends), ends], axis=1))
        values.set_shape(spec.shape)
        filled.append(tf.cast(values, spec.dtype))
    return {name: value[:rows] for name, value in core.function(*filled).items()}


@contextmanager
def _places_of_layers(network: Any, layers: list[Any], *, scattered: bool) -> Iterator[None]:
    """While this lasts, the network calls one ``PLACE`` instead of each recurrent layer.

    Args:
        network: The network.
        layers: Its recurrent layers.
        scattered: Whether steps of padding may stand before real ones. The operators take lengths,
            so the real ones move to the front of their rows, and their states back.
    """

    def states(vectors: Tensor, mask: Tensor, training: bool = False) -> Tensor:
        steps = tf.shape(mask)[1]
        lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        if scattered:
            place = tf.range(steps) + tf.where(mask, 0, steps)
            order = tf.math.top_k(-place, steps).indices
            vectors = tf.gather(vectors, order, batch_dims=1)
        values = tf.transpose(vectors, [1, 0, 2])
        for number, layer in enumerate(layers):
            values = _place(values, lengths, layer, number)
        found = tf.transpose(values, [1, 0, 2])
        if scattered:
            back = tf.math.top_k(-order, steps).indices
            found = tf.gather(found, back, batch_dims=1)
        return found

    if not layers:
        yield
        return
    network.states = states
    try:
        yield
    finally:
        del network.states


def _place(values: Tensor, lengths: Tensor, layer: Any, number: int) -> Tensor:
    """Return the states [T, B, H] for vectors [T, B, D], those of two directions concatenated."""
    cells = _cells(layer)
    state = tf.zeros([len(cells), tf.shape(values)[1], cells[0].units])
    direction = "bidirectional" if len(cells) > 1 else "unidirectional"
    states: Tensor = tf.raw_ops.CudnnRNNV3(
        input=values, input_h=state, input_c=state, params=[0.0], sequence_lengths=lengths,
        direction=direction, seed=number, is_training=False,
    ).output  # fmt: skip
    return states


def _of_layer(layer: Any) -> tuple[str, dict[str, Any], list[Array]]:
    """Return the operator for a layer, its attributes, and its constants W, R and B."""
    cells = _cells(layer)
    operator, attributes, _ = _operator(cells[0])
    units, directions = cells[0].units, len(cells)
    for name in attributes.keys() & {"activations", "activation_alpha", "activation_beta"}:
        attributes[name] *= directions
    attributes["hidden_size"] = units
    attributes["direction"] = "bidirectional" if directions > 1 else "forward"
    blocks = np.stack([_operator(cell)[2] for cell in cells])  # [directions, k, D + H + 2, H]
    weights = blocks.swapaxes(2, 3).reshape(directions, -1, blocks.shape[2])
    kernel, recurrent_kernel, biases = np.split(weights, [-units - 2, -2], axis=2)
    both = np.concatenate([biases[:, :, 0], biases[:, :, 1]], axis=1)
    return operator, attributes, [kernel, recurrent_kernel, both]


def _recurrent(graph: Any, node: Any, name: str, _: Any, operators: list[Any]) -> None:
    """Put the operator of a layer into its ``PLACE``."""
    operator, attributes, constants = operators[node.get_attr_int("seed")]
    values, lengths = node.input[0], node.input[4]

    def constant(part: str, values: Array) -> str:
        (output,) = graph.make_const(f"{name}/{part}", np.ascontiguousarray(values)).output
        return str(output)

    weights = [constant(part, values) for part, values in zip("WRB", constants, strict=True)]
    states = graph.make_node(operator, [values, *weights, lengths], attributes).output
    if attributes["direction"] == "forward":  # [T, 1, B, H]
        _replace(graph, node, "Squeeze", [*states, constant("axes", np.array([1]))], {})
        return
    states = graph.make_node("Transpose", states, {"perm": [0, 2, 1, 3]}).output
    sizes = np.array([0, 0, 2 * attributes["hidden_size"]])
    _replace(graph, node, "Reshape", [*states, constant("sizes", sizes)], {})


def _where(graph: Any, node: Any, name: str, _: Any) -> None:
    """Choose by ``Where``; tf2onnx multiplies by 0 and 1, so that NaN of one side is in both."""
    _replace(graph, node, "Where", node.input, {})


def _transform(graph: Any, node: Any, name: str, _: Any) -> None:
    """Transform frames [B, T, N] to numbers [B, T, N / 2 + 1, 2], real and imaginary parts."""
    axis = graph.make_const(f"{name}/axis", np.array([-1])).output
    values = graph.make_node("Unsqueeze", [node.input[0], *axis]).output
    outputs = node.output
    graph.remove_node(node.name)
    options = {"name": node.name, "outputs": outputs, "dtypes": [TensorProto.FLOAT]}
    options["shapes"] = [[-1, -1, -1, 2]]
    graph.make_node("DFT", values, {"axis": 2, "onesided": 1}, **options)


def _part(graph: Any, node: Any, name: str, _: Any, place: int) -> None:
    """Take the real or the imaginary parts of what ``_transform`` gave."""
    index = graph.make_const(f"{name}/index", np.array(place)).output
    _replace(graph, node, "Gather", [*node.input, *index], {"axis": -1})


def _replace(
    graph: Any, node: Any, operator: str, inputs: list[str], attributes: dict[str, Any]
) -> None:
    """Replace a node by an operator whose output has the name, shape and type of its first one."""
    outputs, shapes, types = node.output[:1], node.output_shapes[:1], node.output_dtypes[:1]
    graph.remove_node(node.name)
    options = {"name": node.name, "outputs": outputs, "shapes": shapes, "dtypes": types}
    graph.make_node(operator, inputs, attributes, **options)


def _describe(model: onnx.ModelProto, core: Any, function: Any) -> None:
    """Name the program that made the model, and the free sizes of its inputs and outputs."""
    model.ir_version = IR_VERSION
    model.producer_name, model.producer_version = "recurrent-toolkit", __version__
    model.graph.name, model.graph.doc_string = core.network.name, ""
    shapes = {name: spec.shape for name, spec in core.inputs.items()}
    outputs = function.get_concrete_function().structured_outputs
    shapes |= {name: spec.shape for name, spec in outputs.items()}
    for value in (*model.graph.input, *model.graph.output):
        time = "time" if value.name in core.timed else "steps"
        del value.type.tensor_type.shape.dim[:]
        for size in ("batch", *(time if size is None else size for size in shapes[value.name][1:])):
            key = "dim_param" if isinstance(size, str) else "dim_value"
            setattr(value.type.tensor_type.shape.dim.add(), key, size)


def _cells(layer: Any) -> list[Any]:
    """Return the cells of a recurrent layer, one for each direction."""
    both = isinstance(layer, keras.layers.Bidirectional)
    return [one.cell for one in ((layer.forward_layer, layer.backward_layer) if both else [layer])]


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


def _array(variable: Any) -> Array:
    return keras.ops.convert_to_numpy(variable).astype(np.float32)
