"""The options of a recogniser of speech."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.data.audio.options import AudioOptions
from toolkit.errors import OptionError
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
class RecognitionOptions:
    """The options of recognition at prediction.

    Args:
        words: Whether to return the words with their times.
        beam_size: The number of texts that a beam search keeps; 1 takes the likeliest path.
        n_best: The number of texts of each recording that a beam search returns.

    Raises:
        OptionError: A value is out of its limits.
    """

    LIMITS: ClassVar[Limits] = {"beam_size": (1, 101), "n_best": (1, 101)}

    words: bool = False
    beam_size: int = 1
    n_best: int = 1

    def __post_init__(self) -> None:
        check_options(self)
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
