"""Recognition of speech: the words of a recording."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import keras

from toolkit.audio.frames import Framing
from toolkit.data import AudioExamples, open_audio
from toolkit.data.audio.corpus import AudioCorpus, read_recordings
from toolkit.data.audio.recording import Recording, open_recording
from toolkit.data.audio.wav import wav_bytes
from toolkit.data.bad_rows import BadRowError
from toolkit.diagnostics.diagnosis import Subject
from toolkit.errors import DataError, ModelError
from toolkit.evaluation import HeardRecording, draw_spikes
from toolkit.export import Core
from toolkit.models import SequenceModel
from toolkit.models.speech import SpeechToMany
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.settings import Settings
from toolkit.tasks.speech import defaults
from toolkit.tasks.speech.alignment import Alignment, aligned_answers
from toolkit.tasks.speech.card import card_words
from toolkit.tasks.speech.core import speech_core
from toolkit.tasks.speech.golden import tones
from toolkit.tasks.speech.inspection import inspect_speech
from toolkit.tasks.speech.language_model import fused_beam
from toolkit.tasks.speech.options import (
    MONITORS,
    NO_SPEECH,
    RecognitionOptions,
    SearchOptions,
    SpeechRecognizerOptions,
)
from toolkit.tasks.speech.outcomes import SpeechOutcomes, recognise_labelled
from toolkit.tasks.speech.prepared import (
    PreparedSpeech,
    audio_arguments,
    encode_transcripts,
    prepare_speech,
)
from toolkit.tasks.speech.recognition import Recognition, Spoken, arriving_text
from toolkit.tasks.speech.serving import signatures
from toolkit.tasks.speech.subject import speech_subject
from toolkit.tasks.speech.validation import validation
from toolkit.tasks.speech.viewing import heard_recording
from toolkit.tasks.task import Task

logger = logging.getLogger("toolkit")

#: The options that are arguments of the network.
NETWORK = (
    *("cell", "hidden_size", "layers", "bidirectional", "input_dropout", "dropout"),
    *("recurrent_dropout", "output_dropout", "seed"),
)


@dataclass(kw_only=True, eq=False, repr=False)
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

    Attributes are those of every task, and ``search``, the ``SearchOptions`` of ``evaluate``.
    """

    INPUT_NAME = "wav"
    OWN_INPUTS = "tones"
    EXPORT_FORMATS = ("saved_model", "onnx", "litert")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.search = SearchOptions()

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
        assert isinstance(prepared, PreparedSpeech)
        return validation(network, prepared)

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
        tokens = self.facts["batch_tokens"]
        return speech_subject(network, self._encode(data), tokens, self.seed)

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

    def _recordings(self, data: Any, labelled: bool, grouped: bool = True) -> AudioExamples:
        source = open_audio(data, "test", self)
        return AudioExamples(source, self, labelled, self._rate, grouped)

    def predict(self, texts: Any, **options: Any) -> list[dict[str, Any]]:
        """Write what is said in each recording, in order.

        Long recordings are read in pieces that overlap.

        Args:
            texts: A list of recordings, a path, or data of any other kind that ``fit`` takes;
                transcripts are ignored.
            options: The values of ``RecognitionOptions``: ``words``, ``n_best``, ``beam_size``,
                ``language_model``, ``language_model_weight`` and ``word_bonus``.

        Returns:
            For each recording ``text`` and ``score``, the mean log probability of a step of the
            likeliest path, or of a beam search the log probability of the text, to which a language
            model has added; with ``words`` also these: ``word``, ``start`` and ``end`` in seconds,
            and ``seconds``, the duration; with ``n_best`` of 2 or more also ``texts`` and
            ``scores``, the best first, of a long recording one alone. A recording that cannot be
            read has an empty ``text`` and ``error``, its place and the reason.

        Raises:
            ModelError: The task is not fitted, or there is no such language model.
            OptionError: A value is out of its limits, or the language model cannot help.
        """
        chosen = RecognitionOptions(**options)
        self._check_fitted()
        recognition = self._recognition(chosen)
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
            else recognition.plain(answer, chosen.words, chosen.n_best)
            for answer in answers
        ]

    def align(self, recordings: Any, transcripts: Any = None) -> list[dict[str, Any]]:
        """Return where each word and symbol of given transcripts is in its recording, in order.

        The times are those of the likeliest path of CTC that writes the transcript.

        Args:
            recordings: A list of recordings; without ``transcripts``, labelled data of any kind
                that ``fit`` takes.
            transcripts: Their transcripts.

        Returns:
            For each recording ``text``, its transcript as the model reads it; ``score``, the mean
            log probability of a step of the path; ``words``, each with ``word``, ``start`` and
            ``end`` in seconds; ``symbols``, likewise with ``symbol``; and ``seconds``, the
            duration. A recording that cannot be aligned has ``text`` and ``error``, its place and
            the reason.

        Raises:
            DataError: There are no transcripts, or another number of them.
            ModelError: The task is not fitted, or was exported by an earlier version.
        """
        self._check_fitted()
        data = recordings if transcripts is None else (recordings, transcripts)
        ask, encode = self._probabilities(), partial(self._serve, "encode")
        alignment = Alignment(self._framing, self.symbols == "words", ask, encode)
        examples = self._recordings(data, labelled=True, grouped=False)
        examples.for_prediction = True
        return aligned_answers(alignment, examples)

    def draw(self, recording: Any, path: str | Path, name: str = "") -> None:
        """Draw the log-mel spectrogram of a recording, and the probabilities of symbols over time.

        Args:
            recording: The recording; of one of over 30 s the beginning is drawn.
            path: The PNG file.
            name: The title.

        Raises:
            DataError: The recording cannot be read.
            ModelError: The task is not fitted, or was exported by an earlier version.
        """
        self._check_fitted()
        try:
            heard = self._look(open_recording(recording, self._rate))
        except BadRowError as error:
            raise DataError(str(error)) from None
        lines = [line for line in (name, heard.name) if line]
        draw_spikes(replace(heard, name="\n".join(lines)), path)

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
        return arriving_text(partial(self._serve, "step"), sizes, parts)

    def _recognition(self, options: SearchOptions) -> Recognition:
        """Return a recognition by the exported model."""
        word_by_word, framing = self.symbols == "words", self._framing
        ask: Callable[..., dict[str, Any]] = partial(self._serve, "align")
        if options.language_model is not None:
            ask = fused_beam(self._probabilities(), options, framing.step_seconds, word_by_word)
        elif options.beam_size > 1:
            ask = partial(self._serve, "beam", beam_size=options.beam_size)
        return Recognition(framing, word_by_word, ask)

    def _look(self, recording: Recording) -> HeardRecording:
        """Return what a picture shows of a recording."""
        bands, ask = self.mel_bands, self._probabilities()
        return heard_recording(recording, self._framing, bands, ask)

    @property
    def _framing(self) -> Framing:
        """The steps of the network."""
        return Framing(self._rate, stack=self.facts["stack"])

    def _probabilities(self) -> Callable[..., dict[str, Any]]:
        """Return the signature ``probabilities`` as a function.

        Raises:
            ModelError: The run was exported before there was one.
        """
        if "probabilities" not in self._calls:
            raise ModelError(
                "the run was exported by an earlier version, without the probabilities of symbols; "
                "export it again"
            )
        return partial(self._serve, "probabilities")

    def _outcomes(self, data: Any, keep_errors: bool) -> SpeechOutcomes:
        self._check_fitted()
        recognition = self._recognition(self.search)
        look = self._look if keep_errors and "probabilities" in self._calls else None
        return recognise_labelled(recognition, self._recordings(data, labelled=True), look)

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

    @property
    def _core_length(self) -> int:
        return round(min(self.max_seconds, 10) * self._rate)

    def _core(self, model: SequenceModel, questions: Sequence[Any], length: int | None) -> Core:
        return speech_core(model, questions)

    def _card_words(self) -> dict[str, Any]:
        return card_words(self.facts)
