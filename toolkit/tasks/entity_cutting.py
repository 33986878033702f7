"""Marked examples, cut into the sentences that a tagger of entities learns from."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.data import EntityExample, Span, align, tags_of
from toolkit.data.entity_reading import Cut
from toolkit.errors import quoted
from toolkit.text import TokenFeatures, sentence_lengths, utf8

logger = logging.getLogger("toolkit")

#: How many texts are cut at once.
CHUNK = 512


def cut_texts(features: TokenFeatures, text: Any, sentences: bool) -> tuple[Any, Any, Any, Any]:
    """Texts [B] as tokens, where each begins and ends, and how many each sentence has.

    Returns:
        Ragged [B, None]: tokens, starts, ends, and lengths of sentences.
    """
    pieces = features.split(text)
    if sentences:
        return *pieces, sentence_lengths(pieces, text)
    whole = pieces.tokens.row_lengths()
    return *pieces, tf.RaggedTensor.from_row_lengths(whole, tf.ones_like(whole), validate=False)


class Cutter:
    """Cuts examples into sentences; raw text as the exported model cuts it.

    Entities do not fit that begin or end where no token does, or that go over the end of a
    sentence.

    Args:
        features: What cuts texts into tokens.
        sentences: Whether texts are cut into sentences.
    """

    def __init__(self, features: TokenFeatures, sentences: bool) -> None:
        self._cut = tf.function(
            lambda text: cut_texts(features, text, sentences),
            input_signature=[tf.TensorSpec([None], tf.string)],
            autograph=False,
        )

    def __call__(self, examples: Iterable[EntityExample]) -> Iterator[Cut]:
        """Each example with its sentences, and with the entities that do not fit."""
        stream = iter(examples)
        while chunk := list(islice(stream, CHUNK)):
            texts = [example.text for example in chunk if example.text is not None]
            cuts = self._in_python(texts) if texts else iter(())
            for example in chunk:
                if example.text is None:
                    yield Cut(example, [(example.tokens, list(example.tags))], [])
                else:
                    yield Cut(example, *_tagged(*next(cuts), example.spans))

    def _in_python(
        self, texts: Sequence[str]
    ) -> Iterator[tuple[list[str], list[int], list[int], list[int]]]:
        """What ``cut_texts`` gives, a text at a time."""
        parts = [each.to_list() for each in self._cut(tf.constant([utf8(text) for text in texts]))]
        for tokens, starts, ends, lengths in zip(*parts, strict=True):
            yield [token.decode() for token in tokens], starts, ends, lengths


class Misfits:
    """Counts entities, and those that do not fit, in passing.

    Attributes:
        entities: How many entities there are.
        misfits: How many of them do not fit.
    """

    def __init__(self) -> None:
        self.entities = 0
        self.misfits = 0
        self._first = ""

    def watch(self, cuts: Iterable[Cut]) -> Iterator[Cut]:
        """Gives the same examples."""
        for cut in cuts:
            self.entities += len(cut.example.spans)
            if cut.misfits and not self.misfits:
                start, end, _ = cut.misfits[0]
                words = quoted((cut.example.text or "")[start:end])
                self._first = f"{words} in {cut.example.place}"
            self.misfits += len(cut.misfits)
            yield cut

    def say(self, cannot: str) -> None:
        """Says how many do not fit, if any.

        Args:
            cannot: What therefore cannot be done with them.
        """
        if self.misfits:
            logger.warning(
                "%d of %d entities do not begin and end where tokens of one sentence do, and "
                "cannot be %s (%s)",
                *(self.misfits, self.entities, cannot, self._first),
            )


def _tagged(
    tokens: list[str], starts: list[int], ends: list[int], lengths: list[int], spans: Sequence[Span]
) -> tuple[list[tuple[Sequence[str], list[str]]], list[Span]]:
    """A text's sentences, tokens and tags, and the spans that do not fit."""
    aligned, unfit = align(spans, starts, ends)
    sentences: list[tuple[Sequence[str], list[str]]] = []
    begin = 0
    fitting = 0
    for length in lengths:
        inside = [
            Span(span.start - begin, span.end - begin, span.label)
            for span in aligned
            if begin <= span.start and span.end <= begin + length
        ]
        fitting += len(inside)
        sentences.append((tokens[begin : begin + length], tags_of(inside, length)))
        begin += length
    if fitting < len(aligned):  # some go over the end of a sentence
        borders = set(np.cumsum(lengths).tolist())
        unfit += [
            Span(starts[span.start], ends[span.end - 1], span.label)
            for span in aligned
            if any(place in borders for place in range(span.start + 1, span.end))
        ]
    return sentences, unfit
