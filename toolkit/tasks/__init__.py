"""What a user imports: estimators that take raw data and give finished answers."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from toolkit.tasks.options import (
    EntityTaggerOptions,
    LanguageModelOptions,
    TextClassifierOptions,
    TranslatorOptions,
)

if TYPE_CHECKING:
    from toolkit.tasks.entity_tagger import EntityTagger
    from toolkit.tasks.language_model import LanguageModel
    from toolkit.tasks.text_classifier import TextClassifier
    from toolkit.tasks.translator import Translator

__all__ = [
    "EntityTagger",
    "EntityTaggerOptions",
    "LanguageModel",
    "LanguageModelOptions",
    "TextClassifier",
    "TextClassifierOptions",
    "Translator",
    "TranslatorOptions",
]

_HOMES = {
    "EntityTagger": "toolkit.tasks.entity_tagger",
    "LanguageModel": "toolkit.tasks.language_model",
    "TextClassifier": "toolkit.tasks.text_classifier",
    "Translator": "toolkit.tasks.translator",
}


def __getattr__(name: str) -> Any:
    """Imports TensorFlow only when a task itself is asked for."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
