"""Options of the frames that are read of videos, and whether data are series or videos."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.data.series.options import SeriesOptions
from toolkit.options import Limits


@dataclass(kw_only=True)
class FrameOptions:
    """Options of what a network of series reads: vectors, or the frames of videos.

    Args:
        front: standardize takes each channel in standard deviations of the training part; skeleton
            takes the channels as the coordinates of joints, centred at the hips and scaled by the
            torso, and then in standard deviations; frames reads videos, by a small convolution.
        frame_rate: The number of frames that are read of a second of video; others are left out,
            or repeated.
        frame_size: The height and width in pixels to which the frames of videos are scaled.
        color_mode: Whether videos are read as grayscale or rgb.
    """

    LIMITS: ClassVar[Limits] = {"frame_rate": (0.01, 1001), "frame_size": (8, 257)}
    FIXED: ClassVar[tuple[str, ...]] = ("front", "frame_rate", "frame_size", "color_mode")

    front: Literal["standardize", "skeleton", "frames"] = "standardize"
    frame_rate: float = 10.0
    frame_size: int = 32
    color_mode: Literal["grayscale", "rgb"] = "grayscale"


@dataclass(kw_only=True)
class SequenceColumnOptions(SeriesOptions, FrameOptions):
    """Options of the columns and frames of series or videos."""
