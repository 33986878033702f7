"""Named entities that were found, against those that are there.

An entity is right if its borders and its label are exactly right, as in the CoNLL shared tasks
(Tjong Kim Sang and De Meulder 2003, section 2.4): what seqeval calls its strict mode, on spans.
"""

from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.data.duplicates import fingerprint
from toolkit.data.spans import Span, tags_of
from toolkit.errors import DataError
from toolkit.evaluation.report import WORST
from toolkit.evaluation.statistics import Metric, Statistics, macro_f1, micro_f1

if TYPE_CHECKING:
    import pandas as pd

#: What stands in the confusion matrix for an entity that is not there.
NOTHING = "no entity"
#: How many tokens are shown on each side of an error.
CONTEXT = 6


class Tagged(NamedTuple):
    """A sentence, or a text that is cut, with what is right and what was given.

    Attributes:
        tokens: Its tokens.
        right: The entities that are there, in tokens; they do not overlap.
        given: The entities that were found; they do not overlap.
        scores: How sure the model is of each that it gave.
    """

    tokens: Sequence[str]
    right: Sequence[Span]
    given: Sequence[Span]
    scores: Sequence[float]


def entity_fingerprint(tokens: Sequence[str], label: str) -> int:
    """A number for an entity, its tokens without the space between them, and its label.

    So it can be known which entities a training had, and none of its text is kept.
    """
    return fingerprint(f"{''.join(tokens)}\n{label}")


def entity_metrics(
    sentences: Iterable[Tagged], labels: Sequence[str], seen: Container[int] | None = None
) -> dict[str, Any]:
    """Measures entities.

    Args:
        sentences: What is right and what was given.
        labels: The kinds of entities.
        seen: The fingerprints of the training data's entities.

    Returns:
        ``f1``, ``precision`` and ``recall`` over all entities, exactly right ones counted;
        ``macro_f1``, the mean over the labels that occur among right or given ones;
        ``token_accuracy``, the share of the tokens whose IOB2 tag is right; with ``seen``,
        ``seen_f1`` and so on of entities that the training data has, with this label, and
        ``unseen_f1`` and so on of the others; ``entities``, how many there are; ``wrong_borders``,
        how many of those given only overlap one of their label; ``per_class``, by label
        ``precision``, ``recall``, ``f1`` and ``support``; and ``confusion``, [K + 1, K + 1], a row
        for each label of a right entity and a column for each label of the one given with the same
        borders, the last row and column for there being none. A quotient with nothing below the
        line is 0; what has nothing to be measured on is None.

    Raises:
        DataError: There are no sentences.
    """
    place = {label: number for number, label in enumerate(labels)}
    size = len(labels)
    sums = np.zeros(3 * size, np.int64)
    confusion = np.zeros((size + 1, size + 1), np.int64)
    parts = {True: np.zeros(3, np.int64), False: np.zeros(3, np.int64)}
    count = tokens = right_tags = wrong_borders = 0
    for sentence in sentences:
        count += 1
        length = len(sentence.tokens)
        tokens += length
        right_tags += sum(
            one == other
            for one, other in zip(
                tags_of(sentence.right, length), tags_of(sentence.given, length), strict=True
            )
        )
        sums += _counts(sentence, place)
        wrong_borders += sum(_only_overlaps(span, sentence.right) for span in sentence.given)
        _confuse(confusion, sentence, place)
        if seen is not None:
            both = {*sentence.right} & {*sentence.given}
            for column, spans in enumerate((both, sentence.given, sentence.right)):
                for span in spans:
                    surface = sentence.tokens[span.start : span.end]
                    parts[entity_fingerprint(surface, span.label) in seen][column] += 1
    if not count:
        raise DataError("there are no examples to measure")
    found, given, right = np.split(sums, 3)
    metrics: dict[str, Any] = _scores(found.sum(), given.sum(), right.sum())
    metrics["macro_f1"] = float(macro_f1(sums)) if (given + right).any() else None
    metrics["token_accuracy"] = right_tags / tokens if tokens else None
    if seen is not None:
        for name, is_seen in (("seen", True), ("unseen", False)):
            scores = _scores(*parts[is_seen])
            metrics |= {f"{name}_{metric}": value for metric, value in scores.items()}
    return metrics | {
        "entities": int(right.sum()),
        "wrong_borders": wrong_borders,
        "per_class": {
            label: {
                **_scores(found[number], given[number], right[number]),
                "support": int(right[number]),
            }
            for label, number in place.items()
        },
        "confusion": confusion.tolist(),
    }


