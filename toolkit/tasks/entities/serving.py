"""The signatures of an exported tagger, and prediction in batches."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from toolkit.models import SequenceModel
from toolkit.tagging.schemes import OUTSIDE, bioes_tags
from toolkit.tasks.entities.alignment import cut_texts
from toolkit.tasks.span_outputs import Places, by_groups, by_length, span_outputs

Tag = Callable[[Sequence[Sequence[str]]], Mapping[str, Any]]


def signatures(
    text_model: SequenceModel,
    labels: Sequence[str],
    sentences: bool,
    max_sentence_length: int | None = None,
) -> dict[str, Any]:
    """Return the signatures of a tagger, as functions of tensors.

    ``serving_default`` takes ``text``, string [B], and returns the outputs of
    ``toolkit.tasks.span_outputs.span_outputs``.

    ``tag_tokens`` takes ``tokens``, string [B, T], padded with '', and returns ``tags`` string [B,
    T] in IOB2, '' at padding, and ``scores`` float [B, T], the probability of each tag. A sentence
    of more tokens than are read at once is cut into pieces.

    Args:
        text_model: ``TokenFeatures`` and ``ManyToMany``.
        labels: The labels of entities.
        sentences: Whether texts are split into sentences that are tagged one by one.
        max_sentence_length: The largest number of tokens that are read at once of a text, so that
            time is linear in its length, and memory hardly grows. A longer sentence is cut into
            pieces, and a longer text into its sentences; None if there is no limit.
    """
    tags = bioes_tags(labels)
    iob2 = tf.constant([_IOB2[tag[0]] + tag[1:] for tag in tags])

    def answers(tokens: Any, _: Any) -> tuple[Any, Any, Any]:
        return text_model.answer(tokens)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
    def serving_default(text: Any) -> dict[str, Any]:
        text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8")
        cut = cut_texts(text_model.preprocessing, text, sentences, max_sentence_length)
        tokens, starts, ends, lengths = (ragged.values for ragged in cut)
        if max_sentence_length is not None:
            lengths = piece_lengths(lengths, max_sentence_length)
        found = by_groups(answers, tokens, lengths, "")
        places = Places(cut[0].value_rowids(), starts, ends)
        return span_outputs(text, labels, found, places)

    @tf.function(
        input_signature=[tf.TensorSpec([None, None], tf.string, name="tokens")], autograph=False
    )
    def tag_tokens(tokens: Any) -> dict[str, Any]:
        real = tokens != ""  # empty tokens are skipped at any position
        rows = tf.ragged.boolean_mask(tokens, real)
        lengths = rows.row_lengths()
        if max_sentence_length is not None:
            lengths = piece_lengths(lengths, max_sentence_length)
        tag, probability, _ = by_groups(answers, rows.values, lengths, "")
        number = tf.reshape(tf.cumsum(tf.cast(tf.reshape(real, [-1]), tf.int32)), tf.shape(real))
        tag, probability = (tf.pad(each, [[1, 0]]) for each in (tag, probability))
        return {
            "tags": tf.where(real, tf.gather(iob2, tf.gather(tag, number)), ""),
            "scores": tf.where(real, tf.gather(probability, number), 0.0),
        }

    return {"serving_default": serving_default, "tag_tokens": tag_tokens}


def piece_lengths(lengths: Any, most: int) -> Any:
    """Return the lengths [P] of pieces of sentences of lengths [S], int64, the last the shortest.

    Args:
        lengths: The number of tokens of each sentence.
        most: The largest number of tokens of a piece.
    """
    counts = (lengths + most - 1) // most
    sentence = tf.repeat(tf.range(tf.size(lengths)), counts)
    rest = tf.gather(lengths, sentence) - most * tf.ragged.range(counts).values
    return tf.minimum(rest, most)


_IOB2 = {"O": "O", "B": "B", "I": "I", "E": "I", "S": "B"}


def tag_all(
    sentences: Sequence[Sequence[str]], tag: Tag
) -> tuple[list[list[str]], list[list[float]]]:
    """Return the IOB2 tags of each sentence's tokens, and the probability of each tag.

    The model skips empty tokens; they get the tag O with probability 1.
    """
    tags: list[list[str]] = [[] for _ in sentences]
    scores: list[list[float]] = [[] for _ in sentences]
    for batch in by_length([len(sentence) for sentence in sentences]):
        width = max(1, *(len(sentences[index]) for index in batch))
        rows = [[*sentences[i], *[""] * (width - len(sentences[i]))] for i in batch]
        answers = tag(rows)
        for row, index in enumerate(batch):
            size = len(sentences[index])
            before = OUTSIDE
            for token, answer, score in zip(
                sentences[index],
                answers["tags"][row][:size],
                answers["scores"][row][:size],
                strict=True,
            ):
                begins = before == OUTSIDE and answer[:1] == "I"  # only after an empty token
                before = str(f"B{answer[1:]}" if begins else answer) if token else OUTSIDE
                tags[index].append(before)
                scores[index].append(float(score) if token else 1.0)
    return tags, scores
