"""The options of a classifier of series."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.data.videos.options import SequenceColumnOptions
from toolkit.errors import OptionError
from toolkit.options import Limits, check_options, option
from toolkit.tasks.options import (
    CLASSIFIER_MONITORS,
    ClassWeightOptions,
    EncoderOptions,
    LabelSmoothingOptions,
    check_monitor,
)
from toolkit.training.options import TrainingOptions


@dataclass(kw_only=True)
class FrontOptions:
    """The options of what a network of series reads of their frames.

    Args:
        joints: The names of a skeleton's joints in their order, separated by commas; not needed for
            20 or 25 joints in the order of Kinect, or 33 in that of MediaPipe. Channels that follow
            those of named joints are read as others are.
        vertical: The axis of a skeleton that is vertical.
        velocities: Whether the differences of each frame to the one before are added to what is
            read of it; auto adds them to a skeleton and to the frames of videos.
        stack: The number of frames, the last ones, that are read together.
        stride: The number of frames from one that is read to the next.
        input_dropout: The share of the channels that is dropped for a whole series; auto depends on
            the front.
    """

    LIMITS: ClassVar[Limits] = {"stack": (1, None), "stride": (1, None), "input_dropout": (0, 1)}
    FIXED: ClassVar[tuple[str, ...]] = ("joints", "vertical", "velocities", "stack", "stride")

    joints: str | None = None
    vertical: Literal["x", "y", "z"] = "y"
    velocities: Literal["on", "off", "auto"] = "auto"
    stack: int = 1
    stride: int = 1
    input_dropout: float | Literal["auto"] = "auto"


@dataclass(kw_only=True)
class AugmentationOptions:
    """The random changes of series in training, which must leave their class as it is.

    Args:
        time_stretch: The largest change of tempo: 0.2 makes a series up to a fifth longer or, by
            the same factor, shorter; auto depends on the front.
        crop: The largest share of a series that is cut off at its ends; auto depends on the front.
        jitter: The standard deviation of noise, in those of the channels; auto depends on the
            front.
        rotation: The largest angle in degrees by which a skeleton is turned about the vertical;
            auto depends on the front.
        shift: The largest distance by which the frames of a video are moved, as a share of their
            size; auto depends on the front.
        mirror: Whether to learn from mirrored skeletons, too: pairs of classes that exchange their
            names in a mirror, such as wave_left=wave_right, separated by commas, or same if none
            do; null for no mirrored skeletons.
    """

    LIMITS: ClassVar[Limits] = {
        "time_stretch": (0, None),
        "crop": (0, 1),
        "jitter": (0, None),
        "rotation": (0, None),
        "shift": (0, 1),
    }

    time_stretch: float | Literal["auto"] = "auto"
    crop: float | Literal["auto"] = "auto"
    jitter: float | Literal["auto"] = "auto"
    rotation: float | Literal["auto"] = "auto"
    shift: float | Literal["auto"] = "auto"
    mirror: str | None = None


@dataclass(kw_only=True)
class SequenceClassifierOptions(
    SequenceColumnOptions,
    FrontOptions,
    EncoderOptions,
    AugmentationOptions,
    TrainingOptions,
    ClassWeightOptions,
    LabelSmoothingOptions,
):
    """The options of a classifier of series.

    Args:
        pooling: The reduction of the states to one vector: the last state, their mean, their
            maximum, all three (concat), or a learnt weighting.
        patience: The number of epochs without a better metric that end the training; small data
            needs more of them.

    Raises:
        OptionError: A value is not one of the choices, or out of its limits, or for another front.
    """

    FIXED: ClassVar[tuple[str, ...]] = ("pooling",)

    pooling: Literal["last", "mean", "max", "concat", "attention"] = "max"
    patience: int = 15

    def __post_init__(self) -> None:
        check_options(self)
        self.check_cell()
        check_monitor(self.monitor, CLASSIFIER_MONITORS[self.target])
        if self.class_weights == "balanced" and self.target != "classes":
            raise OptionError(f"class_weights balanced needs target classes, not {self.target}")
        self._check_front("skeleton", "skeletons", ("joints", "rotation", "mirror"))
        self._check_front("frames", "videos", ("frame_rate", "frame_size", "color_mode", "shift"))

    def _check_front(self, front: str, kind: str, names: Sequence[str]) -> None:
        """Check that the options of another front have not been set."""
        if self.front == front:
            return
        for name in names:
            if getattr(self, name) not in (getattr(type(self), name), 0):
                raise OptionError(f"{option(name)} is for {kind}; set {option('front', front)}")