def entity_statistics(sentences: Iterable[Tagged], labels: Sequence[str]) -> Statistics:
    """Gives what ``f1``, ``macro_f1``, ``precision`` and ``recall`` of the above are made of.

    Args:
        sentences: What is right and what was given.
        labels: The kinds of entities.

    Raises:
        DataError: There are no sentences.
    """
    place = {label: number for number, label in enumerate(labels)}
    rows = [_counts(sentence, place) for sentence in sentences]
    if not rows:
        raise DataError("there are no examples to measure")
    counts = np.stack(rows)
    smallest = np.min_scalar_type(int(counts.max(initial=0)))
    metrics = {
        "f1": Metric(micro_f1),
        "macro_f1": Metric(macro_f1),
        "precision": Metric(lambda sums: _total(sums, 0) / np.maximum(_total(sums, 1), 1)),
        "recall": Metric(lambda sums: _total(sums, 0) / np.maximum(_total(sums, 2), 1)),
    }
    return Statistics(counts.astype(smallest), metrics)


def worst_entities(sentences: Iterable[Tagged], n: int = WORST) -> "pd.DataFrame":
    """Returns the errors that the model was surest of, the surest first, and then what it missed.

    Args:
        sentences: What is right and what was given.
        n: How many rows at most.

    Returns:
        Columns ``kind`` (``label``, ``borders``, ``spurious`` or ``missed``), ``right`` and
        ``given`` (the tokens), ``label`` and ``answer`` (their labels), ``score``, ``context``
        (the sentence around it, with what was given, or else missed, in brackets) and ``sentence``
        (its number, from 1).
    """
    import pandas as pd

    errors = [
        error
        for number, sentence in enumerate(sentences, start=1)
        for error in _errors(sentence, number)
    ]
    errors.sort(key=lambda error: -error["score"])  # missed ones have a score of -1
    frame = pd.DataFrame(errors[:n], columns=_COLUMNS)
    frame["score"] = frame["score"].where(frame["score"] >= 0)
    return frame


_COLUMNS = ["kind", "right", "given", "label", "answer", "score", "context", "sentence"]


def _errors(sentence: Tagged, number: int) -> Iterable[dict[str, Any]]:
    right = {*sentence.right}
    explained: set[Span] = set()
    for span, score in zip(sentence.given, sentence.scores, strict=True):
        if span in right:
            continue
        overlapping = [other for other in sentence.right if _overlap(span, other)]
        explained.update(overlapping)
        if not overlapping:
            yield _error("spurious", sentence, number, None, span, score)
            continue
        kind = "label" if overlapping[0][:2] == span[:2] else "borders"
        yield _error(kind, sentence, number, overlapping[0], span, score)
    for span in sentence.right:
        if span not in explained and span not in sentence.given:
            yield _error("missed", sentence, number, span, None, -1.0)


def _error(
    kind: str, sentence: Tagged, number: int, right: Span | None, given: Span | None, score: float
) -> dict[str, Any]:
    def words(span: Span | None) -> str:
        return "" if span is None else " ".join(sentence.tokens[span.start : span.end])

    start, end, _ = given or right or Span(0, 0, "")
    before = sentence.tokens[max(0, start - CONTEXT) : start]
    after = sentence.tokens[end : end + CONTEXT]
    inside = " ".join(sentence.tokens[start:end])
    return {
        "kind": kind,
        "right": words(right),
        "given": words(given),
        "label": right.label if right else "",
        "answer": given.label if given else "",
        "score": score,
        "context": " ".join([*before, f"[{inside}]", *after]),
        "sentence": number,
    }


def _counts(sentence: Tagged, place: dict[str, int]) -> NDArray[np.int64]:
    """[3 K] of each label how many were found, given and right."""
    counts = np.zeros((3, len(place)), np.int64)
    found = {*sentence.right} & {*sentence.given}
    for row, spans in zip(counts, (found, sentence.given, sentence.right), strict=True):
        for span in spans:
            row[place[span.label]] += 1
    return counts.ravel()


def _confuse(confusion: NDArray[np.int64], sentence: Tagged, place: dict[str, int]) -> None:
    right = {span[:2]: place[span.label] for span in sentence.right}
    given = {span[:2]: place[span.label] for span in sentence.given}
    for borders in {*right, *given}:
        confusion[right.get(borders, -1), given.get(borders, -1)] += 1


def _only_overlaps(span: Span, right: Sequence[Span]) -> bool:
    """Whether an entity has other borders than one of its label that it overlaps."""
    return span not in right and any(
        other.label == span.label and _overlap(span, other) for other in right
    )


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _scores(found: int, given: int, right: int) -> dict[str, float | None]:
    if not given + right:
        return {"f1": None, "precision": None, "recall": None}
    return {
        "f1": float(2 * found / (given + right)),
        "precision": float(found / given) if given else 0.0,
        "recall": float(found / right) if right else 0.0,
    }


def _total(sums: NDArray[Any], part: int) -> NDArray[Any]:
    """Found (0), given (1) or right (2), over all labels, of sums [..., 3 K]."""
    return np.split(sums, 3, axis=-1)[part].sum(axis=-1)
