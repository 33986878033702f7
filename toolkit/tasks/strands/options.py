"""The options of a classifier of strands."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from toolkit.data.strands.options import StrandColumnOptions
from toolkit.errors import OptionError
from toolkit.options import Limits, check_options
from toolkit.tasks.options import (
    CLASSIFIER_MONITORS,
    ClassWeightOptions,
    LabelSmoothingOptions,
    StrandOptions,
    check_monitor,
)
from toolkit.training.options import TrainingOptions


@dataclass(kw_only=True)
class StrandClassifierOptions(
    StrandColumnOptions,
    StrandOptions,
    TrainingOptions,
    ClassWeightOptions,
    LabelSmoothingOptions,
):
    """The options of a classifier of strands.

    Args:
        pooling: The reduction of the states to one vector: the last state, their mean, their
            maximum, all three (concat), or a learnt weighting.
        places: Whether the network reads the place of each base within its strand; auto does where
            all strands of the training are of one length, as those that are cut around a site.
        reverse_complement: What the opposite strand is for: nothing (off); half of the training
            (augment), where the answer is the same for both strands; or also half of each answer
            (average), which is then equal for both if they have at most ``max_length`` bases.
        max_length: The largest number of bases that are read of a strand, from its beginning.
        patience: The number of epochs without a better metric that end the training.

    Raises:
        OptionError: A value is not one of the choices, or out of its limits.
    """

    LIMITS: ClassVar[Limits] = {"max_length": (1, None)}
    FIXED: ClassVar[tuple[str, ...]] = (*("pooling", "places", "reverse_complement", "max_length"),)

    pooling: Literal["last", "mean", "max", "concat", "attention"] = "max"
    places: Literal["auto", "on", "off"] = "auto"
    reverse_complement: Literal["off", "augment", "average"] = "off"
    max_length: int = 10_000
    patience: int = 10

    def __post_init__(self) -> None:
        check_options(self)
        self.check_cell()
        self.check_kmers()
        check_monitor(self.monitor, CLASSIFIER_MONITORS[self.target])
        if self.class_weights == "balanced" and self.target != "classes":
            raise OptionError(f"class_weights balanced needs target classes, not {self.target}")
