"""Operations on large arrays with a faster gradient than TensorFlow's own."""

import math
from typing import Any

import tensorflow as tf


def fused_linear_cross_entropy(
    states: Any, table: Any, bias: Any, targets: Any, smoothing: float
) -> Any:
    """Return losses [...] of states [..., D], table [V, D], bias [V]; see ``linear_cross_entropy``.

    The scores and their gradients are computed in one pass and read once more, by the matrix
    products of the gradients; the part of the smoothing is computed without them.
    """
    dtype = states.dtype
    share = smoothing / table.shape[0]
    ids = tf.reshape(tf.cast(targets, tf.int32), [-1])

    @tf.custom_gradient
    def losses(states: Any, table: Any, bias: Any) -> Any:
        narrow = tf.cast(table, dtype)
        scores = tf.cast(tf.matmul(states, narrow, transpose_b=True), tf.float32) + bias
        loss, score_gradient = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(
            features=scores, labels=ids
        )
        states32 = tf.cast(states, tf.float32)
        if smoothing:
            difference = tf.gather(table, ids) - tf.reduce_mean(table, axis=0)
            gold_scores = tf.reduce_sum(states32 * difference, axis=1)
            loss += smoothing * (gold_scores + tf.gather(bias, ids) - tf.reduce_mean(bias))

        def gradient(upstream: Any) -> Any:
            upstream = upstream[:, None]
            score_gradients = tf.cast(score_gradient, dtype)
            states_gradient = upstream * tf.cast(tf.matmul(score_gradients, narrow), tf.float32)
            weighted = upstream * tf.concat([states32, tf.ones_like(upstream)], axis=1)
            table_gradient = tf.matmul(score_gradients, tf.cast(weighted, dtype), transpose_a=True)
            table_gradient = tf.cast(table_gradient, tf.float32)
            if smoothing:
                states_gradient += smoothing * upstream * difference
                table_gradient -= share * tf.reduce_sum(weighted, axis=0)
                table_gradient = tf.tensor_scatter_nd_add(
                    table_gradient, ids[:, None], smoothing * weighted
                )
            return tf.cast(states_gradient, dtype), table_gradient[:, :-1], table_gradient[:, -1]

        return loss, gradient

    table, bias = (tf.convert_to_tensor(weight) for weight in (table, bias))
    rows = tf.reshape(states, [-1, states.shape[-1]])
    return tf.reshape(losses(rows, table, bias), tf.shape(targets))


@tf.custom_gradient
def fused_masked_max(h: Any, mask: Any) -> Any:
    """Return the largest values [B, H] of ``h`` [B, T, H] where ``mask`` [B, T] is true, or zeros.

    Equal largest values share the gradient, as in ``tf.reduce_max``.
    """
    masked = tf.where(mask[:, :, None], h, -math.inf)
    largest = tf.reduce_max(masked, axis=1)
    some = tf.reduce_any(mask, axis=1, keepdims=True)

    def gradient(upstream: Any) -> tuple[Any, None]:
        hits = tf.cast(tf.equal(masked, largest[:, None]), h.dtype)
        share = tf.where(some, upstream, 0) / tf.reduce_sum(hits, axis=1)
        return hits * share[:, None], None

    return tf.where(some, largest, 0), gradient


def lookup(table: Any, ids: Any) -> Any:
    """Return the rows [..., D] of ``table`` [V, D] at ``ids`` [...]; its gradient is dense."""
    # A custom gradient takes tensors; variables would need a declaration.
    return _lookup(tf.convert_to_tensor(table), ids)


@tf.custom_gradient
def _lookup(table: Any, ids: Any) -> Any:
    def gradient(upstream: Any) -> tuple[Any, None]:
        rows = tf.reshape(upstream, [-1, table.shape[-1]])
        size = tf.shape(table)[0]
        return tf.math.unsorted_segment_sum(rows, tf.reshape(ids, [-1]), size), None

    return tf.gather(table, ids), gradient
