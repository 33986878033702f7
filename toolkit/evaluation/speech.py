"""Metrics of recognised speech: word, character and sentence errors."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import DataError
from toolkit.evaluation.statistics import Metric, Statistics

#: The number of pairs of confused words in metrics.
CONFUSED = 20


class Edits(NamedTuple):
    """The fewest edits that make a reference of an answer.

    Attributes:
        substitutions: The number of items that stand for others.
        insertions: The number of items that the answer has too many.
        deletions: The number of items that it lacks.
        pairs: The item of the reference and that of the answer, '' for none, of each edit.
    """

    substitutions: int
    insertions: int
    deletions: int
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def total(self) -> int:
        """The number of edits."""
        return self.substitutions + self.insertions + self.deletions


def edits(reference: Sequence[str], answer: Sequence[str]) -> Edits:
    """Return the fewest edits between two sequences (Levenshtein 1966).

    Of equally few, those are taken that replace an item rather than insert and delete.

    Args:
        reference: The right items, such as words.
        answer: The items of the answer.
    """
    rows, columns = len(reference), len(answer)
    right, given = _numbered(reference, answer)
    cost = np.stack([*_costs(right, given)])
    row, column = rows, columns
    substitutions = insertions = deletions = 0
    pairs: list[tuple[str, str]] = []
    while row or column:
        here = cost[row, column]
        if row and column:
            differs = int(right[row - 1] != given[column - 1])
            if cost[row - 1, column - 1] + differs == here:
                row, column = row - 1, column - 1
                if differs:
                    substitutions += 1
                    pairs.append((reference[row], answer[column]))
                continue
        if column and cost[row, column - 1] + 1 == here:
            column -= 1
            insertions += 1
            pairs.append(("", answer[column]))
        else:
            row -= 1
            deletions += 1
            pairs.append((reference[row], ""))
    return Edits(substitutions, insertions, deletions, tuple(reversed(pairs)))


def distance(reference: Sequence[str], answer: Sequence[str]) -> int:
    """Return the number of the fewest edits, in memory of the length of the answer.

    Args:
        reference: The right items, such as characters.
        answer: The items of the answer.
    """
    fewest = 0
    for line in _costs(*_numbered(reference, answer)):
        fewest = int(line[-1])
    return fewest


def _numbered(*sequences: Sequence[str]) -> Iterator[NDArray[np.int64]]:
    """Yield sequences as numbers, the same for equal items."""
    ids: dict[str, int] = {}
    for items in sequences:
        yield np.asarray([ids.setdefault(item, len(ids)) for item in items], np.int64)


def _costs(right: NDArray[np.int64], given: NDArray[np.int64]) -> Iterator[NDArray[np.int32]]:
    """Yield the numbers of edits from each beginning of an answer, int32 [len(given) + 1].

    The first are those to an empty reference, and so on to the whole one.
    """
    line = place = np.arange(len(given) + 1, dtype=np.int32)
    yield line
    for row, item in enumerate(right.tolist(), start=1):
        without = np.minimum(line[1:] + 1, line[:-1] + (given != item))
        line = np.minimum.accumulate(np.concatenate([[row], without]) - place) + place
        line = line.astype(np.int32)
        yield line


def speech_metrics(references: Sequence[str], answers: Sequence[str]) -> dict[str, Any]:
    """Measure recognised texts.

    Args:
        references: [N] the transcripts; none is without words.
        answers: [N] the recognised texts.

    Returns:
        ``wer`` and ``cer``, the edits of words and of characters by those of the references, which
        may be over 1; ``word_accuracy``, 1 - ``wer``, but at least 0; ``sentence_error``, the share
        of texts that are not wholly right; ``substitutions``, ``insertions`` and ``deletions`` of
        words, ``words``, their number in the references; and ``confused``, the most frequent edits.

    Raises:
        DataError: There are no recordings.
    """
    if not references:
        raise DataError("there are no recordings to measure")
    every = [edits(*map(str.split, pair)) for pair in zip(references, answers, strict=True)]
    sums = _rows(references, answers, every).sum(axis=0)
    metrics = {name: float(metric.of(sums)) for name, metric in METRICS.items()}
    confused = Counter(pair for each in every for pair in each.pairs)
    ordered = sorted(confused.items(), key=lambda item: (-item[1], item[0]))
    return metrics | {
        "substitutions": sum(each.substitutions for each in every),
        "insertions": sum(each.insertions for each in every),
        "deletions": sum(each.deletions for each in every),
        "words": int(sums[1]),
        "confused": [
            {"spoken": spoken, "recognised": recognised, "count": number}
            for (spoken, recognised), number in ordered[:CONFUSED]
        ],
    }


def speech_statistics(references: Sequence[str], answers: Sequence[str]) -> Statistics:
    """Return the statistics of ``wer``, ``cer``, ``word_accuracy`` and ``sentence_error``.

    Args:
        references: [N] the transcripts.
        answers: [N] the recognised texts.

    Raises:
        DataError: There are no recordings.
    """
    if not references:
        raise DataError("there are no recordings to measure")
    every = [edits(*map(str.split, pair)) for pair in zip(references, answers, strict=True)]
    return Statistics(_rows(references, answers, every), METRICS)


#: The metrics as functions of the sums of word edits, words, character edits, characters, wrong
#: texts and texts.
METRICS = {
    "word_accuracy": Metric(lambda sums: np.maximum(0, 1 - sums[..., 0] / sums[..., 1])),
    "wer": Metric(lambda sums: sums[..., 0] / sums[..., 1], True),
    "cer": Metric(lambda sums: sums[..., 2] / sums[..., 3], True),
    "sentence_error": Metric(lambda sums: sums[..., 4] / sums[..., 5], True),
}


def _rows(references: Sequence[str], answers: Sequence[str], words: Sequence[Edits]) -> Any:
    """Return each recording's part of the sums, int32 [N, 6]."""
    return np.asarray(
        [
            [
                *(of_words.total, len(reference.split())),
                *(distance(reference, answer), len(reference)),
                *(of_words.total > 0, 1),
            ]
            for reference, answer, of_words in zip(references, answers, words, strict=True)
        ],
        np.int32,
    )
