"""Text classification: any number of classes, several labels at once, or a number."""

import logging
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data import (
    EncodedCorpus,
    Example,
    LabelEncoder,
    LengthBatches,
    TextExamples,
    cooccurrence_vectors,
    encode,
    open_source,
    survey,
)
from toolkit.errors import OptionError
from toolkit.evaluation import (
    Statistics,
    classification_metrics,
    classification_statistics,
    multilabel_metrics,
    multilabel_statistics,
    number_metrics,
    number_statistics,
    worst_errors,
    write_report,
)
from toolkit.export import (
    Servable,
    of_python,
    write_onnx,
)
from toolkit.models import ManyToOne, OneToOne, TextModel
from toolkit.options import option
from toolkit.tasks import automatic
from toolkit.tasks.automatic import DataSize
from toolkit.tasks.description import card, constructor_call, validation_words
from toolkit.tasks.diagnosis import Subject, Track, Window, longest
from toolkit.tasks.inspection import inspect_texts
from toolkit.tasks.onnx_readme import onnx_readme
from toolkit.tasks.options import MONITORS, TextClassifierOptions
from toolkit.tasks.pretrained import read_pretrained, sizes_of, start_from, vectors_of
from toolkit.tasks.serving import GOLDEN_TEXTS, Ask, answer_all, as_dicts, signature
from toolkit.tasks.task import Task, balanced, check_format, not_fitted
from toolkit.text import Tokenizer, utf8
from toolkit.training import fit, set_threads

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger("toolkit")

OUTPUTS = {"classes": "softmax", "labels": "sigmoid", "number": "linear"}
#: How many units, padding included, are validated at once.
VALIDATION_TOKENS = 16_384
#: The root mean square of vectors from co-occurrence, somewhat above that of Keras's random ones.
VECTOR_SCALE = 0.05
#: How many texts are held in memory at once when evaluating.
EVALUATION_CHUNK = 1024


