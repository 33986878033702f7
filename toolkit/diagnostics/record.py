"""Recording of gradients through time, step by step."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Array = NDArray[Any]
Tensor = Any

#: The largest number of losses, evenly spread, that are differentiated; each takes a pass.
FOLLOWED = 25
#: The bounds beyond which a sigmoid gate is saturated and hardly learns.
SHUT, OPEN = 0.05, 0.95


@dataclass
class Steps:
    """The steps of a recurrent layer, in the order of reading.

    Attributes:
        layer: The layer.
        name: Its name.
        places: The position of each step in the sequence, [T].
        inputs: x(t), [B, D] each.
        before: The states before each step, as inputs of the cell.
        probes: Zeros that are added to the states after each step; the gradient with respect to
            them is that with respect to the states.
        states: The first state after each step, h(t), [B, H] each.
        gates: The values of the cell's activations, by their names, [B, H] for each call.
    """

    layer: Any
    name: str
    places: list[int]
    inputs: list[Tensor]
    before: list[list[Tensor]]
    probes: list[list[Tensor]]
    states: list[Tensor]
    gates: dict[str, list[Tensor]]


@dataclass(frozen=True)
class Flow:
    """The recorded gradient flow of a layer.

    Attributes:
        name: The name of the layer.
        places: The positions t of the losses, [J].
        norms: The norm of dJ(t)/dh(k), the mean over the rows, for each t and position k: [J, T];
            NaN where t does not depend on k.
        shares: Each step's share of the gradient of the recurrent weights, by position [T]: its
            projection on the whole gradient; they sum to one.
        weights: The norm of each step's part of that gradient, by position [T].
        saturation: The share of the values of each activation that are near its bounds.
        activations: h(t) of the first row, by position [T, H].
    """

    name: str
    places: Array
    norms: Array
    shares: Array
    weights: Array
    saturation: dict[str, float]
    activations: Array

    def by_distance(self) -> Array:
        """Return the mean of the norms at each distance |t - k|, [T]; NaN where there is none."""
        distances = np.abs(self.places[:, None] - np.arange(self.norms.shape[1]))
        means = np.full(self.norms.shape[1], np.nan)
        finite = np.isfinite(self.norms)
        for distance in range(len(means)):
            norms = self.norms[finite & (distances == distance)]
            if norms.size:
                means[distance] = norms.mean()
        return means


def recurrent_layers(network: keras.Model | Iterable[Any]) -> list[Any]:
    """Return the distinct recurrent layers of a network or of some layers.

    A ``Bidirectional`` has two, the forward one first.
    """
    layers = network
    if isinstance(network, keras.Model):
        layers = network._flatten_layers(include_self=False)
    distinct: dict[int, Any] = {}
    for layer in layers:
        both = isinstance(layer, keras.layers.Bidirectional)
        for part in (layer.forward_layer, layer.backward_layer) if both else (layer,):
            if isinstance(part, keras.layers.RNN):
                distinct.setdefault(id(part), part)
    return list(distinct.values())


def gradient_flows(
    network: keras.Model,
    losses: Callable[[], Tensor],
    layers: Sequence[Any] | None = None,
    places: Sequence[int] | None = None,
) -> list[Flow]:
    """Differentiate the losses of a batch with respect to the states of recurrent layers.

    The gradient of J(t) with respect to h(k), by automatic differentiation, is the lecture's
    product of d h(k+1) / d h(k) and so on, plus the products along all other paths from h(k) to
    J(t).

    Args:
        network: The network; it is not changed.
        losses: Runs the network on a batch without dropout, and returns the losses [B, J].
        layers: The layers; None for all recurrent layers.
        places: The position of each of the J losses in the sequence; None for their numbers.

    Returns:
        The gradient flow of each layer that was run.
    """
    layers = recurrent_layers(network) if layers is None else layers
    with tf.GradientTape(persistent=True) as tape, _probed(layers, tape) as recorded:
        values = losses()
        by_place = tf.unstack(tf.reduce_sum(values, axis=0))
        whole = tf.reduce_sum(values)
    count = len(by_place)
    where = np.arange(count) if places is None else np.asarray(places)
    chosen = np.unique(np.linspace(0, count - 1, min(count, FOLLOWED)).round().astype(int))
    run = [steps for steps in recorded if steps.probes]
    probes = [[step_probes[0] for step_probes in steps.probes] for steps in run]
    norms: list[list[Array]] = [[] for _ in run]
    for number in chosen:
        gradients = tape.gradient(by_place[number], probes)
        for rows, steps, layer_gradients in zip(norms, run, gradients, strict=True):
            rows.append(_in_place(steps, [_norm(gradient) for gradient in layer_gradients], np.nan))
    totals = tape.gradient(whole, [steps.probes for steps in run])
    flows = []
    for steps, rows, layer_gradients in zip(run, norms, totals, strict=True):
        shares, weights = _shares(steps, layer_gradients)
        flows.append(
            Flow(
                steps.name,
                where[chosen],
                _possible(np.array(rows), where[chosen]),
                _in_place(steps, shares, 0.0),
                _in_place(steps, weights, 0.0),
                {name: _saturated(name, values) for name, values in steps.gates.items()},
                _in_place(steps, [state[0].numpy() for state in steps.states], 0.0),
            )
        )
    return flows


def gradient_norms(
    variables: Sequence[Any], loss: Callable[..., Tensor], batches: Iterable[tuple[Any, ...]]
) -> Array:
    """Return the norms of the gradient of a loss, batch by batch.

    Args:
        variables: The V weights.
        loss: Maps the arrays of a batch to its loss; it is compiled.
        batches: N batches of arrays whose first two dimensions may differ.

    Returns:
        The norm of the gradient of each weight, [N, V], float64; the global norm is the root of the
        sum of their squares.
    """

    batches = iter(batches)
    first = next(batches, None)
    if first is None:
        return np.zeros((0, len(variables)))

    def any_size(values: Any) -> tf.TensorSpec:
        tensor = tf.convert_to_tensor(values)
        shape = [None if axis < 2 else size for axis, size in enumerate(tensor.shape)]
        return tf.TensorSpec(shape, tensor.dtype)

    @tf.function(autograph=False, input_signature=[tf.nest.map_structure(any_size, first)])
    def norms(batch: tuple[Any, ...]) -> Tensor:
        with tf.GradientTape() as tape:
            value = loss(*batch)
        gradients = tape.gradient(value, variables, unconnected_gradients="zero")
        return tf.stack([tf.norm(tf.cast(tf.convert_to_tensor(s), tf.float64)) for s in gradients])

    return np.array([norms(batch).numpy() for batch in chain([first], batches)])


def step_gradients(steps: Steps, gradients: Sequence[Any]) -> list[Array]:
    """Return each step's part of the gradient of the recurrent weights, [H, ...] each.

    The gradient of a weight that is used at several steps is the sum over these steps (Werbos 1990,
    "Backpropagation Through Time: What It Does and How to Do It").

    Args:
        steps: The steps of the layer.
        gradients: The gradient of the loss with respect to the states after each step.
    """
    cell = steps.layer.cell
    weight = cell.recurrent_kernel
    parts = []
    for inputs, before, after in zip(steps.inputs, steps.before, gradients, strict=True):
        with tf.GradientTape() as tape:
            _, states = cell(inputs, before, training=False)
        states = states if isinstance(states, list | tuple) else [states]
        upstream = [
            tf.zeros_like(s) if d is None else d for s, d in zip(states, after, strict=True)
        ]
        parts.append(tape.gradient(states, weight.value, output_gradients=upstream).numpy())
    return parts


def _shares(steps: Steps, gradients: Sequence[Any]) -> tuple[list[float], list[float]]:
    if not hasattr(steps.layer.cell, "recurrent_kernel"):
        unknown = [float("nan")] * len(steps.probes)
        return unknown, unknown
    parts = step_gradients(steps, gradients)
    whole = np.sum(parts, axis=0)
    square = float((whole**2).sum())
    shares = [float((part * whole).sum()) / square if square else 0.0 for part in parts]
    return shares, [float(np.linalg.norm(part)) for part in parts]


@contextmanager
def _probed(layers: Sequence[Any], tape: tf.GradientTape) -> Iterator[list[Steps]]:
    """Make each layer run step by step, and record its steps."""
    recorded = []
    with ExitStack() as stack:
        for layer in layers:
            steps = Steps(layer, _name(layer), [], [], [], [], [], {})
            recorded.append(steps)
            stack.enter_context(_replaced(layer, "inner_loop", _loop(steps, tape)))
            for name in ("activation", "recurrent_activation"):
                function = getattr(layer.cell, name, None)
                if callable(function) and function is not keras.activations.linear:
                    watched = _watched(function, steps.gates.setdefault(name, []))
                    stack.enter_context(_replaced(layer.cell, name, watched))
        yield recorded


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    own = vars(owner).get(name)
    object.__setattr__(owner, name, value)
    try:
        yield
    finally:
        if own is None:
            object.__delattr__(owner, name)
        else:
            object.__setattr__(owner, name, own)


def _watched(function: Callable[[Tensor], Tensor], values: list[Tensor]) -> Callable[..., Tensor]:
    def call(x: Tensor) -> Tensor:
        value = function(x)
        values.append(value)
        return value

    return call


def _loop(steps: Steps, tape: tf.GradientTape) -> Callable[..., Any]:
    layer = steps.layer

    def loop(sequences: Any, initial_state: Any, mask: Any = None, training: bool = False) -> Any:
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        states = list(initial_state)
        places = list(range(sequences.shape[1]))
        outputs: list[Tensor] = []
        for place in reversed(places) if layer.go_backwards else places:
            inputs = sequences[:, place]
            output, after = layer.cell(inputs, states, training=False)
            after = list(after) if isinstance(after, list | tuple) else [after]
            probes = [tf.zeros_like(state) for state in after]
            tape.watch(probes)
            probed = [state + probe for state, probe in zip(after, probes, strict=True)]
            if output is after[0] or output.shape == after[0].shape:
                output = probed[0]  # the output of these cells is h
            if mask is not None:
                real = tf.cast(tf.reshape(mask[:, place], [-1, 1]), tf.bool)
                probed = [tf.where(real, *pair) for pair in zip(probed, states, strict=True)]
                output = tf.where(real, output, outputs[-1] if outputs else 0.0)
            steps.places.append(place)
            steps.inputs.append(inputs)
            steps.before.append(states)
            steps.probes.append(probes)
            steps.states.append(probed[0])
            states = probed
            outputs.append(output)
        return outputs[-1], tf.stack(outputs, axis=1), states

    return loop


def _name(layer: Any) -> str:
    return str(layer.name)


def _norm(gradient: Any) -> float:
    """Return the mean norm of the rows of a gradient; NaN if there is none."""
    if gradient is None:
        return float("nan")
    return float(tf.reduce_mean(tf.norm(tf.cast(gradient, tf.float32), axis=-1)))


def _possible(norms: Array, places: Array) -> Array:
    """Return norms [J, T] with NaN for k on a side of t on which no loss depends on any k."""
    after = np.arange(norms.shape[1]) > places[:, None]
    before = np.arange(norms.shape[1]) < places[:, None]
    for side in (after, before):
        if not norms[side].any():
            norms = np.where(side, np.nan, norms)
    return norms


def _in_place(steps: Steps, values: Sequence[Any], fill: float) -> Array:
    """Return values of steps in the order of their positions."""
    first = np.asarray(values[0])
    ordered = np.full((len(values), *first.shape), fill, np.result_type(first, np.float32))
    ordered[steps.places] = np.asarray(values)
    return ordered


def _saturated(name: str, values: Sequence[Tensor]) -> float:
    """Return the share of an activation's values that are near its bounds."""
    flat = np.concatenate([np.asarray(value).ravel() for value in values])
    if name == "recurrent_activation":  # a gate, from 0 to 1
        return float(((flat < SHUT) | (flat > OPEN)).mean())
    return float((np.abs(flat) > OPEN).mean())
