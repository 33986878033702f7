"""Padded sequences and their masks."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops


def length_mask(length: Any, steps: Any) -> Any:
    """Return the mask, bool [B, T], of sequences with lengths [B], padded to some steps."""
    return ops.arange(steps, dtype="int32") < ops.cast(length, "int32")[:, None]


def as_sequence(inputs: Any) -> tuple[Any, Any]:
    """Return the values of sequences and their mask.

    Args:
        inputs: ``{"values": ids [B, T] or vectors [B, T, C], "length": int32 [B]}``. For
            hand-written code also ids alone, where 0 is padding; or vectors alone, all of which are
            real.

    Returns:
        The values, and the mask, bool [B, T].
    """
    if isinstance(inputs, Mapping):
        values = inputs["values"]
        return values, length_mask(inputs["length"], ops.shape(values)[1])
    values = ops.convert_to_tensor(inputs)
    if keras.backend.is_float_dtype(values.dtype):
        return values, ops.ones(ops.shape(values)[:2], "bool")
    return values, ops.not_equal(values, 0)


def first_steps(inputs: Any, count: int) -> Any:
    """Return the first steps of sequences, padded with 0 if there are fewer.

    Args:
        inputs: Inputs as for ``as_sequence``.
        count: The number of steps.
    """
    if isinstance(inputs, Mapping):
        length = ops.minimum(inputs["length"], count)
        return {"values": first_steps(inputs["values"], count), "length": length}
    rest = [[0, 0]] * (len(inputs.shape) - 2)
    return ops.pad(inputs, [[0, 0], [0, count], *rest])[:, :count]


def with_length(ids: Any) -> dict[str, Any]:
    """Return ids [B, T] of a tokenizer, padded with 0 on the right, with their lengths."""
    return {"values": ids, "length": ops.sum(ops.cast(ops.not_equal(ids, 0), "int32"), axis=1)}