@dataclass(kw_only=True, eq=False)
class TextClassifier(Task, TextClassifierOptions):
    """An estimator that learns from labelled texts and answers strings.

    The hyperparameters are those of ``TextClassifierOptions``; each has a default, and ``auto``
    suits itself to the data.

    Example::

        classifier = TextClassifier(text_column="review", label_column="stars")
        classifier.fit(frame)
        classifier.predict(["There is nothing to like in this movie."])
        # [{'label': 'neg', 'score': 0.98, 'probabilities': {'neg': 0.98, 'pos': 0.02}}]
        classifier.export("saved_models/reviews")

    ``data`` is a path (CSV, TSV, JSONL, each also ``.gz``; a folder with one sub-folder a class),
    the name of a TensorFlow data set, a pandas DataFrame, ``(texts, labels)``, or a
    ``tf.data.Dataset`` of text and label.

    Attributes are those of every task; ``classes`` are the class names in the order of the
    probabilities, and empty when predicting numbers.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self._ask: Ask = not_fitted
        self._language_model: TextModel | None = None

    # Learning

    def inspect(self, data: Any, validation_data: Any = None) -> dict[str, Any]:
        """Looks at labelled texts as ``fit`` would meet them, and learns nothing.

        Args:
            data: The training data.
            validation_data: The validation data; the split that ``fit`` would make when None.

        Returns:
            The sections of ``toolkit.tasks.inspection.inspect_texts``;
            ``toolkit.evaluation.report_table`` lays them out for people.

        Raises:
            DataError: There is nothing that can be used, or no two classes to tell apart.
            OptionError: A hyperparameter cannot work.
        """
        set_threads(self.threads)
        other = replace(self)  # what auto comes to is of no concern to this one
        known = None
        if self.pretrained:
            other._language_model = read_pretrained(self.pretrained)
            known = other._tokenizer()
        return inspect_texts(other, data, validation_data, other._network, known)

    def fit(self, data: Any, validation_data: Any = None, output: str | Path | None = None) -> Self:
        """Learns from labelled texts.

        Args:
            data: The training data.
            validation_data: What the best weights are chosen by. Without it, the share
                ``validation_split`` of the training data is held out, by group or stratified; if
                that is 0, the last weights are kept.
            output: A folder in which ``history.csv`` is kept, complete after each epoch, and a
                checkpoint, from which the same call goes on after it was cut off; ``export`` to
                this folder ends the run and takes the checkpoint away, as does
                ``toolkit.training.discard_checkpoint``.

        Raises:
            DataError: The data is not what it should be.
            OptionError: A hyperparameter cannot work, or the folder has a checkpoint of another
                training.
            DivergedError: The loss was not finite any more; the last good weights are kept.
        """
        set_threads(self.threads)
        keras.utils.set_random_seed(self.seed)
        self._language_model = read_pretrained(self.pretrained) if self.pretrained else None
        splitting = validation_data is None and self.validation_split > 0
        examples = TextExamples(open_source(data, "train"), self, grouped=splitting)
        tokenizer, encoder, train, held_out = self._read(examples, validation_data)
        self.classes = encoder.classes
        self.facts |= {
            "data": examples.source.name,
            "rows": len(train),
            "classes": dict(zip(self.classes, train.class_counts.tolist(), strict=True)),
            "validation": validation_words(
                None if held_out is None else len(held_out),
                validation_data is not None,
                f"by {self.group_column}" if self.group_column else "stratified",
                self.seed,
            ),
            "command": constructor_call(self),
        }
        size = DataSize(len(train), int(train.lengths.sum()))
        suited = automatic.network(size, bool(self.pretrained))
        network = self._network(tokenizer, encoder.outputs, train, size)
        self.text_model = TextModel(tokenizer, network)
        self.text_model.build()
        if self._language_model is not None:
            network.embedding.embeddings.assign(vectors_of(self._language_model.network))
            start_from(network.recurrent, self._language_model.network)
        elif self._choose("vectors", suited.vectors) == "cooccurrence":
            vectors = cooccurrence_vectors(
                train, tokenizer.vocabulary_size, network.embedding.output_dim, self.seed
            )
            network.embedding.embeddings.assign(VECTOR_SCALE * vectors)
        self._answer_with(of_python(signature(self.text_model, self.classes)))

        budget = self._choose("batch_tokens", automatic.batch_tokens(size))
        batches = LengthBatches(train, budget, self.seed, class_weights=self._class_weights(train))
        epochs = self._choose("epochs", automatic.epochs(size))
        logger.info(
            "%d texts of %d units to train on, %d to validate; %d batches, %.1f %% of them padding",
            *(size.texts, size.tokens, 0 if held_out is None else len(held_out), len(batches)),
            100 * batches.padding_share,
        )
        known = MONITORS[self.target]
        monitor = next(iter(known)) if self.monitor == "auto" else self.monitor
        validate: Callable[[], dict[str, float]] | None = None
        if held_out is not None:
            validation_batches = LengthBatches(held_out, VALIDATION_TOKENS, shuffle=False)
            answer = tf.function(
                network.answer,
                input_signature=[tf.TensorSpec([None, None], tf.int32)],
                autograph=False,
            )

            def validate() -> dict[str, float]:
                parts = [answer(batch[0]).numpy() for batch in validation_batches.dataset()]
                answers = validation_batches.restore(np.concatenate(parts))
                self.metrics = self._metrics(held_out.labels, answers)
                return {k: v for k, v in self.metrics.items() if isinstance(v, float)}

        options = self._training_options(suited)
        self.history = fit(
            network,
            batches,
            options,
            loss=network.output_layer.loss(self.label_smoothing),
            epochs=epochs,
            metrics=[keras.metrics.SparseCategoricalAccuracy("accuracy")]
            if self.target == "classes"
            else [],
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
        self, examples: TextExamples, validation_data: Any
    ) -> tuple[Tokenizer, LabelEncoder, EncodedCorpus, EncodedCorpus | None]:
        """Reads the data three times: for classes and split, for the vocabulary, to encode it."""
        found = survey(examples, self.target)
        train_rows, held_rows = np.arange(found.count), None
        if validation_data is None and self.validation_split:
            train_rows, held_rows = found.split(self.validation_split, self.seed)
        in_training = np.zeros(found.count, bool)
        in_training[train_rows] = True
        tokenizer = self._tokenizer()
        again = found.again(examples)
        if self._language_model is None:
            tokenizer.adapt(
                example.text for example, used in zip(again, in_training, strict=True) if used
            )
        corpus = encode(examples, tokenizer, found.encoder, expected=found)
        held_out = None
        if held_rows is not None:
            held_out = corpus.subset(held_rows)
        elif validation_data is not None:
            others = TextExamples(open_source(validation_data, "test"), self, grouped=False)
            held_out = encode(others, tokenizer, found.encoder)
        return tokenizer, found.encoder, corpus.subset(train_rows), held_out

    def _tokenizer(self) -> Tokenizer:
        """A new text layer, or that of the language model with this one's maximum length."""
        if self._language_model is not None:
            config = self._language_model.tokenizer.get_config()
            if config["units"] != self.units:
                raise OptionError(
                    f"units is {self.units}, and the pretrained model's {config['units']}; set "
                    f"{option('units', config['units'])}"
                )
            config["max_length"] = self._choose("max_length", automatic.MAX_LENGTHS[self.units])
            config["truncation"] = self.truncation
            return Tokenizer.from_config(config)
        return Tokenizer(
            units=self.units,
            lowercase=self.lowercase,
            normalization=self.normalization,
            html_breaks=self.html_breaks,
            max_tokens=self._choose("max_tokens", automatic.MAX_TOKENS),
            min_count=self.min_count,
            max_length=self._choose("max_length", automatic.MAX_LENGTHS[self.units]),
            truncation=self.truncation,
        )

    def _network(
        self, tokenizer: Tokenizer, outputs: int, train: EncodedCorpus, size: DataSize
    ) -> keras.Model:
        suited = automatic.network(size, bool(self.pretrained))
        recurrent: dict[str, Any] = {"cell": self.cell, "layers": self.layers}
        of_pretrained: dict[str, Any] = {}
        if self._language_model is not None:
            of_pretrained = sizes_of(self._language_model.network, self)
            self.facts |= of_pretrained
            recurrent = {name: of_pretrained.pop(name) for name in recurrent}
        shared: dict[str, Any] = {
            "vocabulary_size": tokenizer.vocabulary_size,
            "outputs": outputs,
            "output": OUTPUTS[self.target],
            **{
                name: self._choose(name, getattr(suited, name))
                for name in (
                    *("embedding_size", "hidden_size"),
                    *("word_dropout", "embedding_dropout", "output_dropout"),
                )
                if name not in of_pretrained
            },
            **of_pretrained,
            "seed": self.seed,
            "dtype": self.precision,
        }
        if self.target == "number":
            numbers = np.asarray(train.labels)
            shared["output_mean"] = float(numbers.mean())
            shared["output_scale"] = float(numbers.std()) or 1.0
        if self.model == "one_to_one":
            network = OneToOne(window=self.window, **shared)
        else:
            network = ManyToOne(
                **recurrent,
                bidirectional=self.bidirectional,
                pooling=self._choose("pooling", "concat" if of_pretrained else "max"),
                dropout=self.dropout,
                recurrent_dropout=self.recurrent_dropout,
                **shared,
            )
        return network

    def _metrics(self, labels: Any, answers: Any) -> dict[str, Any]:
        if self.target == "number":
            return number_metrics(labels, answers[:, 0])
        if self.target == "labels":
            return multilabel_metrics(labels, answers, self.classes)
        return classification_metrics(labels, answers, self.classes)

    def _class_weights(self, train: EncodedCorpus) -> NDArray[np.floating[Any]] | None:
        """Weights that make every class count the same, and one on average."""
        if self.class_weights == "none":
            return None
        return balanced(train.class_counts)

    def _subject(self, data: Any, network: Any) -> Subject:
        tokenizer = self._needs_text_model("diagnose").tokenizer
        examples = TextExamples(open_source(data, "test"), self, grouped=False)
        corpus = encode(examples, tokenizer, LabelEncoder(self.target, self.classes))
        loss = network.output_layer.loss()

        def losses(ids: Any, labels: Any) -> tuple[Any, Any]:
            found = tf.reshape(loss.call(labels, network(ids, training=False)), [-1, 1])
            return found, tf.ones_like(found)

        def window(texts: int, steps: int) -> Window:
            some, length = longest(corpus.lengths, texts, steps)
            ids = corpus.inputs(some)[:, :length]
            units = [unit.decode() for unit in tokenizer.units_of(ids[0]).numpy()]
            return Window(ids, corpus.targets(some), {"text": units})

        batches = LengthBatches(corpus, self.facts["batch_tokens"], self.seed).dataset()
        tracks = {"text": Track(getattr(network, "recurrent", ()), at_end=True)}
        return Subject(network, batches, losses, window, tracks)

    # Answering

    def predict(self, texts: Any) -> list[dict[str, Any]]:
        """Answers each text, in order.

        Args:
            texts: A list or series of strings, a DataFrame, a path, or whatever else ``fit`` takes;
                labels are passed over. A missing text is answered as an empty one.

        Returns:
            For each text ``label``, ``score`` and ``probabilities`` by class; with several labels
            at once also ``labels``, those with a probability of at least one half; for a number
            ``value`` alone.

        Raises:
            ModelError: Nothing has been learnt yet.
        """
        examples = TextExamples(open_source(texts), self, labelled=False)
        answers = answer_all([example.text for example in examples], self._ask)
        return list(as_dicts(answers, self.classes, several=self.target == "labels"))

    def evaluate(self, data: Any, output: str | Path | None = None) -> dict[str, Any]:
        """Measures the model on labelled texts.

        Args:
            data: Labelled data, of the same kinds as for ``fit``.
            output: A folder that gets ``metrics.json`` and, with classes, ``confusion.png`` and
                ``errors.csv``, the most confident of the wrong answers.

        Returns:
            Accuracy, macro F1, ROC AUC, calibration error, each class's own and the confusion
            matrix; for several labels and for numbers what suits them. None where a metric is
            undefined, as ROC AUC is on data of one class only.

        Raises:
            DataError: The data is not what it should be, or has a label that was never learnt.
            ModelError: Nothing has been learnt yet.
        """
        labels: list[Any] = []
        answers: list[Any] = []
        errors: pd.DataFrame | None = None
        for examples, right, given in self._answered(data):
            labels.append(right)
            answers.append(given)
            if output and self.target == "classes":
                texts = [example.text for example in examples]
                errors = worst_errors(texts, right, given, self.classes, among=errors)
        metrics = self._metrics(np.concatenate(labels), np.concatenate(answers))
        if output:
            write_report(Path(output), metrics, self.classes, errors)
        return metrics

    def statistics(self, data: Any) -> Statistics:
        """Gives what the metrics on labelled texts are made of, for ``toolkit.evaluation.compare``.

        Args:
            data: Labelled data, of the same kinds as for ``fit``.

        Raises:
            DataError: The data is not what it should be, or has a label that was never learnt.
            ModelError: Nothing has been learnt yet.
        """
        checksum = 0
        labels: list[Any] = []
        answers: list[Any] = []
        for examples, right, given in self._answered(data):
            labels.append(right)
            answers.append(given)
            read = repr([(example.text, example.label) for example in examples])
            checksum = zlib.crc32(read.encode(), checksum)
        together = np.concatenate(labels), np.concatenate(answers)
        if self.target == "number":
            found = number_statistics(together[0], together[1][:, 0])
        elif self.target == "labels":
            found = multilabel_statistics(*together)
        else:
            found = classification_statistics(*together)
        return replace(found, checksum=checksum)

    def _answered(self, data: Any) -> Iterator[tuple[list[Example], Any, Any]]:
        """Labelled examples with their encoded labels and the answers [B, C], chunk by chunk."""
        examples = TextExamples(open_source(data, "test"), self, grouped=False)
        encoder = LabelEncoder(self.target, self.classes)
        known = examples.known(encoder)
        while chunk := list(islice(known, EVALUATION_CHUNK)):
            replies = answer_all([example.text for example in chunk], self._ask)
            answers = replies["probabilities"] if self.classes else replies["value"][:, None]
            yield chunk, encoder.encode([example.label for example in chunk]), answers

    # Keeping

    def _serve(self, servable: Servable) -> None:
        self._answer_with(servable)

    def _answer_with(self, call: Any) -> None:
        self._ask = lambda texts: call(text=texts)

    def export(
        self,
        folder: str | Path,
        format: str = "saved_model",
        golden: Sequence[str] | None = None,
    ) -> Path:
        """Writes a new version of the SavedModel, its golden file and its card.

        Args:
            folder: The run's folder.
            format: ``saved_model``, or ``onnx``: the network alone, from ids to scores, in
                ``onnx/<n>/`` beside the SavedModel, which takes strings.
            golden: Texts for the golden file; without them some sentences of our own.

        Returns:
            The folder of the new version.

        Raises:
            ModelError: Nothing has been learnt yet, ``model.keras`` is missing, or ONNX has no
                operator for the cell.
            OptionError: There is no such format, or what it needs is not installed.
        """
        check_format(format)
        text_model = self._needs_text_model("export")
        texts = [utf8(text).decode() for text in golden or GOLDEN_TEXTS]
        if format == "onnx":
            sizes = (text_model.tokenizer.vocabulary_size, len(self.classes))
            readme = onnx_readme(self, self.facts["max_length"], *sizes)
            assets = {"README.md": readme}
            if self.classes:
                assets["classes.txt"] = "".join(f"{name}\n" for name in self.classes)
            return write_onnx(folder, text_model, texts, assets)
        found = self._stored({"serving_default": signature(text_model, self.classes)})
        serving_default = found["serving_default"]
        ask = of_python(serving_default)
        answers = answer_all(texts, lambda some: ask(text=some))
        parameters = text_model.network.count_params()
        of_card = (serving_default, parameters, GOLDEN_TEXTS[0])
        return self._write(
            folder,
            found,
            {},
            texts,
            answers,
            card(self, self.facts, self.metrics, *of_card),
        )
