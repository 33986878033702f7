"""The texts of a translator's model card."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.tasks.card import LIMITS
from toolkit.tasks.options import CHARACTERS_PER_TOKEN
from toolkit.tasks.translation.options import TranslatorOptions

#: The texts of each vocabulary, by the name of its file.
VOCABULARIES = {
    "source_target": "texts of both sides",
    "source": "sources",
    "target": "targets",
    "vocabulary": "texts",
}

TRANSLATION_LIMITS = (
    "It answers every text, also one in another language or on another subject than the training "
    "data; such translations are wrong, even if they are fluent.",
    LIMITS[1],
)


def card_words(options: TranslatorOptions, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the task's texts for the model card; see ``toolkit.export.Card``.

    Args:
        options: The options of the training.
        facts: The facts that the run recorded.
    """
    files = facts["data"].replace(" and ", ",").split(",")  # two parallel files
    return {
        "task": (
            f"Translates each text, or maps it to another text, by a beam search with "
            f"{options.beam_size} hypotheses."
        ),
        "data": " and ".join(Path(file).name for file in files),
        "long_texts": (
            f"Of a text of more than {options.text_limit:,} {options.token_level}, or "
            f"{CHARACTERS_PER_TOKEN} times as many characters, the beginning is translated. The "
            f"output `truncated` marks such texts. It learnt from texts of at most "
            f"{options.max_length} {options.token_level}, and translates much longer texts badly."
        ),
        "limits": (f"`beam_size` is at most {options.max_beam_size}.", *TRANSLATION_LIMITS),
        "contents": {
            f"{name}.txt": f"the most frequent {options.token_level} of the training {of}"
            for name, of in VOCABULARIES.items()
        },
    }
