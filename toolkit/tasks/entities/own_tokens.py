"""Tokens of data that a tagger cuts otherwise in raw text."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import tensorflow as tf

from toolkit.data import EntityExample, Span, spans_of, tags_of
from toolkit.errors import count, shorten
from toolkit.text import TokenFeatures, utf8

logger = logging.getLogger("toolkit")

#: The number of distinct tokens cut at once.
CHUNK = 4096
#: How many times as large as in training the share of tokens that are cut otherwise may be.
FACTOR = 10


@dataclass(frozen=True)
class OwnTokens:
    """The distinct tokens of data that a tagger would not have in raw text, with its own.

    Attributes:
        own: The tokens that it has instead, by token.
        cut: The number of such tokens in the data.
        total: The number of all tokens.
    """

    own: Mapping[str, Sequence[str]]
    cut: int
    total: int

    @property
    def share(self) -> float:
        """The share of the tokens that are cut otherwise."""
        return self.cut / max(1, self.total)

    def log(self, name: str) -> None:
        """Log that the entities of some sentences are compared by their characters."""
        logger.warning(
            "%s: %s of %s are cut otherwise than this model cuts a text (such as %s); it tags "
            "its own tokens there, and entities are compared by their characters",
            *(name, f"{self.cut:,}", count(self.total, "token"), shorten([*self.own], most=3)),
        )

    def replace(self, example: EntityExample) -> EntityExample:
        """Return a sentence in the tagger's tokens, with the same entities."""
        if not any(token in self.own for token in example.tokens):
            return example
        tokens: list[str] = []
        starts = []
        for token in example.tokens:
            starts.append(len(tokens))
            tokens += self.own.get(token, (token,))
        starts.append(len(tokens))
        spans = [Span(starts[s.start], starts[s.end], s.label) for s in spans_of(example.tags)]
        tags = tags_of(spans, len(tokens))
        return example._replace(tokens=tuple(tokens), tags=tuple(tags))


def own_tokens(features: TokenFeatures, tokens: Mapping[str, int]) -> OwnTokens:
    """Compare tokens with those of raw text.

    Args:
        features: The layer that cuts raw text.
        tokens: How often each token occurs.
    """
    own: dict[str, Sequence[str]] = {}
    distinct = [*tokens]
    for start in range(0, len(distinct), CHUNK):
        chunk = distinct[start : start + CHUNK]
        texts = tf.constant([utf8(token) for token in chunk], tf.string)
        for token, pieces in zip(chunk, features.split(texts).tokens.to_list(), strict=True):
            if len(pieces) > 1 or (pieces and pieces[0] != utf8(token)):
                own[token] = [piece.decode() for piece in pieces]
    return OwnTokens(own, sum(tokens[token] for token in own), sum(tokens.values()))


def foreign_tokens(
    features: TokenFeatures, sentences: Iterable[Sequence[str]], trained: float | None
) -> OwnTokens:
    """Return the tokens of sentences that a tagger should read in its own tokens.

    There are some only if far more are cut otherwise than in its training.

    Args:
        features: The layer that cuts raw text.
        sentences: The tokens of each sentence.
        trained: The share of the training tokens that are cut otherwise; None if it is not known.
    """
    found = own_tokens(features, Counter(token for tokens in sentences for token in tokens))
    if trained is None or found.share <= FACTOR * trained:
        return OwnTokens({}, 0, found.total)
    return found
