"""How good translations are: BLEU and chrF as sacreBLEU computes them."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import DataError
from toolkit.evaluation.statistics import Metric, Statistics

#: The longest n-grams of words that BLEU counts, and of characters that chrF counts.
WORD_ORDER, CHARACTER_ORDER = 4, 6
#: chrF2: recall counts twice as much as precision (Popović 2016).
_BETA = 2
#: Up to how many words a source has, for BLEU by length.
LENGTHS = (8, 12, 16, 20)


class LengthRow(NamedTuple):
    """BLEU of the pairs whose sources have so many words.

    Attributes:
        words: How many, as text.
        pairs: How many pairs there are.
        bleu: Their BLEU; None without pairs.
    """

    words: str
    pairs: int
    bleu: float | None


def translation_metrics(
    hypotheses: Sequence[str], references: Sequence[str]
) -> dict[str, float | str]:
    """Measures translations against one reference each.

    Args:
        hypotheses: [N] what was given.
        references: [N] what is right.

    Returns:
        ``bleu`` (Papineni et al. 2002; with case, tokenised by sacreBLEU's 13a), ``chrf`` (Popović
        2015), ``bleu_lowercase`` (BLEU without case, as older papers have it), each from 0 to 100;
        ``exact_match``, the share of translations that are the reference; and the signatures of
        BLEU and chrF, by which others can compute the same (Post 2018).

    Raises:
        DataError: There are no pairs.
    """
    if not references:
        raise DataError("there are no translations to measure")
    right = [list(references)]
    found: dict[str, float | str] = {}
    signatures = {}
    for name, metric in _metrics().items():
        found[name] = float(metric.corpus_score(list(hypotheses), right).score)
        signatures[f"{name}_signature"] = str(metric.get_signature())
    pairs = zip(hypotheses, references, strict=True)
    found["exact_match"] = sum(one == other for one, other in pairs) / len(references)
    return found | signatures


@cache
def _metrics() -> Mapping[str, Any]:
    """sacreBLEU's metrics by name; it is imported when they are first asked for."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    return {"bleu": BLEU(), "chrf": CHRF(), "bleu_lowercase": BLEU(lowercase=True)}


def translation_statistics(hypotheses: Sequence[str], references: Sequence[str]) -> Statistics:
    """Gives what ``bleu`` and ``chrf`` of ``translation_metrics`` are made of.

    Args:
        hypotheses: [N] what was given.
        references: [N] what is right.

    Raises:
        DataError: There are no pairs.
    """
    if not references:
        raise DataError("there are no translations to measure")
    bleu = _metrics()["bleu"]
    rows = []
    for one, other in zip(hypotheses, references, strict=True):
        of_words = bleu.corpus_score([one], [[other]])
        rows.append(
            [
                *of_words.counts,
                *of_words.totals,
                *(of_words.sys_len, of_words.ref_len),
                *_character_counts(one, other),
            ]
        )
    words = 2 * WORD_ORDER + 2
    metrics = {
        "bleu": Metric(lambda sums: bleu_of(sums[..., :words])),
        "chrf": Metric(lambda sums: chrf_of(sums[..., words:])),
    }
    return Statistics(np.asarray(rows, np.int32), metrics)


def bleu_of(sums: NDArray[Any]) -> NDArray[Any]:
    """BLEU from 0 to 100, as sacreBLEU smooths it by default ("exp": Chen and Cherry 2014, 3).

    Args:
        sums: [..., 10]: of n-grams of 1 to 4 words how many are right, how many there are; and the
            words of what was given and of what is right.
    """
    right, total, lengths = np.split(np.asarray(sums, np.float64), [WORD_ORDER, 2 * WORD_ORDER], -1)
    wrong = (right == 0) & (total > 0)
    smoothed = np.where(wrong, 0.5 ** np.cumsum(wrong, axis=-1), right)
    precisions = smoothed / np.maximum(total, 1)
    given, wanted = lengths[..., 0], lengths[..., 1]
    brevity = np.exp(np.minimum(0, 1 - wanted / np.maximum(given, 1e-9)))
    with np.errstate(divide="ignore"):
        mean = np.exp(np.log(precisions).mean(axis=-1))
    some_right = right.sum(axis=-1) > 0
    return 100 * np.where(some_right & (given > 0), brevity * mean, 0.0)


def chrf_of(sums: NDArray[Any]) -> NDArray[Any]:
    """chrF2 from 0 to 100.

    Args:
        sums: [..., 18]: of n-grams of 1 to 6 characters how many were given, how many are wanted,
            and how many of those given are.
    """
    given, wanted, right = np.split(np.asarray(sums, np.float64), 3, axis=-1)
    counted = (given > 0) & (wanted > 0)
    orders = np.maximum(counted.sum(axis=-1), 1)
    precision = (right / np.maximum(given, 1) * counted).sum(axis=-1) / orders
    recall = (right / np.maximum(wanted, 1) * counted).sum(axis=-1) / orders
    below = _BETA**2 * precision + recall
    return 100 * (1 + _BETA**2) * precision * recall / np.where(below > 0, below, 1.0)


def sentence_chrf(hypothesis: str, reference: str) -> float:
    """chrF2 of one translation, from 0 to 100."""
    return float(chrf_of(np.asarray(_character_counts(hypothesis, reference))))


def _character_counts(hypothesis: str, reference: str) -> list[int]:
    """Of n-grams of 1 to 6 characters, without white space: given, wanted and right ones."""
    counts: list[list[int]] = [[], [], []]
    sides = ["".join(text.split()) for text in (hypothesis, reference)]
    for order in range(1, CHARACTER_ORDER + 1):
        given, wanted = (
            Counter(text[place : place + order] for place in range(len(text) - order + 1))
            for text in sides
        )
        # As in sacreBLEU, nothing is given of an order that the reference is too short for.
        numbers = given.total() if wanted else 0, wanted.total(), (given & wanted).total()
        for of_kind, number in zip(counts, numbers, strict=True):
            of_kind.append(number)
    return [number for of_kind in counts for number in of_kind]


def bleu_by_length(
    sources: Sequence[str], hypotheses: Sequence[str], references: Sequence[str]
) -> list[LengthRow]:
    """BLEU by how many words the source has.

    Without attention it falls with the length (Cho et al. 2014, "On the Properties of Neural
    Machine Translation", section 4).

    Args:
        sources: [N] what was read.
        hypotheses: [N] what was given.
        references: [N] what is right.
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
        given, right = ([side[number] for number in group] for side in (hypotheses, references))
        score = float(bleu.corpus_score(given, [right]).score) if group else None
        rows.append(LengthRow(name, len(group), score))
    return rows
