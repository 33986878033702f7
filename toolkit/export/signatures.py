"""The inputs and outputs of a signature: their shapes and dtypes, and how a message writes them."""

from typing import Any


def checked(tensor: Any, right: Any, *complaint: Any) -> Any:
    """Return an input of a signature, after a check in the graph.

    Args:
        tensor: The input.
        right: Whether it can be used, bool [].
        complaint: What is wrong otherwise: strings and tensors, for an ``InvalidArgumentError``.
    """
    import tensorflow as tf

    with tf.control_dependencies([tf.debugging.Assert(right, list(complaint))]):
        return tf.identity(tensor)


def in_one_batch(**inputs: Any) -> list[Any]:
    """Return inputs of a signature that have equally many rows.

    Args:
        inputs: Tensors [B, ...] by name; an ``InvalidArgumentError`` names them and their rows if
            these differ.
    """
    import tensorflow as tf

    if len(inputs) == 1:
        return [*inputs.values()]
    rows = tf.stack([tf.shape(tensor)[0] for tensor in inputs.values()])
    same = tf.reduce_all(rows == rows[0])
    complaint = f"{', '.join(inputs)} need as many rows, and have"
    return [checked(tensor, same, complaint, rows) for tensor in inputs.values()]


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
