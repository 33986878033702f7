"""The texts of the model card of a classifier of strands."""

from typing import Any

from toolkit.tasks.strands.options import StrandClassifierOptions

TASKS = {
    "classes": "Predicts one of several classes for each strand, with its probability.",
    "labels": "Predicts the probability of each of several labels for each strand.",
    "number": "Predicts a number for each strand.",
}
STRANDS = {
    "off": "A strand and the opposite one have different answers; give the strand that the "
    "training data has.",
    "augment": "It has learnt from both strands; the answers to them differ a little.",
    "average": "A strand and the opposite one have the same answer, unless they are too long to "
    "be read whole.",
}
LIMITS = (
    "It answers every strand, also of another organism or of other sites than the training data; "
    "its scores mean little there.",
    "Letters that are no nucleotides are places without a base; so proteins have an answer too.",
)


def card_words(options: StrandClassifierOptions) -> dict[str, Any]:
    """Return the task's texts for the model card; see ``toolkit.export.Card``."""
    return {
        "task": f"{TASKS[options.target]} {STRANDS[options.reverse_complement]}",
        "long_texts": f"Only the first {options.max_length:,} bases of a strand are read; the "
        "output `truncated` marks longer ones.",
        "limits": LIMITS,
    }
