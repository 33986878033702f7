"""Readers, examples, corpora and batches of all kinds of data.

``open_source`` opens data; ``TextExamples`` checks its rows; ``encode`` maps the texts to ids in a
file on disk; ``LengthBatches`` forms batches of them. Modules that need TensorFlow are imported on
first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from toolkit.data.audio.examples import AudioExample, AudioExamples
from toolkit.data.audio.open import open_audio
from toolkit.data.audio.options import AudioOptions
from toolkit.data.bad_rows import Unreadable, answer_readable
from toolkit.data.entities.examples import EntityExample, EntityExamples
from toolkit.data.entities.open import open_entities
from toolkit.data.entities.options import EntityColumnOptions
from toolkit.data.labelled.label_rule import LabelRule
from toolkit.data.labelled.scan import Scan, scan
from toolkit.data.labels import Label, LabelCounter, LabelEncoder
from toolkit.data.music.examples import MusicExample, MusicExamples
from toolkit.data.music.open import open_music
from toolkit.data.music.options import MusicDataOptions
from toolkit.data.options import table_format
from toolkit.data.pairs.examples import PairExample, PairExamples, source_texts
from toolkit.data.pairs.open import open_pairs
from toolkit.data.pairs.options import PairColumnOptions
from toolkit.data.pairs.scan import PairScan, scan_pairs
from toolkit.data.series.examples import SeriesExample, SeriesExamples
from toolkit.data.series.open import open_series
from toolkit.data.series.options import SeriesOptions
from toolkit.data.sources.lines import plain_texts
from toolkit.data.sources.open import open_source
from toolkit.data.sources.source import Record, Source
from toolkit.data.sources.table_format import TableFormat
from toolkit.data.splits import split_indices
from toolkit.data.strands.examples import StrandExamples
from toolkit.data.strands.options import StrandColumnOptions
from toolkit.data.strands.source import open_strands
from toolkit.data.streams.conditioned import (
    conditioned_examples,
    conditioned_prompts,
    open_conditioned,
)
from toolkit.data.streams.options import StreamColumnOptions
from toolkit.data.streams.stream import (
    TextStream,
    open_stream,
    parted,
    prompts,
    size_of,
    whole_texts,
)
from toolkit.data.texts.examples import Example, TextExamples
from toolkit.data.texts.options import ColumnOptions
from toolkit.data.videos.examples import VideoExamples
from toolkit.data.videos.frames import FrameFormat
from toolkit.data.videos.sources import open_videos
from toolkit.data.word_vectors import read_vectors, word_vectors
from toolkit.tagging.spans import Span, align, spans_of, tags_of

if TYPE_CHECKING:
    from toolkit.data.corpora.length_batches import LengthBatches
    from toolkit.data.corpora.packed import PackedCorpus, PackedSequences
    from toolkit.data.entities.corpus import TaggedCorpus, TaggedSentence, encode_tagged
    from toolkit.data.music.corpus import RollBatches, RollCorpus, encode_music
    from toolkit.data.pairs.corpus import PairCorpus, encode_pairs
    from toolkit.data.series.corpus import encode_series
    from toolkit.data.streams.conditioned_batches import TextBatches
    from toolkit.data.streams.corpus import StreamCorpus, encode_stream
    from toolkit.data.streams.window_batches import StreamBatches
    from toolkit.data.texts.cooccurrence import cooccurrence_vectors
    from toolkit.data.texts.corpus import encode

__all__ = [
    "AudioExample",
    "AudioExamples",
    "AudioOptions",
    "ColumnOptions",
    "EntityColumnOptions",
    "EntityExample",
    "EntityExamples",
    "Example",
    "FrameFormat",
    "Label",
    "LabelCounter",
    "LabelEncoder",
    "LabelRule",
    "LengthBatches",
    "MusicDataOptions",
    "MusicExample",
    "MusicExamples",
    "PackedCorpus",
    "PackedSequences",
    "PairColumnOptions",
    "PairCorpus",
    "PairExample",
    "PairExamples",
    "PairScan",
    "Record",
    "RollBatches",
    "RollCorpus",
    "Scan",
    "SeriesExample",
    "SeriesExamples",
    "SeriesOptions",
    "Source",
    "Span",
    "StrandColumnOptions",
    "StrandExamples",
    "StreamBatches",
    "StreamColumnOptions",
    "StreamCorpus",
    "TableFormat",
    "TaggedCorpus",
    "TaggedSentence",
    "TextBatches",
    "TextExamples",
    "TextStream",
    "Unreadable",
    "VideoExamples",
    "align",
    "answer_readable",
    "conditioned_examples",
    "conditioned_prompts",
    "cooccurrence_vectors",
    "encode",
    "encode_music",
    "encode_pairs",
    "encode_series",
    "encode_stream",
    "encode_tagged",
    "open_audio",
    "open_conditioned",
    "open_entities",
    "open_music",
    "open_pairs",
    "open_series",
    "open_source",
    "open_strands",
    "open_stream",
    "open_videos",
    "parted",
    "plain_texts",
    "prompts",
    "read_vectors",
    "scan",
    "scan_pairs",
    "size_of",
    "source_texts",
    "spans_of",
    "split_indices",
    "table_format",
    "tags_of",
    "whole_texts",
    "word_vectors",
]


_MODULES = {
    "PackedCorpus": "corpora.packed",
    "PackedSequences": "corpora.packed",
    "LengthBatches": "corpora.length_batches",
    "PairCorpus": "pairs.corpus",
    "RollBatches": "music.corpus",
    "RollCorpus": "music.corpus",
    "StreamBatches": "streams.window_batches",
    "StreamCorpus": "streams.corpus",
    "TaggedCorpus": "entities.corpus",
    "TaggedSentence": "entities.corpus",
    "TextBatches": "streams.conditioned_batches",
    "cooccurrence_vectors": "texts.cooccurrence",
    "encode": "texts.corpus",
    "encode_music": "music.corpus",
    "encode_pairs": "pairs.corpus",
    "encode_series": "series.corpus",
    "encode_stream": "streams.corpus",
    "encode_tagged": "entities.corpus",
}


def __getattr__(name: str) -> Any:
    """Import modules that need TensorFlow or scikit-learn on first use."""
    if name in _MODULES:
        return getattr(import_module(f"toolkit.data.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
