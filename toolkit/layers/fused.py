"""A linear layer and the cross-entropy of its scores, with one gradient; on TensorFlow."""

from typing import Any

import tensorflow as tf


def fused_linear_cross_entropy(
    states: Any, table: Any, bias: Any, targets: Any, smoothing: float
) -> Any:
    """States [..., D], table [V, D] and bias [V] to losses [...]; see ``linear_cross_entropy``.

    The scores and their slopes are made in one go and each read once more, by the product that
    makes a gradient of them; what smoothing adds is known without them.
    """
    dtype = states.dtype
    share = smoothing / table.shape[0]
    ids = tf.reshape(tf.cast(targets, tf.int32), [-1])

    @tf.custom_gradient
    def losses(states: Any, table: Any, bias: Any) -> Any:
        narrow = tf.cast(table, dtype)
        scores = tf.cast(tf.matmul(states, narrow, transpose_b=True), tf.float32) + bias
        loss, slope = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=scores, labels=ids)
        states32 = tf.cast(states, tf.float32)
        if smoothing:
            apart = tf.gather(table, ids) - tf.reduce_mean(table, axis=0)
            right = tf.reduce_sum(states32 * apart, axis=1)
            loss += smoothing * (right + tf.gather(bias, ids) - tf.reduce_mean(bias))

        def gradient(upstream: Any) -> Any:
            upstream = upstream[:, None]
            slopes = tf.cast(slope, dtype)
            of_states = upstream * tf.cast(tf.matmul(slopes, narrow), tf.float32)
            weighed = upstream * tf.concat([states32, tf.ones_like(upstream)], axis=1)
            of_table = tf.matmul(slopes, tf.cast(weighed, dtype), transpose_a=True)
            of_table = tf.cast(of_table, tf.float32)
            if smoothing:
                of_states += smoothing * upstream * apart
                of_table -= share * tf.reduce_sum(weighed, axis=0)
                of_table = tf.tensor_scatter_nd_add(of_table, ids[:, None], smoothing * weighed)
            return tf.cast(of_states, dtype), of_table[:, :-1], of_table[:, -1]

        return loss, gradient

    table, bias = (tf.convert_to_tensor(weight) for weight in (table, bias))
    rows = tf.reshape(states, [-1, states.shape[-1]])
    return tf.reshape(losses(rows, table, bias), tf.shape(targets))
