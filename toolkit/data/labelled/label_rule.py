"""Label rules, which map ratings to classes."""

import operator
import re
from collections.abc import Callable

from toolkit.errors import OptionError

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}
_NUMBER = r"[-+]?\d+(?:\.\d+)?"
_COMPARISON = re.compile(rf"(<=|>=|==|<|>)\s*({_NUMBER})")
_RANGE = re.compile(rf"({_NUMBER})\s*\.\.\s*({_NUMBER})")


class LabelRule:
    """Map numbers to classes by a rule such as ``neg:<=4,pos:>=7`` or ``low:0..2,high:8..10``.

    A part is the name of a class, a colon, and a comparison (``<``, ``<=``, ``>``, ``>=``, ``==``)
    or a range that includes both ends. The first part that matches determines the class; a class
    may have several parts.

    Args:
        rule: The parts, separated by commas.

    Raises:
        OptionError: A part is invalid.
    """

    def __init__(self, rule: str) -> None:
        self.rule = rule
        self._parts = [self._parse(part) for part in rule.split(",")]

    def __call__(self, value: float) -> str | None:
        """Return the class of a number, or None if no part matches."""
        for name, fits in self._parts:
            if fits(value):
                return name
        return None

    def _parse(self, part: str) -> tuple[str, Callable[[float], bool]]:
        """Return the class of a part, and a function that tests its condition."""
        name, _, condition = (piece.strip() for piece in part.rpartition(":"))
        if name and (match := _COMPARISON.fullmatch(condition)):
            compare, bound = _COMPARISONS[match[1]], float(match[2])
            return name, lambda value: compare(value, bound)
        if name and (match := _RANGE.fullmatch(condition)):
            low, high = float(match[1]), float(match[2])
            return name, lambda value: low <= value <= high
        raise OptionError(
            f"the label rule {self.rule!r} cannot be understood at {part.strip()!r}; "
            "write it like 'neg:<=4,pos:>=7' or 'low:1..3,high:4..5'"
        )
