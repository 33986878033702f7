"""What is learnt and tagged: sentences as long as CoNLL-2003's, generated or of a file."""

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
from toolkit.data.options import EntityColumnOptions
from toolkit.data.schemes import bioes_tags, to_bioes
from toolkit.errors import DataError
from toolkit.text import TokenFeatures

#: What a vocabulary is filled up to; CoNLL-2003 has as many words.
VOCABULARY = 20_000
#: What the toolkit chooses for CoNLL-2003.
BATCH_TOKENS = 581
#: How many sentences are tagged; they are not among those that are learnt.
TAGGED = 1_000
#: At most so many sentences of a file are read.
SENTENCES = 20_000

#: The mean and the standard deviation of the logarithms of CoNLL-2003's lengths, and the longest.
LOG_LENGTH_MEAN, LOG_LENGTH_DEVIATION, LONGEST = 2.316, 0.904, 113

Sentence = tuple[Sequence[str], Sequence[str]]


@dataclass(frozen=True)
class Sentences:
    """The same work for all.

    Attributes:
        description: Where it comes from, for the report.
        labels: The kinds of entities.
        train: Sentences to learn: tokens and their tags in IOB2.
        texts: Sentences to tag: their tokens.
        vocabulary_size: What the vocabulary of words is filled up to, with words that never come.
    """

    description: str
    labels: list[str]
    train: list[Sentence]
    texts: list[list[str]]
    vocabulary_size: int = 0

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each token occurs among those that are learnt."""
        return Counter(token for tokens, _ in self.train for token in tokens)

    @cached_property
    def vocabulary(self) -> tuple[TokenFeatures, NDArray[np.int64]]:
        """What maps tokens to features, and how often each id's word occurs, at least 1 [V]."""
        features = TokenFeatures(units="compounds")
        counts = np.maximum(1, features.adapt(self.counts))
        more = self.vocabulary_size - len(counts)
        if more <= 0:
            return features, counts
        words = features.words + [f"filler{number}" for number in range(more)]
        vocabularies = features.get_config()["vocabularies"] | {"words": words}
        filled = TokenFeatures(units="compounds", vocabularies=vocabularies)
        return filled, np.pad(counts, (0, more), constant_values=1)

    @cached_property
    def corpus(self) -> TaggedCorpus:
        """The sentences to learn as numbers."""
        numbers = {tag: number for number, tag in enumerate(bioes_tags(self.labels))}
        sentences = (
            TaggedSentence(row, tokens, [numbers[tag] for tag in to_bioes(tags)])
            for row, (tokens, tags) in enumerate(self.train)
        )
        return encode_tagged(sentences, self.vocabulary[0].of)

    @property
    def unknown_share(self) -> float:
        """The share of the tokens to tag that no sentence to learn has."""
        return float(np.mean([t not in self.counts for tokens in self.texts for t in tokens]))

    def batches(self, count: int) -> list[NDArray[np.int64]]:
        """The sentences of so many batches, drawn at random from those of an epoch."""
        return LengthBatches(self.corpus, BATCH_TOKENS).order()[:count]


def generated(seed: int = 0) -> Sentences:
    """The sample's sentences, end to end, cut anew into lengths like CoNLL-2003's."""
    rng = random.Random(seed)
    texts = people("train")
    pieces = TokenFeatures(units="compounds").split(tf.constant([each["text"] for each in texts]))
    tokens: list[str] = []
    tags: list[str] = []
    for text, *of_text in zip(texts, *(ragged.to_list() for ragged in pieces), strict=True):
        words, starts, ends = of_text
        spans = [Span(e["start"], e["end"], e["label"]) for e in text["entities"]]
        tokens += [word.decode() for word in words]
        tags += tags_of(align(spans, starts, ends)[0], len(words))
    cut = list(_cut(tokens, tags, rng))
    rng.shuffle(cut)
    return _split("generated sentences", cut, VOCABULARY)


def _cut(tokens: list[str], tags: list[str], rng: random.Random) -> Iterator[Sentence]:
    start = 0
    while start < len(tokens):
        length = round(rng.lognormvariate(LOG_LENGTH_MEAN, LOG_LENGTH_DEVIATION))
        end = start + min(max(1, length), LONGEST)
        some = tags[start:end]
        if some[0][0] == "I":  # cut within an entity
            some[0] = f"B{some[0][1:]}"
        yield tokens[start:end], some
        start = end


def from_file(path: str) -> Sentences:
    """The first sentences of a file that the toolkit reads, such as CoNLL-2003's.

    Raises:
        DataError: The file has texts, not tokens, or too few sentences.
    """
    options = EntityColumnOptions()
    examples = itertools.islice(
        EntityExamples(open_entities(path, None, options), options), SENTENCES
    )
    sentences: list[Sentence] = [(example.tokens, example.tags) for example in examples]
    name = Path(path).name
    if not all(tokens for tokens, _ in sentences) or len(sentences) < 2 * TAGGED:
        raise DataError(f"{name}: at least {2 * TAGGED} sentences of tokens with tags are needed")
    random.Random(0).shuffle(sentences)
    return _split(name, sentences, 0)


def _split(name: str, sentences: list[Sentence], vocabulary_size: int) -> Sentences:
    labels = sorted({span.label for _, tags in sentences for span in spans_of(tags)})
    texts = [list(tokens) for tokens, _ in sentences[:TAGGED]]
    return Sentences(name, labels, sentences[TAGGED:], texts, vocabulary_size)
