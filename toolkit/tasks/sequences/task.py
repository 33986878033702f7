"""Classification of series: one of several classes, several labels at once, or a number."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np
from numpy.typing import NDArray

from toolkit.data import (
    FrameFormat,
    LabelEncoder,
    PackedCorpus,
    PackedSequences,
    SeriesExample,
    Unreadable,
    encode_series,
)
from toolkit.data.series.examples import SeriesRows
from toolkit.errors import DataError, ModelError
from toolkit.export import Core
from toolkit.models import ManyToOne, SequenceModel
from toolkit.report.blocks import Examples
from toolkit.tasks.classifier import VALIDATION_STEPS, Classifier
from toolkit.tasks.explaining.classes import ClassExplanations, Parts
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.sequences import defaults
from toolkit.tasks.sequences.card import card_words
from toolkit.tasks.sequences.core import series_core
from toolkit.tasks.sequences.explanation import (
    GREY,
    MEANS,
    USUAL_VALUES,
    explain_signature,
    parts_of,
    shown,
)
from toolkit.tasks.sequences.golden import moving_squares, waves
from toolkit.tasks.sequences.inspection import inspect_series
from toolkit.tasks.sequences.options import SequenceClassifierOptions
from toolkit.tasks.sequences.prepared import front_arguments, prepare_series
from toolkit.tasks.sequences.reading import open_sequences, read_examples
from toolkit.tasks.sequences.serving import signatures
from toolkit.tasks.settings import Settings

#: The options of the network that have the same name there.
NETWORK = (
    *("cell", "hidden_size", "layers", "bidirectional", "pooling"),
    *("dropout", "recurrent_dropout", "output_dropout", "seed"),
)
#: The most series, and the most frames with padding, in one call of ``serving_default``.
BATCH, BATCH_FRAMES = 64, 65_536


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceClassifier(ClassExplanations, Classifier, SequenceClassifierOptions):
    """An estimator that learns from labelled series and classifies others.

    A series is a sequence of vectors [T, C]: the readings of C sensors, or the coordinates of a
    skeleton's joints. NaN is a missing value. The options are those of
    ``SequenceClassifierOptions``; each has a default, and ``auto`` depends on front and data.

    Example::

        classifier = SequenceClassifier(front="skeleton")
        classifier.fit((series, labels))  # arrays [T, 60], each of its own length
        classifier.predict([series[0]])
        # [{'label': 'running', 'score': 0.98, 'probabilities': {'running': 0.98, ...}}]
        classifier.export("saved_models/actions")

    ``data`` is what ``toolkit.data.open_series`` takes: a path (``.ts``, JSON Lines, a CSV or TSV
    file with a frame a row, ``.npz``, a folder with a sub-folder for each class), a pandas
    DataFrame, ``(series, labels)`` or ``(padded, labels, lengths)``.

    Where the data names subjects or speakers, none of them is both in the training and in the
    held-out part. Attributes are those of every task; ``classes`` are the class names in the order
    of the probabilities, and empty if numbers are predicted.
    """

    EXAMPLE = "sequence"
    LENGTH_UNIT = "frames"
    WITHOUT = "the series without the frame"
    INPUT_NAME = "series"
    INPUT_PADDING: ClassVar[Mapping[str, Any]] = {"series": 0.0, "frames": 0}
    OWN_INPUTS = "channels"
    EXPORT_FORMATS = ("saved_model", "onnx", "litert")

    @property
    def input_name(self) -> str:
        """The main input of ``serving_default`` with these options."""
        return "frames" if self.front == "frames" else self.INPUT_NAME

    @property
    def own_origin(self) -> str:
        """The origin of ``_own_inputs`` with these options."""
        return "squares" if self.front == "frames" else self.OWN_INPUTS

    # Training

    def _prepare(self, settings: Settings, data: Any, validation_data: Any) -> Prepared:
        return prepare_series(settings, data, validation_data)

    def _defaults(self, prepared: Prepared) -> Mapping[str, Any]:
        return defaults.resolved(prepared.size, self.front, self._weight)

    def _validation_steps(self) -> int:
        return max(1, VALIDATION_STEPS // self._weight)

    def _network(self, prepared: Prepared) -> keras.Model:
        settings = prepared.settings
        return ManyToOne(
            **front_arguments(settings, prepared.train),
            embedding_dropout=settings.input_dropout,
            dtype=settings.precision,
            **{name: getattr(settings, name) for name in NETWORK},
            **self._output_arguments(prepared),
        )

    def _inspect(self, settings: Settings, data: Any, validation_data: Any) -> dict[str, Any]:
        prepared = self._resolve(self._prepare(settings, data, validation_data))
        return inspect_series(prepared, lambda: self._cost(prepared))

    # Prediction and evaluation

    def _series(self, data: Any, part: str | None, labelled: bool = True) -> SeriesRows:
        return read_examples(
            *(open_sequences(data, part, self), self),
            labelled=labelled,
            grouped=False,
            channels=self.facts.get("channels", ()),
        )

    def _examples(self, data: Any, labelled: bool) -> Iterable[SeriesExample]:
        if not labelled:
            return self._series(data, None, labelled=False)
        return self._series(data, "test").known(LabelEncoder(self.target, self.classes))

    def _packed(self, series: Iterable[Any]) -> PackedSequences:
        frames = FrameFormat.of(self)
        if frames is not None:
            return PackedSequences.from_sequences(series, np.uint8, frames.shape)
        channels = len(self.facts["channels"])
        return PackedSequences.from_sequences(series, np.float32, (channels,))

    @property
    def _weight(self) -> int:
        """The memory of a frame: its values in units of those of a usual one, at least 1."""
        frames = FrameFormat.of(self)
        return 1 if frames is None else max(1, int(np.prod(frames.shape)) // USUAL_VALUES)

    def _answers(self, examples: Sequence[SeriesExample]) -> dict[str, Any]:
        if not examples:
            return {}
        packed = self._packed(example.series for example in examples)
        order = np.argsort(packed.lengths, kind="stable")
        parts = [
            self._serve(
                "serving_default",
                **{self.input_name: packed.batch(rows), "length": packed.lengths[rows]},
            )
            for rows in _batches(order, packed.lengths * self._weight)
        ]
        inverse = np.argsort(order)
        return {name: np.concatenate([part[name] for part in parts])[inverse] for name in parts[0]}

    def _encode(self, data: Any) -> PackedCorpus:
        self._needs_model("diagnose")
        return encode_series(self._series(data, "test"), LabelEncoder(self.target, self.classes))

    def _text(self, example: SeriesExample) -> str:
        return example.place

    def _length(self, example: SeriesExample) -> int:
        return len(example.series)

    def _drawings(self) -> Callable[[Sequence[Any]], Examples]:
        from toolkit.tasks.sequences.viewing import answer_examples

        def drawn(examples: Sequence[Any]) -> Examples:
            answers = self._plain_answers(examples)
            series = [example.series for example in examples]
            right = [str(example.label) for example in examples]
            return answer_examples(self, zip(series, answers, strict=True), right)

        return drawn

    def _content(self, example: SeriesExample) -> bytes:
        return repr(example.series.shape).encode() + example.series.tobytes()

    def _steps(self, values: Any) -> list[str]:
        return [str(number) for number in range(1, len(values) + 1, self.stride)]

    # Frame by frame

    def answer_frames(self, frames: Iterable[Any]) -> Iterator[dict[str, Any]]:
        """Answer one series after each of its frames, as they arrive.

        Args:
            frames: Frames [C] of numbers, where None and NaN are missing values; of videos, frames
                uint8 [H, W] or [H, W, C] at the network's rate. A ``toolkit.data.Unreadable``
                stands in the place of a frame that cannot be read.

        Returns:
            An iterator of answers: after each frame what ``predict`` answers to the series up to
            it; in the place of an unreadable one only ``error``, and the series goes on without it.

        Raises:
            ModelError: The task is not fitted, or its network reads in both directions; in the
                iteration, a frame has another number of channels.
        """
        states, video = self._first_states(1), FrameFormat.of(self)

        def answers() -> Iterator[dict[str, Any]]:
            nonlocal states
            for frame in frames:
                if isinstance(frame, Unreadable):
                    yield {"error": frame.problem}
                    continue
                if video is not None:
                    (frame,) = video.fit(np.asarray(frame)[None])
                (answer,), states = self._step([frame], states)
                yield self._plain_answer(answer)

        return answers()

    def answer_over_time(self, series: Sequence[Any]) -> list[NDArray[np.float32]]:
        """Return the answers to series after each of their frames.

        Args:
            series: Arrays [T, C], each of its own length, T at least 1; NaN is missing. Of videos,
                frames uint8 [T, H, W, C].

        Returns:
            For each series the probabilities of the classes after each frame [T, K]; of a number
            [T, 1].

        Raises:
            ModelError: The task is not fitted, or its network reads in both directions.
        """
        packed = self._packed(series)
        order = np.argsort(packed.lengths, kind="stable")
        found: dict[int, NDArray[np.float32]] = {}
        for rows in _batches(order, packed.lengths * self._weight):
            values, answers = packed.batch(rows), []
            states = self._first_states(len(rows))
            for frames in values.swapaxes(0, 1):
                answer, states = self._step(frames, states)
                answers.append(answer)
            together = np.stack(answers, axis=1)
            for row, answer in zip(rows.tolist(), together, strict=True):
                found[row] = answer[: packed.lengths[row]]
        return [found[row] for row in range(len(found))]

    def _first_states(self, series: int) -> dict[str, Any]:
        """Return the states before the first frame of series that are read side by side."""
        self._check_fitted()
        if "step" not in self._specs:
            raise ModelError(
                "this network reads series in both directions, so that it answers whole ones only; "
                "to answer frame by frame, train one with bidirectional=False"
            )
        specs = self._specs["step"].items()
        sizes = {name: spec.shape[1] for name, spec in specs if name != "frame"}
        return {name: np.zeros((series, size), np.float32) for name, size in sizes.items()}

    def _step(
        self, frames: Any, states: Mapping[str, Any]
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Return the answers [B, K] after one frame [B, C] more, and the states after it."""
        outputs = self._serve("step", frame=frames, **states)
        answer = outputs["probabilities"] if self.classes else outputs["value"][:, None]
        return answer, {name: outputs[name] for name in states}

    def _plain_answer(self, answer: NDArray[np.float32]) -> dict[str, Any]:
        """Return the answer of one series [K] as plain values."""
        if not self.classes:
            return {"value": float(answer[0])}
        best = int(answer.argmax())
        return self._plain(self.classes[best], answer[best], answer)

    # Explanations

    @property
    def _baseline(self) -> str:
        return GREY if self.front == "frames" else MEANS

    def _explain_signature(self, model: SequenceModel) -> Any:
        return explain_signature(model, self.classes)

    def _value(self, example: SeriesExample) -> NDArray[Any]:
        return example.series

    def _explained_inputs(self, example: SeriesExample) -> dict[str, Any]:
        packed = self._packed([example.series])
        return {self.input_name: packed.batch(np.arange(1)), "length": packed.lengths}

    def _named_parts(self, example: SeriesExample, outputs: Mapping[str, Any]) -> dict[str, Any]:
        return shown(example, outputs, self.facts.get("channels", ()))

    def _parts(self, example: SeriesExample) -> Parts:
        return parts_of(example)

    # Exporting

    def _signatures(self, model: SequenceModel) -> dict[str, Any]:
        return signatures(model, self.classes)

    def _core(self, model: SequenceModel, questions: Sequence[Any], length: int | None) -> Core:
        return series_core(model, self._card_words()["task"], self.classes, questions)

    def _own_inputs(self) -> Sequence[Any]:
        """Return series about the means of the channels, or videos of a moving square."""
        network = self._needs_model("export").network
        if self.front == "frames":
            return moving_squares(network.config["video"]["shape"])
        return waves(network.config["series"]["means"])

    def _golden_questions(self, golden: Sequence[Any]) -> list[dict[str, Any]]:
        questions = []
        for example in self._series(list(golden), None, labelled=False):
            if example.problem is not None:
                raise DataError(f"golden, {example.problem}")
            values = example.series
            if values.dtype == np.float32:
                values = values.astype(str).astype(np.float64)  # 0.1, not 0.100000001
            questions.append({self.input_name: values.tolist(), "length": len(values)})
        return questions

    def _card_words(self) -> dict[str, Any]:
        return card_words(self.target, self.facts.get("channels", ()), FrameFormat.of(self))


def _batches(order: Any, lengths: Any) -> Iterable[Any]:
    """Yield the rows of batches of at most ``BATCH`` series and, if more than one, of few frames.

    Args:
        order: The rows by length.
        lengths: The numbers of frames, or of usual ones that take as much memory.
    """
    start = 0
    while start < len(order):
        longest = lengths[order[start : start + BATCH]]
        frames = longest * np.arange(1, len(longest) + 1)
        stop = start + max(1, int(np.searchsorted(frames, BATCH_FRAMES, side="right")))
        yield order[start:stop]
        start = stop
