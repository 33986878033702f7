"""Recognition of speech: the words of a recording."""

import logging
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from toolkit.audio.ctc import ctc_loss
from toolkit.audio.frames import Framing
from toolkit.data import AudioExamples, LengthBatches, open_audio
from toolkit.data.audio.corpus import AudioCorpus, read_recordings
from toolkit.data.audio.examples import AudioExample
from toolkit.data.audio.wav import wav_bytes
from toolkit.data.bad_rows import BadRowError
from toolkit.diagnostics.diagnosis import Subject, Track, Window, longest, shortened
from toolkit.errors import DataError, ModelError
from toolkit.evaluation import speech_metrics
from toolkit.models import SequenceModel
from toolkit.models.speech import SpeechToMany
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.settings import Settings
from toolkit.tasks.speech import defaults
from toolkit.tasks.speech.card import card_words
from toolkit.tasks.speech.golden import tones
from toolkit.tasks.speech.inspection import inspect_speech
from toolkit.tasks.speech.options import (
    MONITORS,
    NO_SPEECH,
    RecognitionOptions,
    SpeechRecognizerOptions,
)
from toolkit.tasks.speech.outcomes import SpeechOutcomes
from toolkit.tasks.speech.prepared import (
    PreparedSpeech,
    audio_arguments,
    encode_transcripts,
    prepare_speech,
)
from toolkit.tasks.speech.recognition import Recognition, Spoken
from toolkit.tasks.speech.serving import signatures
from toolkit.tasks.task import Task

logger = logging.getLogger("toolkit")

#: The number of steps, padding included, of a validation batch.
VALIDATION_STEPS = 8_192
#: The options that are arguments of the network.
NETWORK = (
    *("cell", "hidden_size", "layers", "bidirectional", "input_dropout", "dropout"),
    *("recurrent_dropout", "output_dropout", "seed"),
)


