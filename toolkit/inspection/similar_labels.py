"""Labels whose names are most likely spellings of one name."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import quoted
from toolkit.inspection.findings import Warnings

#: The number of names with several spellings that a warning lists.
LISTED_NAMES = 3


def _unicode_form(name: str) -> str:
    return unicodedata.normalize("NFKC", name)


def _spacing(name: str) -> str:
    return " ".join(name.split())


#: What undoes each difference of spellings.
_DIFFERENCES: Mapping[str, Callable[[str], str]] = {
    "case": str.casefold,
    "white space": _spacing,
    "Unicode form": _unicode_form,
}
_SEVERAL_DIFFERENCES = "case, white space or Unicode form"


def warn_of_similar_labels(
    labels: Sequence[str], counts: Mapping[str, NDArray[np.int64]], warnings: Warnings
) -> None:
    """Warn of labels that differ only in case, white space or Unicode form (NFKC).

    Args:
        labels: The names of the labels.
        counts: The count of each label in each part [C]; empty if they are not known.
        warnings: The warnings to add to.
    """
    spellings: dict[str, list[int]] = {}
    for index, name in enumerate(labels):
        key = _spacing(_unicode_form(_unicode_form(name).casefold()))
        spellings.setdefault(key, []).append(index)
    groups = [indices for indices in spellings.values() if len(indices) > 1]
    if not groups:
        return

    def described(index: int) -> str:
        number = f" ({sum(int(part[index]) for part in counts.values()):,})" if counts else ""
        return f"{quoted(labels[index])}{number}"

    listed = "; ".join(" and ".join(map(described, group)) for group in groups[:LISTED_NAMES])
    more = f"; and {len(groups) - LISTED_NAMES} more" if len(groups) > LISTED_NAMES else ""
    ways = {_difference([labels[index] for index in group]) for group in groups}
    way = ways.pop() if len(ways) == 1 else _SEVERAL_DIFFERENCES
    question = "are they one class?" if len(groups) == 1 else "is each of these one class?"
    warnings.add("similar_labels", f"the labels {listed}{more} differ only in {way}; {question}")


def _difference(names: Sequence[str]) -> str:
    """Return in what alone spellings of one name differ."""
    for way, undo in _DIFFERENCES.items():
        if len({undo(name) for name in names}) == 1:
            return way
    return _SEVERAL_DIFFERENCES
