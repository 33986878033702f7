"""The inputs of networks of series and of videos."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import keras
import tensorflow as tf


class FrameInputs(keras.layers.Layer):
    """Base class of the layers from raw frames to the inputs of a network.

    ``{NAME: [B, T, *frame_shape], "length": int32 [B]}`` becomes ``{"values", "length"}``.

    Attributes:
        frame_shape: The shape of a frame.
    """

    #: The name of the raw frames, of one of them, and their type.
    NAME: ClassVar[str]
    DTYPE: ClassVar[tf.DType] = tf.float32

    frame_shape: tuple[int, ...]

    def call(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the inputs of the network."""
        return {"values": tf.cast(inputs[self.NAME], self.DTYPE), "length": inputs["length"]}


@keras.saving.register_keras_serializable(package="toolkit")
class SeriesInputs(FrameInputs):
    """Map raw series to the inputs of a network, and keep the names of their channels.

    ``{"series": float [B, T, C], "length": int32 [B]}`` becomes ``{"values": float32 [B, T, C],
    "length": int32 [B]}``. NaN is a missing value, and stays one.

    Args:
        channels: The names of the channels [C].
        **kwargs: Arguments of ``keras.layers.Layer``.
    """

    NAME = "series"

    def __init__(self, channels: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.channels = tuple(channels)
        self.frame_shape = (len(self.channels),)

    def get_config(self) -> dict[str, Any]:
        """Return all arguments of the constructor."""
        return {**super().get_config(), "channels": list(self.channels)}


@keras.saving.register_keras_serializable(package="toolkit")
class VideoInputs(FrameInputs):
    """Map videos to the inputs of a network.

    ``{"frames": uint8 [B, T, H, W, C], "length": int32 [B]}`` becomes ``{"values", "length"}``.

    Args:
        shape: The shape of a frame, [H, W, C].
        **kwargs: Arguments of ``keras.layers.Layer``.
    """

    NAME = "frames"
    DTYPE = tf.uint8

    def __init__(self, shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", "autocast": False, **kwargs})
        self.frame_shape = tuple(shape)

    def get_config(self) -> dict[str, Any]:
        """Return all arguments of the constructor."""
        return {**super().get_config(), "shape": list(self.frame_shape)}
