"""What the gradient does on its way back through time, recorded step by step."""

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

#: At the most so many losses, evenly spread, are followed back; each takes a pass.
FOLLOWED = 25
#: A sigmoid gate beyond these lets nothing or everything through, and hardly learns.
SHUT, OPEN = 0.05, 0.95


@dataclass
class Steps:
    """One recurrent layer, step by step, in the order of its reading.

    Attributes:
        layer: The layer.
        name: What it is called.
        places: The place in the sequence of each step, [T].
        inputs: x(t), [B, D] each.
        before: The states before each step, as the cell takes them.
        probes: Zeros that are added to the states after each step, so that the gradient with
            respect to them is that with respect to the states.
        states: The first of the states after each step, h(t), [B, H] each.
        gates: What the cell's activations gave, by their names, [B, H] for each of their calls.
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
    """What was recorded of a layer.

    Attributes:
        name: What the layer is called.
        places: The places of the losses that were followed, [J].
        norms: The norm of dJ(t)/dh(k), the mean over the rows, of each of these t and each place k:
            [J, T]; NaN where k cannot matter to t.
        shares: Each step's share of the gradient of the recurrent weights, by place [T]: its
            projection on the whole, as a part of the whole; they sum to one.
        weights: The norm of each step's part of that gradient, by place [T].
        saturation: The share of the values of each activation that are near its bounds.
        activations: h(t) of the first row, by place [T, H].
    """

    name: str
    places: Array
    norms: Array
    shares: Array
    weights: Array
    saturation: dict[str, float]
    activations: Array

    def by_distance(self) -> Array:
        """The mean of the norms at each distance |t - k|, [T]; NaN where there is none."""
        distances = np.abs(self.places[:, None] - np.arange(self.norms.shape[1]))
        found = np.full(self.norms.shape[1], np.nan)
        here = np.isfinite(self.norms)
        for distance in range(len(found)):
            norms = self.norms[here & (distances == distance)]
            if norms.size:
                found[distance] = norms.mean()
        return found


def recurrent_layers(network: keras.Model | Iterable[Any]) -> list[Any]:
    """The recurrent layers of a network, or among some layers, each once.

    Of a ``Bidirectional`` these are its two, the forward one first.
    """
    layers = network
    if isinstance(network, keras.Model):
        layers = network._flatten_layers(include_self=False)
    found: dict[int, Any] = {}
    for layer in layers:
        both = isinstance(layer, keras.layers.Bidirectional)
        for each in (layer.forward_layer, layer.backward_layer) if both else (layer,):
            if isinstance(each, keras.layers.RNN):
                found.setdefault(id(each), each)
    return list(found.values())


def gradient_flows(
    network: keras.Model,
    losses: Callable[[], Tensor],
    layers: Sequence[Any] | None = None,
    places: Sequence[int] | None = None,
) -> list[Flow]:
    """Follows the losses of a batch back through the layers of a network.

    The gradient of J(t) with respect to h(k) is the chain of products of the lecture, of
    d h(k+1) / d h(k) and so on, and of whatever other ways there are from h(k) to J(t), by
    automatic differentiation.

    Args:
        network: The network; it is left as it was.
        losses: Runs the network on a batch without dropout, and gives the losses [B, J].
        layers: The layers; all recurrent ones when None.
        places: The place in the sequence of each of the J losses; their numbers when None.

    Returns:
        What was recorded of each layer that was run.
    """
    layers = recurrent_layers(network) if layers is None else layers
    with tf.GradientTape(persistent=True) as tape, _probed(layers, tape) as recorded:
        found = losses()
        by_place = tf.unstack(tf.reduce_sum(found, axis=0))
        whole = tf.reduce_sum(found)
    count = len(by_place)
    where = np.arange(count) if places is None else np.asarray(places)
    some = np.unique(np.linspace(0, count - 1, min(count, FOLLOWED)).round().astype(int))
    run = [steps for steps in recorded if steps.probes]
    probes = [[of_step[0] for of_step in steps.probes] for steps in run]
    norms: list[list[Array]] = [[] for _ in run]
    for number in some:
        slopes = tape.gradient(by_place[number], probes)
        for rows, steps, of_layer in zip(norms, run, slopes, strict=True):
            rows.append(_in_place(steps, [_norm(slope) for slope in of_layer], np.nan))
    totals = tape.gradient(whole, [steps.probes for steps in run])
    flows = []
    for steps, rows, of_layer in zip(run, norms, totals, strict=True):
        shares, weights = _shares(steps, of_layer)
        flows.append(
            Flow(
                steps.name,
                where[some],
                _possible(np.array(rows), where[some]),
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
    """The norms of the gradient of a loss, batch by batch.

    Args:
        variables: The V weights.
        loss: Gives the loss of a batch, given what makes one up; it is compiled.
        batches: N batches, of arrays whose first two dimensions may differ.

    Returns:
        The norm of the gradient of each weight, [N, V], float64; that of all together is the root
        of the sum of their squares.
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
            found = loss(*batch)
        slopes = tape.gradient(found, variables, unconnected_gradients="zero")
        return tf.stack([tf.norm(tf.cast(tf.convert_to_tensor(s), tf.float64)) for s in slopes])

    return np.array([norms(batch).numpy() for batch in chain([first], batches)])


