"""The signatures of an exported tagger, and prediction in batches."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.models import SequenceModel
from toolkit.tagging.schemes import OUTSIDE, bioes_tags
from toolkit.tasks.entities.alignment import cut_texts

#: The value that pads each output of a text with fewer entities than another.
PADDING = {
    "entity_text": "",
    "entity_label": "",
    "entity_start": -1,
    "entity_end": -1,
    "entity_score": -1.0,
}

#: The approximate number of tokens, padding included, and the largest number of sentences, of a
#: call.
BATCH_TOKENS = 8_192
BATCH = 256

Ask = Callable[[Sequence[str]], Mapping[str, Any]]
Tag = Callable[[Sequence[Sequence[str]]], Mapping[str, Any]]


def signatures(
    text_model: SequenceModel,
    labels: Sequence[str],
    sentences: bool,
    max_sentence_length: int | None = None,
) -> dict[str, Any]:
    """Return the signatures of a tagger, as functions of tensors.

    ``serving_default`` takes ``text``, string [B], and returns ``entity_count`` int32 [B], and for
    at most N entities per text, in order, ``entity_text``, ``entity_label`` string [B, N],
    ``entity_start``, ``entity_end`` int32 [B, N] in code points, the end exclusive, and
    ``entity_score`` float [B, N], the probability of the entity, its borders and its label.
    ``PADDING`` pads them: '', -1 and -1.0.

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
    opens = tf.constant([tag[0] in "BS" for tag in tags])
    closes = tf.constant([tag[0] in "ES" for tag in tags])
    label_of = tf.constant([tag[2:] for tag in tags])
    iob2 = tf.constant([_IOB2[tag[0]] + tag[1:] for tag in tags])

    def answers(tokens: Any) -> tuple[Any, Any, Any]:
        return text_model.answer(tokens)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
    def serving_default(text: Any) -> dict[str, Any]:
        text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8")
        cut = cut_texts(text_model.preprocessing, text, sentences, max_sentence_length)
        tokens, starts, ends, lengths = (ragged.values for ragged in cut)
        if max_sentence_length is not None:
            lengths = piece_lengths(lengths, max_sentence_length)
        tag, probability, conditional = _by_groups(answers, tokens, lengths)

        first = tf.where(tf.gather(opens, tag))[:, 0]
        last = tf.where(tf.gather(closes, tag))[:, 0]
        number = tf.cumsum(tf.cast(tf.gather(opens, tag), tf.int32)) - 1
        factors = tf.math.log(tf.where(tf.gather(opens, tag), probability, conditional))
        within = tag != 0
        score = tf.exp(
            tf.math.segment_sum(tf.boolean_mask(factors, within), tf.boolean_mask(number, within))
        )
        row = tf.gather(cut[0].value_rowids(), first)
        start, end = tf.gather(starts, first), tf.gather(ends, last)
        codes = tf.strings.unicode_decode(text, "UTF-8")  # without repeating a text for each entity
        base = tf.cast(tf.gather(codes.row_starts(), row), tf.int32)
        places = tf.ragged.range(base + start, base + end)
        entity_text = tf.strings.unicode_encode(tf.gather(codes.values, places), "UTF-8")

        def table(name: str, values: Any) -> Any:
            ragged = tf.RaggedTensor.from_value_rowids(
                values, row, nrows=tf.size(text, tf.int64), validate=False
            )
            return ragged.to_tensor(PADDING[name])

        columns = {
            "entity_text": entity_text,
            "entity_label": tf.gather(label_of, tf.gather(tag, first)),
            "entity_start": start,
            "entity_end": end,
            "entity_score": score,
        }
        return {
            "entity_count": tf.math.bincount(
                tf.cast(row, tf.int32), minlength=tf.size(text), maxlength=tf.size(text)
            ),
            **{name: table(name, values) for name, values in columns.items()},
        }

    @tf.function(
        input_signature=[tf.TensorSpec([None, None], tf.string, name="tokens")], autograph=False
    )
    def tag_tokens(tokens: Any) -> dict[str, Any]:
        real = tokens != ""  # empty tokens are skipped at any position
        rows = tf.ragged.boolean_mask(tokens, real)
        lengths = rows.row_lengths()
        if max_sentence_length is not None:
            lengths = piece_lengths(lengths, max_sentence_length)
        tag, probability, _ = _by_groups(answers, rows.values, lengths)
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


def _by_groups(answers: Callable[[Any], Any], tokens: Any, lengths: Any) -> list[Any]:
    """Answer sentences in groups of similar length, to save padding.

    Args:
        answers: Maps tokens [B, T], padded with '', to an int32 and two float32 [B, T].
        tokens: The tokens of all sentences, end to end [n].
        lengths: The number of tokens of each sentence, int64 [S].

    Returns:
        The three answers for each token [n].
    """
    sentences = tf.RaggedTensor.from_row_lengths(tokens, lengths, validate=False)
    order = tf.argsort(lengths)
    sizes = tf.gather(lengths, order)
    count = tf.size(order)

    def group(first: Any, *so_far: Any) -> tuple[Any, ...]:
        rest = sizes[first:]  # sorted, so the padded size of a group increases as well
        fitting = tf.range(1, tf.size(rest, tf.int64) + 1) * rest <= BATCH_TOKENS
        after = first + tf.maximum(1, tf.reduce_sum(tf.cast(fitting, tf.int32)))
        group_answers = answers(tf.gather(sentences, order[first:after]).to_tensor(""))
        inside = tf.sequence_mask(sizes[first:after], tf.shape(group_answers[0])[1])
        more = [tf.boolean_mask(values, inside) for values in group_answers]
        return after, *(tf.concat(pair, 0) for pair in zip(so_far, more, strict=True))

    nothing = [tf.zeros([0], dtype) for dtype in (tf.int32, tf.float32, tf.float32)]
    any_size = tf.TensorShape([None])
    _, *results = tf.while_loop(
        lambda first, *_: first < count,
        group,
        [0, *nothing],
        shape_invariants=[tf.TensorShape([]), *[any_size] * 3],
    )
    ends = tf.cumsum(lengths)
    places = tf.ragged.range(tf.gather(ends - lengths, order), tf.gather(ends, order)).values
    return [
        tf.scatter_nd(places[:, None], values, tf.shape(tokens, tf.int64)) for values in results
    ]


_IOB2 = {"O": "O", "B": "B", "I": "I", "E": "I", "S": "B"}


def by_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield batches of indices of similar length within the budget of tokens."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and ((len(batch) + 1) * lengths[index] > BATCH_TOKENS or len(batch) == BATCH):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def find_all(texts: Sequence[str], ask: Ask) -> list[list[dict[str, Any]]]:
    """Return the entities of each text, in order, as dictionaries of plain Python values."""
    entities: list[list[dict[str, Any]]] = [[] for _ in texts]
    for batch in by_length([len(text) // 4 for text in texts]):
        answers = ask([texts[index] for index in batch])
        for row, index in enumerate(batch):
            entities[index] = [
                {name: _plain(answers[f"entity_{name}"][row][n]) for name in _PARTS}
                for n in range(answers["entity_count"][row])
            ]
    return entities


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


_PARTS = ("text", "label", "start", "end", "score")


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
