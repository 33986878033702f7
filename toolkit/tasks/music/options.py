"""The options of a model of music, and those of generation."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.data.music.options import MusicDataOptions
from toolkit.errors import OptionError
from toolkit.options import Limits, check_options, option
from toolkit.tasks.options import RecurrentOptions, check_monitor
from toolkit.training.options import TrainingOptions

#: The metrics for early stopping, with ``max`` or ``min``; the first is auto.
MONITORS = {"log_loss": "min", "frame_accuracy": "max"}
#: The largest number of frames that can be generated at once.
MOST_GENERATED = 10_000


@dataclass(kw_only=True)
class MusicOptions(MusicDataOptions, RecurrentOptions, TrainingOptions):
    """The options of a model of music.

    Args:
        output_layer: How a frame is predicted: independent gives each key a probability of its
            own; autoregressive goes from the lowest key to the highest, each given those below it
            (NADE), so that chords fit together.
        output_size: The size of the output layer's own hidden layer; auto depends on the data.
        input_dropout: The share of the keys that the network does not read, for a whole piece; auto
            depends on the data.
        transpose: Whether each piece is trained in a random key in each epoch, up to six semitones
            away.
        window: The largest number of frames that the gradient spans; longer pieces are trained in
            parts of about equal length.
        patience: The number of epochs without a better metric that end the training.
        max_generated_length: The largest max_length that the exported model accepts.

    Raises:
        OptionError: A value is not one of the choices, or out of its limits.
    """

    LIMITS: ClassVar[Limits] = {
        "output_size": (1, None),
        "input_dropout": (0, 1),
        "window": (1, None),
        "max_generated_length": (1, MOST_GENERATED + 1),
    }
    FIXED: ClassVar[tuple[str, ...]] = ("output_layer", "output_size")
    #: The options that ``export`` may change.
    EXPORT_OPTIONS: ClassVar[tuple[str, ...]] = ("max_generated_length",)

    output_layer: Literal["independent", "autoregressive"] = "autoregressive"
    output_size: int | Literal["auto"] = "auto"
    input_dropout: float | Literal["auto"] = "auto"
    transpose: bool = True
    window: int = 512
    patience: int = 20
    max_generated_length: int = MOST_GENERATED

    def __post_init__(self) -> None:
        check_options(self)
        self.check_cell()
        check_monitor(self.monitor, MONITORS)

    def check_generated_length(self, length: int) -> None:
        """Check that the exported model generates so many frames.

        Raises:
            OptionError: It generates fewer ones alone.
        """
        if length > self.max_generated_length:
            raise OptionError(
                f"{option('length')} is {length}; this model generates at most "
                f"{self.max_generated_length} frames"
            )


@dataclass(kw_only=True)
class MusicGenerationOptions:
    """The options of the generation of music.

    Args:
        length: The number of generated frames.
        temperature: The divisor of the log odds of each key: below 1 likely keys become likelier; 0
            always takes the likelier of sounding and not sounding, and so mostly holds a chord.
        seed: The seed of the sampling. Music is a function of it, of its beginning and of its
            number among those of equal beginnings.

    Raises:
        OptionError: A value is out of its limits.
    """

    LIMITS: ClassVar[Limits] = {
        "length": (0, MOST_GENERATED + 1),
        "temperature": (0, None),
        "seed": (0, 2**31),
    }

    length: int = 64
    temperature: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_options(self)
        if not math.isfinite(self.temperature):
            raise OptionError(f"{option('temperature')} is {self.temperature}; it must be finite")
