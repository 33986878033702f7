"""The signatures of an exported classifier of series."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from toolkit.export.signatures import checked, in_one_batch
from toolkit.models import SequenceModel
from toolkit.tasks.classifier import class_outputs


def signatures(model: SequenceModel, classes: Sequence[str]) -> dict[str, Any]:
    """Return ``serving_default`` and, of a network in one direction, ``step``.

    ``serving_default`` takes ``series`` float [B, T, C], where NaN is missing, or of videos
    ``frames`` uint8 [B, T, H, W, C], and ``length`` int32 [B]; its outputs are those of
    ``toolkit.tasks.classifier.class_outputs``. ``step`` takes one ``frame`` float [B, C] or uint8
    [B, H, W, C], and ``state_0``, ``state_1`` ... as the call before returned them, zeros
    at first; it returns ``probabilities`` or ``value`` for the series up to this frame, and the
    states.

    Args:
        model: The preprocessing and the network.
        classes: The names of the classes.
    """
    layer = model.preprocessing
    network = model.network

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, *layer.frame_shape], layer.DTYPE, name=layer.NAME),
            tf.TensorSpec([None], tf.int32, name="length"),
        ],
        autograph=False,
    )
    def serving_default(frames: Any, length: Any) -> dict[str, Any]:
        frames, length = in_one_batch(**{layer.NAME: frames, "length": length})
        steps = tf.shape(frames)[1]
        right = tf.reduce_all((length >= 0) & (length <= steps))
        complaint = "length must be 0 to the number of frames"
        length = checked(length, right, complaint, steps, ", and is", length)
        rest = [[0, 0]] * len(layer.frame_shape)
        frames = tf.pad(frames, [[0, 0], [0, tf.cast(steps == 0, tf.int32)], *rest])
        return class_outputs(model.answer({layer.NAME: frames, "length": length}), classes)

    if network.config["bidirectional"]:
        return {"serving_default": serving_default}
    specs = [
        tf.TensorSpec([None, size], tf.float32, name=f"state_{number}")
        for number, size in enumerate(network.step_sizes)
    ]

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, *layer.frame_shape], layer.DTYPE, name="frame"),
            *specs,
        ],
        autograph=False,
    )
    def step(frame: Any, *states: Any) -> dict[str, Any]:
        named = {f"state_{number}": state for number, state in enumerate(states)}
        frame, *before = in_one_batch(frame=frame, **named)
        answer, after = network.step(frame, before)
        outputs = class_outputs(answer, classes)
        name = "probabilities" if classes else "value"
        return {name: outputs[name]} | dict(zip(named, after, strict=True))

    return {"serving_default": serving_default, "step": step}
