"""Files, data frames and named data sets become examples, and examples become batches.

``open_source`` finds the reader; ``TextExamples`` checks and labels its rows; ``encode`` runs them
through the text layer and keeps their ids on disk; ``LengthBatches`` deals them out. What needs
TensorFlow is imported when it is first asked for.
"""

from typing import TYPE_CHECKING, Any

from toolkit.data.examples import Example, TextExamples
from toolkit.data.labels import Label, LabelCounter, LabelEncoder
from toolkit.data.open import open_source
from toolkit.data.options import ColumnOptions
from toolkit.data.rules import LabelRule
from toolkit.data.source import Record, Source
from toolkit.data.survey import Survey, survey

if TYPE_CHECKING:
    from toolkit.data.batches import LengthBatches
    from toolkit.data.corpus import EncodedCorpus, encode

__all__ = [
    "ColumnOptions",
    "EncodedCorpus",
    "Example",
    "Label",
    "LabelCounter",
    "LabelEncoder",
    "LabelRule",
    "LengthBatches",
    "Record",
    "Source",
    "Survey",
    "TextExamples",
    "encode",
    "open_source",
    "survey",
]


def __getattr__(name: str) -> Any:
    if name == "LengthBatches":
        from toolkit.data.batches import LengthBatches

        return LengthBatches
    if name in {"EncodedCorpus", "encode"}:
        from toolkit.data import corpus

        return getattr(corpus, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
