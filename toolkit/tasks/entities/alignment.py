"""Alignment of annotated examples with tokens and sentences."""

import logging
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.data import EntityExample, Span, align, tags_of
from toolkit.data.entities.spans import likely_cause, other_offsets
from toolkit.errors import quoted
from toolkit.inspection.entity_reading import TokenizedExample
from toolkit.options import option
from toolkit.text import TokenFeatures, sentence_lengths, utf8

logger = logging.getLogger("toolkit")

#: The number of texts tokenised at once.
CHUNK = 512
#: The number of unaligned entities of some data that are explained.
MOST_EXPLAINED = 100


def cut_texts(
    features: TokenFeatures, text: Any, sentences: bool, longest: int | None = None
) -> tuple[Any, Any, Any, Any]:
    """Split texts [B] into tokens and sentences.

    Args:
        features: The preprocessing layer.
        text: Strings [B].
        sentences: Whether texts are split into sentences; otherwise each is one sentence.
        longest: The number of tokens beyond which a text is split into sentences all the same; None
            if no text is.

    Returns:
        Ragged [B, None]: tokens, their starts, their ends, and lengths of sentences in tokens.
    """
    pieces = features.split(text)
    if sentences:
        return *pieces, sentence_lengths(pieces, text)
    size = pieces.tokens.row_lengths()
    whole = tf.RaggedTensor.from_row_lengths(size, tf.ones_like(size), validate=False)
    if longest is None:
        return *pieces, whole
    parts = _rows(whole, size <= longest), _rows(sentence_lengths(pieces, text), size > longest)
    return *pieces, tf.concat(parts, axis=1)


def _rows(ragged: Any, kept: Any) -> Any:
    """Return a ragged tensor [B, None] whose rows that are not kept, bool [B], are empty."""
    values = tf.boolean_mask(ragged.values, tf.gather(kept, ragged.value_rowids()))
    lengths = tf.where(kept, ragged.row_lengths(), 0)
    return tf.RaggedTensor.from_row_lengths(values, lengths, validate=False)


class EntityAligner:
    """Split examples into tagged sentences; raw text as the exported model splits it.

    An entity is unaligned if its borders are not those of tokens, or if it spans two sentences.

    Args:
        features: The preprocessing layer that splits texts into tokens.
        sentences: Whether texts are split into sentences.
    """

    def __init__(self, features: TokenFeatures, sentences: bool) -> None:
        self._cut = tf.function(
            lambda text: cut_texts(features, text, sentences),
            input_signature=[tf.TensorSpec([None], tf.string)],
            autograph=False,
        )

    def __call__(self, examples: Iterable[EntityExample]) -> Iterator[TokenizedExample]:
        """Yield each example with its sentences and its unaligned entities.

        The first ``MOST_EXPLAINED`` unaligned entities are explained, since each takes as long as
        its text.
        """
        stream, explained = iter(examples), 0
        while chunk := list(islice(stream, CHUNK)):
            texts = [example.text for example in chunk if example.text is not None]
            cuts = self._in_python(texts) if texts else iter(())
            for example in chunk:
                if example.text is None:
                    yield TokenizedExample(example, [(example.tokens, list(example.tags))], [])
                else:
                    cut = next(cuts)
                    sentences, unaligned = _tagged(*cut, example.spans)
                    causes = [
                        _aligning_way(span, example.text, cut[1], cut[2])
                        for span in unaligned[: MOST_EXPLAINED - explained]
                    ]
                    explained += len(causes)
                    yield TokenizedExample(example, sentences, unaligned, causes)

    def _in_python(
        self, texts: Sequence[str]
    ) -> Iterator[tuple[list[str], list[int], list[int], list[int]]]:
        """Yield the results of ``cut_texts`` text by text, as Python values."""
        parts = [part.to_list() for part in self._cut(tf.constant([utf8(text) for text in texts]))]
        for tokens, starts, ends, lengths in zip(*parts, strict=True):
            yield [token.decode() for token in tokens], starts, ends, lengths


class UnalignedEntities:
    """A counter of all and of unaligned entities.

    Attributes:
        entities: The number of entities.
        unaligned: The number of unaligned entities.
    """

    def __init__(self) -> None:
        self.entities = 0
        self.unaligned = 0
        self._first = ""
        self._causes: Counter[str] = Counter()

    def watch(self, cuts: Iterable[TokenizedExample]) -> Iterator[TokenizedExample]:
        """Yield the same examples, and count their entities."""
        for cut in cuts:
            self.entities += len(cut.example.spans)
            if cut.unaligned and not self.unaligned:
                start, end, _ = cut.unaligned[0]
                words = quoted((cut.example.text or "")[start:end])
                self._first = f"{words} in {cut.example.place}"
            self.unaligned += len(cut.unaligned)
            self._causes.update(cut.causes)
            yield cut

    def log_unaligned(self, cannot: str) -> None:
        """Log the number of unaligned entities, if any.

        Args:
            cannot: The participle of what cannot be done with them, such as ``learnt``.
        """
        if self.unaligned:
            logger.warning("%s", self.describe(cannot))

    def describe(self, cannot: str) -> str:
        """Return the number of unaligned entities, the first one, and what explains most of them.

        Args:
            cannot: As for ``log_unaligned``.
        """
        return (
            f"{self.unaligned} of {self.entities} entities do not begin and end where tokens of "
            f"one sentence do, and cannot be {cannot} ({self._first})"
            f"{likely_cause(self._causes, self.unaligned, self.entities)}"
        )


def _aligning_way(span: Span, text: str, starts: Sequence[int], ends: Sequence[int]) -> str:
    """Return what would align a span with tokens of one sentence; empty if nothing would.

    That is another way of counting offsets, for a span that may have lost a space at each end when
    it was read, or one sentence in place of those that the span lies across.
    """
    if align([span], starts, ends)[0]:
        return (
            "most of them go on after what is taken for the end of a sentence: "
            f"{option('sentences', False)} reads each text as one"
        )
    firsts = [span.start, *([span.start - 1] if text[: span.start][-1:].isspace() else [])]
    lasts = [span.end, *([span.end + 1] if text[span.end : span.end + 1].isspace() else [])]
    for first, last in product(firsts, lasts):
        for cause, start, end in other_offsets(text, first, last):
            if align([Span(start, end, span.label)], starts, ends)[0]:
                return cause
    return ""


def _tagged(
    tokens: list[str], starts: list[int], ends: list[int], lengths: list[int], spans: Sequence[Span]
) -> tuple[list[tuple[Sequence[str], list[str]]], list[Span]]:
    """Return the sentences of a text, with tokens and tags, and its unaligned spans."""
    aligned, unaligned = align(spans, starts, ends)
    aligned.sort()
    firsts = [span.start for span in aligned]
    sentences: list[tuple[Sequence[str], list[str]]] = []
    begin = 0
    aligned_in_sentences = 0
    for length in lengths:
        inside = [
            Span(span.start - begin, span.end - begin, span.label)
            for span in aligned[bisect_left(firsts, begin) : bisect_left(firsts, begin + length)]
            if span.end <= begin + length
        ]
        aligned_in_sentences += len(inside)
        sentences.append((tokens[begin : begin + length], tags_of(inside, length)))
        begin += length
    if aligned_in_sentences < len(aligned):  # some span two sentences
        borders = set(np.cumsum(lengths).tolist())
        unaligned += [
            Span(starts[span.start], ends[span.end - 1], span.label)
            for span in aligned
            if any(place in borders for place in range(span.start + 1, span.end))
        ]
    return sentences, unaligned
