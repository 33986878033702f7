"""The export of a network that reads series to LiteRT."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.data import FrameFormat
from toolkit.tasks.core_export import check_length, export_core, sequence_core
from toolkit.tasks.sequences.card import card_words

SERIES = """\
`series` has a row of channels for each frame, in the order of training ({channels}), as they are
measured: the model itself standardises, or centres and scales them. NaN is a missing value. Of a
longer series take {steps} frames; after the last frame of a shorter one there are zeros, and
`length` is the number of its frames."""
FRAMES = """\
`frames` has {rate:g} frames a second, {size} x {size} pixels each, {mode}, of 0 to 255. Of a
longer video take {steps} frames; after the last frame of a shorter one there are zeros, and
`length` is the number of its frames."""


def export_series(
    task: Any,
    folder: Path,
    network: Any,
    questions: Sequence[Mapping[str, Any]],
    length: int | None,
) -> Path:
    """Write the network of a ``SequenceClassifier`` as LiteRT; see ``export_core``.

    Args:
        task: The task.
        folder: The run's folder.
        network: Its network.
        questions: The questions of the golden file.
        length: The number of frames that it takes.

    Raises:
        OptionError: The length is no positive integer, or missing.
    """
    steps = check_length(length, task.LENGTH_UNIT)
    frames, channels = FrameFormat.of(task), task.facts.get("channels", ())
    shape: tuple[int, ...]
    if frames is None:
        dtype, shape = "float32", (len(channels),)
        description = SERIES.format(channels=", ".join(channels), steps=steps)
    else:
        dtype, shape = "uint8", frames.shape
        description = FRAMES.format(
            rate=frames.frame_rate, size=frames.frame_size, mode=frames.color_mode, steps=steps
        )

    def values(question: Mapping[str, Any]) -> Any:
        return np.asarray(question[task.input_name], dtype).reshape(-1, *shape)

    core = sequence_core(network, task.input_name, dtype, (steps, *shape), values, description)
    summary = card_words(task.target, channels, frames)["task"]
    return export_core(folder, core, questions, summary, task.classes)
