"""Named entity recognition, or any other labelling of spans of text."""

import logging
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from toolkit.data import (
    EntityExample,
    EntityExamples,
    LengthBatches,
    answer_readable,
    open_entities,
    plain_texts,
    table_format,
)
from toolkit.diagnostics.diagnosis import Subject, Track, Window, longest, shortened
from toolkit.errors import ModelError
from toolkit.evaluation import Tagged
from toolkit.models import ManyToMany, SequenceModel
from toolkit.tasks.entities import defaults
from toolkit.tasks.entities.alignment import EntityAligner, UnalignedEntities
from toolkit.tasks.entities.card import card_words
from toolkit.tasks.entities.explanation import EntityExplanations
from toolkit.tasks.entities.inspection import inspect_entities
from toolkit.tasks.entities.options import EntityTaggerOptions
from toolkit.tasks.entities.outcomes import TaggerOutcomes, over_common_tokens
from toolkit.tasks.entities.own_tokens import foreign_tokens
from toolkit.tasks.entities.prepared import (
    PreparedSentences,
    encode_sentences,
    prepare_sentences,
    tagged_sentences,
    token_features,
)
from toolkit.tasks.entities.serving import signatures, tag_all
from toolkit.tasks.options import check_probability
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.pretrained import initialize_recurrent
from toolkit.tasks.settings import Settings
from toolkit.tasks.span_outputs import PADDING, find_all, likely
from toolkit.tasks.tagger import Tagger

logger = logging.getLogger("toolkit")

#: The number of examples in memory during evaluation.
CHUNK = 512
#: The file in ``assets/`` with the fingerprints of the training data's entities.
SEEN_FILE = "seen_entities.txt"


