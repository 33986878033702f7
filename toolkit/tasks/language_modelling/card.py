"""The texts of a language model's model card."""

from collections.abc import Mapping
from typing import Any

from toolkit.tasks.card import LIMITS
from toolkit.tasks.language_modelling.options import LanguageModelOptions

WRITING_LIMITS = (
    "The generated text resembles the training data, may repeat parts of it, and may be false.",
    LIMITS[1],
)


def card_words(options: LanguageModelOptions, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the task's texts for the model card; see ``toolkit.export.Card``.

    Args:
        options: The options of the training.
        facts: The facts that the run recorded.
    """
    token = options.token_level.removesuffix("s")
    conditions = facts.get("classes", {})
    with_condition = ", with a given condition" if conditions else ""
    return {
        "task": (
            f"Generates text, {token} by {token}{with_condition}, and computes its probability."
        ),
        "rows_are": "rows" if conditions else options.token_level,
        "counted": "texts",
        "long_texts": (
            f"A text of any length is read, and only the recurrent state is kept. In training, the "
            f"gradient spanned {options.window} {options.token_level}."
        ),
        "limits": (
            f"`max_length` is at most {options.max_generated_length:,}.",
            *WRITING_LIMITS,
        ),
        "contents": {
            "classes.txt": "the names of the conditions",
            "vocabulary.txt": f"the most frequent {options.token_level} of the training texts",
        },
    }
