"""Natural sort order of names."""

import math
import re
from collections.abc import Iterable


def natural_order(names: Iterable[str]) -> list[str]:
    """Sort names with numbers by value (``-1 < 2 < 10``), also for digits within words."""

    def key(name: str) -> tuple[float, list[tuple[int, str]], str]:
        try:
            number = float(name)
        except ValueError:
            number = math.inf
        number = math.inf if math.isnan(number) else number
        pieces = re.split(r"(\d{1,18})", name)
        return number, [(int(p) if p.isdecimal() else -1, p) for p in pieces], name

    return sorted(names, key=key)
