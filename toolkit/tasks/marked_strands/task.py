"""Marking of spans of strands, such as exons or splice sites."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import keras
import tensorflow as tf

from toolkit.data import EntityExample, LengthBatches, answer_readable, plain_texts, table_format
from toolkit.diagnostics.diagnosis import Subject, Track, Window, longest, shortened
from toolkit.evaluation import Tagged
from toolkit.export import Core
from toolkit.models import SequenceModel, StrandToMany
from toolkit.tagging import Span
from toolkit.tasks.marked_strands import defaults
from toolkit.tasks.marked_strands.card import card_words
from toolkit.tasks.marked_strands.core import mark_core
from toolkit.tasks.marked_strands.examples import MarkedStrandExamples, open_marked
from toolkit.tasks.marked_strands.explanation import BaseExplanations
from toolkit.tasks.marked_strands.inspection import inspect_marked
from toolkit.tasks.marked_strands.options import StrandTaggerOptions
from toolkit.tasks.marked_strands.outcomes import StrandOutcomes
from toolkit.tasks.marked_strands.prepared import encode_marked, prepare_marked
from toolkit.tasks.marked_strands.serving import find_in_long, signature
from toolkit.tasks.options import check_probability
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.settings import Settings
from toolkit.tasks.span_outputs import PADDING, likely
from toolkit.tasks.tagger import Tagger
from toolkit.text.bases import letters

#: The options that are arguments of the network.
NETWORK = (
    *("crf", "cell", "layers", "bidirectional", "hidden_size", "dropout", "recurrent_dropout"),
    *("output_dropout", "kmers", "kmer_size", "kmer_dropout", "base_dropout", "seed"),
)
#: The number of strands in memory during evaluation.
CHUNK = 512


@dataclass(kw_only=True, eq=False, repr=False)
class StrandTagger(BaseExplanations, Tagger, StrandTaggerOptions):
    """An estimator that learns from strands with marked spans, and finds spans in strings.

    The options are those of ``StrandTaggerOptions``; each has a default, and ``auto`` depends on
    the data.

    Example::

        tagger = StrandTagger(span_labels="exon")
        tagger.fit("genes.fa,genes.gff3")
        tagger.predict(["acgtttttttccctagGTGCTACAGgtaagt"])
        # [{'entities': [{'text': 'GTGCTACAG', 'label': 'exon', 'start': 16, 'end': 25,
        #                 'score': 0.98}]}]
        tagger.export("saved_models/exons")

    ``data`` is a path (a FASTA file with a BED or GFF3 file beside it, or both paths with a comma
    between; JSON Lines with ``text`` and ``entities``; a column file with a base and its tag a
    line; CSV; each also ``.gz``), a pandas DataFrame, or ``(strands, lists of spans)``. Places
    count from 0, and ends are exclusive, as in BED. A span on the opposite strand has a label that
    ends with ``(-)``.

    ``evaluate`` returns the metrics of ``toolkit.evaluation.entity_metrics``, by exact match, and
    ``f1_within``, ``precision_within`` and ``recall_within``, for which each border may be wrong by
    ``tolerance`` bases. Its ``output`` folder gets ``metrics.json``, ``confusion.png`` and
    ``errors.csv``, the most confident errors.

    Attributes are those of every task; ``classes`` are the labels of spans.
    """

    EXAMPLE = "strand"
    EXPORT_FORMATS = ("saved_model", "onnx", "litert")
    PADDING = PADDING
    SEQUENCES = "strands"
    GOLDEN_INPUTS = ("CAGGTAAGTNNNNTTTCCCCTTTAG", "acgu", "RYN-", "A", "")

    # Training

    def _prepare(self, settings: Settings, data: Any, validation_data: Any) -> Prepared:
        return prepare_marked(settings, data, validation_data)

    def _defaults(self, prepared: Prepared) -> Mapping[str, Any]:
        return defaults.resolved(prepared.size)

    def _network(self, prepared: Prepared) -> keras.Model:
        settings = prepared.settings
        return StrandToMany(
            labels=list(prepared.classes),
            dtype=settings.precision,
            **{name: getattr(settings, name) for name in NETWORK},
        )

    def _inspect(self, settings: Settings, data: Any, validation_data: Any) -> dict[str, Any]:
        prepared = self._resolve(self._prepare(settings, data, validation_data))
        return inspect_marked(prepared, lambda: self._cost(prepared))

    # Gradients

    def _subject(self, data: Any, network: keras.Model) -> Subject:
        layer = self._needs_model("diagnose").preprocessing
        corpus = encode_marked(self._examples(data), layer, self.classes, self.window)

        def losses(inputs: Any, tags: Any) -> tuple[Any, Any]:
            mask = network.mask(inputs)
            scores = network(inputs, training=False)
            return network.token_losses(scores, tags, mask, False), tf.cast(mask, tf.float32)

        def window(strands: int, steps: int) -> Window:
            chosen, length = longest(corpus.lengths, strands, steps)
            inputs = shortened(corpus.inputs(chosen), length, values="length")
            shown = {"strand": letters(inputs["values"][0])}
            return Window(inputs, corpus.targets(chosen)[:, :length], shown)

        batches = LengthBatches(corpus, self.facts["batch_tokens"], self.seed).dataset()
        tracks = {"strand": Track(network.recurrent, at_end=False)}
        return Subject(network, batches, losses, window, tracks)

    # Prediction and evaluation

    def predict(self, texts: Any, threshold: float = 0.0) -> list[dict[str, Any]]:
        """Find the spans in each strand, in order.

        Args:
            texts: A list or series of strands, a DataFrame, a path, or data of any other kind that
                ``fit`` takes; a ``.txt`` file has a strand a line. Spans are ignored.
            threshold: The probability below which a span is left out.

        Returns:
            For each strand ``entities``, each with ``text``, ``label``, ``start``, ``end`` (from 0,
            exclusive, so that ``text[start:end]`` is the span) and ``score``, its probability. An
            input that cannot be read has ``error``, its place and the reason.

        Raises:
            ModelError: The task is not fitted.
            OptionError: ``threshold`` is no probability.
        """
        check_probability("threshold", threshold)
        self._check_fitted()
        answers = answer_readable(list(self._examples(texts, labelled=False)), self._answers)
        return [likely(answer, threshold) for answer in answers]

    def _answers(self, examples: Sequence[EntityExample]) -> Iterator[dict[str, Any]]:
        found = find_in_long(
            [example.text or "" for example in examples],
            lambda batch: self._serve("serving_default", text=batch),
            self.window,
            self.overlap,
        )
        return ({"entities": spans} for spans in found)

    def _examples(self, data: Any, labelled: bool = True) -> MarkedStrandExamples:
        """Return examples for prediction or evaluation; an unknown label makes a bad row."""
        source = open_marked(
            data if labelled else plain_texts(data, table_format(self).encodings), "test", self
        )
        labels = self.classes if labelled else None
        return MarkedStrandExamples(source, self, labelled, labels)

    def _outcomes(self, data: Any, keep_errors: bool) -> StrandOutcomes:
        self._check_fitted()
        strands: list[Tagged] = []
        checksum = 0
        stream = iter(self._examples(data))
        while chunk := list(islice(stream, CHUNK)):
            for example, answer in zip(chunk, self._answers(chunk), strict=True):
                read = repr((example.text, example.spans))
                checksum = zlib.crc32(read.encode("utf-8", "surrogatepass"), checksum)
                found = answer["entities"]
                predicted = [Span(each["start"], each["end"], each["label"]) for each in found]
                scores = [each["score"] for each in found]
                strands.append(Tagged(example.text or "", example.spans, predicted, scores))
        return StrandOutcomes(strands, self.classes, self.tolerance, checksum)

    # Exporting

    def _signatures(self, model: SequenceModel) -> dict[str, Any]:
        return {"serving_default": signature(model, self.classes, self.window, self.overlap)}

    @property
    def _core_length(self) -> int:
        return min(self.window + 2 * self.overlap, super()._core_length)

    def _core(self, model: SequenceModel, questions: Sequence[Any], length: int | None) -> Core:
        strands = [question["text"] for question in questions]
        title = "Scores the tag of each base of a strand: whether and where it is in a span."
        return mark_core(model, title, self.window, self.overlap, strands)

    def _card_words(self) -> dict[str, Any]:
        return card_words(self)
