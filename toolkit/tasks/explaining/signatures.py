"""Parts of the signatures ``explain`` of classifiers: their targets, outputs and units."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from toolkit.explanation import TOLERANCE
from toolkit.export.signatures import checked, in_one_batch


def target_numbers(target: Any, classes: Sequence[str]) -> Any:
    """Return the number of each class, int32 [B]; -1 for ''.

    Args:
        target: Names of classes, string [B]; another name is an ``InvalidArgumentError``.
        classes: The names of all classes.
    """
    found = target[:, None] == tf.constant(list(classes))
    known = tf.reduce_all(tf.reduce_any(found, axis=1) | (target == ""))
    message = f"target must be '' or one of {', '.join(classes)}, and is"
    target = checked(target, known, message, target)
    return tf.where(target == "", -1, tf.argmax(found, axis=1, output_type=tf.int32))


def class_specs(classes: Sequence[str], has_path: bool, channels: int | None = None) -> Any:
    """Return the outputs of ``toolkit.explanation.explained_row``, for ``row_by_row``.

    Args:
        classes: The names of the classes; none for numbers.
        has_path: Whether there is a ``path``, [T, C].
        channels: The number of channels that have attributions of their own; None for none.
    """
    rest = [] if channels is None else [channels]
    scalars = ("score", "baseline_score", "completeness_error")
    path = {"path": tf.TensorSpec([None, len(classes) or 1], tf.float32)} if has_path else {}
    return {
        "attributions": tf.TensorSpec([None, *rest], tf.float32),
        "number": tf.TensorSpec([], tf.int32),
        "complete": tf.TensorSpec([], tf.bool),
        **{name: tf.TensorSpec([], tf.float32) for name in scalars},
        **path,
    }


def named_outputs(found: Mapping[str, Any], classes: Sequence[str]) -> dict[str, Any]:
    """Return what ``row_by_row`` gave as outputs of ``explain``.

    They are ``attributions`` float [B, N], padded with 0; ``target`` string [B],
    ``log_probability`` and ``baseline_log_probability`` float [B], or of numbers ``value`` and
    ``baseline_value``; ``completeness_error`` float [B], by how much the attributions miss the
    difference of these two, and ``complete`` bool [B], whether that is little; and, of a network
    that reads forward, ``path`` float [B, N, C], the probabilities, or the number, after each step.

    Args:
        found: Outputs by name.
        classes: The names of the classes; none for numbers.
    """
    outputs = dict(found)
    number = outputs.pop("number")
    score, baseline = outputs.pop("score"), outputs.pop("baseline_score")
    if not classes:
        return outputs | {"value": score, "baseline_value": baseline}
    target = tf.gather(tf.constant(list(classes)), number)
    return outputs | {
        "target": target,
        "log_probability": score,
        "baseline_log_probability": baseline,
    }


def class_signature(explain: Callable[[Any, Any], dict[str, Any]], classes: Sequence[str]) -> Any:
    """Return a ``tf.function`` of ``text`` string [B] and, with classes, ``target`` string [B].

    Args:
        explain: Maps texts in valid UTF-8 and targets, or None, to outputs.
        classes: The names of the classes; none for numbers.
    """
    names = ("text", "target") if classes else ("text",)
    specs = [tf.TensorSpec([None], tf.string, name=name) for name in names]

    @tf.function(input_signature=specs, autograph=False)
    def signature(*inputs: Any) -> dict[str, Any]:
        text, target = [*in_one_batch(**dict(zip(names, inputs, strict=True))), None][:2]
        return explain(tf.strings.unicode_transcode(text, "UTF-8", "UTF-8"), target)

    return signature


def number_tolerance(network: Any) -> float:
    """Return the largest error that is aimed at, in the units of the network's answer.

    Log probabilities have the unit nat; numbers one deviation of the training targets.
    """
    return TOLERANCE * unit_of(network)


def unit_of(network: Any) -> float:
    """Return the unit of a network's answer: 1 nat, or a deviation of the training targets."""
    layer = network.output_layer
    return float(layer.scale) if layer.output_kind == "linear" else 1.0
