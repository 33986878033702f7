"""The template of tasks that predict a class, several labels or a number for a sequence."""

import logging
import re
import zlib
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from toolkit.data import LabelEncoder, LengthBatches, PackedCorpus, answer_readable
from toolkit.diagnostics.diagnosis import Subject, Track, Window, longest, shortened
from toolkit.errors import count
from toolkit.evaluation import worst_errors
from toolkit.options import option
from toolkit.report.blocks import Examples
from toolkit.tasks.options import CLASSIFIER_MONITORS, ClassAnswerOptions
from toolkit.tasks.outcomes import ClassifierOutcomes, Shown, classifier_metrics
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.settings import Settings
from toolkit.tasks.task import Task
from toolkit.training.class_weights import balanced_weights

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger("toolkit")

#: The output layer by target.
OUTPUTS = {"classes": "softmax", "labels": "sigmoid", "number": "linear"}
#: The names of columns that tell which row is which.
IDENTIFIER = re.compile(r"(^|[_ .-])(?i:u?id|uuid|guid|key|identifier)($|[_ .-])|[a-z](Id|ID)$")
#: Answers with all probabilities.
ALL = ClassAnswerOptions()
#: The number of time steps, padding included, of a validation batch.
VALIDATION_STEPS = 16_384
#: The number of held-out sequences below which the log loss chooses the weights.
FEW_HELD_OUT = 100
#: The number of examples in memory during evaluation.
CHUNK = 1024


