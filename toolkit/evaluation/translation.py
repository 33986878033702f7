"""Metrics of translations: BLEU and chrF as sacreBLEU computes them."""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import DataError, OptionError
from toolkit.evaluation.statistics import Metric, Statistics
from toolkit.options import option

#: The longest word n-grams of BLEU, and the longest character n-grams of chrF.
WORD_ORDER, CHARACTER_ORDER = 4, 6
#: chrF2: recall counts twice as much as precision (Popović 2016).
_BETA = 2
#: The upper limits in words of the groups of ``bleu_by_length``.
LENGTHS = (8, 12, 16, 20)
#: The share of references with ``WORD_ORDER`` tokens from which on BLEU is measured on enough.
LONG_ENOUGH = 0.1

_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA = "\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f"
#: Thai and Lao, Tibetan, Burmese, Khmer.
_SOUTHERN = "\u0e01-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"
_UNSPACED = f"{_HAN}{_KANA}{_SOUTHERN}"
#: A character of a script that is written without spaces, or a word of another script.
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")
#: The share of kana among kana and Han characters from which on a text is Japanese.
_JAPANESE = 0.1


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


def bleu_tokenizer(references: Iterable[str]) -> str:
    """Return the name of sacreBLEU's tokenizer for the script of most letters of the references.

    Without spaces a sentence would be one word, and BLEU 0 unless all of it is right. Of the
    tokenizers that need neither a download nor another package this is ``zh`` for Chinese, which
    splits Han characters and leaves words of other scripts whole; ``char`` for Japanese and the
    scripts of South-East Asia and Tibet that are written without spaces; and ``13a`` otherwise.
    """
    han = kana = southern = letters = 0
    for text in references:
        han += len(re.findall(f"[{_HAN}]", text))
        kana += len(re.findall(f"[{_KANA}]", text))
        southern += len(re.findall(f"[{_SOUTHERN}]", text))
        letters += sum(map(str.isalpha, text))
    if han + kana + southern <= letters / 2:  # or nothing is written
        return "13a"
    return "char" if southern > han + kana or kana > _JAPANESE * (han + kana) else "zh"


def resolve_tokenizer(tokenizer: str, references: Iterable[str]) -> str:
    """Return the name of a tokenizer that works: the given one, or for ``auto`` that of the script.

    Raises:
        OptionError: It needs a package or a file that is not there.
    """
    name = bleu_tokenizer(references) if tokenizer == "auto" else tokenizer
    _metrics(name)
    return name


def bleu_is_telling(references: Sequence[str], tokenizer: str) -> bool:
    """Return whether BLEU says something of translations.

    It is 0 if no translation has four tokens, whatever they say, and hardly more telling if few
    references do.

    Args:
        references: The references.
        tokenizer: The name of sacreBLEU's tokenizer.
    """
    tokens = (_metrics(tokenizer)["bleu"].tokenizer(text.rstrip()).split() for text in references)
    long = sum(len(words) >= WORD_ORDER for words in tokens)
    return long > 0 and long >= LONG_ENOUGH * len(references)


def translation_metrics(
    hypotheses: Sequence[str], references: Sequence[str], tokenizer: str = "auto"
) -> dict[str, float | str]:
    """Measure translations against one reference each.

    Args:
        hypotheses: [N] the translations.
        references: [N] the references.
        tokenizer: The name of sacreBLEU's tokenizer; auto goes by the script of the references.

    Returns:
        ``bleu`` (Papineni et al. 2002; with case), ``chrf`` (Popović 2015), ``bleu_lowercase``
        (BLEU without case, as in older papers), each from 0 to 100; ``exact_match``, the share of
        translations that equal their reference; and the signatures of BLEU, with its tokenizer, and
        of chrF, with which the scores can be reproduced (Post 2018).

    Raises:
        DataError: There are no pairs.
        OptionError: The tokenizer needs a package or a file that is not there.
    """
    if not references:
        raise DataError("there are no translations to measure")
    metrics: dict[str, float | str] = {}
    signatures = {}
    for name, metric in _metrics(resolve_tokenizer(tokenizer, references)).items():
        metrics[name] = float(metric.corpus_score(list(hypotheses), [list(references)]).score)
        signatures[f"{name}_signature"] = str(metric.get_signature())
    pairs = zip(hypotheses, references, strict=True)
    metrics["exact_match"] = sum(one == other for one, other in pairs) / len(references)
    return metrics | signatures


@cache
def _metrics(tokenizer: str) -> Mapping[str, Any]:
    """Return sacreBLEU's metrics by name; sacreBLEU is imported by the first call.

    Raises:
        OptionError: The tokenizer needs a package or a file that is not there.
    """
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    try:
        bleu, lowercase = (BLEU(lowercase=case, tokenize=tokenizer) for case in (False, True))
    except Exception as error:  # a missing package or file fails in many ways
        reason = " ".join(str(error).split()) or type(error).__name__
        raise OptionError(f"{option('bleu_tokenizer')} is {tokenizer!r}: {reason}") from error
    return {"bleu": bleu, "chrf": CHRF(), "bleu_lowercase": lowercase}


def translation_statistics(
    hypotheses: Sequence[str], references: Sequence[str], tokenizer: str = "auto"
) -> Statistics:
    """Return the statistics of ``bleu`` and ``chrf``.

    Args:
        hypotheses: [N] the translations.
        references: [N] the references.
        tokenizer: The name of sacreBLEU's tokenizer; auto goes by the script of the references.

    Raises:
        DataError: There are no pairs.
        OptionError: The tokenizer needs a package or a file that is not there.
    """
    if not references:
        raise DataError("there are no translations to measure")
    bleu = _metrics(resolve_tokenizer(tokenizer, references))["bleu"]
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
        # The words of the references differ if two runs have other tokenizers.
        "bleu": Metric(lambda sums: corpus_bleu(sums[..., :words]), counts=words - 1),
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
    sources: Sequence[str],
    hypotheses: Sequence[str],
    references: Sequence[str],
    tokenizer: str = "auto",
) -> list[LengthRow]:
    """Return BLEU by the number of words in the source; without spaces a character is a word.

    Without attention it falls with the length (Cho et al. 2014, "On the Properties of Neural
    Machine Translation", section 4).

    Args:
        sources: [N] the source texts.
        hypotheses: [N] the translations.
        references: [N] the references.
        tokenizer: The name of sacreBLEU's tokenizer; auto goes by the script of the references.

    Raises:
        OptionError: The tokenizer needs a package or a file that is not there.
    """
    bleu = _metrics(resolve_tokenizer(tokenizer, references))["bleu"]
    ends = [*LENGTHS, float("inf")]
    groups: list[list[int]] = [[] for _ in ends]
    for number, source in enumerate(sources):
        words = len(_WORD.findall(source))
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
