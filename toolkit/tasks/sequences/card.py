"""The texts of the model card of a classifier of series."""

from typing import Any

from toolkit.errors import count

TASKS = {
    "classes": "Predicts one of several classes for each series, with its probability.",
    "labels": "Predicts the probability of each of several labels for each series.",
    "number": "Predicts a number for each series.",
}
LIMITS = (
    "It answers every series, also one of other sensors, units, rates or subjects than those of "
    "the training data; its scores mean little there.",
    "It has learnt the biases and errors of its training data.",
)


def card_words(target: str, channels: list[str]) -> dict[str, Any]:
    """Return the task's texts for the model card; see ``toolkit.export.Card``.

    Args:
        target: The kind of answer.
        channels: The names of the channels.
    """
    names = ", ".join(channels)
    if len(channels) > 12:
        names = f"{', '.join(channels[:10])} ... {channels[-1]}"
    return {
        "task": f"{TASKS[target]} A frame has {count(len(channels), 'channel')}: {names}.",
        "rows_are": "series",
        "long_texts": "Series of any length are read whole.",
        "limits": LIMITS,
    }
