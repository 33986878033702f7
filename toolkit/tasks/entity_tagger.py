"""Named entities, or any other stretches of text with a label."""

import logging
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data import (
    EntityExample,
    EntityExamples,
    LengthBatches,
    Span,
    TaggedCorpus,
    TaggedSentence,
    encode_tagged,
    open_entities,
    read_vectors,
    spans_of,
    word_vectors,
)
from toolkit.data.entity_reading import Cut
from toolkit.data.entity_survey import survey_entities
from toolkit.data.schemes import bioes_spans, bioes_tags, to_bioes
from toolkit.errors import OptionError
from toolkit.evaluation import (
    NOTHING,
    Statistics,
    Tagged,
    entity_fingerprint,
    entity_metrics,
    entity_statistics,
    worst_entities,
    write_report,
)
from toolkit.export import Servable, of_python
from toolkit.models import ManyToMany, TextModel
from toolkit.tasks import automatic
from toolkit.tasks.automatic import DataSize
from toolkit.tasks.description import constructor_call, entity_card, validation_words
from toolkit.tasks.diagnosis import Subject, Track, Window, longest
from toolkit.tasks.entity_cutting import Cutter, Misfits
from toolkit.tasks.entity_inspection import inspect_entities
from toolkit.tasks.entity_serving import GOLDEN_TEXTS, find_all, signatures, tag_all
from toolkit.tasks.options import MONITORS, EntityTaggerOptions
from toolkit.tasks.pretrained import read_pretrained, sizes_of, start_from, vectors_of
from toolkit.tasks.task import Task, balanced, check_format, not_fitted
from toolkit.text import TokenFeatures, suiting_units, utf8
from toolkit.training import fit, set_threads

logger = logging.getLogger("toolkit")

#: How many tokens, padding included, are validated at once.
VALIDATION_TOKENS = 16_384
#: How many examples are held in memory at once when evaluating.
CHUNK = 512
#: The file that says which entities the training data has, in ``assets/``.
SEEN_FILE = "seen_entities.txt"


