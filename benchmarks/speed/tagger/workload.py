"""Sentences to train on and to tag: as long as CoNLL-2003's, generated or from a file."""

import itertools
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from pipelines.samples.people import people
from toolkit.data import (
    EntityExamples,
    LengthBatches,
    Span,
    TaggedCorpus,
    TaggedSentence,
    align,
    encode_tagged,
    open_entities,
    spans_of,
    tags_of,
)
from toolkit.data.entities.options import EntityColumnOptions
from toolkit.errors import DataError
from toolkit.tagging.schemes import bioes_tags, to_bioes
from toolkit.text import TokenFeatures

#: The size that a vocabulary is padded to, as that of CoNLL-2003.
VOCABULARY = 20_000
#: The batch size that the toolkit chooses for CoNLL-2003.
BATCH_TOKENS = 581
#: The number of sentences to tag; they are not trained on.
TEST_SENTENCES = 1_000
#: The maximum number of sentences that are read from a file.
MAX_SENTENCES = 20_000

#: The mean and the standard deviation of the logarithms of CoNLL-2003's lengths, and the longest.
LOG_LENGTH_MEAN, LOG_LENGTH_DEVIATION, LONGEST = 2.316, 0.904, 113

Sentence = tuple[Sequence[str], Sequence[str]]


@dataclass(frozen=True)
class Workload:
    """The data of the benchmark.

    Attributes:
        description: The origin of the data, for the report.
        labels: The entity types.
        train: Sentences to train on: tokens and their tags in IOB2.
        texts: Sentences to tag: their tokens.
        vocabulary_size: The size that the vocabulary of words is padded to, with unused words.
    """

    description: str
    labels: list[str]
    train: list[Sentence]
    texts: list[list[str]]
    vocabulary_size: int = 0

    @cached_property
    def counts(self) -> Counter[str]:
        """The counts of the tokens in the training sentences."""
        return Counter(token for tokens, _ in self.train for token in tokens)

    @cached_property
    def vocabulary(self) -> tuple[TokenFeatures, NDArray[np.int64]]:
        """The layer of token features, and the count of each id's word, at least 1 [V]."""
        features = TokenFeatures(token_level="treebank_words")
        counts = np.maximum(1, features.adapt(self.counts))
        more = self.vocabulary_size - len(counts)
        if more <= 0:
            return features, counts
        words = features.words + [f"filler{number}" for number in range(more)]
        vocabularies = features.get_config()["vocabularies"] | {"words": words}
        filled = TokenFeatures(token_level="treebank_words", vocabularies=vocabularies)
        return filled, np.pad(counts, (0, more), constant_values=1)

    @cached_property
    def corpus(self) -> TaggedCorpus:
        """The training sentences as numbers."""
        numbers = {tag: number for number, tag in enumerate(bioes_tags(self.labels))}
        sentences = (
            TaggedSentence(row, tokens, [numbers[tag] for tag in to_bioes(tags)])
            for row, (tokens, tags) in enumerate(self.train)
        )
        return encode_tagged(sentences, self.vocabulary[0].lookup)

    @property
    def unknown_share(self) -> float:
        """The share of the tokens to tag that are not in the training sentences."""
        return float(np.mean([t not in self.counts for tokens in self.texts for t in tokens]))

    def batches(self, count: int) -> list[NDArray[np.int64]]:
        """Return the sentences of some batches of an epoch, drawn at random."""
        return LengthBatches(self.corpus, BATCH_TOKENS).order()[:count]


def generated(seed: int = 0) -> Workload:
    """Return the sample's sentences, joined and split again into lengths like CoNLL-2003's."""
    rng = random.Random(seed)
    texts = people("train")
    pieces = TokenFeatures(token_level="treebank_words").split(
        tf.constant([each["text"] for each in texts])
    )
    tokens: list[str] = []
    tags: list[str] = []
    for text, *of_text in zip(texts, *(ragged.to_list() for ragged in pieces), strict=True):
        words, starts, ends = of_text
        spans = [Span(e["start"], e["end"], e["label"]) for e in text["entities"]]
        tokens += [word.decode() for word in words]
        tags += tags_of(align(spans, starts, ends)[0], len(words))
    sentences = list(_split_by_length(tokens, tags, rng))
    rng.shuffle(sentences)
    return _workload("generated sentences", sentences, VOCABULARY)


def _split_by_length(tokens: list[str], tags: list[str], rng: random.Random) -> Iterator[Sentence]:
    start = 0
    while start < len(tokens):
        length = round(rng.lognormvariate(LOG_LENGTH_MEAN, LOG_LENGTH_DEVIATION))
        end = start + min(max(1, length), LONGEST)
        some = tags[start:end]
        if some[0][0] == "I":  # split within an entity
            some[0] = f"B{some[0][1:]}"
        yield tokens[start:end], some
        start = end


def from_file(path: str) -> Workload:
    """Return the first sentences of a file in a format that the toolkit reads, as CoNLL-2003's.

    Raises:
        DataError: The file has texts instead of tokens, or too few sentences.
    """
    options = EntityColumnOptions()
    examples = itertools.islice(
        EntityExamples(open_entities(path, None, options), options), MAX_SENTENCES
    )
    sentences: list[Sentence] = [(example.tokens, example.tags) for example in examples]
    name = Path(path).name
    if not all(tokens for tokens, _ in sentences) or len(sentences) < 2 * TEST_SENTENCES:
        raise DataError(
            f"{name}: at least {2 * TEST_SENTENCES} sentences of tokens with tags are needed"
        )
    random.Random(0).shuffle(sentences)
    return _workload(name, sentences, 0)


def _workload(name: str, sentences: list[Sentence], vocabulary_size: int) -> Workload:
    labels = sorted({span.label for _, tags in sentences for span in spans_of(tags)})
    texts = [list(tokens) for tokens, _ in sentences[:TEST_SENTENCES]]
    return Workload(name, labels, sentences[TEST_SENTENCES:], texts, vocabulary_size)
