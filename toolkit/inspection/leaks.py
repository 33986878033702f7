"""Label leaks: tokens whose presence predicts the label, and columns that predict it.

Only frequent leaks matter, so a sample of the texts is sufficient to find them.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.data.labels import class_name
from toolkit.data.sources.source import Record, is_missing
from toolkit.inspection.duplicates import EXAMPLES

#: The number of texts in the sample, and the number of tokens that are read of each.
SAMPLE = 10_000
MAX_TEXT_TOKENS = 2_000

#: A feature leaks a label if at least this share of the texts with the feature have the label ...
MIN_PRECISION = 0.95
#: ... if its residual error is at most this share of the error without it, which is the share of
#: all other labels ...
MAX_RESIDUAL_ERROR = 0.1
#: ... and if at least this share of the texts with the label have the feature.
MIN_RECALL = 0.05
#: For a feature that is independent of the label, G² (one degree of freedom) exceeds 25 once in 1.7
#: million (Dunning 1993, "Accurate methods for the statistics of surprise and coincidence").
MIN_G2 = 25.0

#: Features of fewer texts are ignored, and columns must predict at least this many labels more than
#: the commonest label does.
MIN_TEXTS = 5

#: The key of a pair of tokens is the number of the first times this, plus that of the second.
PAIR_FACTOR = 1 << 32

#: The numbers of a column with more distinct values than this are put into this many bins.
BINS = 20
#: The number of parts that are read of a column's value, such as ``neg`` in ``train/neg/0_3``.
MAX_PARTS = 8


class Members(NamedTuple):
    """The pairs of texts and their labels.

    Attributes:
        texts: The text of each pair, in ascending order, int64 [M].
        labels: Its label [M].
        names: The names of the labels.
    """

    texts: NDArray[np.int64]
    labels: NDArray[np.int64]
    names: Sequence[str]


def members(labels: NDArray[Any], classes: Sequence[str]) -> Members:
    """Return the pairs of texts and labels.

    Args:
        labels: Encoded labels: int [N], float [N, C] for several labels, or numbers float [N],
            which are divided at their quartiles.
        classes: The names of the classes; empty for numbers.
    """
    if labels.ndim == 2:
        texts, class_indices = np.nonzero(labels)
        return Members(texts, class_indices, classes)
    if not classes:
        edges = np.unique(np.quantile(labels, [0.25, 0.5, 0.75]))
        middle = [f"{low:g} to {high:g}" for low, high in itertools.pairwise(edges)]
        names = [f"up to {edges[0]:g}", *middle, f"above {edges[-1]:g}"]
        return Members(np.arange(len(labels)), np.searchsorted(edges, labels), names)
    return Members(np.arange(len(labels)), labels.astype(np.int64), classes)


@dataclass(frozen=True)
class Association:
    """The association of a feature of texts with a label.

    Attributes:
        feature: A token, or two adjacent ones.
        label: The name of the label.
        texts: The number of texts of the sample with the feature.
        label_share: The share of these texts that have the label.
        within_share: The share of the texts with the label that have the feature.
        elsewhere_share: The share of all other texts that have the feature.
        information: The mutual information of feature and label, in bits per text.
        decides: Whether the feature leaks the label, by the thresholds of this module.
        examples: The first few texts with both, by their index in the sample.
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
    """The tokens and the pairs of adjacent tokens of the texts of a sample.

    Attributes:
        count: The number of texts.
    """

    def __init__(self) -> None:
        self.count = 0
        self._numbers: dict[bytes, int] = {}  # of the tokens, from 1
        self._texts: list[NDArray[np.int64]] = []  # the numbers of the tokens of each text

    def add(self, tokens: Sequence[bytes], index: NDArray[Any], lengths: NDArray[Any]) -> None:
        """Add texts to the sample.

        Args:
            tokens: Distinct tokens [U].
            index: The index among these of each token of the texts [n].
            lengths: The number of tokens of each text [B].
        """
        texts = [text[:MAX_TEXT_TOKENS] for text in np.split(index, np.cumsum(lengths)[:-1])]
        used = np.unique(np.concatenate(texts))
        numbers = np.zeros(len(tokens), np.int64)
        for token in used.tolist():
            numbers[token] = self._numbers.setdefault(tokens[token], len(self._numbers) + 1)
        self._texts += [numbers[text] for text in texts]
        self.count += len(texts)

    def associations(self, members: Members, limit: int, separator: str = " ") -> list[Association]:
        """Return the features with the most information about a label, leaks first.

        A pair is left out if one of its tokens is listed.

        Args:
            members: The labels of the texts.
            limit: The maximum number of associations.
            separator: The separator of the tokens of a pair.
        """
        from scipy.sparse import csc_array
        from sklearn.feature_extraction.text import CountVectorizer  # takes a second to import

        if not self._numbers:
            return []
        counter = CountVectorizer(analyzer=_keys, binary=True)
        present = counter.fit_transform(self._texts).tocsc()  # [N, F], in the order of the keys
        common = np.flatnonzero(np.diff(present.indptr) >= MIN_TEXTS)
        keys = np.sort(np.fromiter(counter.vocabulary_, np.int64))[common]
        present = present[:, common]
        labelled = csc_array(
            (np.ones_like(members.texts), (members.texts, members.labels)),
            shape=(self.count, len(members.names)),
        )
        joint = (present.T @ labelled).tocoo()
        feature, label, together = joint.row, joint.col, joint.data
        with_feature = np.diff(present.indptr)[feature].astype(np.int64)
        with_label = np.diff(labelled.indptr)[label].astype(np.int64)

        g2 = _g2(together, with_feature, with_label, self.count)
        share = with_label / self.count
        precision, recall = together / with_feature, together / with_label
        decides = precision >= np.maximum(MIN_PRECISION, 1 - MAX_RESIDUAL_ERROR * (1 - share))
        decides &= recall >= MIN_RECALL
        leaking = np.flatnonzero((precision > share) & (g2 >= MIN_G2))
        # Among equals a token precedes a pair, since its key is smaller.
        ranks = label[leaking], keys[feature[leaking]], -g2[leaking], ~decides[leaking]
        names = [token.decode() for token in self._numbers]
        associations: list[Association] = []
        seen: set[tuple[int, int]] = set()
        for row in leaking[np.lexsort(ranks)]:
            label_index, key = label[row], int(keys[feature[row]])
            parts = [part for part in divmod(key, PAIR_FACTOR) if part]
            if len(associations) == limit:
                break
            if any((part, label_index) in seen for part in parts):
                continue
            seen.add((key, label_index))
            both = present[:, [feature[row]]].multiply(labelled[:, [label_index]])
            associations.append(
                Association(
                    feature=separator.join(names[part - 1] for part in parts),
                    label=members.names[label_index],
                    texts=int(with_feature[row]),
                    label_share=float(precision[row]),
                    within_share=float(recall[row]),
                    elsewhere_share=float(
                        (with_feature[row] - together[row]) / max(1, self.count - with_label[row])
                    ),
                    information=float(g2[row] / (2 * self.count * np.log(2))),
                    decides=bool(decides[row]),
                    examples=tuple(np.sort(both.nonzero()[0])[:EXAMPLES].tolist()),
                )
            )
        return associations


