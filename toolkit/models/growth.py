"""The weights of a network whose ids or classes have become more."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray


def copy_weights(network: keras.Model, larger: keras.Model) -> None:
    """Set the weights of a network to those of another one with as many or fewer ids and classes.

    A new vector of an embedding, or column of an output layer, is the mean of the others, so that
    the logit of a new class or id is at first the mean of the logits (Hewitt 2021, "Initializing
    New Word Embeddings for Pretrained Language Models").

    Args:
        network: A built network.
        larger: A built network of the same kind and options, whose further ids and classes come
            after those of the other.
    """
    for weight, before in zip(larger.weights, network.get_weights(), strict=True):
        weight.assign(enlarged(before, tuple(weight.shape), mean))


def enlarged(
    values: NDArray[Any], shape: tuple[int, ...], fill: Callable[..., Any]
) -> NDArray[Any]:
    """Return an array with slices added at the end of each axis, up to a shape.

    Args:
        values: The array.
        shape: The shape, of as many axes and at least as large.
        fill: Returns the slice to add from the array, the keyword ``axis`` and ``keepdims=True``.
    """
    for axis, size in enumerate(shape):
        more = size - values.shape[axis]
        if more:
            added = np.repeat(fill(values, axis=axis, keepdims=True), more, axis=axis)
            values = np.concatenate([values, added.astype(values.dtype)], axis=axis)
    return values


def mean(values: NDArray[Any], axis: int, keepdims: bool) -> Any:
    """Return the mean along an axis, computed in float64."""
    return values.mean(axis=axis, keepdims=keepdims, dtype=np.float64)


def zeros(values: NDArray[Any], axis: int, keepdims: bool) -> Any:
    """Return zeros in the shape of the mean along an axis."""
    return np.zeros_like(mean(values, axis, keepdims))
