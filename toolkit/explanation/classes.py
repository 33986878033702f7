"""Explanations of one answer for a whole sequence, row by row in a signature."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import tensorflow as tf

from toolkit.explanation.gradients import (
    MOST_POINTS,
    MOST_POINTS_IN_HALF,
    TOLERANCE,
    integrated_gradients,
)
from toolkit.layers.time_loop import one_step_an_iteration

Tensor = Any

#: The number of time steps, those of all points together, that are evaluated at once.
STEPS_AT_ONCE = 16_384


def likeliest_unless(asked: Tensor, answer: Tensor) -> Tensor:
    """Return the number of a class, int32 []: the one that is asked for, if it is not below 0.

    Args:
        asked: The number, int32 [].
        answer: The log probabilities [outputs], of which the largest is taken otherwise.
    """
    return tf.where(asked < 0, tf.argmax(answer, output_type=tf.int32), asked)


def explained_row(
    log_answers: Callable[[Tensor], Tensor],
    inputs: Tensor,
    baseline: Tensor,
    number: Tensor,
    *,
    dimensions: int = 1,
    weight: int = 1,
    tolerance: float = TOLERANCE,
    dtype: str = "float32",
) -> dict[str, Tensor]:
    """Return what the steps of one sequence add to the answer of its class.

    Args:
        log_answers: Maps points [P, T, ...] to log probabilities, or numbers, [P, outputs].
        inputs: The sequence, float32 [T, ...].
        baseline: What it is compared with, of the same shape.
        number: The number of the class, int32 [].
        dimensions: As for ``integrated_gradients``.
        weight: The memory of a step, in units of that of a usual one.
        tolerance: As for ``integrated_gradients``.
        dtype: The type in which the network computes.

    Returns:
        ``attributions`` float32 [T, ...]; ``number`` int32 [], the class; ``score`` and
        ``baseline_score``, its log probability of sequence and baseline; ``completeness_error``,
        by how much the attributions miss their difference; ``complete``, bool [], whether that is
        within the tolerance.
    """
    found = integrated_gradients(
        lambda points: tf.gather(log_answers(points), number, axis=1),
        *(inputs, baseline),
        dimensions=dimensions,
        at_once=STEPS_AT_ONCE // (weight * tf.maximum(tf.shape(inputs)[0], 1)),
        tolerance=tolerance,
        most=MOST_POINTS if dtype == "float32" else MOST_POINTS_IN_HALF,
    )
    return {
        "attributions": found.values,
        "number": number,
        "score": found.score,
        "baseline_score": found.baseline,
        "completeness_error": tf.abs(found.error),
        "complete": tf.abs(found.error) <= tolerance,
    }


def left_out_row(
    log_answers: Callable[[Tensor], Tensor],
    inputs: Tensor,
    baseline: Tensor,
    number: Tensor,
    *,
    weight: int = 1,
) -> dict[str, Tensor]:
    """Return what the answer of a class loses without each step of one sequence.

    In the place of the step that is left out stands that of the baseline.

    Args:
        log_answers: As for ``explained_row``.
        inputs: The sequence, float32 [T, ...], T at least 1.
        baseline: What stands in the place of steps, of the same shape.
        number: The number of the class, int32 [].
        weight: As for ``explained_row``.

    Returns:
        As ``explained_row``; there is no score of a baseline, but once more that of the sequence,
        and no error.
    """
    steps = tf.shape(inputs)[0]
    at_once = tf.clip_by_value(STEPS_AT_ONCE // (weight * steps), 1, steps)

    def scores(first: Tensor) -> Tensor:
        places = first * at_once + tf.range(at_once)
        is_out = places[:, None] == tf.range(steps)
        is_out = tf.reshape(is_out, [at_once, steps, *[1] * (len(inputs.shape) - 1)])
        return log_answers(tf.where(is_out, baseline, inputs))[:, number]

    groups = tf.range((steps + at_once - 1) // at_once)
    without = tf.map_fn(
        scores, groups, fn_output_signature=tf.TensorSpec([None]), parallel_iterations=1
    )
    score = log_answers(inputs[None])[0, number]
    return {
        "attributions": score - tf.reshape(without, [-1])[:steps],
        "number": number,
        "score": score,
        "baseline_score": score,
        "completeness_error": tf.constant(0.0),
        "complete": tf.constant(True),
    }


def row_by_row(
    explain: Callable[[Tensor], Mapping[str, Tensor]],
    rows: Tensor,
    specs: Mapping[str, Any],
    padding: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Tensor]:
    """Explain the rows of a batch one after the other, and return their outputs as one batch.

    So the explanation of a row does not depend on the others, and memory does not grow with them.

    Args:
        explain: Maps the number of a row, int32 [], to its outputs by name.
        rows: B, int32 [].
        specs: For each output its ``tf.TensorSpec`` without the batch; a first dimension None is
            that of the steps, and padded.
        padding: The value that pads an output, by its name; 0 and '' for those that have none.
    """
    signature = {
        name: tf.RaggedTensorSpec(spec.shape, spec.dtype, 0)
        if spec.shape.rank and spec.shape[0] is None
        else spec
        for name, spec in specs.items()
    }

    def outputs(row: Tensor) -> dict[str, Tensor]:
        explained = explain(row)
        return {name: explained[name] for name in specs}

    with one_step_an_iteration():
        found = tf.map_fn(
            outputs, tf.range(rows), fn_output_signature=signature, parallel_iterations=1
        )
    return {
        name: value.to_tensor(padding.get(name)) if isinstance(value, tf.RaggedTensor) else value
        for name, value in found.items()
    }
