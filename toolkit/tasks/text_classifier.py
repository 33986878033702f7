"""Text classification: any number of classes, several labels at once, or a number."""

import json
import logging
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import keras
import numpy as np
import yaml
from numpy.typing import NDArray

from toolkit.data import (
    EncodedCorpus,
    LabelEncoder,
    LengthBatches,
    TextExamples,
    encode,
    open_source,
    survey,
)
from toolkit.errors import ModelError, OptionError
from toolkit.evaluation import (
    classification_metrics,
    multilabel_metrics,
    number_metrics,
    worst_errors,
    write_report,
)
from toolkit.export import Card, Servable, write_card, write_golden, write_saved_model
from toolkit.files import atomic_write
from toolkit.models import ManyToOne, OneToOne, TextModel
from toolkit.tasks import automatic
from toolkit.tasks.automatic import DataSize
from toolkit.tasks.options import TextClassifierOptions
from toolkit.tasks.serving import GOLDEN_TEXTS, Ask, answer_all, as_dicts, asking, signature
from toolkit.text import Tokenizer
from toolkit.training import fit, set_threads

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger("toolkit")

OUTPUTS = {"classes": "softmax", "labels": "sigmoid", "number": "linear"}
#: What early stopping may go by, and whether more or less of it is better; the first is auto.
MONITORS = {
    "classes": {"accuracy": "max", "macro_f1": "max", "log_loss": "min"},
    "labels": {"macro_f1": "max", "micro_f1": "max", "accuracy": "max", "log_loss": "min"},
    "number": {"mean_absolute_error": "min", "root_mean_squared_error": "min", "r2": "max"},
}
TASKS = {
    "classes": "Gives each text one of several classes, with its probability.",
    "labels": "Gives each text the probability of each of several labels, which may hold at once.",
    "number": "Gives each text a number.",
}
#: How many units, padding included, are validated at once.
VALIDATION_TOKENS = 16_384
#: How many texts are held in memory at once when evaluating.
EVALUATION_CHUNK = 1024


