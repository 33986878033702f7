"""The core of a classifier of series: from raw frames to scores."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.export import Core, in_float32
from toolkit.models import SequenceModel
from toolkit.series.inputs import VideoInputs
from toolkit.tasks.cores import score_core

#: The lengths of the series of random frames that are compared.
LENGTHS = (20, 7, 1, 0)


def series_core(
    model: SequenceModel, summary: str, classes: Sequence[str], questions: Sequence[Any]
) -> Core:
    """Return the core: ``series`` float32 [B, T, C] and ``length`` int32 [B] to scores.

    Of videos it takes ``frames`` uint8 [B, T, H, W, C] in their place.

    Args:
        model: The inputs and the network, with its front.
        summary: What it does, and what a frame is.
        classes: The names of the classes; empty for a number.
        questions: The golden questions.
    """
    network, inputs = in_float32(model.network), model.preprocessing
    name, dtype, shape = inputs.NAME, inputs.DTYPE.as_numpy_dtype, inputs.frame_shape
    notes = {"series": "raw frames; NaN is missing", "frames": "0 to 255"}
    preparation = "The pixels of each frame, scaled to its size and colours."
    random = np.random.default_rng(0)
    if isinstance(inputs, VideoInputs):
        frames = random.integers(0, 256, (len(LENGTHS), max(LENGTHS), *shape), np.uint8)
    else:
        means = np.asarray(network.config["series"]["means"], np.float32)
        frames = (means + random.normal(size=(len(LENGTHS), max(LENGTHS), *shape))).astype(dtype)
        frames[0, 3] = np.nan
        names = ", ".join(f"`{channel}`" for channel in inputs.channels)
        preparation = (
            "The values of each frame, as they are measured, in the order of the channels: "
            f"{names}. Scaling is a part of the network."
        )
    rows = []
    for question in questions:
        values = np.asarray(question[name], dtype).reshape(-1, *shape)
        padded = values if len(values) else np.zeros((1, *shape), dtype)
        rows.append({name: padded, "length": np.int32(question["length"])})
    return score_core(
        network,
        classes,
        title=summary,
        inputs={name: tf.TensorSpec([None, None, *shape], inputs.DTYPE, name=name)},
        notes={name: notes[name], "length": "the number of frames"},
        preparation=f"{preparation} Frames beyond `length` are not read.",
        trials=[{name: frames, "length": np.array(LENGTHS, np.int32)}],
        rows=rows,
        raw=[{} for _ in rows],
    )
