"""The texts of the model card of a classifier of series."""

from collections.abc import Sequence
from typing import Any

from toolkit.data import FrameFormat
from toolkit.errors import count

TASKS = {
    "classes": "Predicts one of several classes for each series, with its probability.",
    "labels": "Predicts the probability of each of several labels for each series.",
    "number": "Predicts a number for each series.",
}
VIDEO_LIMITS = (
    "It answers every video, also one of other cameras, places or people than those of the "
    "training data; its scores mean little there.",
    "It has learnt the biases and errors of its training data, such as a place that goes with a "
    "class.",
)
LIMITS = (
    "It answers every series, also one of other sensors, units, rates or subjects than those of "
    "the training data; its scores mean little there.",
    "It has learnt the biases and errors of its training data.",
)


def card_words(target: str, channels: Sequence[str], frames: FrameFormat | None) -> dict[str, Any]:
    """Return the task's texts for the model card; see ``toolkit.export.Card``.

    Args:
        target: The kind of answer.
        channels: The names of the channels.
        frames: The frames that are read of videos; None for series.
    """
    if frames is not None:
        size, rate = frames.frame_size, frames.frame_rate
        return {
            "task": f"{TASKS[target].replace('series', 'video')} It reads {rate:g} frames a "
            f"second, {size} x {size} pixels each, {frames.color_mode}.",
            "rows_are": "videos",
            "long_texts": "Videos of any length are read whole.",
            "limits": VIDEO_LIMITS,
        }
    names = ", ".join(channels)
    if len(channels) > 12:
        names = f"{', '.join(channels[:10])} ... {channels[-1]}"
    return {
        "task": f"{TASKS[target]} A frame has {count(len(channels), 'channel')}: {names}.",
        "rows_are": "series",
        "long_texts": "Series of any length are read whole.",
        "limits": LIMITS,
    }
