"""The texts of a text classifier's model card."""

from collections.abc import Mapping
from typing import Any

from toolkit.tasks.card import LIMITS
from toolkit.tasks.classification.options import TextClassifierOptions
from toolkit.tasks.options import CHARACTERS_PER_TOKEN

TASKS = {
    "classes": "Predicts one of several classes for each text, with its probability.",
    "labels": "Predicts the probability of each of several labels for each text.",
    "number": "Predicts a number for each text.",
}
KEPT = {"head": "its head is", "tail": "its tail is", "head_and_tail": "half of each end is"}


def card_words(options: TextClassifierOptions, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the task's texts for the model card; see ``toolkit.export.Card``.

    Args:
        options: The options of the training.
        facts: The facts that the run recorded.
    """
    if options.model == "one_to_one":
        long_texts = f"Only the first {options.window} {options.token_level} of a text are read."
    else:
        limit = options.max_text_length or facts["max_length"]
        long_texts = (
            f"Of a text of more than {limit:,} {options.token_level}, or {CHARACTERS_PER_TOKEN} "
            f"times as many characters, {KEPT[options.truncation]} read."
        )
    long_texts += " The output `truncated` marks such texts."
    return {
        "task": TASKS[options.target],
        "long_texts": long_texts,
        "limits": LIMITS,
        "contents": {
            "vocabulary.txt": f"the most frequent {options.token_level} of the training texts"
        },
    }