def _keys(text: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the distinct keys of the tokens of a text and of its pairs of adjacent tokens."""
    return np.unique(np.concatenate([text, text[:-1] * PAIR_FACTOR + text[1:]]))


def _g2(together: Any, with_feature: Any, with_label: Any, count: int) -> NDArray[np.float64]:
    """Return G² of two-by-two tables: 2 n ln 2 times their mutual information in bits."""
    from scipy.special import xlogy

    neither = count - with_feature - with_label + together
    cells = np.array([together, with_feature - together, with_label - together, neither])
    margins = np.array([with_feature, count - with_feature, with_label, count - with_label])
    entropies = xlogy(margins, margins).sum(axis=0) - xlogy(count, count)
    return 2 * (xlogy(cells, cells).sum(axis=0) - entropies)


@dataclass(frozen=True)
class LeakingColumn:
    """A column of the data that predicts the label.

    Attributes:
        column: The name of the column.
        part: The part of its value that predicts best: ``value``, ``range`` of a number, or
            ``part 2`` and so on of a value such as ``train/neg/0_3``.
        right_share: The accuracy of predicting each label as the commonest one among the *other*
            rows with the same value, or among all rows if there is no other; at least
            ``guessing_share``.
        guessing_share: The accuracy of always predicting the commonest label.
        decides: Whether the column leaks the label.
    """

    column: str
    part: str
    right_share: float
    guessing_share: float
    decides: bool


def leaking_columns(
    records: Iterable[Record], columns: Sequence[str], labels: Mapping[int, int]
) -> list[LeakingColumn]:
    """Return how well columns predict the label, the best first.

    Args:
        records: The rows.
        columns: The columns to check.
        labels: The label, as a number, of each row to check, by row.
    """
    if not columns:
        return []
    values: dict[str, list[str]] = {column: [] for column in columns}
    row_labels: list[int] = []
    for record in records:
        if record.row in labels:
            row_labels.append(labels[record.row])
            for column in columns:
                value = record.values.get(column)
                values[column].append("" if is_missing(value) else class_name(value)[:200])
    _, kinds = np.unique(row_labels, return_inverse=True)
    guessing = float(np.bincount(kinds).max() / len(kinds))
    results = []
    for column in columns:
        accuracies = [(_accuracy(view, kinds), part) for view, part in _views(values[column])]
        accuracy, part = max([(guessing, "value"), *accuracies], key=lambda pair: pair[0])
        decides = guessing < 1 and 1 - accuracy <= min(
            1 - MIN_PRECISION, MAX_RESIDUAL_ERROR * (1 - guessing)
        )
        decides &= len(kinds) * (accuracy - guessing) >= MIN_TEXTS
        results.append(LeakingColumn(column, part, accuracy, guessing, decides))
    return sorted(results, key=lambda column: -column.right_share)


def _views(values: Sequence[str]) -> Iterator[tuple[NDArray[Any], str]]:
    """Yield the parts of a column's values that may predict the label, with their names."""
    yield np.asarray(values), "value"
    try:
        numbers = np.asarray([float(value or "nan") for value in values])
    except ValueError:
        parts = [re.findall(r"[^\W_]+", value)[:MAX_PARTS] for value in values]
        count = max(map(len, parts))
        for place in range(count if count > 1 else 0):
            column = [part[place] if place < len(part) else "" for part in parts]
            yield np.asarray(column), f"part {place + 1}"
        return
    if len(np.unique(numbers)) > BINS:
        edges = np.sort(numbers)[len(numbers) * np.arange(1, BINS) // BINS]
        yield np.searchsorted(edges, numbers), "range"


def _accuracy(view: NDArray[Any], labels: NDArray[np.int64]) -> float:
    """Return the share of labels that the other rows with the same value predict."""
    _, index, sizes = np.unique(view, return_inverse=True, return_counts=True)
    pairs, counts = np.unique([index, labels], axis=1, return_counts=True)
    order = np.lexsort((counts, pairs[0]))  # the commonest label of each value last
    value, counts = pairs[0][order], counts[order]
    repeated = np.append(value[1:] == value[:-1], False)
    second = np.where(np.roll(repeated, 1), np.roll(counts, 1), 0)
    # A row's own label does not count: it must be the commonest even without the row.
    correct = counts[~repeated & (counts - 1 > second)].sum()
    guess = np.bincount(labels).argmax()
    correct += np.count_nonzero(labels[sizes[index] == 1] == guess)
    return float(correct / len(labels))
