"""Estimators that learn from raw data and answer raw inputs.

Each package in this one but ``explaining`` is a task; its ``EXPORTS`` list the names that can be
imported from here.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from toolkit.quiet import import_quietly

if TYPE_CHECKING:  # for editors and type checkers only; other tasks are found as well
    from toolkit.tasks.classification.options import TextClassifierOptions as TextClassifierOptions
    from toolkit.tasks.classification.task import TextClassifier as TextClassifier
    from toolkit.tasks.entities.options import EntityTaggerOptions as EntityTaggerOptions
    from toolkit.tasks.entities.task import EntityTagger as EntityTagger
    from toolkit.tasks.language_modelling.options import (
        LanguageModelOptions as LanguageModelOptions,
    )
    from toolkit.tasks.language_modelling.task import LanguageModel as LanguageModel
    from toolkit.tasks.marked_strands.options import StrandTaggerOptions as StrandTaggerOptions
    from toolkit.tasks.marked_strands.task import StrandTagger as StrandTagger
    from toolkit.tasks.music.options import MusicOptions as MusicOptions
    from toolkit.tasks.music.task import MusicModel as MusicModel
    from toolkit.tasks.sequences.options import (
        SequenceClassifierOptions as SequenceClassifierOptions,
    )
    from toolkit.tasks.sequences.task import SequenceClassifier as SequenceClassifier
    from toolkit.tasks.strands.options import StrandClassifierOptions as StrandClassifierOptions
    from toolkit.tasks.strands.task import StrandClassifier as StrandClassifier
    from toolkit.tasks.translation.options import TranslatorOptions as TranslatorOptions
    from toolkit.tasks.translation.task import Translator as Translator


def _homes() -> dict[str, str]:
    """Return the module of each name that the tasks' packages export, without importing it."""
    packages = [
        f"{__name__}.{package_info.name}"
        for package_info in iter_modules(__path__)
        if package_info.ispkg
    ]
    return {
        name: f"{package}.{module}"
        for package in packages
        for name, module in import_module(package).EXPORTS.items()
    }


_HOMES = _homes()

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Import a task, and with it TensorFlow, only when it is used."""
    if name in _HOMES:
        return getattr(import_quietly(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
