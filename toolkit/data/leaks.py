"""What gives a label away: units of the text whose presence decides it, and columns that tell it.

Such a thing stands in many texts or it does little harm, so a sample of them shows it.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.data.duplicates import EXAMPLES
from toolkit.data.examples import is_missing
from toolkit.data.labels import class_name
from toolkit.data.source import Record

#: How many texts are looked at, and how many units of each.
SAMPLE = 10_000
UNITS_OF_A_TEXT = 2_000

#: A feature decides a label if at least this share of the texts that have it are of that label ...
DECIDES = 0.95
#: ... if it leaves at most this share of the doubt, which is the share of the other labels ...
DOUBT_LEFT = 0.1
#: ... and if it stands in at least this share of the label's texts ...
FREQUENT = 0.05
#: ... and what is listed at all is not chance: of features that have nothing to do with the label,
#: one in 1.7 million has a G² (one degree of freedom) beyond 25 (Dunning 1993, "Accurate methods
#: for the statistics of surprise and coincidence").
SURPRISE = 25.0

#: Features of fewer texts, and columns that tell fewer labels than guessing does and this many, are
#: passed over.
LEAST = 5

#: Numbers of a column that has more values than this are put into as many bins.
BINS = 20
#: How many parts of a column's value are looked at, such as ``neg`` in ``train/neg/0_3``.
PARTS = 8


class Members(NamedTuple):
    """Which texts have which labels: a pair for each.

    Attributes:
        texts: The text of each pair, in ascending order, int64 [M].
        labels: Its label [M].
        names: The names of the labels.
    """

    texts: NDArray[np.int64]
    labels: NDArray[np.int64]
    names: Sequence[str]


def members(labels: NDArray[Any], classes: Sequence[str]) -> Members:
    """The pairs of texts and labels.

    Args:
        labels: Encoded labels, int [N], or float [N, C] for several at once; or numbers, float [N],
            whose labels are then the four quarters of their range by count.
        classes: The names of the classes; none for numbers.
    """
    if labels.ndim == 2:
        texts, found = np.nonzero(labels)
        return Members(texts, found, classes)
    if not classes:
        edges = np.unique(np.quantile(labels, [0.25, 0.5, 0.75]))
        middle = [f"{low:g} to {high:g}" for low, high in itertools.pairwise(edges)]
        names = [f"up to {edges[0]:g}", *middle, f"above {edges[-1]:g}"]
        return Members(np.arange(len(labels)), np.searchsorted(edges, labels), names)
    return Members(np.arange(len(labels)), labels.astype(np.int64), classes)


@dataclass(frozen=True)
class Association:
    """How a feature of texts goes with a label.

    Attributes:
        feature: The unit, or two that stand side by side.
        label: The label's name.
        texts: How many texts of the sample have the feature.
        label_share: The share of the label among them.
        within_share: The share of the label's texts that have the feature.
        elsewhere_share: The share of the other texts that have it.
        information: What the feature's presence says of the label's, in bits a text.
        decides: Whether it all but gives the label away, and often.
        examples: The first few texts with both, by their number in the sample.
    """

    feature: str
    label: str
    texts: int
    label_share: float
    within_share: float
    elsewhere_share: float
    information: float
    decides: bool
    examples: tuple[int, ...]


class Features:
    """Which units, and which pairs of neighbours, stand in the texts of a sample.

    Attributes:
        count: How many texts there are.
    """

    def __init__(self) -> None:
        self.count = 0
        self._numbers: dict[bytes, int] = {}  # of the units, from 1
        self._texts = [np.zeros(0, np.int32)]
        self._keys = [np.zeros(0, np.int64)]

    def add(self, units: Sequence[bytes], index: NDArray[Any], lengths: NDArray[Any]) -> None:
        """Adds some texts.

        Args:
            units: Distinct units [U].
            index: Of each unit of the texts, in turn, its place among them [n].
            lengths: How many units each text has [B].
        """
        position = np.arange(len(index)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        kept = position < UNITS_OF_A_TEXT
        texts = np.repeat(np.arange(len(lengths)), lengths)[kept]
        used, index = np.unique(index[kept], return_inverse=True)
        numbers = self._numbers
        new = (numbers.setdefault(units[unit], len(numbers) + 1) for unit in used.tolist())
        ones = np.fromiter(new, np.int64, len(used))[index]
        side_by_side = texts[1:] == texts[:-1]
        pairs = (ones[:-1] << 32 | ones[1:])[side_by_side]
        keys = np.concatenate([ones, pairs])
        texts = np.concatenate([texts, texts[1:][side_by_side]])
        order = np.lexsort((keys, texts))
        keys, texts = keys[order], texts[order]
        first = np.ones(len(keys), bool)
        first[1:] = (keys[1:] != keys[:-1]) | (texts[1:] != texts[:-1])
        self._keys.append(keys[first])
        self._texts.append((texts[first] + self.count).astype(np.int32))
        self.count += len(lengths)

    def associations(self, of: Members, most: int, between: str = " ") -> list[Association]:
        """The features that say most of a label by being there, those that decide one before.

        A pair is left out where one of its two units is listed.

        Args:
            of: The labels of the texts.
            most: How many are wanted.
            between: What stands between the units of a pair.
        """
        keys, texts = np.concatenate(self._keys), np.concatenate(self._texts)
        found, index, counts = np.unique(keys, return_inverse=True, return_counts=True)
        common = counts[index] >= LEAST
        texts, index = texts[common], index[common]
        # Of each feature with each label: in how many texts they are together.
        labels_of_text = np.bincount(of.texts, minlength=self.count)
        first_label = np.cumsum(labels_of_text) - labels_of_text
        repeated = labels_of_text[texts]
        nth = np.arange(repeated.sum()) - np.repeat(np.cumsum(repeated) - repeated, repeated)
        labels = of.labels[np.repeat(first_label[texts], repeated) + nth]
        both, together = np.unique(
            np.repeat(index, repeated) * len(of.names) + labels, return_counts=True
        )
        feature, label = np.divmod(both, len(of.names))
        with_feature = counts[feature]
        with_label = np.bincount(of.labels, minlength=len(of.names))[label]

        surprise = _surprise(together, with_feature, with_label, self.count)
        share = with_label / self.count
        precision, coverage = together / with_feature, together / with_label
        decides = precision >= np.maximum(DECIDES, 1 - DOUBT_LEFT * (1 - share))
        decides &= coverage >= FREQUENT
        telling = np.flatnonzero((precision > share) & (surprise >= SURPRISE))
        # Of equals a unit goes before a pair: its key is smaller.
        order = telling[
            np.lexsort((found[feature[telling]], -surprise[telling], ~decides[telling]))
        ]
        names = [unit.decode() for unit in self._numbers]
        listed: list[Association] = []
        seen: set[tuple[int, int]] = set()
        for row in order.tolist():
            if len(listed) == most:
                break
            key, of_label = int(found[feature[row]]), int(label[row])
            parts = [key] if key >> 32 == 0 else [key >> 32, key & 0xFFFFFFFF]
            if any((part, of_label) in seen for part in parts):
                continue
            seen.add((key, of_label))
            here = texts[index == feature[row]]
            labelled = of.texts[of.labels == of_label]
            listed.append(
                Association(
                    feature=between.join(names[part - 1] for part in parts),
                    label=of.names[of_label],
                    texts=int(with_feature[row]),
                    label_share=float(precision[row]),
                    within_share=float(coverage[row]),
                    elsewhere_share=float(
                        (with_feature[row] - together[row]) / max(1, self.count - with_label[row])
                    ),
                    information=float(surprise[row] / (2 * self.count * np.log(2))),
                    decides=bool(decides[row]),
                    examples=tuple(np.intersect1d(here, labelled)[:EXAMPLES].tolist()),
                )
            )
        return listed


def _surprise(
    together: NDArray[np.int64],
    with_feature: NDArray[np.int64],
    with_label: NDArray[np.int64],
    count: int,
) -> NDArray[np.float64]:
    """G² of two-by-two tables (Dunning 1993): 2 n ln 2 times their mutual information in bits."""
    table = np.stack(
        [
            together,
            with_feature - together,
            with_label - together,
            count - with_feature - with_label + together,
        ]
    ).astype(np.float64)
    rows = np.stack([with_feature] * 2 + [count - with_feature] * 2)
    columns = np.stack([with_label, count - with_label] * 2)
    ratio = np.divide(table * count, rows * columns, out=np.ones_like(table), where=table > 0)
    return 2 * (table * np.log(ratio)).sum(axis=0)


@dataclass(frozen=True)
class TellingColumn:
    """How well a column of the data tells the label.

    Attributes:
        column: Its name.
        part: What of its value tells most: ``value``, ``range`` of a number, or ``part 2`` and so
            on of a value such as ``train/neg/0_3``.
        right_share: The share of the labels that it tells: each is guessed as the commonest among
            the *other* rows with the same value, or of all rows where there is no other. Where
            that is worse than guessing, what guessing gives.
        guessing_share: The share that is right without it.
        decides: Whether it all but gives the label away.
    """

    column: str
    part: str
    right_share: float
    guessing_share: float
    decides: bool


def telling_columns(
    records: Iterable[Record], columns: Sequence[str], labels: Mapping[int, int]
) -> list[TellingColumn]:
    """How well columns tell the label, the best first.

    Args:
        records: The rows.
        columns: The columns to look at.
        labels: A number for the label of each row that is to be looked at, by row.
    """
    if not columns:
        return []
    values: dict[str, list[str]] = {column: [] for column in columns}
    of_rows: list[int] = []
    for record in records:
        if record.row in labels:
            of_rows.append(labels[record.row])
            for column in columns:
                value = record.values.get(column)
                values[column].append("" if is_missing(value) else class_name(value)[:200])
    _, kinds = np.unique(of_rows, return_inverse=True)
    guessing = float(np.bincount(kinds).max() / len(kinds))
    found = []
    for column in columns:
        told = [(_told(view, kinds), part) for view, part in _views(values[column])]
        right, part = max([(guessing, "value"), *told], key=lambda pair: pair[0])
        decides = guessing < 1 and 1 - right <= min(1 - DECIDES, DOUBT_LEFT * (1 - guessing))
        decides &= len(kinds) * (right - guessing) >= LEAST
        found.append(TellingColumn(column, part, right, guessing, decides))
    return sorted(found, key=lambda column: -column.right_share)


def _views(values: Sequence[str]) -> Iterator[tuple[NDArray[Any], str]]:
    """What of a column's values may tell the label, and its name."""
    yield np.asarray(values), "value"
    try:
        numbers = np.asarray([float(value or "nan") for value in values])
    except ValueError:
        parts = [re.findall(r"[^\W_]+", value)[:PARTS] for value in values]
        most = max(map(len, parts))
        for place in range(most if most > 1 else 0):
            of_place = [part[place] if place < len(part) else "" for part in parts]
            yield np.asarray(of_place), f"part {place + 1}"
        return
    if len(np.unique(numbers)) > BINS:
        edges = np.sort(numbers)[len(numbers) * np.arange(1, BINS) // BINS]
        yield np.searchsorted(edges, numbers), "range"


def _told(view: NDArray[Any], labels: NDArray[np.int64]) -> float:
    """The share of labels told by the other rows of the same value."""
    values, index = np.unique(view, return_inverse=True)
    kinds = int(labels.max()) + 1
    pairs, counts = np.unique(index * kinds + labels, return_counts=True)
    value, label = np.divmod(pairs, kinds)
    order = np.lexsort((-counts, value))  # of each value the commonest label first
    first = np.searchsorted(value[order], np.arange(len(values)))
    top, votes = label[order][first], counts[order][first]
    second = np.zeros(len(values), np.int64)
    several = np.flatnonzero(np.bincount(value) > 1)
    second[several] = counts[order][first[several] + 1]
    alone = np.bincount(index) == 1
    told = (labels == top[index]) & (votes[index] - 1 > second[index])
    by_guess = alone[index] & (labels == np.bincount(labels).argmax())
    return float(np.mean(np.where(alone[index], by_guess, told)))
