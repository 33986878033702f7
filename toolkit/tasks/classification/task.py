"""Text classification: one of several classes, several labels at once, or a number."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from toolkit.data import (
    Example,
    LabelEncoder,
    PackedCorpus,
    TextExamples,
    cooccurrence_vectors,
    encode,
    open_source,
    plain_texts,
    table_format,
)
from toolkit.export import Core
from toolkit.models import ManyToOne, OneToOne, SequenceModel
from toolkit.tasks.classification import defaults
from toolkit.tasks.classification.card import card_words
from toolkit.tasks.classification.core import text_core
from toolkit.tasks.classification.explanation import BASELINE, explain_signature, parts_of
from toolkit.tasks.classification.inspection import inspect_texts
from toolkit.tasks.classification.options import TextClassifierOptions
from toolkit.tasks.classification.prepared import (
    PreparedTexts,
    prepare_texts,
    pretrained_of,
    text_layer,
)
from toolkit.tasks.classification.serving import answer_all, signature
from toolkit.tasks.classifier import Classifier
from toolkit.tasks.explaining.answers import token_columns
from toolkit.tasks.explaining.classes import ClassExplanations, Parts
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.pretrained import embedding_vectors, initialize_recurrent
from toolkit.tasks.settings import Settings

logger = logging.getLogger("toolkit")

#: The root mean square of vectors from co-occurrence, somewhat above Keras's random vectors.
VECTOR_SCALE = 0.05


@dataclass(kw_only=True, eq=False, repr=False)
class TextClassifier(ClassExplanations, Classifier, TextClassifierOptions):
    """An estimator that learns from labelled texts and classifies strings.

    The options are those of ``TextClassifierOptions``; each has a default, and ``auto`` depends on
    the data.

    Example::

        classifier = TextClassifier(text_column="review", label_column="stars")
        classifier.fit(frame)
        classifier.predict(["There is nothing to like in this movie."])
        # [{'label': 'neg', 'score': 0.98, 'probabilities': {'neg': 0.98, 'pos': 0.02},
        #   'truncated': False}]
        classifier.export("saved_models/reviews")

    ``data`` is a path (a table: CSV, TSV, JSON Lines, JSON, each also ``.gz``, Parquet, Excel; a
    folder with one sub-folder per class), the name of a TensorFlow data set, a table in memory (of
    pandas, polars, ``datasets``, a dict of lists, a list of dicts), ``(texts, labels)``, a list of
    such pairs, or a ``tf.data.Dataset`` of text and label.

    ``evaluate`` returns accuracy, macro F1, ROC AUC, calibration error, precision, recall and F1 of
    each class and the confusion matrix; for several labels and for numbers the corresponding
    metrics. Its ``output`` folder gets ``metrics.json`` and, with classes, ``confusion.png`` and
    ``errors.csv``, the most confident wrong answers. ``export`` supports the formats
    ``saved_model``, and ``onnx`` and ``litert``: the network alone, from ids to scores.

    Attributes are those of every task; ``classes`` are the class names in the order of the
    probabilities, and empty if numbers are predicted.
    """

    EXPORT_FORMATS = ("saved_model", "onnx", "litert")
    BASELINE, WITHOUT = BASELINE, "the text without the token"

    # Training

    def _prepare(self, settings: Settings, data: Any, validation_data: Any) -> PreparedTexts:
        return prepare_texts(settings, data, validation_data)

    def _defaults(self, prepared: Prepared) -> Mapping[str, Any]:
        settings = prepared.settings
        recurrent = settings.model == "many_to_one"
        return defaults.resolved(prepared.size, bool(settings.pretrained), recurrent)

    def _network(self, prepared: Prepared) -> keras.Model:
        assert isinstance(prepared, PreparedTexts)
        settings = prepared.settings
        shared: dict[str, Any] = {
            "vocabulary_size": prepared.preprocessing.vocabulary_size,
            **self._output_arguments(prepared),
            "embedding_size": settings.embedding_size,
            "hidden_size": settings.hidden_size,
            "word_dropout": settings.word_dropout,
            "embedding_dropout": settings.embedding_dropout,
            "output_dropout": settings.output_dropout,
            "seed": settings.seed,
            "dtype": settings.precision,
        }
        if settings.model == "one_to_one":
            return OneToOne(window=settings.window, **shared)
        return ManyToOne(
            cell=settings.cell,
            layers=settings.layers,
            bidirectional=settings.bidirectional,
            pooling=settings.pooling,
            dropout=settings.dropout,
            recurrent_dropout=settings.recurrent_dropout,
            **shared,
        )

    def _initialize(self, network: keras.Model, prepared: Prepared) -> None:
        assert isinstance(prepared, PreparedTexts)
        embeddings = network.front.embedding.embeddings
        if prepared.pretrained is not None:
            embeddings.assign(embedding_vectors(prepared.pretrained.network))
            initialize_recurrent(network.recurrent, prepared.pretrained.network)
        elif prepared.settings.vectors == "cooccurrence" and not prepared.settings.previous:
            entries, seed = prepared.preprocessing.vocabulary_size, prepared.settings.seed
            vectors = cooccurrence_vectors(prepared.train, entries, network.front.size, seed)
            embeddings.assign(VECTOR_SCALE * vectors)

    def _log_size(self, prepared: Prepared, batches: Any, network: keras.Model) -> None:
        logger.info(
            "%d texts of %d tokens to train on, %d to validate; %d batches, "
            "%.1f %% of them padding",
            *(prepared.size.texts, prepared.size.tokens, len(prepared.held_out or ())),
            *(len(batches), 100 * batches.padding_share),
        )

    def _inspect(self, settings: Settings, data: Any, validation_data: Any) -> dict[str, Any]:
        pretrained, settings = pretrained_of(settings)

        def cost(**parts: Any) -> dict[str, Any]:
            return self._cost(self._resolve(PreparedTexts(pretrained=pretrained, **parts)))

        known = None if pretrained is None else text_layer(settings, pretrained)[0]
        return inspect_texts(settings, data, validation_data, cost, known)

    # Prediction and evaluation

    def _examples(self, data: Any, labelled: bool) -> Iterable[Example]:
        part = "test" if labelled else None
        form = table_format(self)
        source = open_source(data if labelled else plain_texts(data, form.encodings), part, form)
        examples = TextExamples(source, self, labelled=labelled, grouped=False)
        encoder = LabelEncoder(self.target, self.classes)
        return examples.known(encoder) if labelled else examples

    def _answers(self, examples: Sequence[Example]) -> dict[str, Any]:
        texts = [example.text for example in examples]
        return answer_all(texts, lambda batch: self._serve("serving_default", text=batch))

    def _encode(self, data: Any) -> PackedCorpus:
        tokenizer = self._needs_model("diagnose").preprocessing
        examples = TextExamples(open_source(data, "test", table_format(self)), self, grouped=False)
        return encode(examples, tokenizer, LabelEncoder(self.target, self.classes))

    def _text(self, example: Example) -> str:
        return example.text

    def _length(self, example: Example) -> int:
        return len(example.text)

    def _content(self, example: Example) -> bytes:
        return example.text.encode("utf-8", "surrogatepass")

    def _steps(self, values: Any) -> list[str]:
        tokenizer = self._needs_model("diagnose").preprocessing
        return [token.decode() for token in tokenizer.tokens_of(values).numpy()]

    # Explanations

    def _explain_signature(self, model: SequenceModel) -> Any:
        return explain_signature(model, self.classes, self._text_limit)

    def _value(self, example: Example) -> str:
        return example.text

    def _explained_inputs(self, example: Example) -> dict[str, Any]:
        return {"text": [example.text]}

    def _named_parts(self, example: Example, outputs: Mapping[str, Any]) -> dict[str, Any]:
        return token_columns(example.text, outputs["starts"], outputs["ends"])

    def _parts(self, example: Example) -> Parts:
        return parts_of(example, self, self._text_limit)

    # Exporting

    def _signatures(self, model: SequenceModel) -> dict[str, Any]:
        window = self.window if self.model == "one_to_one" else None
        return {"serving_default": signature(model, self.classes, self._text_limit, window)}

    @property
    def _text_limit(self) -> int:
        """The largest number of tokens that the exported model reads of a text."""
        limit: int = self.max_text_length or self.facts["max_length"]
        return limit

    @property
    def _core_length(self) -> int:
        return min(self.facts["max_length"], super()._core_length)

    def _core(self, model: SequenceModel, questions: Sequence[Any], length: int | None) -> Core:
        texts = [question["text"] for question in questions]
        limit = min(self.facts["max_length"], length or self.facts["max_length"])
        return text_core(model, self, limit, self.classes, texts)

    def _card_words(self) -> dict[str, Any]:
        return card_words(self, self.facts)