@dataclass(kw_only=True, eq=False)
class TextClassifier(TextClassifierOptions):
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

    Attributes:
        classes: The class names in the order of the probabilities; empty when predicting numbers.
        history: A row for each epoch of the last ``fit``.
        metrics: What the validation data gave for the weights that were kept.
        facts: What ``auto`` came to, and what the model card says of the training data.
        text_model: The tokenizer and the network; None when loaded from a SavedModel alone.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.classes: tuple[str, ...] = ()
        self.history: list[dict[str, float]] = []
        self.metrics: dict[str, Any] = {}
        self.facts: dict[str, Any] = {}
        self.text_model: TextModel | None = None
        self._ask: Ask = not_fitted

    # Learning

    def fit(self, data: Any, validation_data: Any = None, output: str | Path | None = None) -> Self:
        """Learns from labelled texts.

        Args:
            data: The training data.
            validation_data: What the best weights are chosen by. Without it, the share
                ``validation_split`` of the training data is held out, by group or stratified; if
                that is 0, the last weights are kept.
            output: A folder in which ``history.csv`` is kept, complete after each epoch.

        Raises:
            DataError: The data is not what it should be.
            OptionError: A hyperparameter cannot work.
            DivergedError: The loss was not finite any more; the last good weights are kept.
        """
        monitor = next(iter(MONITORS[self.target])) if self.monitor == "auto" else self.monitor
        if monitor not in MONITORS[self.target]:
            known = ", ".join(MONITORS[self.target])
            raise OptionError(f"monitor is {monitor!r}; it can be auto, {known}")
        set_threads(self.threads)
        keras.utils.set_random_seed(self.seed)
        examples = TextExamples(open_source(data), self)
        tokenizer, encoder, train, held_out = self._read(examples, validation_data)
        self.classes = encoder.classes
        self._note(examples, train, held_out, validation_data)
        size = DataSize(len(train), int(train.lengths.sum()))
        network = self._network(tokenizer, encoder.outputs, train, size)
        self.text_model = TextModel(tokenizer, network)
        self.text_model.build()
        self._ask = asking(signature(self.text_model, self.classes))

        budget = self._choose("batch_tokens", automatic.batch_tokens(size))
        batches = LengthBatches(train, budget, self.seed, class_weights=self._class_weights(train))
        epochs = self._choose("epochs", automatic.epochs(size))
        logger.info(
            "%d texts of %d units to train on, %d to validate; %d batches, %.1f %% of them padding",
            *(size.texts, size.tokens, 0 if held_out is None else len(held_out), len(batches)),
            100 * batches.padding_share,
        )
        validate: Callable[[], dict[str, float]] | None = None
        if held_out is not None:
            validation_batches = LengthBatches(held_out, VALIDATION_TOKENS, shuffle=False)

            def validate() -> dict[str, float]:
                self.metrics = self._measure(network, validation_batches)
                return {k: v for k, v in self.metrics.items() if isinstance(v, float)}

        self.history = fit(
            network,
            batches,
            self,
            loss=network.output_layer.loss(self.label_smoothing),
            epochs=epochs,
            metrics=["accuracy"] if self.target == "classes" else [],
            validate=validate,
            monitor=monitor,
            mode=MONITORS[self.target][monitor],
            folder=Path(output) if output else None,
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
        tokenizer = Tokenizer(
            units=self.units,
            lowercase=self.lowercase,
            normalization=self.normalization,
            html_breaks=self.html_breaks,
            max_tokens=self._choose("max_tokens", automatic.MAX_TOKENS),
            min_count=self.min_count,
            max_length=self._choose("max_length", automatic.MAX_LENGTHS[self.units]),
            truncation=self.truncation,
        )
        tokenizer.adapt(
            example.text for example, used in zip(examples, in_training, strict=True) if used
        )
        corpus = encode(examples, tokenizer, found.encoder)
        held_out = None
        if held_rows is not None:
            held_out = corpus.subset(held_rows)
        elif validation_data is not None:
            others = TextExamples(open_source(validation_data), self)
            held_out = encode(others, tokenizer, found.encoder)
        return tokenizer, found.encoder, corpus.subset(train_rows), held_out

    def _note(
        self,
        examples: TextExamples,
        train: EncodedCorpus,
        held_out: EncodedCorpus | None,
        validation_data: Any,
    ) -> None:
        """Keeps what the model card says of the data."""
        if held_out is None:
            validation = "none"
        elif validation_data is not None:
            validation = f"{len(held_out):,} rows of data of its own"
        else:
            manner = f"by {examples.group_column}" if examples.group_column else "stratified"
            validation = f"{len(held_out):,} rows held out, {manner}, seed {self.seed}"
        self.facts |= {
            "data": examples.source.name,
            "rows": len(train),
            "classes": dict(zip(self.classes, train.class_counts.tolist(), strict=True)),
            "validation": validation,
            "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        }

    def _network(
        self, tokenizer: Tokenizer, outputs: int, train: EncodedCorpus, size: DataSize
    ) -> keras.Model:
        shared: dict[str, Any] = {
            "vocabulary_size": tokenizer.vocabulary_size,
            "outputs": outputs,
            "output": OUTPUTS[self.target],
            "embedding_size": self._choose("embedding_size", automatic.embedding_size(size)),
            "hidden_size": self._choose("hidden_size", automatic.hidden_size(size)),
            "word_dropout": self.word_dropout,
            "embedding_dropout": self.embedding_dropout,
            "output_dropout": self.output_dropout,
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
                cell=self.cell,
                layers=self.layers,
                bidirectional=self.bidirectional,
                pooling=self.pooling,
                dropout=self.dropout,
                recurrent_dropout=self.recurrent_dropout,
                **shared,
            )
        return network

    def _measure(self, network: keras.Model, batches: LengthBatches) -> dict[str, Any]:
        answers = [network.answer(batch[0]).numpy() for batch in batches.dataset()]
        return self._metrics(batches.corpus.labels, batches.restore(np.concatenate(answers)))

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
        if self.target != "classes":
            raise OptionError("class_weights is balanced, which needs target classes")
        counts = np.maximum(1, train.class_counts)
        return len(train) / len(counts) / counts

    def _choose(self, name: str, value: Any) -> Any:
        self.facts[name] = automatic.choose(self, name, value)
        return self.facts[name]

    # Answering

    def predict(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Answers each text, in order.

        Returns:
            For each text ``label``, ``score`` and ``probabilities`` by class; with several labels
            at once also ``labels``, those with a probability of at least one half; for a number
            ``value`` alone.

        Raises:
            ModelError: Nothing has been learnt yet.
        """
        if isinstance(texts, str):
            raise OptionError("predict takes a list of texts; put the one text into a list")
        answers = answer_all(list(texts), self._ask)
        return list(as_dicts(answers, self.classes, several=self.target == "labels"))

    def evaluate(self, data: Any, output: str | Path | None = None) -> dict[str, Any]:
        """Measures the model on labelled texts.

        Args:
            data: Labelled data, of the same kinds as for ``fit``.
            output: A folder that gets ``metrics.json`` and, with classes, ``confusion.png`` and
                ``errors.csv``, the most confident of the wrong answers.

        Returns:
            Accuracy, macro F1, each class's own and the confusion matrix; for several labels and
            for numbers what suits them.

        Raises:
            DataError: The data is not what it should be, or has a label that was never learnt.
            ModelError: Nothing has been learnt yet.
        """
        examples = TextExamples(open_source(data), self)
        encoder = LabelEncoder(self.target, self.classes)
        labels: list[Any] = []
        answers: list[Any] = []
        errors: list[pd.DataFrame] = []
        known = examples.known(encoder)
        while chunk := list(islice(known, EVALUATION_CHUNK)):
            texts = [example.text for example in chunk]
            replies = answer_all(texts, self._ask)
            labels.append(encoder.encode([example.label for example in chunk]))
            answers.append(replies["probabilities"] if self.classes else replies["value"][:, None])
            if output and self.target == "classes":
                errors = [worst_errors(texts, labels[-1], answers[-1], self.classes), *errors]
        metrics = self._metrics(np.concatenate(labels), np.concatenate(answers))
        if output:
            write_report(Path(output), metrics, self.classes, errors)
        return metrics

    # Keeping

    def save(self, folder: str | Path) -> None:
        """Writes what training on needs: ``model.keras``, ``config.yaml``, ``metrics.json``.

        Raises:
            ModelError: Nothing has been learnt yet, or only the SavedModel is at hand.
        """
        text_model = self._needs_text_model("save")
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".unfinished-") as beside:
            text_model.save(Path(beside) / "model.keras")
            os.replace(Path(beside) / "model.keras", folder / "model.keras")
        atomic_write(folder / "config.yaml", self._config())
        atomic_write(folder / "metrics.json", json.dumps(self.metrics, indent=2) + "\n")

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Loads a run: its newest SavedModel and, where there is one, ``model.keras``.

        The SavedModel alone is enough to predict and to evaluate.

        Raises:
            ModelError: The folder is not a run of a text classifier.
        """
        servable = Servable.load(folder)
        config = yaml.safe_load(servable.asset("config.yaml") or "")
        if not isinstance(config, dict) or config.get("task") != cls.__name__:
            raise ModelError(f"{folder}: the model in it is not a text classifier of this toolkit")
        known = {field.name for field in fields(cls)}
        task = cls(**{name: value for name, value in config["options"].items() if name in known})
        task.classes = tuple(servable.classes() or ())
        task.facts = config["facts"]
        task._ask = lambda texts: servable(text=texts)
        archive = Path(folder) / "model.keras"
        if archive.is_file():
            task.text_model = keras.saving.load_model(archive, compile=False)
        return task

    def export(
        self,
        folder: str | Path,
        format: str = "saved_model",
        golden: Sequence[str] | None = None,
    ) -> Path:
        """Writes a new version of the SavedModel, its golden file and its card.

        Args:
            folder: The run's folder.
            format: ``saved_model``.
            golden: Texts for the golden file; without them some sentences of our own.

        Returns:
            The folder of the new version.

        Raises:
            ModelError: Nothing has been learnt yet, or ``model.keras`` is missing.
            OptionError: There is no such format.
        """
        if format != "saved_model":
            raise OptionError(f"format is {format!r}; it can be saved_model")
        text_model = self._needs_text_model("export")
        serving_default = signature(text_model, self.classes)
        assets = {"config.yaml": self._config()}
        if self.classes:
            assets["classes.txt"] = "".join(f"{name}\n" for name in self.classes)
        version = write_saved_model(
            folder, {"serving_default": serving_default}, [text_model], assets
        )
        texts = list(golden or GOLDEN_TEXTS)
        answers = answer_all(texts, asking(serving_default))
        write_golden(
            folder,
            [{"text": text} for text in texts],
            [{name: value[i] for name, value in answers.items()} for i in range(len(texts))],
        )
        write_card(folder, self._card(text_model, serving_default))
        return version

    def _needs_text_model(self, verb: str) -> TextModel:
        if self.text_model is None:
            raise ModelError(
                f"{verb} needs what has been learnt: call fit first, or load a run's folder that "
                "has its model.keras"
            )
        return self.text_model

    def _config(self) -> str:
        """The run's configuration as YAML: what was asked for, and what came of it."""
        config = {"task": type(self).__name__, "options": asdict(self), "facts": self.facts}
        return yaml.safe_dump(config, sort_keys=False, allow_unicode=True)

    def _card(self, text_model: TextModel, serving_default: Any) -> Card:
        kept = {"head": "its head", "tail": "its tail", "head_and_tail": "half of each end"}
        return Card(
            task=TASKS[self.target],
            data=self.facts["data"],
            rows=self.facts["rows"],
            classes=self.facts["classes"],
            validation=self.facts["validation"],
            metrics={
                f"validation {name.replace('_', ' ')}": value
                for name, value in self.metrics.items()
                if isinstance(value, float)
            },
            command=self.facts["command"],
            signatures={"serving_default": serving_default},
            example={"text": GOLDEN_TEXTS[0]},
            parameters=text_model.network.count_params(),
            long_texts=(
                f"Of a text of more than {self.facts['max_length']} {self.units}, "
                f"{kept[self.truncation]} is read."
            ),
            limits=[
                "It answers every text, also one in another language or on another subject than "
                "the training data; its scores mean little there.",
                "What the training data holds of bias or error, the model has learnt.",
            ],
        )


def not_fitted(texts: Sequence[str]) -> Any:
    """What a classifier answers that has learnt nothing.

    Raises:
        ModelError: Always.
    """
    raise ModelError("nothing has been learnt yet; call fit, or load a run's folder")
