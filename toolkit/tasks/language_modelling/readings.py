"""The choice between running text and texts with conditions."""

from typing import Any

from toolkit.tasks.language_modelling.conditioned_texts import ConditionedTexts
from toolkit.tasks.language_modelling.reading import Reading
from toolkit.tasks.language_modelling.running_text import RunningText


def reading_of(conditions: Any) -> Reading:
    """Return the reading of texts with conditions, or of running text without."""
    return ConditionedTexts() if conditions else RunningText()