@dataclass(kw_only=True, eq=False, repr=False)
class EntityTagger(EntityExplanations, Tagger, EntityTaggerOptions):
    """An estimator that learns from annotated sentences, and finds entities in strings.

    The options are those of ``EntityTaggerOptions``; each has a default, and ``auto`` depends on
    the data.

    Example::

        tagger = EntityTagger()
        tagger.fit("train.conll", "dev.conll")
        tagger.predict(["Yesterday, Harry Potter met Hermione Granger."])
        # [{'entities': [{'text': 'Harry Potter', 'label': 'PER', 'start': 11, 'end': 23,
        #                 'score': 0.99}, ...]}]
        tagger.export("saved_models/people")

    ``data`` is a path (a column file in the CoNLL format; JSON Lines with ``text`` and ``entities``
    or with ``tokens`` and ``tags``; CSV with a token per row or a text per row; each also ``.gz``),
    the name of a TensorFlow data set, a pandas DataFrame, or ``(sentences of tokens, sentences of
    tags)``.

    ``evaluate`` returns the metrics of ``toolkit.evaluation.entity_metrics``: precision, recall and
    F1 by exact match, in total, by label, and for entities that are seen or unseen in the training
    data, and the confusion matrix; and ``unaligned``, the number of gold entities that cannot be
    found because their borders are not those of tokens; and ``cut_otherwise``, the number of tokens
    that the tagger cuts otherwise, where it has not learnt such. Its ``output`` folder gets
    ``metrics.json``, ``confusion.png`` and ``errors.csv``, the most confident errors.

    Attributes are those of every task; ``classes`` are the labels of entities, and ``seen`` has the
    fingerprints of the entities of the training data.
    """

    EXAMPLE = "sentence"
    NO_FORMAT = (
        "a tagger cannot be exported as {format}, which has no operators for its text and its "
        "best path"
    )
    PADDING = PADDING
    SEQUENCES, SPANS = "sentences", "entities"
    STEPS_INPUT = "index"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.seen: frozenset[int] = frozenset()

    # Training

    def _prepare(self, settings: Settings, data: Any, validation_data: Any) -> PreparedSentences:
        examples = EntityExamples(open_entities(data, "train", settings.columns), settings.columns)
        prepared = prepare_sentences(settings, examples, validation_data)
        prepared.check_entities()
        return prepared

    def _defaults(self, prepared: Prepared) -> Mapping[str, Any]:
        return defaults.resolved(prepared.size)

    def _network(self, prepared: Prepared) -> ManyToMany:
        settings = prepared.settings
        names = (
            *("crf", "cell", "layers", "embedding_size", "hidden_size", "characters"),
            *("character_size", "shape_size", "affix_size", "bidirectional", "embedding_dropout"),
            *("dropout", "recurrent_dropout", "output_dropout", "seed"),
        )
        return ManyToMany(
            prepared.preprocessing.sizes,
            list(prepared.classes),
            # A word that occurs once is replaced with probability strength / (strength + 1).
            word_dropout=settings.word_dropout / (1 - settings.word_dropout),
            dtype=settings.precision,
            **{name: getattr(settings, name) for name in names},
        )

    def _initialize(self, network: keras.Model, prepared: Prepared) -> None:
        assert isinstance(prepared, PreparedSentences)
        network.front.word_dropout.set_counts(np.maximum(1, prepared.word_counts))
        if prepared.word_vectors is not None:
            network.front.embedding.embeddings.assign(prepared.word_vectors)
        if prepared.pretrained is not None:
            initialize_recurrent(network.recurrent, prepared.pretrained.network)

    def _keep_prepared(self, prepared: Prepared) -> None:
        assert isinstance(prepared, PreparedSentences)
        before = self.seen if prepared.settings.previous else frozenset()
        self.seen = before | prepared.seen

    def _log_size(self, prepared: Prepared, batches: Any, network: keras.Model) -> None:
        logger.info(
            "%d sentences of %d tokens to train on, %d to validate; %d batches, "
            "%.1f %% of them padding",
            *(prepared.size.texts, prepared.size.tokens, len(prepared.held_out or ())),
            *(len(batches), 100 * batches.padding_share),
        )

    def _inspect(self, settings: Settings, data: Any, validation_data: Any) -> dict[str, Any]:
        if validation_data is not None:
            settings = settings.override(validation_split=0.0)
        files = [EntityExamples(open_entities(data, "train", settings.columns), settings.columns)]
        prepared = self._resolve(prepare_sentences(settings, files[0]))
        if validation_data is not None:
            source = open_entities(validation_data, "test", settings.columns)
            files.append(EntityExamples(source, settings.columns, labels=prepared.classes))
        aligner = EntityAligner(prepared.preprocessing, settings.sentences)
        return inspect_entities(
            prepared.classes,
            [(examples, aligner(examples)) for examples in files],
            prepared.preprocessing,
            prepared.train,
            lambda: self._cost(prepared),
        )

    # Gradients

    def _subject(self, data: Any, network: keras.Model) -> Subject:
        features = self._needs_model("diagnose").preprocessing
        aligner = EntityAligner(features, self.sentences)
        corpus = encode_sentences(
            tagged_sentences(aligner(self._examples(data))), features, self.classes
        )
        words = features.words

        def losses(inputs: Any, tags: Any) -> tuple[Any, Any]:
            mask = network.mask(inputs)
            scores = network(inputs, training=False)
            return network.token_losses(scores, tags, mask, False), tf.cast(mask, tf.float32)

        def window(texts: int, steps: int) -> Window:
            chosen, length = longest(corpus.lengths, texts, steps)
            inputs = shortened(corpus.inputs(chosen), length, index="length")
            tokens = [words[number] for number in inputs["words"][inputs["index"][0]]]
            return Window(inputs, corpus.targets(chosen)[:, :length], {"sentence": tokens})

        batches = LengthBatches(corpus, self.facts["batch_tokens"], self.seed).dataset()
        tracks = {"sentence": Track(network.recurrent, at_end=False)}
        return Subject(network, batches, losses, window, tracks)

    # Prediction and evaluation

    def predict(self, texts: Any, threshold: float = 0.0) -> list[dict[str, Any]]:
        """Find the entities in each text, in order.

        Args:
            texts: A list or series of strings, a DataFrame, a path, or data of any other kind that
                ``fit`` takes; a ``.txt`` file has a text a line. Labels are ignored. Sentences of
                tokens keep their tokens.
            threshold: The probability below which an entity is left out; that of one in tokens is
                the least of its tags.

        Returns:
            For each text ``entities``, each with ``text``, ``label``, ``start``, ``end`` (in code
            points, so that ``text[start:end]`` is the entity) and ``score``, its probability; for
            each sentence of tokens ``tags``, in IOB2, and ``scores``, each tag's probability. An
            input that cannot be read has ``error``, its place and the reason; beside it only the
            tokens that can be read have tags.

        Raises:
            ModelError: The task is not fitted.
            OptionError: ``threshold`` is no probability.
        """
        check_probability("threshold", threshold)
        answers = answer_readable(list(self._examples(texts, labelled=False)), self._answers)
        return [likely(answer, threshold) for answer in answers]

    def _answers(self, examples: Sequence[EntityExample]) -> Iterator[dict[str, Any]]:
        texts = [example.text for example in examples if example.text is not None]
        sentences = [example.tokens for example in examples if example.text is None]
        entities = iter(find_all(texts, lambda batch: self._serve("serving_default", text=batch)))
        tagged = zip(
            *tag_all(sentences, lambda batch: self._serve("tag_tokens", tokens=batch)), strict=True
        )
        for example in examples:
            if example.text is not None:
                yield {"entities": next(entities)}
            else:
                yield dict(zip(("tags", "scores"), next(tagged), strict=True))

    def _examples(self, data: Any, labelled: bool = True) -> EntityExamples:
        """Return examples for prediction or evaluation; an unknown label makes a bad row."""
        source = open_entities(
            data if labelled else plain_texts(data, table_format(self).encodings), "test", self
        )
        return EntityExamples(source, self, labelled, labels=self.classes if labelled else None)

    def _outcomes(self, data: Any, keep_errors: bool) -> TaggerOutcomes:
        self._check_fitted()
        settings = Settings(self).fix(token_level=self.facts["token_level"])
        features = token_features(settings)
        aligner = EntityAligner(features, self.sentences)
        unaligned = UnalignedEntities()
        sentences: list[Tagged] = []
        texts: list[str] = []
        checksum = 0
        examples = self._examples(data)
        foreign = foreign_tokens(
            features,
            (() if examples.columns.texts else (example.tokens for example in examples)),
            self.facts.get("cut_share"),
        )
        if foreign.cut:
            foreign.log(examples.source.name)
        stream = (cut.example for cut in unaligned.watch(aligner(examples)))
        while chunk := list(islice(stream, CHUNK)):
            for example in chunk:
                read = repr((example.text, example.tokens, example.tags, example.spans))
                checksum = zlib.crc32(read.encode("utf-8", "surrogatepass"), checksum)
            asked = [*map(foreign.replace, chunk)]
            sentences += map(over_common_tokens, asked, self._answers(asked))
            texts += [" ".join(each.tokens) if each.text is None else each.text for each in asked]
        return TaggerOutcomes(
            *(sentences, self.classes, self.seen, unaligned, foreign.cut, checksum),
            *(texts, self._number_at),
        )

    # Exporting

    def _signatures(self, model: SequenceModel) -> dict[str, Any]:
        return signatures(model, self.classes, self.sentences, self.max_sentence_length)

    def _assets(self) -> dict[str, str]:
        seen = "".join(f"{number}\n" for number in sorted(self.seen))
        return {**super()._assets(), SEEN_FILE: seen}

    def _read_assets(self, asset: Callable[[str], str | None]) -> None:
        super()._read_assets(asset)
        try:
            self.seen = frozenset(int(line) for line in (asset(SEEN_FILE) or "").split())
        except ValueError as error:
            raise ModelError(f"{SEEN_FILE} is damaged: {error}") from error

    def _card_words(self) -> dict[str, Any]:
        return card_words(self, self.facts)
