"""Files, data frames and named data sets become examples, and examples become batches.

``open_source`` finds the reader; ``TextExamples`` checks and labels its rows; ``encode`` runs them
through the text layer and keeps their ids on disk; ``LengthBatches`` deals them out. What needs
TensorFlow is imported when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from toolkit.data.conditioned import (
    conditioned_examples,
    conditioned_prompts,
    open_conditioned,
)
from toolkit.data.entity_examples import EntityExample, EntityExamples
from toolkit.data.examples import Example, TextExamples
from toolkit.data.labels import Label, LabelCounter, LabelEncoder
from toolkit.data.open import open_source
from toolkit.data.open_entities import open_entities
from toolkit.data.open_pairs import open_pairs
from toolkit.data.options import (
    ColumnOptions,
    EntityColumnOptions,
    PairColumnOptions,
    StreamColumnOptions,
)
from toolkit.data.pair_examples import PairExample, PairExamples, source_texts
from toolkit.data.pair_survey import PairSurvey, survey_pairs
from toolkit.data.rules import LabelRule
from toolkit.data.source import Record, Source
from toolkit.data.spans import Span, align, spans_of, tags_of
from toolkit.data.splits import split_indices
from toolkit.data.survey import Survey, survey
from toolkit.data.text_stream import TextStream, open_stream, parted, size_of, whole_texts
from toolkit.data.vectors import read_vectors, word_vectors

if TYPE_CHECKING:
    from toolkit.data.batches import LengthBatches
    from toolkit.data.cooccurrence import cooccurrence_vectors
    from toolkit.data.corpus import EncodedCorpus, encode
    from toolkit.data.pair_corpus import PairCorpus, encode_pairs
    from toolkit.data.stream_batches import StreamBatches
    from toolkit.data.stream_corpus import StreamCorpus, encode_stream
    from toolkit.data.tagged_corpus import TaggedCorpus, TaggedSentence, encode_tagged
    from toolkit.data.text_batches import TextBatches

__all__ = [
    "ColumnOptions",
    "EncodedCorpus",
    "EntityColumnOptions",
    "EntityExample",
    "EntityExamples",
    "Example",
    "Label",
    "LabelCounter",
    "LabelEncoder",
    "LabelRule",
    "LengthBatches",
    "PairColumnOptions",
    "PairCorpus",
    "PairExample",
    "PairExamples",
    "PairSurvey",
    "Record",
    "Source",
    "Span",
    "StreamBatches",
    "StreamColumnOptions",
    "StreamCorpus",
    "Survey",
    "TaggedCorpus",
    "TaggedSentence",
    "TextBatches",
    "TextExamples",
    "TextStream",
    "align",
    "conditioned_examples",
    "conditioned_prompts",
    "cooccurrence_vectors",
    "encode",
    "encode_pairs",
    "encode_stream",
    "encode_tagged",
    "open_conditioned",
    "open_entities",
    "open_pairs",
    "open_source",
    "open_stream",
    "parted",
    "read_vectors",
    "size_of",
    "source_texts",
    "spans_of",
    "split_indices",
    "survey",
    "survey_pairs",
    "tags_of",
    "whole_texts",
    "word_vectors",
]


_HOMES = {
    "EncodedCorpus": "corpus",
    "LengthBatches": "batches",
    "cooccurrence_vectors": "cooccurrence",
    "encode": "corpus",
    "PairCorpus": "pair_corpus",
    "TaggedCorpus": "tagged_corpus",
    "TaggedSentence": "tagged_corpus",
    "StreamBatches": "stream_batches",
    "TextBatches": "text_batches",
    "StreamCorpus": "stream_corpus",
    "encode_pairs": "pair_corpus",
    "encode_stream": "stream_corpus",
    "encode_tagged": "tagged_corpus",
}


def __getattr__(name: str) -> Any:
    """Imports TensorFlow and scikit-learn only when something that needs them is asked for."""
    if name in _HOMES:
        return getattr(import_module(f"toolkit.data.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
