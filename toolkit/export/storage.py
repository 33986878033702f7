"""The precision in which a SavedModel stores its weights."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import keras
import tensorflow as tf

Storage = Literal["float32", "float16"]


def stored(
    signatures: Mapping[str, Any], variables: Sequence[keras.Variable], storage: Storage
) -> dict[str, Any]:
    """Return the same signatures, reading their weights in the precision of their storage.

    With ``float16`` each signature reads half-precision copies of the current float32 weights, and
    converts them to float32 whenever it is called: the file is half as large, and the arithmetic
    stays in float32.

    Args:
        signatures: A ``tf.function`` with an ``input_signature`` for each name.
        variables: The weights that they read.
        storage: ``float32``, which changes nothing, or ``float16``.
    """
    if storage == "float32":
        return dict(signatures)
    copies = [
        (variable, tf.Variable(tf.cast(variable.value, storage), trainable=False))
        for variable in variables
        if variable.dtype == "float32"
    ]
    return {name: _reading(function, copies) for name, function in signatures.items()}


def _reading(function: Any, copies: Sequence[tuple[keras.Variable, Any]]) -> Callable[..., Any]:
    """Return a signature that reads the copies instead of the weights."""

    @tf.function(input_signature=function.input_signature, autograph=False)
    def reading(*inputs: Any) -> Any:
        state = [(variable, tf.cast(copy, variable.dtype)) for variable, copy in copies]
        with keras.StatelessScope(state):
            return function.python_function(*inputs)

    return reading
