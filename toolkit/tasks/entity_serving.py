"""What an exported tagger of entities answers, and how many sentences are tagged fast."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.data.schemes import OUTSIDE, bioes_tags
from toolkit.models import TextModel
from toolkit.tasks.entity_cutting import cut_texts

#: What the golden file asks unless the user gives texts: none, one and several entities, other
#: scripts, marks and emoji before an entity, a text of several sentences, and an empty one.
GOLDEN_TEXTS = (
    "Yesterday, Harry Potter met Hermione Granger.",
    "There is nothing to see here.",
    "👩‍👧 Anna Keller flew to Lisbon. Her firm, Keller & Sons, is in Zürich!",
    "Привет! Sofia Rossi lives in Warsaw.",
    "مرحبا John Smith",
    "Re\u0301union de famille chez Pierre Dupont a\u0300 Lyon",
    "",
    "word " * 300,
)

#: About how many tokens, padding included, are tagged in one call, and at most how many sentences.
BATCH_TOKENS = 8_192
BATCH = 256

Ask = Callable[[Sequence[str]], Mapping[str, Any]]
Tag = Callable[[Sequence[Sequence[str]]], Mapping[str, Any]]


def signatures(text_model: TextModel, labels: Sequence[str], sentences: bool) -> dict[str, Any]:
    """The signatures of a tagger, as functions of tensors.

    ``serving_default`` takes ``text``, string [B], and gives ``entity_count`` int32 [B], and of
    at most N entities a text, in their order, ``entity_text``, ``entity_label`` string [B, N],
    ``entity_start``, ``entity_end`` int32 [B, N] in code points, the end exclusive, and
    ``entity_score`` float [B, N], the probability of the entity, its borders and its label.
    Padding is '', -1 and -1.0.

    ``tag_tokens`` takes ``tokens``, string [B, T], padded with '', and gives ``tags`` string
    [B, T] in IOB2, '' on padding, and ``scores`` float [B, T], each tag's own probability.

    Args:
        text_model: ``TokenFeatures`` and ``ManyToMany``.
        labels: The kinds of entities.
        sentences: Whether texts are cut into sentences that are tagged one by one.
    """
    tags = bioes_tags(labels)
    opens = tf.constant([tag[0] in "BS" for tag in tags])
    closes = tf.constant([tag[0] in "ES" for tag in tags])
    label_of = tf.constant([tag[2:] for tag in tags])
    iob2 = tf.constant([_IOB2[tag[0]] + tag[1:] for tag in tags])

    def answers(tokens: Any) -> tuple[Any, Any, Any]:
        return text_model.network.answer(text_model.tokenizer(tokens))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
    def serving_default(text: Any) -> dict[str, Any]:
        text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8")
        cut = cut_texts(text_model.tokenizer, text, sentences)
        tokens, starts, ends, lengths = (ragged.values for ragged in cut)
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
        codes = tf.strings.unicode_decode(text, "UTF-8")  # a text is not repeated for each entity
        base = tf.cast(tf.gather(codes.row_starts(), row), tf.int32)
        places = tf.ragged.range(base + start, base + end)
        found = tf.strings.unicode_encode(tf.gather(codes.values, places), "UTF-8")

        def table(values: Any, padding: Any) -> Any:
            ragged = tf.RaggedTensor.from_value_rowids(
                values, row, nrows=tf.size(text, tf.int64), validate=False
            )
            return ragged.to_tensor(padding)

        return {
            "entity_count": tf.math.bincount(
                tf.cast(row, tf.int32), minlength=tf.size(text), maxlength=tf.size(text)
            ),
            "entity_text": table(found, ""),
            "entity_label": table(tf.gather(label_of, tf.gather(tag, first)), ""),
            "entity_start": table(start, -1),
            "entity_end": table(end, -1),
            "entity_score": table(score, -1.0),
        }

    @tf.function(
        input_signature=[tf.TensorSpec([None, None], tf.string, name="tokens")], autograph=False
    )
    def tag_tokens(tokens: Any) -> dict[str, Any]:
        steps = tf.shape(tokens)[1]
        tag, probability, _ = (value[:, :steps] for value in answers(tokens))
        return {
            "tags": tf.where(tokens == "", "", tf.gather(iob2, tag)),
            "scores": tf.where(tokens == "", 0.0, probability),
        }

    return {"serving_default": serving_default, "tag_tokens": tag_tokens}


def _by_groups(answers: Callable[[Any], Any], tokens: Any, lengths: Any) -> list[Any]:
    """Sentences answered in groups of similar length, so that none is padded to a far longer one.

    Args:
        answers: Maps tokens [B, T], padded with '', to an int32 and two float32 [B, T].
        tokens: Of all sentences, end to end [n].
        lengths: How many each sentence has, int64 [S].

    Returns:
        Its three answers for each token [n].
    """
    sentences = tf.RaggedTensor.from_row_lengths(tokens, lengths, validate=False)
    order = tf.argsort(lengths)
    sizes = tf.gather(lengths, order)
    count = tf.size(order)

    def group(first: Any, *found: Any) -> tuple[Any, ...]:
        rest = sizes[first:]  # rising, and so is what so many of them take with their padding
        fitting = tf.range(1, tf.size(rest, tf.int64) + 1) * rest <= BATCH_TOKENS
        after = first + tf.maximum(1, tf.reduce_sum(tf.cast(fitting, tf.int32)))
        of_group = answers(tf.gather(sentences, order[first:after]).to_tensor(""))
        inside = tf.sequence_mask(sizes[first:after], tf.shape(of_group[0])[1])
        more = [tf.boolean_mask(values, inside) for values in of_group]
        return after, *(tf.concat(pair, 0) for pair in zip(found, more, strict=True))

    nothing = [tf.zeros([0], dtype) for dtype in (tf.int32, tf.float32, tf.float32)]
    any_size = tf.TensorShape([None])
    _, *found = tf.while_loop(
        lambda first, *_: first < count,
        group,
        [0, *nothing],
        shape_invariants=[tf.TensorShape([]), *[any_size] * 3],
    )
    ends = tf.cumsum(lengths)
    places = tf.ragged.range(tf.gather(ends - lengths, order), tf.gather(ends, order)).values
    return [tf.scatter_nd(places[:, None], values, tf.shape(tokens, tf.int64)) for values in found]


_IOB2 = {"O": "O", "B": "B", "I": "I", "E": "I", "S": "B"}


def by_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Which of some texts or sentences go together: those of similar length, within a budget."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and ((len(batch) + 1) * lengths[index] > BATCH_TOKENS or len(batch) == BATCH):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def find_all(texts: Sequence[str], ask: Ask) -> list[list[dict[str, Any]]]:
    """The entities of each text, in order: each a dictionary of plain Python values."""
    found: list[list[dict[str, Any]]] = [[] for _ in texts]
    for batch in by_length([len(text) // 4 for text in texts]):
        answers = ask([texts[index] for index in batch])
        for row, index in enumerate(batch):
            found[index] = [
                {name: _plain(answers[f"entity_{name}"][row][n]) for name in _PARTS}
                for n in range(answers["entity_count"][row])
            ]
    return found


def tag_all(
    sentences: Sequence[Sequence[str]], tag: Tag
) -> tuple[list[list[str]], list[list[float]]]:
    """The tags of each sentence's tokens, in IOB2, and each tag's probability.

    The model passes over an empty token, and its tag is surely O.
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
                begins = before == OUTSIDE and answer[:1] == "I"  # after an empty token alone
                before = str(f"B{answer[1:]}" if begins else answer) if token else OUTSIDE
                tags[index].append(before)
                scores[index].append(float(score) if token else 1.0)
    return tags, scores


_PARTS = ("text", "label", "start", "end", "score")


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
