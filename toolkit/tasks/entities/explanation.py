"""Explanations of the tag of a token: what is read with it, and between what the path goes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from toolkit.explanation import log_tags
from toolkit.models import SequenceModel
from toolkit.tasks.entities.alignment import cut_texts
from toolkit.tasks.entities.prepared import token_features
from toolkit.tasks.entities.serving import piece_lengths
from toolkit.tasks.explaining.tags import Read, TagExplanations, chosen_token, tag_signatures
from toolkit.tasks.settings import Settings
from toolkit.tasks.span_outputs import by_groups
from toolkit.text import utf8

Tensor = Any


def explanations(model: SequenceModel, sentences: bool, longest: int | None) -> tuple[Any, Any]:
    """Return ``explain``, and the same by leave-one-out; see ``tag_signatures``.

    What is read is the sentence that has the token, or a piece of a long one. The path goes from
    vectors of zeros to those of the tokens.

    Args:
        model: ``TokenFeatures`` and ``ManyToMany``.
        sentences: Whether texts are split into sentences.
        longest: The largest number of tokens that are read at once; None if there is no limit.
    """
    network, features = model.network, model.preprocessing

    def read(text: Tensor, asked: Tensor) -> Read:
        pieces = cut_texts(features, text, sentences, longest)
        tokens, starts, ends, lengths = (ragged.values for ragged in pieces)
        nothing = tf.cast(tf.size(tokens) == 0, tf.int32)
        tokens, starts, ends = (tf.pad(each, [[0, nothing]]) for each in (tokens, starts, ends))
        lengths = tf.concat([lengths, tf.ones([nothing], lengths.dtype)], 0)
        if longest is not None:
            lengths = piece_lengths(lengths, longest)
        tags = by_groups(lambda each, _: model.answer(each), tokens, lengths, "")
        token = chosen_token(tags.number, tags.probability, network.tags, asked)
        limits = tf.cast(tf.cumsum(lengths), tf.int32)
        which = tf.searchsorted(limits, token[None], side="right")[0]
        end = limits[which]
        first = end - tf.cast(lengths[which], tf.int32)
        tokens, starts, ends = (each[first:end] for each in (tokens, starts, ends))
        vectors, _ = network.front(features(tokens[None]))
        values = tf.cast(vectors[0], tf.float32)
        places = token - first, token, tags.number[token]
        return Read(tokens, starts, ends, *places, values, tf.zeros_like(values))

    def log_answers(points: Tensor, place: Tensor) -> Tensor:
        return log_tags(network, tf.cast(points, network.compute_dtype), place)

    return tag_signatures(network, read, log_answers)


class EntityExplanations(TagExplanations):
    """The explanations of a tagger of texts: what each token of a sentence adds to a tag."""

    BASELINE = "as many vectors of zeros"
    WITHOUT = "the sentence with zeros for the vector of the token"

    if TYPE_CHECKING:
        sentences: bool
        max_sentence_length: int

    def _explanations(self, model: SequenceModel) -> tuple[Any, Any]:
        return explanations(model, self.sentences, self.max_sentence_length)

    def _place_of(self, text: str, unit: str) -> int | None:
        tokens = [token.decode() for token in self._pieces(text).tokens.values.numpy()]
        return tokens.index(unit) if unit in tokens else None

    def _number_at(self, text: str, place: int) -> int:
        """Return the number of the token of a text that stands at a place in code points."""
        starts: Sequence[int] = self._pieces(text).starts.values.numpy().tolist()
        return max(0, sum(start <= place for start in starts) - 1)

    def _pieces(self, text: str) -> Any:
        """Return the tokens of a text, as a batch of one."""
        settings = Settings(self).fix(token_level=self.facts["token_level"])
        return token_features(settings).split(tf.constant([utf8(text)]))
