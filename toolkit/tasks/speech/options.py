"""The options of a recogniser of speech."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.data.audio.options import AudioOptions
from toolkit.errors import ModelError, OptionError
from toolkit.export import is_exported, read_description
from toolkit.options import Limits, check_options, option
from toolkit.tasks.options import EncoderOptions, check_monitor
from toolkit.training.options import TrainingOptions

#: The metrics for early stopping, with ``max`` or ``min``; the first is auto.
MONITORS = {
    "word_accuracy": "max",
    "wer": "min",
    "cer": "min",
    "sentence_error": "min",
    "log_loss": "min",
}
#: The token levels of language models that can help a beam search.
LANGUAGE_MODEL_LEVELS = ("characters", "words")
#: The answer to a recording that cannot be read, beside its ``error``.
NO_SPEECH = {"text": ""}


@dataclass(kw_only=True)
class SpeechFrontOptions:
    """The options of what a network of speech reads of a recording.

    Args:
        symbols: What the network writes: characters, or whole words of the training data.
        sample_rate: The samples a second to which recordings are brought; auto is the most frequent
            rate of the first training recordings, but at most 16,000.
        mel_bands: The number of bands of the spectrum, from 60 Hz to half of sample_rate.
        mean: The mean that is taken off each band: that of the recording, so that the microphone
            matters less, or that of the training data; auto is training for networks of one
            direction, and where most recordings take less than 2 seconds, since the mean of a short
            word is a part of what tells it from others.
        stack: The number of frames, 25 ms long and 10 ms apart, that make a step; auto is the
            largest of 1 to 3 that leaves nearly all transcripts two steps a symbol.
        max_seconds: The longest recording to learn from; longer ones are bad rows.
    """

    LIMITS: ClassVar[Limits] = {
        "mel_bands": (1, 257),
        "stack": (1, 17),
        "sample_rate": (1_000, 192_001),
        "max_seconds": (0.01, None),
    }
    FIXED: ClassVar[tuple[str, ...]] = ("symbols", "sample_rate", "mel_bands", "mean", "stack")

    symbols: Literal["characters", "words"] = "characters"
    sample_rate: int | Literal["auto"] = "auto"
    mel_bands: int = 40
    mean: Literal["recording", "training", "auto"] = "auto"
    stack: int | Literal["auto"] = "auto"
    max_seconds: float = 30.0


@dataclass(kw_only=True)
class AudioAugmentationOptions:
    """The random changes of recordings in training.

    Args:
        speed: The largest change of speed, and of pitch with it: 0.1 makes a recording up to a
            tenth slower or, by the same factor, faster.
        noise: The share of recordings to which white noise is added, 10 to 50 decibels below them.
        masked_bands: The largest share of the bands of the spectrum that is masked, as one block.
        input_dropout: The share of the bands that is dropped for a whole recording.
    """

    LIMITS: ClassVar[Limits] = {
        "speed": (0, 1),
        "noise": (0, 1),
        "masked_bands": (0, 1),
        "input_dropout": (0, 1),
    }

    speed: float = 0.15
    noise: float = 0.5
    masked_bands: float = 0.3
    input_dropout: float = 0.05


@dataclass(kw_only=True)
class SearchOptions:
    """The options of the search for the text of a recording.

    Args:
        beam_size: The number of texts that a beam search keeps; 1 takes the likeliest path.
        language_model: The run of a language model that helps the beam search to choose, of
            characters or words without conditions; its own case and spelling should be those of the
            transcripts.
        language_model_weight: The weight of the log probability of a text in the language model.
        word_bonus: What each word adds to the score of a text, since a language model likes short
            ones.

    Raises:
        ModelError: The language model is no exported run of one.
        OptionError: A value is out of its limits, or the language model cannot help.
    """

    LIMITS: ClassVar[Limits] = {"beam_size": (1, 101), "language_model_weight": (0, None)}

    beam_size: int = 1
    language_model: str | None = None
    language_model_weight: float = 0.5
    word_bonus: float = 0.0

    def __post_init__(self) -> None:
        check_options(self)
        if self.language_model is not None:
            self._check_language_model(self.language_model)
            return
        for name in ("language_model_weight", "word_bonus"):
            if getattr(self, name) != getattr(SearchOptions, name):
                raise OptionError(f"{option(name)} needs {option('language_model', 'RUN')}")

    def _check_language_model(self, run: str) -> None:
        """Check that a language model can help, by its description."""
        if self.beam_size < 2:
            raise OptionError(
                f"{option('language_model')} chooses among the texts of a beam search; set "
                f"{option('beam_size', 10)}"
            )
        found = read_description(run, "LanguageModel")
        level = found["options"]["token_level"]
        if level not in LANGUAGE_MODEL_LEVELS:
            raise OptionError(
                f"{option('language_model')} {run} is of {level}; it can be of "
                f"{' or '.join(LANGUAGE_MODEL_LEVELS)}"
            )
        if found["options"].get("condition_column") is not None:
            raise OptionError(
                f"{option('language_model')} {run} writes text under conditions; it needs to be "
                "without"
            )
        if not is_exported(run):
            raise ModelError(f"{run} has no SavedModel; export it")


@dataclass(kw_only=True)
class RecognitionOptions(SearchOptions):
    """The options of recognition at prediction.

    Args:
        words: Whether to return the words with their times.
        n_best: The number of texts of each recording that a beam search returns.

    Raises:
        OptionError: A value is out of its limits.
    """

    LIMITS: ClassVar[Limits] = {"n_best": (1, 101)}

    words: bool = False
    n_best: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_best > self.beam_size:
            raise OptionError(
                f"{option('n_best')} is {self.n_best}; {option('beam_size')}, {self.beam_size}, "
                "is the most that it can be"
            )


@dataclass(kw_only=True)
class SpeechRecognizerOptions(
    AudioOptions,
    SpeechFrontOptions,
    EncoderOptions,
    AudioAugmentationOptions,
    TrainingOptions,
):
    """The options of a recogniser of speech.

    Args:
        layers: The number of recurrent layers.
        dropout: The share of each layer's inputs that is dropped, one mask for a whole recording.
        patience: The number of epochs without a better metric that end the training. At first a
            network writes blanks alone; as long as no word is right, the log loss decides.

    Raises:
        OptionError: A value is not one of the choices, or out of its limits.
    """

    FIXED: ClassVar[tuple[str, ...]] = ("lowercase",)

    layers: int = 2
    dropout: float = 0.3
    patience: int = 30

    def __post_init__(self) -> None:
        check_options(self)
        self.check_cell()
        check_monitor(self.monitor, MONITORS)
        if self.mean == "recording" and not self.bidirectional:
            raise OptionError(
                f"{option('mean', 'recording')} needs the whole recording, and a network of one "
                f"direction reads it as it arrives; set {option('mean', 'training')}"
            )
