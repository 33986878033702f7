"""How two runs are compared, as plain values."""

from dataclasses import dataclass
from typing import ClassVar

from toolkit.options import Limits, check_options


@dataclass(frozen=True, kw_only=True)
class BootstrapOptions:
    """The paired bootstrap.

    Args:
        resamples: How many sets of examples are drawn, each as large as the data.
        confidence: The share of the resampled differences that the interval holds; a difference is
            more than chance where its p-value is below the rest.
        seed: The seed of the draws.

    Raises:
        OptionError: A value is of another type, or out of its limits.
    """

    LIMITS: ClassVar[Limits] = {"resamples": (1, None), "confidence": (0, 1), "seed": (0, None)}

    resamples: int = 10_000
    confidence: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        check_options(self)
