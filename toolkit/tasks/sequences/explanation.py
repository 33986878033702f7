"""The signature ``explain`` of a classifier of series and videos."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.data import SeriesExample
from toolkit.explanation import (
    explained_row,
    likeliest_unless,
    path_of_state,
    reads_forward,
    row_by_row,
)
from toolkit.export.signatures import checked, in_one_batch
from toolkit.models import SequenceModel
from toolkit.tasks.explaining.answers import rounded
from toolkit.tasks.explaining.classes import Parts
from toolkit.tasks.explaining.signatures import (
    class_specs,
    named_outputs,
    number_tolerance,
    target_numbers,
)

#: What a series, and a video, are compared with.
MEANS = "as many frames of the channels' means, as missing where the series is"
GREY = "as many grey frames"
#: The values of a frame that is not large.
USUAL_VALUES = 256


def explain_signature(model: SequenceModel, classes: Sequence[str]) -> Any:
    """Return ``explain``, a ``tf.function`` of the inputs of ``serving_default`` and a ``target``.

    ``target`` string [B] is the class that is explained, '' for the likeliest; there is none for
    numbers. The path goes from frames of the channels' means in the training part to those of the
    series; values that are missing stay so. The outputs are those of
    ``named_outputs``, and of series ``channel_attributions`` float [B, N,
    C], which are summed in ``attributions``.

    Args:
        model: The preprocessing and the network.
        classes: The names of the classes; none for numbers.
    """
    layer, network = model.preprocessing, model.network
    shape = layer.frame_shape
    video = network.config["video"]
    channels = None if video else shape[0]
    mean = video["mean"] if video else np.asarray(network.config["series"]["means"], np.float32)
    specs = class_specs(classes, reads_forward(network), channels)

    def explain(frames: Any, length: Any, target: Any) -> dict[str, Any]:
        asked = target_numbers(target, classes) if classes else tf.zeros_like(length)

        def row(number: Any) -> dict[str, Any]:
            count = length[number, None]
            real = tf.cast(frames[number, : tf.maximum(count[0], 1)], tf.float32)
            missing = ~tf.math.is_finite(real)

            def log_answers(points: Any) -> Any:
                values = tf.where(missing, np.float32(np.nan), points)
                repeated = tf.repeat(count, tf.shape(points)[0])
                return network.log_answer({"values": values, "length": repeated})

            inputs = tf.where(missing, 0.0, real)
            found = explained_row(
                log_answers,
                inputs,
                tf.where(missing, 0.0, tf.fill(tf.shape(real), 1.0) * mean),
                likeliest_unless(asked[number], log_answers(inputs[None])[0]),
                dimensions=1 if video else 2,
                weight=max(1, int(np.prod(shape)) // USUAL_VALUES),
                tolerance=number_tolerance(network),
                dtype=network.compute_dtype,
            )
            if "path" in specs:
                vectors, _ = network.front({"values": real[None], "length": tf.shape(real)[:1]})
                path = path_of_state(network, vectors)
                steps = tf.range(tf.shape(real)[0]) // network.front.stride
                found["path"] = tf.gather(path, steps)
            return found

        found = named_outputs(row_by_row(row, tf.size(length), specs), classes)
        if video:
            return found
        by_channel = found["attributions"]
        return {
            **found,
            "attributions": tf.reduce_sum(by_channel, axis=2),
            "channel_attributions": by_channel,
        }

    takes = [
        tf.TensorSpec([None, None, *shape], layer.DTYPE, name=layer.NAME),
        tf.TensorSpec([None], tf.int32, name="length"),
    ]
    if classes:
        takes.append(tf.TensorSpec([None], tf.string, name="target"))

    @tf.function(input_signature=takes, autograph=False)
    def signature(*values: Any) -> dict[str, Any]:
        names = (spec.name for spec in takes)
        frames, length, *target = in_one_batch(**dict(zip(names, values, strict=True)))
        steps = tf.shape(frames)[1]
        right = tf.reduce_all((length >= 0) & (length <= steps))
        complaint = "length must be 0 to the number of frames"
        length = checked(length, right, complaint, steps, ", and is", length)
        rest = [[0, 0]] * len(shape)
        frames = tf.pad(frames, [[0, 0], [0, tf.cast(steps == 0, tf.int32)], *rest])
        return explain(frames, length, target[0] if target else None)

    return signature


def parts_of(example: SeriesExample) -> Parts:
    """Return the frames of a series, and the series without each of them."""
    frames = range(len(example.series))
    without = (example._replace(series=np.delete(example.series, n, axis=0)) for n in frames)
    return Parts({"frames": [*frames]}, without)


def shown(example: SeriesExample, outputs: Any, channels: Sequence[str]) -> dict[str, Any]:
    """Return what names the parts of a series in an explanation.

    They are the numbers of its ``frames``; and ``channels``, what each adds in all frames.

    Args:
        example: The series.
        outputs: The outputs of ``explain`` for it.
        channels: The names of the channels.
    """
    frames = {"frames": [*range(len(example.series))]}
    if "channel_attributions" not in outputs:
        return frames
    totals = outputs["channel_attributions"].sum(axis=0)
    return {**frames, "channels": dict(zip(channels, map(rounded, totals), strict=True))}
