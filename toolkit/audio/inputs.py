"""The inputs of networks of recordings."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="toolkit")
class AudioInputs(keras.layers.Layer):
    """Map waves to the inputs of a network, and keep the rate of their samples.

    ``{"audio": float [B, N], "length": int32 [B]}`` becomes ``{"values": float32 [B, N], "length":
    int32 [B]}``; N and lengths are numbers of samples.

    Args:
        rate: The samples a second.
        **kwargs: Arguments of ``keras.layers.Layer``.
    """

    def __init__(self, rate: int, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.rate = rate

    def call(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the inputs of the network."""
        return {"values": tf.cast(inputs["audio"], tf.float32), "length": inputs["length"]}

    def get_config(self) -> dict[str, Any]:
        """Return all arguments of the constructor."""
        return {**super().get_config(), "rate": self.rate}


def decoded_wavs(wav: Any, rate: int) -> tuple[Any, Any]:
    """Return the waves of WAV files of 16 bits, in TensorFlow core ops.

    Args:
        wav: The bytes of the files, string [B].
        rate: The samples a second that they must have; an ``InvalidArgumentError`` names another.

    Returns:
        The means of the channels, float32 [B, N], -1 to 1, and the numbers of samples, int32 [B].
    """

    def decode(content: Any) -> Any:
        audio, found = tf.audio.decode_wav(content)
        complaint = f"the WAV file must have {rate} samples a second, and has"
        with tf.control_dependencies([tf.debugging.Assert(found == rate, [complaint, found])]):
            return tf.RaggedTensor.from_tensor(tf.reduce_mean(audio, axis=1)[None])

    signature = tf.RaggedTensorSpec([1, None], tf.float32, ragged_rank=1)
    waves = tf.map_fn(decode, wav, fn_output_signature=signature)
    waves = waves.merge_dims(0, 1)
    return waves.to_tensor(), tf.cast(waves.row_lengths(), tf.int32)
