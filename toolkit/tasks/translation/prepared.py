"""The preparation of pairs of texts for training."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.data import (
    PairCorpus,
    PairExample,
    PairExamples,
    encode_pairs,
    open_pairs,
    scan_pairs,
)
from toolkit.errors import DataError, count
from toolkit.evaluation import resolve_tokenizer
from toolkit.tasks.card import validation_words
from toolkit.tasks.defaults import DataSize
from toolkit.tasks.golden import first_inputs
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.previous import with_more_tokens
from toolkit.tasks.settings import Settings
from toolkit.tasks.translation import defaults
from toolkit.text import SubwordTokenizer, Tokenizer

logger = logging.getLogger("toolkit")

TextLayer = SubwordTokenizer | Tokenizer

#: The share of training pairs whose ratio of lengths is at most the recorded one.
LENGTH_RATIO_SHARE = 0.999


@dataclass(frozen=True, kw_only=True)
class PreparedPairs(Prepared):
    """Pairs of texts, prepared for training.

    Attributes:
        held_out_rows: Whether each pair of the training data is held out, bool [N].
        held_out_pairs: The texts of the held-out part.
    """

    held_out_rows: NDArray[np.bool_]
    held_out_pairs: tuple[PairExample, ...]


def prepare_pairs(
    settings: Settings, examples: PairExamples, validation_data: Any = None
) -> PreparedPairs:
    """Read data for the split, for the vocabularies, to encode it, and for the held-out texts.

    Args:
        settings: The settings of the training.
        examples: The training data.
        validation_data: The validation data, for ``open_pairs``, if any; else a share of the
            training data is held out.

    Raises:
        DataError: A row cannot be used, or no training pair is left.
    """
    scanned = scan_pairs(examples)
    held = np.zeros(len(scanned.sources), bool)
    if validation_data is None and settings.validation_split:
        _, rows = scanned.split(settings.validation_split, settings.seed)
        held[rows] = True

    def training_texts(*sides: str) -> Iterator[str]:
        for example, left_out in zip(scanned.reread(examples), held, strict=True):
            if not left_out:
                yield from (getattr(example, side) for side in sides)

    settings = settings.reading_as(examples)
    settings = settings.resolve(max_tokens=defaults.max_tokens(len(held)))
    layers = text_layers(settings, training_texts)
    corpus = encode_pairs(scanned.reread(examples), *layers)
    train = _short_enough(corpus.subset(np.flatnonzero(~held)), settings.max_length)
    if not len(train):
        raise DataError(f"{examples.source.name} has no pair that can be learnt from")
    held_out, pairs = None, []
    if validation_data is not None:
        pairs = list(
            PairExamples(open_pairs(validation_data, "test", settings.columns), settings.columns)
        )
    elif held.any():
        rows_held = zip(scanned.reread(examples), held, strict=True)
        pairs = [example for example, is_held in rows_held if is_held]
    if validation_data is not None or held.any():
        held_out = encode_pairs(iter(pairs), *layers)
    references = [pair.target for pair in pairs]
    tokenizer = resolve_tokenizer(settings.bleu_tokenizer, references)
    if references:
        settings = settings.resolve(bleu_tokenizer=tokenizer)
    ratio_before = settings.previous.facts["length_ratio"] if settings.previous else 0.0
    return PreparedPairs(
        settings=settings,
        preprocessing=layers[0],
        target_preprocessing=layers[1],
        train=train,
        held_out=held_out,
        held_out_inputs=(lambda: first_inputs(pair.source for pair in pairs)) if pairs else None,
        held_out_data=(lambda: ([p.source for p in pairs], references)) if pairs else None,
        size=DataSize(len(train), int(train.target_lengths.sum())),
        facts={
            "data": examples.source.name,
            "rows": len(train),
            "length_ratio": max(_length_ratio(train), ratio_before),
            "validation": validation_words(held_out, validation_data, "by source", settings.seed),
        },
        named_columns=examples.named_columns,
        held_out_rows=held,
        held_out_pairs=tuple(pairs),
    )


def text_layers(
    settings: Settings, texts: Callable[..., Iterator[str]]
) -> tuple[TextLayer, TextLayer]:
    """Return the preprocessing of the source and of the target, which may be the same.

    Where a training goes on, they are the earlier ones with more tokens.

    Args:
        settings: The settings of the training.
        texts: Returns the training texts of the given sides.
    """

    def layer(*sides: str) -> TextLayer:
        tokenizer: TextLayer
        if settings.token_level == "subwords":
            tokenizer = SubwordTokenizer(settings.max_tokens, file_name=f"{'_'.join(sides)}.txt")
        else:
            tokenizer = Tokenizer(
                token_level=settings.token_level,
                lowercase=False,
                html_breaks=False,
                max_tokens=settings.max_tokens,
                min_count=settings.min_count,
            )
        tokenizer.adapt(texts(*sides))
        return tokenizer

    if (previous := settings.previous) is not None:
        source, target = previous.model.preprocessing, previous.model.target_preprocessing
        if settings.shared_vocabulary:
            return (with_more_tokens(source, settings, texts("source", "target")),) * 2
        return (
            with_more_tokens(source, settings, texts("source")),
            with_more_tokens(target, settings, texts("target")),
        )
    if settings.shared_vocabulary:
        return (layer("source", "target"),) * 2
    return layer("source"), layer("target")


def _short_enough(corpus: PairCorpus, max_length: int) -> PairCorpus:
    """Return the pairs without long sides, and log the number of the others."""
    short = np.maximum(corpus.source_lengths, corpus.target_lengths) <= max_length
    if short.all():
        return corpus
    left_out = int((~short).sum())
    has, is_left = ("has", "is") if left_out == 1 else ("have", "are")
    logger.warning(
        "%s %s a side of more than %d tokens, and %s left out",
        *(count(left_out, "pair"), has, max_length, is_left),
    )
    return corpus.subset(np.flatnonzero(short))


def _length_ratio(corpus: PairCorpus) -> float:
    """Return the number of target tokens per source token that few pairs exceed."""
    ratios = corpus.target_lengths / np.maximum(1, corpus.source_lengths)
    return round(float(np.quantile(ratios, LENGTH_RATIO_SHARE)), 2)