class Classifier(Task):
    """The template of an estimator with one answer per sequence.

    The network has a ``toolkit.models.OutputLayer`` as its attribute ``output_layer``. Besides the
    hooks of ``Task`` there are ``_examples``, ``_encode``, ``_answers`` and, for reports,
    ``_text``, ``_steps`` and, where answers are explained, ``_value``.
    """

    #: The unit of ``_length``.
    LENGTH_UNIT: ClassVar[str] = "characters"

    if TYPE_CHECKING:  # options that a task may add
        target: Any
        class_weights: Any
        label_smoothing: Any
    else:
        target, class_weights, label_smoothing = "classes", "none", 0.0

    # Hooks

    @abstractmethod
    def _examples(self, data: Any, labelled: bool) -> Iterable[Any]:
        """Return examples for prediction or evaluation; labelled ones have a known ``label``.

        Where they have ``row``, and all together ``source``, reports name their rows.
        """

    @abstractmethod
    def _answers(self, examples: Sequence[Any]) -> Mapping[str, Any]:
        """Return the outputs of ``serving_default`` for examples, in their order."""

    @abstractmethod
    def _encode(self, data: Any) -> PackedCorpus:
        """Return labelled data as a corpus with the learnt classes."""

    def _text(self, example: Any) -> str:
        """Return an example as text for reports."""
        return repr(example)

    def _value(self, example: Any) -> Any:
        """Return an example as ``explain`` takes it; for tasks that explain."""
        raise NotImplementedError

    def _content(self, example: Any) -> bytes:
        """Return the input of an example as bytes, for the checksum of the data."""
        return _bytes(example)

    def _length(self, example: Any) -> int | None:
        """Return the length of an example for reports, in ``LENGTH_UNIT``; None if it has none."""
        return None

    def _drawings(self) -> Callable[[Sequence[Any]], Examples] | None:
        """Return a function that draws examples for a report; None if the task has none."""
        return None

    def _steps(self, values: Any) -> list[str]:
        """Return the time steps of one sequence as texts for reports."""
        return [str(number) for number in range(1, len(values) + 1)]

    # Learning

    def _output_arguments(self, prepared: Prepared) -> dict[str, Any]:
        """Return the arguments of the network's output layer."""
        encoder: LabelEncoder = prepared.train.encoder
        arguments = {"outputs": encoder.outputs, "output": OUTPUTS[encoder.target]}
        if encoder.target != "number":
            return arguments
        if (previous := prepared.settings.previous) is not None:
            config = previous.model.network.config
            return arguments | {name: config[name] for name in ("output_mean", "output_scale")}
        numbers = np.asarray(prepared.train.labels)
        scale = float(numbers.std()) or 1.0
        return {**arguments, "output_mean": float(numbers.mean()), "output_scale": scale}

    def _batches(self, prepared: Prepared) -> LengthBatches:
        settings, weights = prepared.settings, None
        if self.class_weights == "balanced":
            weights = balanced_weights(prepared.train.class_counts)
        return LengthBatches(
            prepared.train, settings.batch_tokens, settings.seed, class_weights=weights
        )

    def _loss(self, network: keras.Model, settings: Settings) -> keras.losses.Loss:
        loss: keras.losses.Loss = network.output_layer.loss(self.label_smoothing)
        return loss

    def _training_metrics(self) -> list[keras.metrics.Metric]:
        if self.target != "classes":
            return []
        return [keras.metrics.SparseCategoricalAccuracy("accuracy")]

    def _monitors(self) -> Mapping[str, str]:
        return CLASSIFIER_MONITORS[self.target]

    def _monitor(self, prepared: Prepared) -> str:
        """Return the metric that chooses the weights: of few held-out sequences the log loss.

        There the others go by whole sequences, so that one of them decides, perhaps by chance.
        """
        number = 0 if prepared.held_out is None else len(prepared.held_out)
        is_chosen = prepared.settings.monitor == "auto" and self.target != "number"
        if not (is_chosen and 0 < number < FEW_HELD_OUT):
            return super()._monitor(prepared)
        few = count(number, self.EXAMPLE)
        logger.info("chosen: %s, since few are held out (%s)", option("monitor", "log_loss"), few)
        return "log_loss"

    def _validation_steps(self) -> int:
        """Return the number of time steps, padding included, of a validation batch."""
        return VALIDATION_STEPS

    def _validation(self, network: keras.Model, prepared: Prepared) -> Callable[[], dict[str, Any]]:
        held_out: PackedCorpus = prepared.held_out
        batches = LengthBatches(held_out, self._validation_steps(), shuffle=False)
        answer = tf.function(
            network.answer, input_signature=[held_out.input_signature], autograph=False
        )

        def measure() -> dict[str, Any]:
            parts = [answer(batch[0]).numpy() for batch in batches.dataset()]
            answers = batches.restore(np.concatenate(parts))
            return classifier_metrics(self.target, held_out.labels, answers, self.classes)

        return measure

    # Gradients

    def _subject(self, data: Any, network: keras.Model) -> Subject:
        corpus = self._encode(data)
        loss = network.output_layer.loss()

        def losses(inputs: Any, labels: Any) -> tuple[Any, Any]:
            values = tf.reshape(loss.call(labels, network(inputs, training=False)), [-1, 1])
            return values, tf.ones_like(values)

        def window(sequences: int, steps: int) -> Window:
            chosen, length = longest(corpus.lengths, sequences, steps)
            inputs = shortened(corpus.inputs(chosen), length, values="length")
            shown = {self.input_name: self._steps(inputs["values"][0])}
            return Window(inputs, corpus.targets(chosen), shown)

        batches = LengthBatches(corpus, self.facts["batch_tokens"], self.seed).dataset()
        tracks = {self.input_name: Track(network.recurrent, at_end=True)}
        return Subject(network, batches, losses, window, tracks)

    # Prediction and evaluation

    def predict(
        self,
        texts: Any,
        top_k: int | None = None,
        threshold: float = 0.5,
        abstain_below: float | None = None,
    ) -> list[dict[str, Any]]:
        """Answer each input, in order.

        Args:
            texts: A list of inputs, data of any kind that ``fit`` takes, or a ``.txt`` file with an
                input a line; labels are ignored. A missing input is answered as an empty one.
            top_k: The number of classes whose probabilities are answered, the likeliest first; all
                when None, in their own order.
            threshold: The probability from which one of several labels is answered.
            abstain_below: The probability below which no class is answered.

        Returns:
            For each input ``label``, ``score`` and ``probabilities`` by class; with several labels
            also ``labels``, those with a probability of at least ``threshold``; for a number only
            ``value``. Where ``score`` is below ``abstain_below``, ``label`` is None. An input that
            cannot be read has only ``error``, its place and the reason. Where the model says which
            inputs it did not read to their end, also ``truncated``.

        Raises:
            ModelError: The task is not fitted.
            OptionError: An argument is out of its limits, or not for what this model answers.
        """
        self._check_fitted()
        options = ClassAnswerOptions(top_k=top_k, threshold=threshold, abstain_below=abstain_below)
        options.check_for(self.target)
        examples = list(self._examples(texts, labelled=False))
        return answer_readable(examples, partial(self._plain_answers, options=options))

    def _plain_answers(
        self, examples: Sequence[Any], options: ClassAnswerOptions = ALL
    ) -> list[dict[str, Any]]:
        """Return the answers to examples as plain Python values."""
        answers = self._answers(examples)
        if "value" in answers:
            rows = [{"value": float(value)} for value in answers["value"]]
        else:
            names = ("label", "score", "probabilities")
            outputs = zip(*(answers.get(name, ()) for name in names), strict=True)
            rows = [self._plain(label, score, row, options) for label, score, row in outputs]
        if "truncated" in answers:
            for row, truncated in zip(rows, answers["truncated"], strict=True):
                row["truncated"] = bool(truncated)
        return rows

    def _plain(
        self, label: Any, score: Any, row: Any, options: ClassAnswerOptions = ALL
    ) -> dict[str, Any]:
        """Return one answer as plain Python values."""
        probabilities = dict(zip(self.classes, map(float, row), strict=True))
        answer: dict[str, Any] = {"label": str(label), "score": float(score)}
        if options.abstain_below is not None and score < options.abstain_below:
            answer["label"] = None
        if self.target == "labels":
            likely = (name for name, p in probabilities.items() if p >= options.threshold)
            answer["labels"] = list(likely)
        if options.top_k is not None:
            likeliest = sorted(probabilities, key=lambda name: -probabilities[name])
            probabilities = {name: probabilities[name] for name in likeliest[: options.top_k]}
        return {**answer, "probabilities": probabilities}

    def _outcomes(self, data: Any, keep_errors: bool) -> ClassifierOutcomes:
        self._check_fitted()
        labels: list[Any] = []
        answers: list[Any] = []
        errors: pd.DataFrame | None = None
        lengths: list[int | None] = []
        rows: list[int] = []
        checksum = 0
        encoder = LabelEncoder(self.target, self.classes)
        examples = self._examples(data, labelled=True)
        stream = iter(examples)
        while chunk := list(islice(stream, CHUNK)):
            outputs = self._answers(chunk)
            labels.append(encoder.encode([example.label for example in chunk]))
            answers.append(outputs["probabilities"] if self.classes else outputs["value"][:, None])
            for example in chunk:
                read = self._content(example) + _bytes(example.label)
                checksum = zlib.crc32(read, checksum)
            if keep_errors:
                lengths += map(self._length, chunk)
                rows += [getattr(example, "row", 0) for example in chunk]
            if keep_errors and self.target == "classes":
                texts = [self._text(example) for example in chunk]
                errors = worst_errors(
                    *(texts, labels[-1], answers[-1], self.classes),
                    among=errors,
                    rows=[each.row for each in chunk] if hasattr(chunk[0], "row") else None,
                )
        if errors is not None:
            errors = with_identifiers(errors, getattr(examples, "source", None))
        together = np.concatenate(labels), np.concatenate(answers)
        shown = self._shown(examples, lengths, rows) if keep_errors else None
        return ClassifierOutcomes(self.target, self.classes, *together, errors, checksum, shown)

    def _shown(
        self, examples: Iterable[Any], lengths: Sequence[int | None], rows: Sequence[int]
    ) -> Shown:
        """Return what a report shows of examples, which are read again.

        Args:
            examples: The examples.
            lengths: The length of each.
            rows: The number of each in its data.
        """
        keys: dict[str, Sequence[Any]] = {}
        if None not in lengths:
            keys[f"length in {self.LENGTH_UNIT}"] = lengths
        column, source = getattr(self, "group_column", None), getattr(examples, "source", None)
        if column is not None and source is not None and column in source.columns:
            groups = {record.row: record.values.get(column) for record in source.records()}
            keys["group"] = [groups.get(row) for row in rows]

        def chosen(numbers: Sequence[int]) -> list[Any]:
            wanted = {*numbers}
            found = {n: each for n, each in enumerate(examples) if n in wanted}
            return [found[number] for number in numbers]

        def inputs(numbers: Sequence[int]) -> list[str]:
            return [self._text(example) for example in chosen(numbers)]

        def values(numbers: Sequence[int]) -> list[Any]:
            return [self._value(example) for example in chosen(numbers)]

        def drawn(numbers: Sequence[int]) -> Examples | None:
            draw = self._drawings()
            return None if draw is None else draw(chosen(numbers))

        return Shown(self.EXAMPLE, keys, frozenset({"group"}), inputs, values, drawn)


