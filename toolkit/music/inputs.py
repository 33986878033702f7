"""The inputs of networks of music."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from toolkit.music.rolls import KEYS


@keras.saving.register_keras_serializable(package="toolkit")
class RollInputs(keras.layers.Layer):
    """Map rolls to the inputs of a network.

    ``{"frames": [B, T, 88], "length": int32 [B]}`` becomes ``{"values": float32 [B, T, 88],
    "length": int32 [B]}``.
    """

    #: The name of the rolls, and the shape of a time step.
    NAME = "frames"
    frame_shape = (KEYS,)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", "autocast": False, **kwargs})

    def call(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the inputs of the network."""
        return {"values": tf.cast(inputs[self.NAME], tf.float32), "length": inputs["length"]}