def step_gradients(steps: Steps, slopes: Sequence[Any]) -> list[Array]:
    """What each step adds to the gradient of the recurrent weights, [H, ...] each.

    The gradient of a weight that is used again and again is the sum over the times it is used
    (Werbos 1990, "Backpropagation Through Time: What It Does and How to Do It").

    Args:
        steps: The layer, step by step.
        slopes: The gradient of the loss with respect to the states after each step.
    """
    cell = steps.layer.cell
    weight = cell.recurrent_kernel
    found = []
    for inputs, before, after in zip(steps.inputs, steps.before, slopes, strict=True):
        with tf.GradientTape() as tape:
            _, states = cell(inputs, before, training=False)
        states = states if isinstance(states, list | tuple) else [states]
        given = [tf.zeros_like(s) if d is None else d for s, d in zip(states, after, strict=True)]
        found.append(tape.gradient(states, weight.value, output_gradients=given).numpy())
    return found


def _shares(steps: Steps, slopes: Sequence[Any]) -> tuple[list[float], list[float]]:
    if not hasattr(steps.layer.cell, "recurrent_kernel"):
        nothing = [float("nan")] * len(steps.probes)
        return nothing, nothing
    parts = step_gradients(steps, slopes)
    whole = np.sum(parts, axis=0)
    square = float((whole**2).sum())
    shares = [float((part * whole).sum()) / square if square else 0.0 for part in parts]
    return shares, [float(np.linalg.norm(part)) for part in parts]


@contextmanager
def _probed(layers: Sequence[Any], tape: tf.GradientTape) -> Iterator[list[Steps]]:
    """Lets each layer take its steps one by one, and keeps them."""
    recorded = []
    with ExitStack() as stack:
        for layer in layers:
            steps = Steps(layer, _name(layer), [], [], [], [], [], {})
            recorded.append(steps)
            stack.enter_context(_replaced(layer, "inner_loop", _loop(steps, tape)))
            for name in ("activation", "recurrent_activation"):
                if callable(function := getattr(layer.cell, name, None)):
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
        found = function(x)
        values.append(found)
        return found

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
                output = probed[0]  # h is what these cells put out
            if mask is not None:
                here = tf.cast(tf.reshape(mask[:, place], [-1, 1]), tf.bool)
                probed = [tf.where(here, *pair) for pair in zip(probed, states, strict=True)]
                output = tf.where(here, output, outputs[-1] if outputs else 0.0)
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


def _norm(slope: Any) -> float:
    """The mean over the rows of the norm of their gradients; NaN if there is none."""
    if slope is None:
        return float("nan")
    return float(tf.reduce_mean(tf.norm(tf.cast(slope, tf.float32), axis=-1)))


def _possible(norms: Array, places: Array) -> Array:
    """Norms [J, T] with NaN where k is on a side of t from which nothing at all comes to J."""
    after = np.arange(norms.shape[1]) > places[:, None]
    before = np.arange(norms.shape[1]) < places[:, None]
    for side in (after, before):
        if not norms[side].any():
            norms = np.where(side, np.nan, norms)
    return norms


def _in_place(steps: Steps, values: Sequence[Any], fill: float) -> Array:
    """Values of steps, in the order of their places."""
    first = np.asarray(values[0])
    found = np.full((len(values), *first.shape), fill, np.result_type(first, np.float32))
    found[steps.places] = np.asarray(values)
    return found


def _saturated(name: str, values: Sequence[Tensor]) -> float:
    """The share of an activation's values that are near its bounds."""
    found = np.concatenate([np.asarray(value).ravel() for value in values])
    if name == "recurrent_activation":  # a gate, from 0 to 1
        return float(((found < SHUT) | (found > OPEN)).mean())
    return float((np.abs(found) > OPEN).mean())
