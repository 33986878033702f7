"""Named entities that were found, against those that are there.

An entity is right if its borders and its label are exactly right, as in the CoNLL shared tasks
(Tjong Kim Sang and De Meulder 2003, section 2.4). On legal IOB2 tags that is the strict mode of
seqeval and the ``strict`` scores of nervaluate.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.data.duplicates import fingerprint
from toolkit.data.spans import Span, tags_of
from toolkit.evaluation.classification import some
from toolkit.evaluation.statistics import Metric, Statistics, macro_f1, micro_f1

#: What stands in the confusion matrix for an entity that is not there.
NOTHING = "no entity"


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
        ``precision``, ``recall`` and ``f1`` over all entities, exactly right ones counted;
        ``macro_f1``, the mean over the labels that occur among right or given ones;
        ``token_accuracy``, the share of the tokens whose IOB2 tag is right; with ``seen``,
        ``seen_precision`` and so on of entities that the training data has, with this label, and
        ``unseen_precision`` and so on of the others; ``entities``, how many there are;
        ``wrong_borders``, how many of those given only overlap one of their label; ``per_class``,
        by label ``precision``, ``recall``, ``f1`` and ``support``; and ``confusion``,
        [K + 1, K + 1], a row for each label of a right entity and a column for each label of the
        one given with the same borders, the last row and column for there being none. A quotient
        with nothing below the line is 0; what has nothing to be measured on is None.

    Raises:
        DataError: There are no sentences.
    """
    tagged: list[Tagged] = some(list(sentences))
    place = _places(labels)
    sums = np.sum([_counts(sentence, place) for sentence in tagged], axis=0)
    found, given, right = np.split(sums, 3)
    metrics: dict[str, Any] = _scores(found.sum(), given.sum(), right.sum())
    metrics["macro_f1"] = float(macro_f1(sums)) if sums.any() else None
    metrics["token_accuracy"] = _token_accuracy(tagged)
    if seen is not None:
        metrics |= _seen_and_unseen(tagged, seen)
    return metrics | {
        "entities": int(right.sum()),
        "wrong_borders": sum(map(_wrong_borders, tagged)),
        "per_class": {
            label: {**_scores(found[k], given[k], right[k]), "support": int(right[k])}
            for label, k in place.items()
        },
        "confusion": _confusion(tagged, place).tolist(),
    }


def entity_statistics(sentences: Iterable[Tagged], labels: Sequence[str]) -> Statistics:
    """Gives what ``f1``, ``macro_f1``, ``precision`` and ``recall`` of the above are made of.

    Args:
        sentences: What is right and what was given.
        labels: The kinds of entities.

    Raises:
        DataError: There are no sentences.
    """
    place = _places(labels)
    rows = np.stack(some([_counts(sentence, place) for sentence in sentences]))
    metrics = {
        "f1": Metric(micro_f1),
        "macro_f1": Metric(macro_f1),
        "precision": Metric(lambda sums: _total(sums, 0) / np.maximum(_total(sums, 1), 1)),
        "recall": Metric(lambda sums: _total(sums, 0) / np.maximum(_total(sums, 2), 1)),
    }
    return Statistics(rows.astype(np.min_scalar_type(int(rows.max(initial=0)))), metrics)


def overlapping(span: Span, owners: Mapping[int, Span]) -> list[Span]:
    """The entities that share a token with a span, in order.

    Args:
        span: In tokens.
        owners: Of each token in an entity, that entity: see ``owners_of``.
    """
    places = range(span.start, span.end)
    return list(dict.fromkeys(owners[place] for place in places if place in owners))


def owners_of(spans: Iterable[Span]) -> dict[int, Span]:
    """Of each token in an entity, that entity."""
    return {place: span for span in spans for place in range(span.start, span.end)}


def _places(labels: Sequence[str]) -> dict[str, int]:
    return {label: number for number, label in enumerate(labels)}


def _counts(sentence: Tagged, place: Mapping[str, int]) -> NDArray[np.int64]:
    """[3 K] of each label how many were found, given and right."""
    counts = np.zeros((3, len(place)), np.int64)
    for row, spans in zip(counts, _found_given_right(sentence), strict=True):
        for span in spans:
            row[place[span.label]] += 1
    return counts.ravel()


def _found_given_right(sentence: Tagged) -> tuple[Iterable[Span], Iterable[Span], Iterable[Span]]:
    return {*sentence.right} & {*sentence.given}, sentence.given, sentence.right


def _token_accuracy(sentences: Sequence[Tagged]) -> float | None:
    same = [
        one == other
        for tokens, right, given, _ in sentences
        for one, other in zip(tags_of(right, len(tokens)), tags_of(given, len(tokens)), strict=True)
    ]
    return sum(same) / len(same) if same else None


def _seen_and_unseen(sentences: Sequence[Tagged], seen: Container[int]) -> dict[str, float | None]:
    counts = {"seen": [0, 0, 0], "unseen": [0, 0, 0]}  # found, given and right
    for sentence in sentences:
        for column, spans in enumerate(_found_given_right(sentence)):
            for start, end, label in spans:
                known = entity_fingerprint(sentence.tokens[start:end], label) in seen
                counts["seen" if known else "unseen"][column] += 1
    return {
        f"{part}_{name}": value
        for part, three in counts.items()
        for name, value in _scores(*three).items()
    }


def _wrong_borders(sentence: Tagged) -> int:
    """How many given entities are none of the right ones, but overlap one of their label."""
    owners = owners_of(sentence.right)
    wrong = {*sentence.given} - {*sentence.right}
    return sum(any(o.label == span.label for o in overlapping(span, owners)) for span in wrong)


def _confusion(sentences: Sequence[Tagged], place: Mapping[str, int]) -> NDArray[np.int64]:
    counts = np.zeros((len(place) + 1, len(place) + 1), np.int64)
    for sentence in sentences:
        right = {span[:2]: place[span.label] for span in sentence.right}
        given = {span[:2]: place[span.label] for span in sentence.given}
        for borders in {*right, *given}:
            counts[right.get(borders, -1), given.get(borders, -1)] += 1
    return counts


def _scores(found: int, given: int, right: int) -> dict[str, float | None]:
    if not given + right:
        return {"precision": None, "recall": None, "f1": None}
    return {
        "precision": float(found / given) if given else 0.0,
        "recall": float(found / right) if right else 0.0,
        "f1": float(2 * found / (given + right)),
    }


def _total(sums: NDArray[Any], part: int) -> NDArray[Any]:
    """Found (0), given (1) or right (2), over all labels, of sums [..., 3 K]."""
    return np.split(sums, 3, axis=-1)[part].sum(axis=-1)
