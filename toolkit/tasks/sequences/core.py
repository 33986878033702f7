"""The core of a classifier of series: from raw frames to scores."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.export import Core, in_float32
from toolkit.models import SequenceModel
from toolkit.series.inputs import VideoInputs
from toolkit.tasks.score_core import score_core
from toolkit.tasks.sequences.card import TASKS

NO_FORMAT = (
    "a classifier of series cannot be exported as {format}, for which its reading of raw frames is "
    "not written"
)
#: The lengths of the series of random frames that are compared.
LENGTHS = (20, 7, 1, 0)


def series_core(
    model: SequenceModel, target: str, classes: Sequence[str], questions: Sequence[Any]
) -> Core:
    """Return the core: ``series`` float32 [B, T, C] and ``length`` int32 [B] to scores.

    Args:
        model: The inputs and the network, with its front.
        target: What is predicted.
        classes: The names of the classes; empty for a number.
        questions: The golden questions.

    Raises:
        OptionError: The network reads videos.
    """
    if isinstance(model.preprocessing, VideoInputs):
        raise OptionError(
            "a classifier of videos has no core of numbers, which would be all frames of a video "
            "at once; export saved_model"
        )
    network, channels = in_float32(model.network), model.preprocessing.channels
    means = np.asarray(network.config["series"]["means"], np.float32)
    shape = (len(LENGTHS), max(LENGTHS), len(means))
    frames = (means + np.random.default_rng(0).normal(size=shape)).astype(np.float32)
    frames[0, 3] = np.nan
    names = ", ".join(f"`{name}`" for name in channels)
    rows = []
    for question in questions:
        values = np.asarray(question["series"], np.float32).reshape(-1, len(means))
        padded = values if len(values) else np.zeros((1, len(means)), np.float32)
        rows.append({"series": padded, "length": np.int32(question["length"])})
    return score_core(
        network,
        classes,
        title=TASKS[target],
        inputs={"series": tf.TensorSpec([None, None, len(means)], tf.float32, name="series")},
        notes={"series": "raw frames; NaN is missing", "length": "the number of frames"},
        preparation="The values of each frame, as they are measured, in the order of the channels: "
        f"{names}. Scaling is a part of the network. Frames beyond `length` are not read.",
        trials=[{"series": frames, "length": np.array(LENGTHS, np.int32)}],
        rows=rows,
        raw=[{} for _ in rows],
    )
