"""Texts to train on and to classify: as long as film reviews, generated or from a file."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.samples.reviews import reviews
from toolkit.data import ColumnOptions, TextExamples, open_source
from toolkit.text import Tokenizer

VOCABULARY = 20_000
MAX_LENGTH = 400
BATCH = 64
#: The number of texts that batches and requests are chosen from.
TEXTS = 5_000

#: The lengths of film reviews in words and punctuation marks are about log-normal; these are the
#: mean and the standard deviation of their logarithms. Cut at 400, the median is 226, the mean 236.
LOG_LENGTH_MEAN, LOG_LENGTH_DEVIATION = 5.42, 0.62

Ids = NDArray[np.int32]


@dataclass(frozen=True)
class Batch:
    """Texts of similar length, padded with 0 on the right.

    Attributes:
        ids: int32 [B, T].
        labels: int64 [B], 0 or 1.
    """

    ids: Ids
    labels: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of ids of each text without padding: int64 [B]."""
        return np.count_nonzero(self.ids, axis=1)

    @property
    def inputs(self) -> dict[str, Ids]:
        """The inputs of the toolkit's networks."""
        return {"values": self.ids, "length": self.lengths.astype(np.int32)}


@dataclass(frozen=True)
class Workload:
    """The data of the benchmark.

    Attributes:
        description: The origin of the data, for the report.
        rows: The ids of each text to train on, at most ``MAX_LENGTH``.
        texts: The texts to classify.
        tokenizer: Their tokenizer, of at most ``VOCABULARY`` entries.
    """

    description: str
    rows: list[Ids]
    texts: list[str]
    tokenizer: Tokenizer

    def batches(self, count: int) -> list[Batch]:
        """Return batches of 64 texts, evenly spread over the lengths as in a pass over a corpus.

        Within a batch the lengths are as close as the rows allow, as with batching by length.
        """
        by_length = sorted(self.rows, key=len)
        step = len(by_length) / count
        starts = [int((number + 0.5) * step) - BATCH // 2 for number in range(count)]
        return [_padded(by_length[max(0, start) :][:BATCH]) for start in starts]


def generated(seed: int = 0) -> Workload:
    """Return ids drawn by Zipf's law to train on, and joined sample sentences to classify."""
    rng = np.random.default_rng(seed)
    lengths = np.exp(rng.normal(LOG_LENGTH_MEAN, LOG_LENGTH_DEVIATION, TEXTS)).astype(int)
    weights = 1 / np.arange(1, VOCABULARY - 1)
    cut = np.clip(lengths, 1, MAX_LENGTH)
    ids = 2 + rng.choice(VOCABULARY - 2, size=int(cut.sum()), p=weights / weights.sum())
    rows = np.split(ids.astype(np.int32), np.cumsum(cut)[:-1])

    texts = [text for text, _ in generated_reviews(lengths.tolist(), seed)]
    tokenizer = _tokenizer()
    tokenizer.adapt(texts)
    filler = (f"word{number}" for number in itertools.count())
    words = itertools.islice(itertools.chain(tokenizer.vocabulary, filler), VOCABULARY)
    return Workload("generated texts", rows, texts, _tokenizer(vocabulary=list(words)))


def generated_reviews(lengths: list[int], seed: int = 0) -> Iterator[tuple[str, str]]:
    """Yield texts of about the given lengths with labels, joined from the sample's sentences."""
    rng = random.Random(seed)
    sentences: dict[str, list[str]] = {"neg": [], "pos": []}
    for text, label in reviews("train"):
        sentences[label].append(text)
    for length in lengths:
        label = rng.choice(list(sentences))
        chosen, words = [], 0
        while words < length:
            chosen.append(rng.choice(sentences[label]))
            words += len(chosen[-1].split()) + 1  # the full stop is a token of its own
        yield " ".join(chosen), label


def from_file(path: str, text_column: str | None = None) -> Workload:
    """Return the first texts of a file in any format that the toolkit reads."""
    source = open_source(path)
    examples = TextExamples(source, ColumnOptions(text_column=text_column), labelled=False)
    texts = [example.text for example in itertools.islice(examples, TEXTS)]
    tokenizer = _tokenizer(min_count=1)
    tokenizer.adapt(texts)
    rows = [
        row[row != 0]
        for start in range(0, len(texts), BATCH)
        for row in tokenizer(texts[start : start + BATCH]).numpy()
    ]
    return Workload(f"the first {len(texts):,} texts of {Path(path).name}", rows, texts, tokenizer)


def _tokenizer(**arguments: Any) -> Tokenizer:
    return Tokenizer(max_tokens=VOCABULARY, max_length=MAX_LENGTH, **arguments)


def _padded(rows: list[Ids]) -> Batch:
    ids = np.zeros((len(rows), max(map(len, rows))), np.int32)
    for row, text in zip(ids, rows, strict=True):
        row[: len(text)] = text
    return Batch(ids, np.arange(len(rows)) % 2)
