"""Batches made by a Python generator, as a ``tf.data.Dataset``."""

from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

AHEAD = 2
"""How many batches are made while the one before them is at work."""


def prefetched(
    batches: Callable[[], Iterator[Any]],
    signature: Any,
    count: int = tf.data.INFINITE_CARDINALITY,
) -> tf.data.Dataset:
    """A data set of what a generator yields, a few batches ahead.

    TensorFlow does not tune it: there is nothing to tune, and the thread that does so, which sleeps
    longer and longer between two looks, may let whoever lets go of an iterator wait till it has
    slept, up to a minute.

    Args:
        batches: Starts the generator, at each pass anew.
        signature: The ``tf.TensorSpec`` of its elements, nested as they are.
        count: How many it yields; by default it has no end.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return (
        tf.data.Dataset.from_generator(batches, output_signature=signature)
        .apply(tf.data.experimental.assert_cardinality(count))
        .prefetch(AHEAD)
        .with_options(options)
    )
