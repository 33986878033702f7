"""Metrics of translations: BLEU and chrF as sacreBLEU computes them."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import DataError
from toolkit.evaluation.statistics import Metric, Statistics

#: The longest word n-grams of BLEU, and the longest character n-grams of chrF.
WORD_ORDER, CHARACTER_ORDER = 4, 6
#: chrF2: recall counts twice as much as precision (Popović 2016).
_BETA = 2
#: The upper limits in words of the groups of ``bleu_by_length``.
LENGTHS = (8, 12, 16, 20)


class LengthRow(NamedTuple):
    """BLEU of the pairs whose sources have a number of words in a range.

    Attributes:
        words: The range, as text.
        pairs: The number of pairs.
        bleu: Their BLEU; None without pairs.
    """

    words: str
    pairs: int
    bleu: float | None


def translation_metrics(
    hypotheses: Sequence[str], references: Sequence[str]
) -> dict[str, float | str]:
    """Measure translations against one reference each.

    Args:
        hypotheses: [N] the translations.
        references: [N] the references.

    Returns:
        ``bleu`` (Papineni et al. 2002; with case, tokenised by sacreBLEU's 13a), ``chrf`` (Popović
        2015), ``bleu_lowercase`` (BLEU without case, as in older papers), each from 0 to 100;
        ``exact_match``, the share of translations that equal their reference; and the signatures of
        BLEU and chrF, with which the scores can be reproduced (Post 2018).

    Raises:
        DataError: There are no pairs.
    """
    if not references:
        raise DataError("there are no translations to measure")
    metrics: dict[str, float | str] = {}
    signatures = {}
    for name, metric in _metrics().items():
        metrics[name] = float(metric.corpus_score(list(hypotheses), [list(references)]).score)
        signatures[f"{name}_signature"] = str(metric.get_signature())
    pairs = zip(hypotheses, references, strict=True)
    metrics["exact_match"] = sum(one == other for one, other in pairs) / len(references)
    return metrics | signatures


@cache
def _metrics() -> Mapping[str, Any]:
    """Return sacreBLEU's metrics by name; sacreBLEU is imported by the first call."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    return {"bleu": BLEU(), "chrf": CHRF(), "bleu_lowercase": BLEU(lowercase=True)}


def translation_statistics(hypotheses: Sequence[str], references: Sequence[str]) -> Statistics:
    """Return the statistics of ``bleu`` and ``chrf``.

    Args:
        hypotheses: [N] the translations.
        references: [N] the references.

    Raises:
        DataError: There are no pairs.
    """
    if not references:
        raise DataError("there are no translations to measure")
    bleu = _metrics()["bleu"]
    rows = []
    for one, other in zip(hypotheses, references, strict=True):
        word_score = bleu.corpus_score([one], [[other]])
        rows.append(
            [
                *word_score.counts,
                *word_score.totals,
                *(word_score.sys_len, word_score.ref_len),
                *_character_counts(one, other),
            ]
        )
    words = 2 * WORD_ORDER + 2
    metrics = {
        "bleu": Metric(lambda sums: corpus_bleu(sums[..., :words])),
        "chrf": Metric(lambda sums: corpus_chrf(sums[..., words:])),
    }
    return Statistics(np.asarray(rows, np.int32), metrics)


def corpus_bleu(sums: NDArray[Any]) -> NDArray[Any]:
    """Return BLEU from 0 to 100, smoothed as by sacreBLEU ("exp": Chen and Cherry 2014, 3).

    Args:
        sums: [..., 10] the matching and all n-grams of 1 to 4 words; the words of the hypotheses
            and of the references.
    """
    sums = np.asarray(sums, np.float64)
    matches, total, lengths = np.split(sums, [WORD_ORDER, 2 * WORD_ORDER], -1)
    unmatched = (matches == 0) & (total > 0)
    smoothed = np.where(unmatched, 0.5 ** np.cumsum(unmatched, axis=-1), matches)
    precisions = smoothed / np.maximum(total, 1)
    predicted, gold = lengths[..., 0], lengths[..., 1]
    brevity = np.exp(np.minimum(0, 1 - gold / np.maximum(predicted, 1e-9)))
    with np.errstate(divide="ignore"):
        mean = np.exp(np.log(precisions).mean(axis=-1))
    any_match = matches.sum(axis=-1) > 0
    return 100 * np.where(any_match & (predicted > 0), brevity * mean, 0.0)


def corpus_chrf(sums: NDArray[Any]) -> NDArray[Any]:
    """Return chrF2 from 0 to 100.

    Args:
        sums: [..., 18] the predicted, gold and matching n-grams of 1 to 6 characters.
    """
    predicted, gold, matches = np.split(np.asarray(sums, np.float64), 3, axis=-1)
    counted = (predicted > 0) & (gold > 0)
    orders = np.maximum(counted.sum(axis=-1), 1)
    precision = (matches / np.maximum(predicted, 1) * counted).sum(axis=-1) / orders
    recall = (matches / np.maximum(gold, 1) * counted).sum(axis=-1) / orders
    denominator = _BETA**2 * precision + recall
    return 100 * (1 + _BETA**2) * precision * recall / np.where(denominator > 0, denominator, 1.0)


def sentence_chrf(hypothesis: str, reference: str) -> float:
    """Return chrF2 of one translation, from 0 to 100."""
    return float(corpus_chrf(np.asarray(_character_counts(hypothesis, reference))))


def _character_counts(hypothesis: str, reference: str) -> list[int]:
    """Return the predicted, gold and matching n-grams of 1 to 6 characters, without white space."""
    counts: list[list[int]] = [[], [], []]
    sides = ["".join(text.split()) for text in (hypothesis, reference)]
    for order in range(1, CHARACTER_ORDER + 1):
        predicted, gold = (
            Counter(text[start : start + order] for start in range(len(text) - order + 1))
            for text in sides
        )
        # As in sacreBLEU, an order that the reference is too short for has no predicted n-grams.
        totals = predicted.total() if gold else 0, gold.total(), (predicted & gold).total()
        for column, total in zip(counts, totals, strict=True):
            column.append(total)
    return [total for column in counts for total in column]


def bleu_by_length(
    sources: Sequence[str], hypotheses: Sequence[str], references: Sequence[str]
) -> list[LengthRow]:
    """Return BLEU by the number of words in the source.

    Without attention it falls with the length (Cho et al. 2014, "On the Properties of Neural
    Machine Translation", section 4).

    Args:
        sources: [N] the source texts.
        hypotheses: [N] the translations.
        references: [N] the references.
    """
    bleu = _metrics()["bleu"]
    ends = [*LENGTHS, float("inf")]
    groups: list[list[int]] = [[] for _ in ends]
    for number, source in enumerate(sources):
        words = len(source.split())
        groups[next(place for place, end in enumerate(ends) if words <= end)].append(number)
    names = [
        f"at most {LENGTHS[0]}",
        *(f"{low + 1} to {high}" for low, high in itertools.pairwise(LENGTHS)),
        f"over {LENGTHS[-1]}",
    ]
    rows = []
    for name, group in zip(names, groups, strict=True):
        predicted, gold = ([side[number] for number in group] for side in (hypotheses, references))
        score = float(bleu.corpus_score(predicted, [gold]).score) if group else None
        rows.append(LengthRow(name, len(group), score))
    return rows
