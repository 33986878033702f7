"""Prefetched data sets of Python generators."""

from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

BATCHES_AHEAD = 2
"""The number of batches that are prepared ahead of the current one."""


def prefetched(
    batches: Callable[[], Iterator[Any]],
    signature: Any,
    count: int = tf.data.INFINITE_CARDINALITY,
) -> tf.data.Dataset:
    """Return a data set of the batches of a generator, prefetched.

    Autotuning is off: there is nothing to tune, and the autotuning thread, which sleeps for longer
    and longer periods, can delay the deletion of an iterator by up to a minute.

    Args:
        batches: Returns a new generator for each pass.
        signature: The ``tf.TensorSpec`` of each component of an element.
        count: The number of batches; infinite by default.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return (
        tf.data.Dataset.from_generator(batches, output_signature=signature)
        .apply(tf.data.experimental.assert_cardinality(count))
        .prefetch(BATCHES_AHEAD)
        .with_options(options)
    )