def with_identifiers(errors: "pd.DataFrame", source: Any) -> "pd.DataFrame":
    """Return errors with the columns of their data that name a row, such as ``id``.

    Args:
        errors: A result of ``worst_errors`` with rows.
        source: The source of the rows; None for none.
    """
    columns = () if source is None or "row" not in errors.columns else source.columns
    names = [name for name in columns if IDENTIFIER.search(name) and name not in errors.columns]
    if not names:
        return errors
    wanted = {*errors["row"]}
    found = {record.row: record.values for record in source.records() if record.row in wanted}
    for place, name in enumerate(names, 1):
        errors.insert(place, name, [found.get(row, {}).get(name) for row in errors["row"]])
    return errors


def _bytes(value: Any) -> bytes:
    """Return a value as bytes, with all elements of the arrays in it."""
    if isinstance(value, tuple):
        return b"".join(map(_bytes, value))
    if isinstance(value, np.ndarray):
        return repr(value.shape).encode() + value.tobytes()
    return repr(value).encode("utf-8", "surrogatepass") + b"\n"


def class_outputs(answer: Any, classes: Sequence[str]) -> dict[str, Any]:
    """Return the outputs of ``serving_default`` for a network's answer [B, C].

    Returns:
        With classes ``label`` string [B] (the likeliest), ``score`` float [B] (its probability)
        and ``probabilities`` float [B, C]; without classes ``value`` float [B].
    """
    answer = tf.cast(answer, tf.float32)
    if not classes:
        return {"value": answer[:, 0]}
    return {
        "label": tf.gather(tf.constant(list(classes)), tf.argmax(answer, axis=-1)),
        "score": tf.reduce_max(answer, axis=-1),
        "probabilities": answer,
    }
