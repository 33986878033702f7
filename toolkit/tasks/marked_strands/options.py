"""The options of a tagger of strands."""

from dataclasses import dataclass
from typing import ClassVar

from toolkit.data.entities.options import EntityColumnOptions
from toolkit.options import Limits, check_options
from toolkit.tasks.options import (
    TAGGER_MONITORS,
    ClassWeightOptions,
    StrandOptions,
    check_monitor,
)
from toolkit.training.options import TrainingOptions


@dataclass(kw_only=True)
class ToleranceOptions:
    """The options of the metrics of spans.

    Args:
        tolerance: The number of bases by which each border of a span may be wrong in the metrics
            ``f1_within``, ``precision_within`` and ``recall_within``.
    """

    LIMITS: ClassVar[Limits] = {"tolerance": (0, None)}

    tolerance: int = 3


@dataclass(kw_only=True)
class MarkedStrandOptions(EntityColumnOptions):
    """The columns of strands and spans, or of bases and tags, and the scheme of the tags.

    Args:
        text_column: The column of strands with spans; ``text`` when not given.
        entities_column: The column of their spans; ``entities``, or guessed by its values, and
            logged, when not given.
        span_labels: The labels that are read of a BED or GFF3 file, separated by commas; all when
            not given. Spans that are read must not overlap.
    """

    span_labels: str | None = None


@dataclass(kw_only=True)
class StrandTaggerOptions(
    MarkedStrandOptions,
    StrandOptions,
    TrainingOptions,
    ClassWeightOptions,
    ToleranceOptions,
):
    """The options of a tagger of strands.

    Args:
        crf: Whether scores of transitions between tags are learnt (a conditional random field);
            otherwise each tag is learnt by itself, and the scheme only excludes forbidden
            transitions.
        window: The largest number of bases that are read at once: longer strands are cut into
            pieces in training, outside spans where possible, and into tiles in prediction.
        overlap: The number of bases that are read beyond each end of a tile; spans that are longer
            may be missed where tiles meet.
        patience: The number of epochs without a better metric that end the training.

    Raises:
        OptionError: A value is not one of the choices, or out of its limits.
    """

    LIMITS: ClassVar[Limits] = {"window": (1, None), "overlap": (0, None)}
    FIXED: ClassVar[tuple[str, ...]] = ("crf",)
    #: The options that ``export`` may change.
    EXPORT_OPTIONS: ClassVar[tuple[str, ...]] = ("window", "overlap")

    crf: bool = True
    window: int = 1000
    overlap: int = 200
    patience: int = 10

    def __post_init__(self) -> None:
        check_options(self)
        super().__post_init__()
        self.check_cell()
        self.check_kmers()
        check_monitor(self.monitor, TAGGER_MONITORS)
