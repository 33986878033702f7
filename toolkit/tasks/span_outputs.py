"""Spans of texts as the outputs of a signature, and as plain Python values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from toolkit.tagging.schemes import bioes_tags
from toolkit.tagging.spans import spans_of, tags_of

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


class Tags(NamedTuple):
    """The tags of time steps, as ``ManyToMany.answer`` returns them, end to end.

    Attributes:
        number: The number of each BIOES tag, int32 [n].
        probability: Its probability, float [n].
        conditional: Its probability given the previous tag, float [n].
    """

    number: Any
    probability: Any
    conditional: Any


class Places(NamedTuple):
    """The places of time steps in their texts.

    Attributes:
        row: The text of each step, int64 [n].
        start: Its start in code points, int32 [n].
        end: Its end, exclusive, int32 [n].
    """

    row: Any
    start: Any
    end: Any


def span_outputs(
    text: Any,
    labels: Sequence[str],
    tags: Tags,
    places: Places,
    kept: Any = None,
    overlap: int = 0,
) -> dict[str, Any]:
    """Return the spans of texts as outputs of ``serving_default``.

    They are ``entity_count`` int32 [B], and for at most N entities per text, in order,
    ``entity_text``, ``entity_label`` string [B, N], ``entity_start``, ``entity_end`` int32 [B, N]
    in code points, the end exclusive, and ``entity_score`` float [B, N], the probability of the
    entity, its borders and its label. ``PADDING`` pads them: '', -1 and -1.0.

    Args:
        text: The texts, valid UTF-8, string [B].
        labels: The labels of spans.
        tags: The tags of all steps.
        places: Their places; the steps of a text are in order.
        kept: Whether a span that begins at a step is kept, bool [n], unless it begins within one
            before of the same text; None keeps all.
        overlap: The largest number of characters of the next tile that a span of a tile has.
    """
    names = bioes_tags(labels)
    opens = tf.gather(tf.constant([tag[0] in "BS" for tag in names]), tags.number)
    closes = tf.gather(tf.constant([tag[0] in "ES" for tag in names]), tags.number)
    label_of = tf.constant([tag[2:] for tag in names])
    first, last = tf.where(opens)[:, 0], tf.where(closes)[:, 0]
    within = tags.number != 0
    score = tf.exp(
        tf.math.segment_sum(
            tf.boolean_mask(
                tf.math.log(tf.where(opens, tags.probability, tags.conditional)), within
            ),
            tf.boolean_mask(tf.cumsum(tf.cast(opens, tf.int32)) - 1, within),
        )
    )
    if kept is not None:
        chosen = tf.gather(kept, first)
        first, last, score = (tf.boolean_mask(each, chosen) for each in (first, last, score))
        base = tf.gather(places.row, first) * 2**31  # beyond all places of the texts before
        start = base + tf.cast(tf.gather(places.start, first), tf.int64)
        end = base + tf.cast(tf.gather(places.end, last), tf.int64)
        apart = start >= _before(end, overlap)
        first, last, score = (tf.boolean_mask(each, apart) for each in (first, last, score))
    row = tf.gather(places.row, first)
    start, end = tf.gather(places.start, first), tf.gather(places.end, last)
    codes = tf.strings.unicode_decode(text, "UTF-8")  # without repeating a text for each entity
    base = tf.cast(tf.gather(codes.row_starts(), row), tf.int32)
    inside = tf.ragged.range(base + start, base + end)
    entity_text = tf.strings.unicode_encode(tf.gather(codes.values, inside), "UTF-8")

    def table(name: str, values: Any) -> Any:
        ragged = tf.RaggedTensor.from_value_rowids(
            values, row, nrows=tf.size(text, tf.int64), validate=False
        )
        return ragged.to_tensor(PADDING[name])

    columns = {
        "entity_text": entity_text,
        "entity_label": tf.gather(label_of, tf.gather(tags.number, first)),
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


def _before(ends: Any, most: int) -> Any:
    """Return for each end the maximum of at least ``most`` before it, or 0 for the first.

    The maximum of twice as many is that of two maxima, so that no loop over ends is needed.

    Args:
        ends: int64 [n].
        most: The number of ends.
    """
    furthest = tf.pad(ends, [[1, 0]])[:-1]
    for power in range(most.bit_length()):
        moved = tf.pad(furthest, [[1 << power, 0]])[: tf.size(furthest)]
        furthest = tf.maximum(furthest, moved)
    return furthest


def by_groups(answers: Callable[[Any, Any], Any], tokens: Any, lengths: Any, padding: Any) -> Tags:
    """Answer sentences in groups of similar length, to save padding.

    Args:
        answers: Maps tokens [B, T], padded, and their lengths [B] to the parts of ``Tags`` [B, T].
        tokens: The tokens of all sentences, end to end [n].
        lengths: The number of tokens of each sentence, int64 [S].
        padding: What pads tokens.
    """
    sentences = tf.RaggedTensor.from_row_lengths(tokens, lengths, validate=False)
    order = tf.argsort(lengths)
    sizes = tf.gather(lengths, order)
    count = tf.size(order)

    def group(first: Any, *so_far: Any) -> tuple[Any, ...]:
        rest = sizes[first:]  # sorted, so the padded size of a group increases as well
        fitting = tf.range(1, tf.size(rest, tf.int64) + 1) * rest <= BATCH_TOKENS
        after = first + tf.maximum(1, tf.reduce_sum(tf.cast(fitting, tf.int32)))
        group_tokens = tf.gather(sentences, order[first:after]).to_tensor(padding)
        group_answers = answers(group_tokens, sizes[first:after])
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
    return Tags(
        *(tf.scatter_nd(places[:, None], values, tf.shape(tokens, tf.int64)) for values in results)
    )


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


_PARTS = ("text", "label", "start", "end", "score")


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def likely(answer: dict[str, Any], threshold: float) -> dict[str, Any]:
    """Return an answer without the spans below a probability.

    Args:
        answer: ``entities`` with a ``score`` each, or ``tags`` in IOB2 with their ``scores``; then
            the probability of a span is the least of its tags.
        threshold: The probability.
    """
    if "entities" in answer:
        kept = [each for each in answer["entities"] if each["score"] >= threshold]
        return {**answer, "entities": kept}
    if "tags" not in answer:
        return answer
    spans = spans_of(answer["tags"])
    kept = [span for span in spans if min(answer["scores"][span.start : span.end]) >= threshold]
    return {**answer, "tags": tags_of(kept, len(answer["tags"]))}