@dataclass(kw_only=True, eq=False)
class EntityTagger(Task, EntityTaggerOptions):
    """An estimator that learns from marked sentences, and finds entities in strings.

    The hyperparameters are those of ``EntityTaggerOptions``; each has a default, and ``auto``
    suits itself to the data.

    Example::

        tagger = EntityTagger()
        tagger.fit("train.conll", "dev.conll")
        tagger.predict(["Yesterday, Harry Potter met Hermione Granger."])
        # [{'entities': [{'text': 'Harry Potter', 'label': 'PER', 'start': 11, 'end': 23,
        #                 'score': 0.99}, ...]}]
        tagger.export("saved_models/people")

    ``data`` is a path (a column file in the manner of CoNLL; JSON Lines with ``text`` and
    ``entities`` or with ``tokens`` and ``tags``; CSV with a token a row or a text a row; each
    also ``.gz``), the name of a TensorFlow data set, a pandas DataFrame, or
    ``(sentences of tokens, sentences of tags)``.

    Attributes are those of every task; ``classes`` are the kinds of entities.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.seen: frozenset[int] = frozenset()
        self._call: Any = not_fitted
        self._call_tagger: Any = not_fitted
        self._cut: Any = not_fitted
        self._language_model: TextModel | None = None

    # Learning

    def inspect(self, data: Any, validation_data: Any = None) -> dict[str, Any]:
        """Looks at marked sentences as ``fit`` would meet them, and learns nothing.

        Args:
            data: The training data.
            validation_data: The validation data; the split that ``fit`` would make when None.

        Returns:
            The sections of ``toolkit.tasks.entity_inspection.inspect_entities``;
            ``toolkit.evaluation.report_table`` lays them out for people.

        Raises:
            DataError: There is nothing that can be used, or there are no entities.
            OptionError: A hyperparameter cannot work.
        """
        set_threads(self.threads)
        share = self.validation_split if validation_data is None else 0.0
        # Bad rows are reported, never stopped at; what auto comes to is of no concern to this one.
        other = replace(self, skip_bad_rows=True, validation_split=share)
        other._language_model = other._read_pretrained()
        files = [EntityExamples(open_entities(data, "train", other), other)]
        features, train, _ = other._read(files[0], None)
        if validation_data is not None:
            files.append(other._examples(validation_data))
        return inspect_entities(
            other,
            other.classes,
            [(examples, other._cut(examples)) for examples in files],
            features,
            train,
            other._network(features, DataSize(len(train), int(train.lengths.sum()))),
        )

    def fit(self, data: Any, validation_data: Any = None, output: str | Path | None = None) -> Self:
        """Learns from marked sentences.

        Args:
            data: The training data.
            validation_data: What the best weights are chosen by. Without it, the share
                ``validation_split`` of the training data is held out; if that is 0, the last
                weights are kept.
            output: A folder in which ``history.csv`` is kept, complete after each epoch, and a
                checkpoint, from which the same call goes on after it was cut off; ``export`` to
                this folder ends the run and takes the checkpoint away.

        Raises:
            DataError: The data is not what it should be.
            OptionError: A hyperparameter cannot work, or the folder has a checkpoint of another
                training.
            DivergedError: The loss was not finite any more; the last good weights are kept.
        """
        set_threads(self.threads)
        keras.utils.set_random_seed(self.seed)
        self._language_model = self._read_pretrained()
        examples = EntityExamples(open_entities(data, "train", self), self)
        features, train, held_out = self._read(examples, validation_data)
        tags = bioes_tags(self.classes)
        counts = train.tag_counts(len(tags))
        size = DataSize(len(train), int(train.lengths.sum()))
        self.facts |= {
            "data": examples.source.name,
            "rows": len(train),
            "classes": _entities(tags, counts),
            "validation": validation_words(
                None if held_out is None else len(held_out),
                validation_data is not None,
                "at random",
                self.seed,
            ),
            "command": constructor_call(self),
        }
        network = self._network(features, size)
        self.text_model = TextModel(features, network)
        self.text_model.build()
        network.word_dropout.set_counts(np.maximum(1, self._word_counts))
        if self._vectors is not None:
            network.embedding.embeddings.assign(self._vectors)
        if self._language_model is not None:
            start_from(network.recurrent, self._language_model.network)
        self._answer_with()

        budget = self._choose("batch_tokens", automatic.tagger_batch_tokens(size))
        weights = self._tag_weights(counts) if self.class_weights == "balanced" else None
        batches = LengthBatches(train, budget, self.seed, class_weights=weights)
        epochs = self._choose("epochs", automatic.tagger_epochs(size))
        logger.info(
            "%d sentences of %d tokens to train on, %d to validate; %d batches, "
            "%.1f %% of them padding",
            *(size.texts, size.tokens, 0 if held_out is None else len(held_out), len(batches)),
            100 * batches.padding_share,
        )
        known = MONITORS["entities"]
        monitor = next(iter(known)) if self.monitor == "auto" else self.monitor
        if held_out is not None and not held_out.tag_counts(len(tags))[1:].any():
            monitor = "log_loss"
            logger.warning(
                "no entities are among the %d sentences to validate, so that nothing measures how "
                "they are found; the log loss decides which weights are kept",
                len(held_out),
            )
        validate = None if held_out is None else self._validation(network, held_out)
        self.history = fit(
            network,
            batches,
            self._training_options(automatic.tagger(size)),
            loss=None,
            epochs=epochs,
            validate=validate,
            monitor=monitor,
            mode=known[monitor],
            folder=Path(output) if output else None,
            identity=self._identity(train, held_out),
            description=self._config(),
        )
        if validate is not None:
            validate()
        return self

    def _read(
        self, examples: EntityExamples, validation_data: Any
    ) -> tuple[TokenFeatures, TaggedCorpus, TaggedCorpus | None]:
        """Reads the data three times: for labels and split, for the vocabulary, to encode it."""
        found = survey_entities(examples)
        self.classes = found.labels
        in_training = np.ones(found.count, bool)
        if validation_data is None and self.validation_split:
            _, held_rows = found.split(self.validation_split, self.seed)
            in_training[held_rows] = False
        units = self._choose("units", suiting_units(found.sample) if found.sample else "words")
        features = self._features(units)
        self._cut = Cutter(features, self.sentences)
        counts: Counter[str] = Counter()
        seen: set[int] = set()
        of_examples = self._sentences(examples)
        for sentences, used in zip(of_examples, in_training, strict=True):
            for tokens, tags in sentences if used else ():
                counts.update(tokens)
                seen |= {_print(tokens, span) for span in spans_of(tags)}
        self.seen = frozenset(seen)
        self._word_counts = features.adapt(counts)
        corpus = self._encode(self._sentences(examples, quiet=True), features)
        rows = np.flatnonzero(in_training[corpus.rows])
        held_out = None
        if validation_data is not None:
            others = self._examples(validation_data)
            held_out = self._encode(self._sentences(others), features)
        elif not in_training.all():
            held_out = corpus.subset(np.flatnonzero(~in_training[corpus.rows]))
        return features, corpus.subset(rows), held_out

    def _features(self, units: Literal["words", "compounds"]) -> TokenFeatures:
        return TokenFeatures(
            units=units,
            normalization=self.normalization,
            html_breaks=self.html_breaks,
            max_tokens=self.max_tokens,
            min_count=self.min_count,
            max_characters=self.max_characters,
        )

    def _examples(self, data: Any, labelled: bool = True) -> EntityExamples:
        """Data that is not learnt from; a label that was never learnt makes a row a bad one."""
        source = open_entities(data, "test", self)
        known = self.classes or None  # before fit there is none to hold the data to
        return EntityExamples(source, self, labelled, labels=known if labelled else None)

    def _sentences(
        self, examples: EntityExamples, quiet: bool = False
    ) -> Iterator[list[tuple[Sequence[str], list[str]]]]:
        """Of each example its sentences: tokens and their IOB2 tags.

        Entities that do not fit are left out, which is said.
        """
        misfits = Misfits()
        for cut in misfits.watch(self._cut(examples)):
            yield cut.sentences
        if not quiet:
            misfits.say("learnt")

    def _encode(
        self, sentences: Iterable[list[tuple[Sequence[str], list[str]]]], features: TokenFeatures
    ) -> TaggedCorpus:
        numbers = {tag: number for number, tag in enumerate(bioes_tags(self.classes))}
        return encode_tagged(
            (
                TaggedSentence(row, tokens, [numbers[tag] for tag in to_bioes(tags)])
                for row, example in enumerate(sentences)
                for tokens, tags in example
                if tokens
            ),
            features.of,
        )

    def _read_pretrained(self) -> TextModel | None:
        """The language model to start from, if there is one.

        Raises:
            OptionError: It is over characters.
        """
        if not self.pretrained:
            return None
        found = read_pretrained(self.pretrained)
        if found.tokenizer.units != "words":
            raise OptionError(
                f"{self.pretrained} is over characters; a tagger needs one over words"
            )
        return found

    def _network(self, features: TokenFeatures, size: DataSize) -> ManyToMany:
        suited = automatic.tagger(size)
        self._vectors = None
        recurrent: dict[str, Any] = {"cell": self.cell, "layers": self.layers}
        of_pretrained: dict[str, Any] = {}
        if self._language_model is not None:
            known = self._language_model
            pairs = zip(known.tokenizer.vocabulary, vectors_of(known.network), strict=True)
            self._vectors = word_vectors(str(self.pretrained), pairs, features.words, self.seed)
            of_pretrained = sizes_of(known.network, self)
            self.facts |= of_pretrained
            recurrent = {name: of_pretrained.pop(name) for name in recurrent}
        chosen = of_pretrained | {
            name: self._choose(name, getattr(suited, name))
            for name in ("embedding_size", "hidden_size", "embedding_dropout", "output_dropout")
            if name not in of_pretrained
        }
        if self.vectors != "random":
            self._vectors = read_vectors(self.vectors, features.words, self.seed)
            chosen["embedding_size"] = self.facts["embedding_size"] = self._vectors.shape[1]
        return ManyToMany(
            features.sizes,
            list(self.classes),
            crf=self.crf,
            characters=self.characters,
            character_size=self.character_size,
            shape_size=self.shape_size,
            affix_size=self.affix_size,
            bidirectional=self.bidirectional,
            # A word that occurs once is hidden so often: strength / (strength + 1).
            word_dropout=self.word_dropout / (1 - self.word_dropout),
            dropout=self.dropout,
            recurrent_dropout=self.recurrent_dropout,
            seed=self.seed,
            dtype=self.precision,
            **recurrent,
            **chosen,
        )

    def _validation(self, network: ManyToMany, held_out: TaggedCorpus) -> Any:
        """What measures the network as it stands on held-out sentences."""
        batches = LengthBatches(held_out, VALIDATION_TOKENS, shuffle=False)
        signature = [held_out.input_signature, held_out.target_signature]
        answer = tf.function(network.validate, input_signature=signature, autograph=False)
        tags = bioes_tags(self.classes)

        def named(numbers: NDArray[np.int32]) -> list[Span]:
            return bioes_spans([tags[number] for number in numbers])

        def validate() -> dict[str, float]:
            sentences: list[Tagged] = []
            loss = 0.0
            for order, (inputs, right_tags) in zip(batches.order(), batches.dataset(), strict=True):
                best, of_batch = answer(inputs, right_tags)
                loss += float(of_batch)
                for index, row in zip(order, best.numpy(), strict=True):
                    length = held_out.lengths[index]
                    right = named(held_out.tags_of(index))
                    given = named(row[:length])
                    sentences.append(Tagged([""] * length, right, given, [0.0] * len(given)))
            tokens = int(held_out.lengths.sum())
            self.metrics = entity_metrics(sentences, self.classes) | {"log_loss": loss / tokens}
            return {k: v for k, v in self.metrics.items() if isinstance(v, float)}

        return validate

    def _tag_weights(self, counts: NDArray[np.int64]) -> NDArray[np.floating[Any]]:
        """Weights of the tags that make every kind of entity count the same; 1 outside."""
        of_labels = balanced(counts[1:].reshape(len(self.classes), -1).sum(axis=1))
        return np.concatenate([[1.0], np.repeat(of_labels, len(counts[1:]) // len(of_labels))])

    def _subject(self, data: Any, network: Any) -> Subject:
        features = self._needs_text_model("diagnose").tokenizer
        corpus = self._encode(self._sentences(self._examples(data)), features)
        words = features.words

        def losses(inputs: Any, tags: Any) -> tuple[Any, Any]:
            mask = network.mask(inputs)
            scores = network(inputs, training=False)
            return network.token_losses(scores, tags, mask, False), tf.cast(mask, tf.float32)

        def window(texts: int, steps: int) -> Window:
            some, length = longest(corpus.lengths, texts, steps)
            inputs = corpus.inputs(some)
            inputs["index"] = inputs["index"][:, :length]
            units = [words[number] for number in inputs["words"][inputs["index"][0]]]
            return Window(inputs, corpus.targets(some)[:, :length], {"sentence": units})

        batches = LengthBatches(corpus, self.facts["batch_tokens"], self.seed).dataset()
        tracks = {"sentence": Track(network.recurrent, at_end=False)}
        return Subject(network, batches, losses, window, tracks)

    # Answering

    def predict(self, texts: Any) -> list[dict[str, Any]]:
        """Finds the entities in each text, in order.

        Args:
            texts: A list or series of strings, a DataFrame, a path, or whatever else ``fit`` takes;
                labels are passed over. Sentences that come as tokens are tagged as they are.

        Returns:
            For each text ``entities``, each with ``text``, ``label``, ``start``, ``end`` (in code
            points, so that ``text[start:end]`` is the entity) and ``score``, its probability; for
            each sentence of tokens ``tags``, in IOB2, and ``scores``, each tag's probability.

        Raises:
            ModelError: Nothing has been learnt yet.
        """
        examples = list(self._examples(texts, labelled=False))
        found = iter(self._find([e.text for e in examples if e.text is not None]))
        tagged = iter(self._tag([e.tokens for e in examples if e.text is None]))
        answers: list[dict[str, Any]] = []
        for example in examples:
            if example.text is not None:
                answers.append({"entities": next(found)})
            else:
                tags, scores = next(tagged)
                answers.append({"tags": tags, "scores": scores})
        return answers

    def evaluate(self, data: Any, output: str | Path | None = None) -> dict[str, Any]:
        """Measures the model on marked sentences.

        Args:
            data: Marked data, of the same kinds as for ``fit``.
            output: A folder that gets ``metrics.json``, ``confusion.png`` and ``errors.csv``, the
                errors that the model was surest of.

        Returns:
            What ``toolkit.evaluation.entity_metrics`` gives: precision, recall and F1 of entities
            with exactly the right borders and label, each label's own, those of entities that the
            training data has and has not, and confusions; and ``misfits``, how many of the right
            entities cannot be found, for texts are not cut where they begin and end.

        Raises:
            DataError: The data is not what it should be, or has a label that was never learnt.
            ModelError: Nothing has been learnt yet.
        """
        misfits = Misfits()
        cuts = misfits.watch(self._cut(self._examples(data)))
        sentences = [tagged for _, tagged in self._answered(cuts)]
        misfits.say("found")
        metrics = entity_metrics(sentences, self.classes, self.seen)
        metrics["misfits"] = misfits.misfits
        if output:
            names = [*self.classes, NOTHING]
            write_report(Path(output), metrics, names, worst_entities(sentences))
        return metrics

    def statistics(self, data: Any) -> Statistics:
        """Gives what the metrics on marked sentences are made of, for ``compare``.

        Raises:
            DataError: The data is not what it should be, or has a label that was never learnt.
            ModelError: Nothing has been learnt yet.
        """
        checksum = 0
        sentences = []
        for example, tagged in self._answered(self._cut(self._examples(data))):
            sentences.append(tagged)
            read = repr((example.text, example.tokens, example.tags, example.spans))
            checksum = zlib.crc32(read.encode("utf-8", "surrogatepass"), checksum)
        return replace(entity_statistics(sentences, self.classes), checksum=checksum)

    def _answered(self, cuts: Iterable[Cut]) -> Iterator[tuple[EntityExample, Tagged]]:
        """Marked examples with what is right and what is given, in the units that they come in."""
        stream = (cut.example for cut in cuts)
        while chunk := list(islice(stream, CHUNK)):
            found = iter(self._find([e.text for e in chunk if e.text is not None]))
            tagged = iter(self._tag([e.tokens for e in chunk if e.text is None]))
            for example in chunk:
                if example.text is None:
                    tags, scores = next(tagged)
                    given = spans_of(tags)
                    sure = [min(scores[span.start : span.end]) for span in given]
                    yield example, Tagged(example.tokens, spans_of(example.tags), given, sure)
                else:
                    yield example, _in_pieces(example, next(found))

    def _find(self, texts: Sequence[str]) -> list[list[dict[str, Any]]]:
        return find_all(texts, lambda some: self._call(text=some))

    def _tag(self, sentences: Sequence[Sequence[str]]) -> Iterator[tuple[list[str], list[float]]]:
        return zip(*tag_all(sentences, lambda some: self._call_tagger(tokens=some)), strict=True)

    # Keeping

    def _serve(self, servable: Servable) -> None:
        self._call = servable
        self._cut = Cutter(self._features(self.facts["units"]), self.sentences)
        self._call_tagger = lambda **inputs: servable(signature="tag_tokens", **inputs)
        self.seen = frozenset(int(line) for line in (servable.asset(SEEN_FILE) or "").split())

    def _answer_with(self, stored: Callable[..., dict[str, Any]] = dict) -> dict[str, Any]:
        """Lets the network answer, as its signatures will; they are given back."""
        text_model = self._needs_text_model("export")
        found = stored(signatures(text_model, self.classes, self.sentences))
        self._call = of_python(found["serving_default"])
        self._call_tagger = of_python(found["tag_tokens"])
        return found

    def export(
        self,
        folder: str | Path,
        format: str = "saved_model",
        golden: Sequence[str] | None = None,
    ) -> Path:
        """Writes a new version of the SavedModel, its golden file and its card.

        Args:
            folder: The run's folder.
            format: ``saved_model``; a tagger has no other.
            golden: Texts for the golden file; without them some of our own.

        Returns:
            The folder of the new version.

        Raises:
            ModelError: Nothing has been learnt yet, or ``model.keras`` is missing.
            OptionError: There is no such format.
        """
        check_format(format)
        if format == "onnx":
            raise OptionError(
                "a tagger cannot be exported as onnx, which has no operators for its text and its "
                "best path; export saved_model"
            )
        found = self._answer_with(self._stored)
        texts = [utf8(text).decode() for text in golden or GOLDEN_TEXTS]
        parts = self._find(texts)
        names = ("text", "label", "start", "end", "score")
        answers = {"entity_count": [len(each) for each in parts]} | {
            f"entity_{name}": [[entity[name] for entity in each] for each in parts]
            for name in names
        }
        network = self._needs_text_model("export").network
        return self._write(
            folder,
            found,
            {SEEN_FILE: "".join(f"{number}\n" for number in sorted(self.seen))},
            texts,
            answers,
            entity_card(self, self.facts, self.metrics, found, network.count_params(), texts[0]),
        )


def _in_pieces(example: EntityExample, found: Sequence[dict[str, Any]]) -> Tagged:
    """A text cut wherever something right or given begins or ends, and at white space."""
    text = example.text or ""
    given = [Span(entity["start"], entity["end"], entity["label"]) for entity in found]
    borders = {place for span in (*example.spans, *given) for place in (span.start, span.end)}
    starts: list[int] = []
    inside = False
    for place, character in enumerate(text):
        solid = not character.isspace()
        if solid and (not inside or place in borders):
            starts.append(place)
        inside = solid
    ends = [*starts[1:], len(text)]

    def pieces(span: Span) -> Span:
        first, last = np.searchsorted(starts, [span.start, span.end])
        return Span(int(first), int(last), span.label)

    return Tagged(
        [text[start:end].strip() for start, end in zip(starts, ends, strict=True)],
        [pieces(span) for span in example.spans],
        [pieces(span) for span in given],
        [entity["score"] for entity in found],
    )


def _print(tokens: Sequence[str], span: Span) -> int:
    return entity_fingerprint(tokens[span.start : span.end], span.label)


def _entities(tags: Sequence[str], counts: NDArray[np.int64]) -> dict[str, int]:
    """How many entities of each label there are, by how often their first tags occur."""
    found: dict[str, int] = {}
    for tag, count in zip(tags, counts.tolist(), strict=True):
        if tag[0] in "BS":
            found[tag[2:]] = found.get(tag[2:], 0) + count
    return found
