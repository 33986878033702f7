"""The core of classifiers of sequences with explicit lengths."""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from toolkit.export import Core


def score_core(
    network: Any,
    classes: Sequence[str],
    *,
    inputs: Mapping[str, tf.TensorSpec],
    notes: Mapping[str, str],
    rows: Sequence[Mapping[str, Any]],
    **arguments: Any,
) -> Core:
    """Return the core from ``values`` and ``length`` int32 [B] to scores.

    It gives ``probabilities`` float32 [B, C], or for a number ``value`` float32 [B].

    Args:
        network: The network, in float32.
        classes: The names of the classes; empty for a number.
        inputs: The spec of the values [B, T, ...], by their name.
        notes: What the inputs are.
        rows: The inputs of each golden question.
        arguments: Further arguments of ``Core``.
    """
    name = "probabilities" if classes else "value"

    def answer(values: Any, length: Any) -> dict[str, Any]:
        scores = network.answer({"values": values, "length": length})
        return {name: scores if classes else scores[:, 0]}

    return Core(
        network=network,
        function=answer,
        inputs={**inputs, "length": tf.TensorSpec([None], tf.int32, name="length")},
        notes={**notes, name: "the order of `classes.txt`" if classes else "the number"},
        rows=rows,
        scale=network.output_layer.scale,
        files={"classes.txt": "".join(f"{each}\n" for each in classes)} if classes else {},
        **arguments,
    )
