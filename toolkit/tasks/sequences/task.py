"""Classification of series: one of several classes, several labels at once, or a number."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np

from toolkit.data import (
    LabelEncoder,
    PackedCorpus,
    PackedSequences,
    SeriesExample,
    SeriesExamples,
    encode_series,
    open_series,
)
from toolkit.errors import DataError
from toolkit.models import ManyToOne, SequenceModel
from toolkit.tasks.classifier import Classifier
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.sequences import defaults
from toolkit.tasks.sequences.card import card_words
from toolkit.tasks.sequences.options import SequenceClassifierOptions
from toolkit.tasks.sequences.prepared import front_arguments, prepare_series
from toolkit.tasks.sequences.serving import signatures
from toolkit.tasks.settings import Settings

#: The options of the network that have the same name there.
NETWORK = (
    *("cell", "hidden_size", "layers", "bidirectional", "pooling"),
    *("dropout", "recurrent_dropout", "output_dropout", "seed"),
)
#: The most series, and the most frames with padding, in one call of ``serving_default``.
BATCH, BATCH_FRAMES = 64, 65_536
#: The numbers of frames of the series of a golden file.
GOLDEN_LENGTHS = (24, 1, 7, 48)


@dataclass(kw_only=True, eq=False)
class SequenceClassifier(Classifier, SequenceClassifierOptions):
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

    INPUT_NAME = "series"
    INPUT_PADDING: ClassVar[Mapping[str, Any]] = {"series": 0.0}
    OWN_INPUTS = "channels"

    # Training

    def _prepare(self, settings: Settings, data: Any, validation_data: Any) -> Prepared:
        return prepare_series(settings, data, validation_data)

    def _defaults(self, prepared: Prepared) -> Mapping[str, Any]:
        return defaults.resolved(prepared.size, self.front)

    def _network(self, prepared: Prepared) -> keras.Model:
        settings = prepared.settings
        return ManyToOne(
            series=front_arguments(settings, prepared.train),
            embedding_dropout=settings.input_dropout,
            dtype=settings.precision,
            **{name: getattr(settings, name) for name in NETWORK},
            **self._output_arguments(prepared),
        )

    # Prediction and evaluation

    def _series(self, data: Any, part: str | None, labelled: bool = True) -> SeriesExamples:
        source = open_series(data, part, self)
        channels = len(self.facts["channels"])
        return SeriesExamples(source, self, labelled, grouped=False, channels=channels)

    def _examples(self, data: Any, labelled: bool) -> Iterable[SeriesExample]:
        if not labelled:
            return self._series(data, None, labelled=False)
        return self._series(data, "test").known(LabelEncoder(self.target, self.classes))

    def _answers(self, examples: Sequence[SeriesExample]) -> dict[str, Any]:
        if not examples:
            return {}
        shape = (len(self.facts["channels"]),)
        packed = PackedSequences.from_sequences([e.series for e in examples], np.float32, shape)
        order = np.argsort(packed.lengths, kind="stable")
        parts = [
            self._serve("serving_default", series=packed.batch(rows), length=packed.lengths[rows])
            for rows in _batches(order, packed.lengths)
        ]
        inverse = np.argsort(order)
        return {name: np.concatenate([part[name] for part in parts])[inverse] for name in parts[0]}

    def _encode(self, data: Any) -> PackedCorpus:
        self._needs_model("diagnose")
        return encode_series(self._series(data, "test"), LabelEncoder(self.target, self.classes))

    def _text(self, example: SeriesExample) -> str:
        return example.place

    def _content(self, example: SeriesExample) -> bytes:
        return repr(example.series.shape).encode() + example.series.tobytes()

    def _steps(self, values: Any) -> list[str]:
        return [str(number) for number in range(1, len(values) + 1, self.stride)]

    # Exporting

    def _signatures(self, model: SequenceModel) -> dict[str, Any]:
        return signatures(model, self.classes)

    def _own_inputs(self) -> Sequence[Any]:
        """Return series about the means of the channels, and one with missing values."""
        front = self._needs_model("export").network.config["series"]
        means = np.asarray(front["means"])
        phase = np.arange(len(means))
        series = []
        for length in GOLDEN_LENGTHS:
            time = np.arange(length)[:, None]
            series.append(np.round(means + 0.1 * np.sin(0.3 * time + phase), 3))
        series[-1][::5] = np.nan
        return [each.tolist() for each in series]

    def _golden_questions(self, golden: Sequence[Any]) -> list[dict[str, Any]]:
        questions = []
        for example in self._series(list(golden), None, labelled=False):
            if example.problem is not None:
                raise DataError(f"golden, {example.problem}")
            shortest = example.series.astype(str).astype(np.float64)  # 0.1, not 0.100000001
            questions.append({"series": shortest.tolist(), "length": len(shortest)})
        return questions

    def _card_words(self) -> dict[str, Any]:
        return card_words(self.target, self.facts["channels"])


def _batches(order: Any, lengths: Any) -> Iterable[Any]:
    """Yield the rows of batches of at most ``BATCH`` series and, if more than one, of few frames.

    Args:
        order: The rows by length.
        lengths: The numbers of frames.
    """
    start = 0
    while start < len(order):
        longest = lengths[order[start : start + BATCH]]
        frames = longest * np.arange(1, len(longest) + 1)
        stop = start + max(1, int(np.searchsorted(frames, BATCH_FRAMES, side="right")))
        yield order[start:stop]
        start = stop
