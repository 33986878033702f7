"""Options of how pieces of music are read."""

from dataclasses import dataclass
from typing import ClassVar

from toolkit.data.options import RowOptions
from toolkit.options import Limits


@dataclass(kw_only=True)
class MusicDataOptions(RowOptions):
    """The time steps of pieces.

    Args:
        steps_per_quarter: The number of time steps of a quarter note. Notes are moved to the
            nearest step; rolls are taken to have it, so that music is written at their tempo.
    """

    LIMITS: ClassVar[Limits] = {"steps_per_quarter": (1, 97)}
    FIXED: ClassVar[tuple[str, ...]] = ("steps_per_quarter",)

    steps_per_quarter: int = 4
