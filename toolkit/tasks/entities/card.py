"""The texts of a tagger's model card."""

from collections.abc import Mapping
from typing import Any

from toolkit.tasks.card import LIMITS
from toolkit.tasks.entities.options import EntityTaggerOptions

CONTENTS = {
    "classes.txt": "the labels of entities",
    "words.txt": "the words of the training texts, those of names among them",
    "characters.txt": "the characters of these words",
    "shapes.txt": "the patterns of capitals, digits and marks of these words",
    "affixes.txt": "the beginnings and ends of these words",
    "seen_entities.txt": (
        "hashes of the entities, each with its label: none can be read from them, but a given name "
        "can be looked for"
    ),
}


def card_words(options: EntityTaggerOptions, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the task's texts for the model card; see ``toolkit.export.Card``.

    Args:
        options: The options of the training.
        facts: The facts that the run recorded.
    """
    cut = "sentence by sentence" if options.sentences else "in one piece"
    return {
        "task": (
            "Finds entities in texts: their label, their offsets in code points and the "
            "probability that both are correct. It also tags the tokens of sentences."
        ),
        "counted": "entities",
        "long_texts": (
            f"A text of any length is read, {cut}, cut into {facts['token_level']}. A sentence of "
            f"more than {options.max_sentence_length:,} of these is read in pieces, between which "
            "an entity may be missed."
        ),
        "limits": LIMITS,
        "contents": CONTENTS,
    }
