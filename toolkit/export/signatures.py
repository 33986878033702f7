"""The inputs and outputs of a signature: their shapes and dtypes, and how a message writes them."""

from typing import Any


def input_specs(function: Any) -> dict[str, Any]:
    """Return a ``TensorSpec`` for each input of a signature, by name, in the function's order.

    Args:
        function: A ``tf.function`` with an ``input_signature``, or a signature of a loaded
            SavedModel.
    """
    import tensorflow as tf

    loaded = hasattr(function, "structured_input_signature")
    signature = function.structured_input_signature if loaded else function.input_signature
    return {spec.name: spec for spec in tf.nest.flatten(signature)}


def spec_text(spec: Any) -> str:
    """Return dtype and shape, such as ``float32 [B, N, 6]``: B is the batch, N is any size."""
    sizes = ["N" if size is None else str(size) for size in spec.shape]
    if sizes and spec.shape[0] is None:
        sizes[0] = "B"
    return f"{spec.dtype.name} [{', '.join(sizes)}]"
