"""The texts of the model card of a tagger of strands."""

from typing import Any

from toolkit.tasks.marked_strands.options import StrandTaggerOptions

LIMITS = (
    "It answers every strand, also of another organism than the training data; its scores mean "
    "little there.",
    "It reads the strand that is given; spans on the opposite one are found only where the "
    "training data has them, with labels that end with (-).",
)


def card_words(options: StrandTaggerOptions) -> dict[str, Any]:
    """Return the task's texts for the model card; see ``toolkit.export.Card``."""
    return {
        "task": (
            "Finds spans of strands of DNA or RNA: their label, their places, from 0 and with an "
            "exclusive end as in BED, and the probability that both are correct."
        ),
        "counted": "spans",
        "long_texts": (
            f"A strand of any length is read, in tiles of {options.window:,} bases, each with "
            f"{options.overlap:,} more at either end. A span that is longer than these may be "
            "missed where tiles meet."
        ),
        "limits": LIMITS,
        "contents": {"classes.txt": "the labels of spans"},
    }
