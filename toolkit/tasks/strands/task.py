"""Classification of strands: one of several classes, several labels at once, or a number."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from toolkit.data import (
    Example,
    LabelEncoder,
    PackedCorpus,
    StrandExamples,
    open_strands,
    plain_texts,
    table_format,
)
from toolkit.export import Core
from toolkit.models import SequenceModel, StrandToOne
from toolkit.tasks.classifier import Classifier
from toolkit.tasks.explaining.answers import token_columns
from toolkit.tasks.explaining.classes import ClassExplanations, Parts
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.settings import Settings
from toolkit.tasks.strands import defaults
from toolkit.tasks.strands.card import card_words
from toolkit.tasks.strands.core import strand_core
from toolkit.tasks.strands.explanation import BASELINE, explain_signature, parts_of
from toolkit.tasks.strands.inspection import inspect_strands
from toolkit.tasks.strands.options import StrandClassifierOptions
from toolkit.tasks.strands.prepared import encode_strands, prepare_strands
from toolkit.tasks.strands.serving import answer_all, signature
from toolkit.text.bases import letters

#: The options that are arguments of the network.
NETWORK = (
    *("cell", "layers", "bidirectional", "hidden_size", "dropout", "recurrent_dropout"),
    *("output_dropout", "pooling", "kmers", "kmer_size", "kmer_dropout", "base_dropout"),
    *("reverse_complement", "seed"),
)


@dataclass(kw_only=True, eq=False, repr=False)
class StrandClassifier(ClassExplanations, Classifier, StrandClassifierOptions):
    """An estimator that learns from labelled strands of DNA or RNA and classifies strings.

    The options are those of ``StrandClassifierOptions``; each has a default, and ``auto`` depends
    on the data.

    Example::

        classifier = StrandClassifier(reverse_complement="average")
        classifier.fit("promoters.fa")
        classifier.predict(["ttgacaggctatnntgtatactataat"])
        # [{'label': 'promoter', 'score': 0.97, 'probabilities': {'none': 0.03, 'promoter': 0.97},
        #   'truncated': False}]
        classifier.export("saved_models/promoters")

    ``data`` is a path (FASTA, FASTQ, each also ``.gz``; a file of FASTA or a sub-folder for each
    class; a table), a table in memory, ``(strands, labels)``, or a ``tf.data.Dataset`` of strand
    and label; tables are as those of ``TextClassifier``. Letters are IUPAC codes in either case.

    ``evaluate`` returns the metrics of ``toolkit.evaluation.classification_metrics``, or for
    several labels and for numbers the corresponding ones. Its ``output`` folder gets
    ``metrics.json`` and, with classes, ``confusion.png`` and ``errors.csv``, the most confident
    wrong answers.

    Attributes are those of every task; ``classes`` are the class names in the order of the
    probabilities, and empty if numbers are predicted.
    """

    EXAMPLE = "strand"
    LENGTH_UNIT = "bases"
    BASELINE, WITHOUT = BASELINE, "the strand with N for the base"
    EXPORT_FORMATS = ("saved_model", "onnx", "litert")
    GOLDEN_INPUTS = ("CAGGTAAGTNNNNTTTCCCCTTTAG", "acgu", "RYN-", "A", "")

    # Training

    def _prepare(self, settings: Settings, data: Any, validation_data: Any) -> Prepared:
        return prepare_strands(settings, data, validation_data)

    def _defaults(self, prepared: Prepared) -> Mapping[str, Any]:
        return defaults.resolved(prepared.size, prepared.train.lengths)

    def _network(self, prepared: Prepared) -> keras.Model:
        settings = prepared.settings
        return StrandToOne(
            places=settings.places == "on",
            dtype=settings.precision,
            **{name: getattr(settings, name) for name in NETWORK},
            **self._output_arguments(prepared),
        )

    def _inspect(self, settings: Settings, data: Any, validation_data: Any) -> dict[str, Any]:
        prepared = self._resolve(self._prepare(settings, data, validation_data))
        return inspect_strands(prepared, lambda: self._cost(prepared))

    # Prediction and evaluation

    def _examples(self, data: Any, labelled: bool) -> Iterable[Example]:
        source = open_strands(
            data if labelled else plain_texts(data, table_format(self).encodings), "test", self
        )
        examples = StrandExamples(source, self, labelled, grouped=False)
        encoder = LabelEncoder(self.target, self.classes)
        return examples.known(encoder) if labelled else examples

    def _answers(self, examples: Sequence[Example]) -> dict[str, Any]:
        strands = [example.text for example in examples]
        return answer_all(
            strands, self.max_length, lambda batch: self._serve("serving_default", text=batch)
        )

    def _encode(self, data: Any) -> PackedCorpus:
        layer = self._needs_model("diagnose").preprocessing
        examples = StrandExamples(open_strands(data, "test", self), self, grouped=False)
        return encode_strands(examples, layer, LabelEncoder(self.target, self.classes))

    def _text(self, example: Example) -> str:
        return example.text

    def _length(self, example: Example) -> int:
        return len(example.text)

    def _content(self, example: Example) -> bytes:
        return example.text.encode("utf-8", "surrogatepass")

    def _steps(self, values: Any) -> list[str]:
        return letters(values)

    # Explanations

    def _explain_signature(self, model: SequenceModel) -> Any:
        return explain_signature(model, self.classes)

    def _value(self, example: Example) -> str:
        return example.text

    def _explained_inputs(self, example: Example) -> dict[str, Any]:
        return {"text": [example.text]}

    def _named_parts(self, example: Example, outputs: Mapping[str, Any]) -> dict[str, Any]:
        return token_columns("".join(example.text.split()), outputs["starts"], outputs["ends"])

    def _parts(self, example: Example) -> Parts:
        return parts_of(example, self.max_length)

    # Exporting

    def _signatures(self, model: SequenceModel) -> dict[str, Any]:
        return {"serving_default": signature(model, self.classes)}

    @property
    def _core_length(self) -> int:
        return min(self.max_length, super()._core_length)

    def _core(self, model: SequenceModel, questions: Sequence[Any], length: int | None) -> Core:
        strands = [question["text"] for question in questions]
        return strand_core(model, card_words(self)["task"], self.classes, strands)

    def _card_words(self) -> dict[str, Any]:
        return card_words(self)
