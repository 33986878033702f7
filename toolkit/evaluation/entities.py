"""Metrics of predicted entities against the gold ones.

A prediction is a true positive if its borders and its label equal those of a gold entity, as in the
CoNLL shared tasks (Tjong Kim Sang and De Meulder 2003, section 2.4). On legal IOB2 tags that is the
strict mode of seqeval and the ``strict`` scores of nervaluate.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.data.fingerprints import fingerprint
from toolkit.evaluation.classification import require_examples
from toolkit.evaluation.statistics import Metric, Statistics, macro_f1, micro_f1
from toolkit.tagging.spans import Span, tags_of

#: The name of the row and column of the confusion matrix for the absence of an entity.
NOTHING = "no entity"


class Tagged(NamedTuple):
    """A sentence or a tokenised text with its gold and its predicted entities.

    Attributes:
        tokens: Its tokens.
        gold: The gold entities, in tokens; they do not overlap.
        predicted: The predicted entities; they do not overlap.
        scores: The probability of each predicted entity.
    """

    tokens: Sequence[str]
    gold: Sequence[Span]
    predicted: Sequence[Span]
    scores: Sequence[float]


def entity_fingerprint(tokens: Sequence[str], label: str) -> int:
    """Return a hash of an entity's tokens, without the space between them, and its label.

    Hashes tell which entities a training had without keeping their text.
    """
    return fingerprint(f"{''.join(tokens)}\n{label}")


def entity_metrics(
    sentences: Iterable[Tagged], labels: Sequence[str], seen: Container[int] | None = None
) -> dict[str, Any]:
    """Measure predicted entities.

    Args:
        sentences: Sentences with gold and predicted entities.
        labels: The labels of entities.
        seen: The fingerprints of the training data's entities.

    Returns:
        ``precision``, ``recall`` and ``f1`` over all entities, by exact match; ``macro_f1``, the
        mean over the labels that occur among gold or predicted entities; ``token_accuracy``, the
        share of the tokens with the gold IOB2 tag; with ``seen``, ``seen_precision`` and so on of
        entities that the training data has, with the same label, and ``unseen_precision`` and so on
        of the other entities; ``entities``, the number of gold entities; ``wrong_borders``, the
        number of predictions that overlap a gold entity of their label without matching one;
        ``per_class``, by label ``precision``, ``recall``, ``f1`` and ``support``; and
        ``confusion``, [K + 1, K + 1], a row for each label of a gold entity and a column for the
        label that was predicted with the same borders; the last row and column stand for no entity.
        A quotient whose denominator is 0 is 0; a metric without gold and predicted entities is
        None.

    Raises:
        DataError: There are no sentences.
    """
    tagged: list[Tagged] = require_examples(list(sentences))
    index = _label_indices(labels)
    sums = np.sum([_counts(sentence, index) for sentence in tagged], axis=0)
    true_positives, predicted, gold = np.split(sums, 3)
    metrics: dict[str, Any] = _scores(true_positives.sum(), predicted.sum(), gold.sum())
    metrics["macro_f1"] = float(macro_f1(sums)) if sums.any() else None
    metrics["token_accuracy"] = _token_accuracy(tagged)
    if seen is not None:
        metrics |= _seen_and_unseen(tagged, seen)
    return metrics | {
        "entities": int(gold.sum()),
        "wrong_borders": sum(map(_wrong_borders, tagged)),
        "per_class": {
            label: {
                **_scores(true_positives[k], predicted[k], gold[k]),
                "support": int(gold[k]),
            }
            for label, k in index.items()
        },
        "confusion": _confusion(tagged, index).tolist(),
    }


def entity_statistics(sentences: Iterable[Tagged], labels: Sequence[str]) -> Statistics:
    """Return the statistics of ``f1``, ``macro_f1``, ``precision`` and ``recall``.

    Args:
        sentences: Sentences with gold and predicted entities.
        labels: The labels of entities.

    Raises:
        DataError: There are no sentences.
    """
    index = _label_indices(labels)
    rows = np.stack(require_examples([_counts(sentence, index) for sentence in sentences]))
    metrics = {
        "f1": Metric(micro_f1),
        "macro_f1": Metric(macro_f1),
        "precision": Metric(lambda sums: _total(sums, 0) / np.maximum(_total(sums, 1), 1)),
        "recall": Metric(lambda sums: _total(sums, 0) / np.maximum(_total(sums, 2), 1)),
    }
    return Statistics(rows.astype(np.min_scalar_type(int(rows.max(initial=0)))), metrics)


def metrics_within(sentences: Iterable[Tagged], tolerance: int) -> dict[str, float | None]:
    """Return ``precision_within``, ``recall_within`` and ``f1_within``.

    A prediction is a true positive if a gold entity of its label has both borders at most
    ``tolerance`` tokens away; each gold entity counts once, the nearest pairs first.

    Args:
        sentences: Sentences with gold and predicted entities.
        tolerance: The largest distance of two borders.
    """
    counts = np.zeros(3, np.int64)  # true positives, predicted, gold
    for sentence in sentences:
        hits = _pairs_within(sentence.gold, sentence.predicted, tolerance)
        counts += (hits, len(sentence.predicted), len(sentence.gold))
    return {f"{name}_within": value for name, value in _scores(*counts.tolist()).items()}


def _pairs_within(gold: Sequence[Span], predicted: Sequence[Span], tolerance: int) -> int:
    """Return the number of predictions that each have a gold entity of their own within reach."""
    ordered = sorted(gold)
    starts = [span.start for span in ordered]
    pairs = []
    for number, span in enumerate(predicted):
        for other in range(
            bisect_left(starts, span.start - tolerance),
            bisect_right(starts, span.start + tolerance),
        ):
            start, end, label = ordered[other]
            if label == span.label and abs(end - span.end) <= tolerance:
                pairs.append((abs(start - span.start) + abs(end - span.end), number, other))
    used_predicted: set[int] = set()
    used_gold: set[int] = set()
    for _, number, other in sorted(pairs):
        if number not in used_predicted and other not in used_gold:
            used_predicted.add(number)
            used_gold.add(other)
    return len(used_gold)


def overlapping(span: Span, entity_at: Mapping[int, Span]) -> list[Span]:
    """Return the entities that share a token with a span, in order.

    Args:
        span: A span of tokens.
        entity_at: The entity of each token that is in one: see ``entity_by_token``.
    """
    tokens = range(span.start, span.end)
    return list(dict.fromkeys(entity_at[token] for token in tokens if token in entity_at))


def entity_by_token(spans: Iterable[Span]) -> dict[int, Span]:
    """Return the entity of each token that is in one."""
    return {token: span for span in spans for token in range(span.start, span.end)}


def _label_indices(labels: Sequence[str]) -> dict[str, int]:
    return {label: number for number, label in enumerate(labels)}


def _counts(sentence: Tagged, index: Mapping[str, int]) -> NDArray[np.int64]:
    """Return [3 K] the true positives, predicted and gold entities of each label."""
    counts = np.zeros((3, len(index)), np.int64)
    for row, spans in zip(counts, _true_positives_predicted_gold(sentence), strict=True):
        for span in spans:
            row[index[span.label]] += 1
    return counts.ravel()


def _true_positives_predicted_gold(
    sentence: Tagged,
) -> tuple[Iterable[Span], Iterable[Span], Iterable[Span]]:
    return {*sentence.gold} & {*sentence.predicted}, sentence.predicted, sentence.gold


def _token_accuracy(sentences: Sequence[Tagged]) -> float | None:
    same = [
        one == other
        for tokens, gold, predicted, _ in sentences
        for one, other in zip(
            tags_of(gold, len(tokens)), tags_of(predicted, len(tokens)), strict=True
        )
    ]
    return sum(same) / len(same) if same else None


def _seen_and_unseen(sentences: Sequence[Tagged], seen: Container[int]) -> dict[str, float | None]:
    counts = {"seen": [0, 0, 0], "unseen": [0, 0, 0]}  # true positives, predicted, gold
    for sentence in sentences:
        for column, spans in enumerate(_true_positives_predicted_gold(sentence)):
            for start, end, label in spans:
                known = entity_fingerprint(sentence.tokens[start:end], label) in seen
                counts["seen" if known else "unseen"][column] += 1
    return {
        f"{part}_{name}": value
        for part, three in counts.items()
        for name, value in _scores(*three).items()
    }


def _wrong_borders(sentence: Tagged) -> int:
    """Return the number of predictions that overlap a gold entity of their label, unmatched."""
    entity_at = entity_by_token(sentence.gold)
    wrong = {*sentence.predicted} - {*sentence.gold}
    return sum(any(o.label == span.label for o in overlapping(span, entity_at)) for span in wrong)


def _confusion(sentences: Sequence[Tagged], index: Mapping[str, int]) -> NDArray[np.int64]:
    counts = np.zeros((len(index) + 1, len(index) + 1), np.int64)
    for sentence in sentences:
        gold = {span[:2]: index[span.label] for span in sentence.gold}
        predicted = {span[:2]: index[span.label] for span in sentence.predicted}
        for borders in {*gold, *predicted}:
            counts[gold.get(borders, -1), predicted.get(borders, -1)] += 1
    return counts


def _scores(true_positives: int, predicted: int, gold: int) -> dict[str, float | None]:
    if not predicted + gold:
        return {"precision": None, "recall": None, "f1": None}
    return {
        "precision": float(true_positives / predicted) if predicted else 0.0,
        "recall": float(true_positives / gold) if gold else 0.0,
        "f1": float(2 * true_positives / (predicted + gold)),
    }


def _total(sums: NDArray[Any], part: int) -> NDArray[Any]:
    """Return true positives (0), predicted (1) or gold (2) of sums [..., 3 K], over all labels."""
    return np.split(sums, 3, axis=-1)[part].sum(axis=-1)
