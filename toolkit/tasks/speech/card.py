"""The texts of the model card of a recogniser of speech."""

from collections.abc import Mapping
from typing import Any

LIMITS = (
    "It writes words for every recording, also one of another language, of other voices, or of no "
    "speech at all; such words are wrong.",
    "It has learnt the biases and errors of its training data, such as the accents and microphones "
    "in it.",
)


def card_words(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the task's texts for the model card; see ``toolkit.export.Card``.

    Args:
        facts: The facts of the run.
    """
    rate, minutes = facts["sample_rate"], facts["seconds"] / 60
    return {
        "task": f"Writes what is said in a recording of {rate:,} samples a second. It has learnt "
        f"from {minutes:,.1f} minutes of speech.",
        "rows_are": "recordings",
        "long_texts": "The signatures read a recording whole; `predict` reads a long one in pieces "
        "that overlap.",
        "limits": LIMITS,
    }