@dataclass(kw_only=True, eq=False)
class SpeechRecognizer(Task, SpeechRecognizerOptions):
    """An estimator that learns from recordings with transcripts, and writes what is said.

    The options are those of ``SpeechRecognizerOptions``; each has a default, and ``auto`` depends
    on the data.

    Example::

        recognizer = SpeechRecognizer()
        recognizer.fit("recordings/metadata.csv")
        recognizer.predict(["new.wav"])   # [{'text': 'nine one four', 'score': -0.03}]
        recognizer.export("saved_models/digits")

    ``data`` is a path (a table, as those of ``TextClassifier``; a folder or a ``.zip`` archive of
    several layouts; see ``toolkit.data.open_audio``), a table in memory, ``(recordings,
    transcripts)``, or a list of such pairs. A recording
    is the path or the bytes of a file, a pair of a rate and an array of samples, or an array alone,
    whose rate is then ``sample_rate``, or the model's. Arrays are uint8, int16, int32 or floats.

    ``evaluate`` returns the metrics of ``toolkit.evaluation.speech_metrics``, and with groups, such
    as speakers, the errors of each. Its ``output`` folder gets ``metrics.json`` and
    ``recordings.csv``, the worst first.

    Attributes are those of every task.
    """

    INPUT_NAME = "wav"
    OWN_INPUTS = "tones"
    NO_ONNX = (
        "a recogniser of speech cannot be exported as onnx, which has no operators that read a "
        "recording"
    )

    # Training

    def _prepare(self, settings: Settings, data: Any, validation_data: Any) -> PreparedSpeech:
        return prepare_speech(settings, data, validation_data)

    def _defaults(self, prepared: Prepared) -> Mapping[str, Any]:
        return defaults.resolved(prepared.size)

    def _network(self, prepared: Prepared) -> SpeechToMany:
        settings = prepared.settings
        return SpeechToMany(
            prepared.target_preprocessing.vocabulary_size,
            audio_arguments(settings, prepared.train),
            dtype=settings.precision,
            **{name: getattr(settings, name) for name in NETWORK},
        )

    def _log_size(self, prepared: Prepared, batches: Any, network: keras.Model) -> None:
        logger.info(
            "%d recordings of %.1f minutes to train on, %d to validate; %d symbols; %d batches, "
            "%.1f %% of them padding; %d parameters",
            *(prepared.size.texts, prepared.train.seconds / 60, len(prepared.held_out or ())),
            *(prepared.target_preprocessing.vocabulary_size - 2, len(batches)),
            *(100 * batches.padding_share, network.count_params()),
        )

    def _monitors(self) -> Mapping[str, str]:
        return MONITORS

    def _validation(self, network: keras.Model, prepared: Prepared) -> Callable[[], dict[str, Any]]:
        """Write the held-out recordings by their likeliest paths, and measure the result."""
        assert isinstance(prepared, PreparedSpeech)
        held_out: AudioCorpus = prepared.held_out
        batches = LengthBatches(held_out, VALIDATION_STEPS, shuffle=False)
        symbols = int(held_out.labels.lengths.sum())

        @tf.function(
            input_signature=[held_out.input_signature, held_out.target_signature],
            autograph=False,
        )
        def validate_batch(inputs: Any, ids: Any) -> tuple[Any, Any]:
            best, loss = network.validate(inputs, ids)
            return prepared.target_preprocessing.detokenize(best), loss

        def measure() -> dict[str, Any]:
            parts = [validate_batch(*batch) for batch in batches.dataset()]
            texts = batches.restore(np.concatenate([part[0].numpy() for part in parts]))
            answers = [text.decode("utf-8", "replace") for text in texts]
            loss = sum(float(part[1]) for part in parts) / max(1, symbols)
            return speech_metrics(prepared.held_out_texts, answers) | {"log_loss": loss}

        return measure

    def _inspect(self, settings: Settings, data: Any, validation_data: Any) -> dict[str, Any]:
        prepared = self._prepare(settings, data, validation_data)
        return inspect_speech(prepared, lambda: self._cost(self._resolve(prepared)))

    def _epoch_figures(
        self, network: keras.Model, batches: Any, trial: Any, prepared: Prepared
    ) -> dict[str, Any]:
        framing = prepared.train.framing
        steps = trial.time_steps // (framing.stack * framing.hop_size)  # of samples
        trial = replace(trial, time_steps=max(1, steps))
        return super()._epoch_figures(network, batches, trial, prepared)

    # Gradients

    def _subject(self, data: Any, network: keras.Model) -> Subject:
        corpus = self._encode(data)
        framing = corpus.framing

        def losses(inputs: Any, ids: Any) -> tuple[Any, Any]:
            values = ctc_loss(network(inputs, training=False), ids)[:, None]
            return values, tf.ones_like(values)

        def window(recordings: int, steps: int) -> Window:
            chosen, length = longest(corpus.lengths, recordings, steps)
            inputs = shortened(corpus.inputs(chosen), framing.samples(length), values="length")
            ids = corpus.targets(chosen)[:, : max(1, length // 2)]  # can always be aligned
            times = [f"{number * framing.step_seconds:.2f} s" for number in range(length)]
            return Window(inputs, ids, {"audio": times})

        batches = LengthBatches(corpus, self.facts["batch_tokens"], self.seed).dataset()
        tracks = {"audio": Track(network.recurrent, at_end=True)}
        return Subject(network, batches, losses, window, tracks)

    def _encode(self, data: Any) -> AudioCorpus:
        """Return labelled recordings as the network takes them."""
        model = self._needs_model("diagnose")
        read = read_recordings(self._recordings(data, True), self._rate, self.max_seconds)
        ids = encode_transcripts(model.target_preprocessing, read.transcripts)
        return AudioCorpus(read.sequences, ids, read.rows, model.network.front.framing)

    # Prediction and evaluation

    @property
    def _rate(self) -> int:
        """The samples a second that the network reads."""
        rate: int = self.facts["sample_rate"]
        return rate

    def _recordings(self, data: Any, labelled: bool) -> AudioExamples:
        source = open_audio(data, "test", self)
        return AudioExamples(source, self, labelled, self._rate)

    def predict(
        self, texts: Any, words: bool = False, beam_size: int = 1, n_best: int = 1
    ) -> list[dict[str, Any]]:
        """Write what is said in each recording, in order.

        Long recordings are read in pieces that overlap.

        Args:
            texts: A list of recordings, a path, or data of any other kind that ``fit`` takes;
                transcripts are ignored.
            words: Whether to return the words with their times.
            beam_size: The number of texts that a beam search keeps; 1 takes the likeliest path.
            n_best: The number of texts of each recording, at most ``beam_size``.

        Returns:
            For each recording ``text`` and ``score``, the mean log probability of a step of the
            likeliest path, or of a beam search the log probability of the text; with ``words`` also
            these: ``word``, ``start`` and ``end`` in seconds; with ``n_best`` of 2 or more also
            ``texts`` and ``scores``, the best first, of a long recording one alone. A recording
            that cannot be read has an empty ``text`` and ``error``, its place and the reason.

        Raises:
            ModelError: The task is not fitted.
            OptionError: ``beam_size`` is out of its limits, or smaller than ``n_best``.
        """
        RecognitionOptions(words=words, beam_size=beam_size, n_best=n_best)  # checks the values
        self._check_fitted()
        recognition = self._recognition(beam_size)
        answers: list[Spoken | str] = []
        for example in self._recordings(texts, labelled=False):
            problem = example.problem
            if example.recording is not None:
                try:
                    answers.append(recognition.add(example.recording))
                    continue
                except BadRowError as error:
                    problem = f"{example.place}: {error}"
            answers.append(problem or "")
        recognition.finish()
        return [
            {**NO_SPEECH, "error": answer}
            if isinstance(answer, str)
            else recognition.plain(answer, words, n_best)
            for answer in answers
        ]

    def stream(self, parts: Iterable[Any]) -> Iterator[str]:
        """Write what is said in a recording while it goes on.

        Args:
            parts: Its samples as they arrive, arrays [N] at the model's rate: of floats from -1 to
                1, or of 16 bits.

        Returns:
            An iterator: after each part what it adds to the text. Together they are the text of
            the whole recording, if that is no shorter than a step.

        Raises:
            ModelError: The task is not fitted, or its network reads in both directions.
        """
        self._check_fitted()
        if "step" not in self._specs:
            raise ModelError(
                "this network reads recordings in both directions, so that it answers whole ones "
                "only; to answer while one goes on, train one with bidirectional=False"
            )
        sizes = {n: s.shape[1] for n, s in self._specs["step"].items() if n.startswith("state_")}
        before: dict[str, Any] = {name: np.zeros((1, size)) for name, size in sizes.items()}
        before |= {"tail": np.zeros((1, 0)), "last": [0]}

        def texts() -> Iterator[str]:
            for part in parts:
                samples = np.asarray(part)
                scale = 2.0**15 if samples.dtype.kind == "i" else 1.0
                outputs = self._serve("step", audio=samples[None] / scale, **before)
                before.update({name: outputs[name] for name in before})
                yield str(outputs["text"][0])

        return texts()

    def _recognition(self, beam_size: int = 1) -> Recognition:
        """Return a recognition by the exported model."""
        ask = partial(self._serve, "align")
        if beam_size > 1:
            ask = partial(self._serve, "beam", beam_size=beam_size)
        framing = Framing(self._rate, stack=self.facts["stack"])
        return Recognition(framing, self.symbols == "words", ask)

    def _outcomes(self, data: Any, keep_errors: bool) -> SpeechOutcomes:
        self._check_fitted()
        recognition = self._recognition()
        examples = self._recordings(data, labelled=True)
        kept: list[AudioExample] = []
        answers: list[Spoken] = []
        seconds: list[float] = []
        checksum = 0
        for example in examples:
            assert example.recording is not None
            try:
                answers.append(recognition.add(example.recording))
            except BadRowError as error:
                examples.reject(example.place, str(error))
                continue
            kept.append(example._replace(recording=None))  # which holds an open file
            seconds.append(example.recording.seconds)
            content = f"{example.recording.rate} {example.recording.length} {example.transcript}\n"
            checksum = zlib.crc32(content.encode("utf-8", "surrogatepass"), checksum)
        recognition.finish()
        if not kept:
            raise examples.no_usable_rows()
        return SpeechOutcomes(
            [example.place for example in kept],
            [example.transcript for example in kept],
            [recognition.text(answer) for answer in answers],
            [example.group or "" for example in kept] if examples.group_column else [],
            seconds,
            checksum,
        )

    # Exporting

    def _signatures(self, model: SequenceModel) -> dict[str, Any]:
        return signatures(model)

    def _own_inputs(self) -> Sequence[Any]:
        """Return tones, noise and an empty recording."""
        return tones(self._rate)

    def _golden_questions(self, golden: Sequence[Any]) -> list[dict[str, Any]]:
        questions = []
        for example in self._recordings(list(golden), labelled=False):
            if example.recording is None:
                raise DataError(f"golden, {example.problem}")
            samples = example.recording.samples(self._rate, louder=example.recording.gain())
            questions.append({"wav": wav_bytes(samples, self._rate)})
        return questions

    def _card_words(self) -> dict[str, Any]:
        return card_words(self.facts)
