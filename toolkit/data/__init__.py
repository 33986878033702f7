"""Files, data frames and named data sets become examples, and examples become batches.

``open_source`` finds the reader; ``TextExamples`` checks and labels its rows; ``encode`` runs them
through the text layer and keeps their ids on disk; ``LengthBatches`` deals them out. What needs
TensorFlow is imported when it is first asked for.
"""

from importlib import import_module
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
    from toolkit.data.cooccurrence import cooccurrence_vectors
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
    "cooccurrence_vectors",
    "encode",
    "open_source",
    "survey",
]


_HOMES = {
    "EncodedCorpus": "corpus",
    "LengthBatches": "batches",
    "cooccurrence_vectors": "cooccurrence",
    "encode": "corpus",
}


def __getattr__(name: str) -> Any:
    """Imports TensorFlow and scikit-learn only when something that needs them is asked for."""
    if name in _HOMES:
        return getattr(import_module(f"toolkit.data.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
