"""The inputs of a network of series."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="toolkit")
class SeriesInputs(keras.layers.Layer):
    """Map raw series to the inputs of a network, and keep the names of their channels.

    ``{"series": float [B, T, C], "length": int32 [B]}`` becomes ``{"values": float32 [B, T, C],
    "length": int32 [B]}``. NaN is a missing value, and stays one.

    Args:
        channels: The names of the channels [C].
        **kwargs: Arguments of ``keras.layers.Layer``.
    """

    def __init__(self, channels: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.channels = tuple(channels)

    def call(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the inputs of the network."""
        return {"values": tf.cast(inputs["series"], tf.float32), "length": inputs["length"]}

    def get_config(self) -> dict[str, Any]:
        """Return all arguments of the constructor."""
        return {**super().get_config(), "channels": list(self.channels)}
