"""Rows of a matrix with a dense gradient, on TensorFlow."""

from typing import Any

import tensorflow as tf


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
