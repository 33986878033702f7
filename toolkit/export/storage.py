"""How the weights of a SavedModel are stored."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import keras
import tensorflow as tf

Storage = Literal["float32", "float16"]


def stored(
    signatures: Mapping[str, Any], variables: Sequence[keras.Variable], storage: Storage
) -> dict[str, Any]:
    """The same signatures, reading their weights as they are to be stored.

    With ``float16`` each signature reads half-precision copies of float32 weights, as they are now,
    and turns them back into float32 whenever it is called, so that the file takes half the room
    and the arithmetic stays as it was.

    Args:
        signatures: A ``tf.function`` with an ``input_signature`` for each name.
        variables: The weights that they read.
        storage: ``float32``, which leaves everything as it is, or ``float16``.
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
    """A signature that reads the copies instead of the weights."""

    @tf.function(input_signature=function.input_signature, autograph=False)
    def reading(*inputs: Any) -> Any:
        state = [(variable, tf.cast(copy, variable.dtype)) for variable, copy in copies]
        with keras.StatelessScope(state):
            return function.python_function(*inputs)

    return reading
