"""The signature ``explain`` of a text classifier."""

import operator
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from toolkit.data import Example
from toolkit.explanation import (
    explained_row,
    likeliest_unless,
    path_of_state,
    reads_forward,
    row_by_row,
)
from toolkit.layers.sequences import with_length
from toolkit.models import SequenceModel
from toolkit.tasks.explaining.answers import token_columns, without_token
from toolkit.tasks.explaining.classes import Parts
from toolkit.tasks.explaining.signatures import (
    class_signature,
    class_specs,
    named_outputs,
    number_tolerance,
    target_numbers,
)
from toolkit.tasks.options import CHARACTERS_PER_TOKEN
from toolkit.text import UNKNOWN_ID, TextOptions, Tokenizer
from toolkit.text.strings import place_in_whole, shorten

#: What a text is compared with.
BASELINE = "as many unknown tokens"


def explain_signature(model: SequenceModel, classes: Sequence[str], max_text_length: int) -> Any:
    """Return ``explain``, a ``tf.function`` of ``text`` and, with classes, ``target``, string [B].

    ``target`` is the class that is explained, '' for the likeliest. The path goes from the vectors
    of as many unknown tokens to those of the text. The outputs are those of
    ``named_outputs``, and ``tokens`` string [B, N], ``starts`` and
    ``ends`` int32 [B, N] in code points of the text, padded with '' and -1.

    Args:
        model: The tokenizer and the network.
        classes: The names of the classes; none for numbers.
        max_text_length: The largest number of tokens that are read of a text.
    """
    tokenizer, network = model.preprocessing, model.network
    characters = CHARACTERS_PER_TOKEN * max_text_length
    specs = class_specs(classes, reads_forward(network))

    def explain(text: Any, target: Any) -> dict[str, Any]:
        whole = tf.strings.length(text, unit="UTF8_CHAR")
        text, _ = shorten(text, characters, tokenizer.truncation)
        pieces = tokenizer.kept(text, max_text_length)
        ids, _ = tokenizer.read(text, max_text_length)
        asked = target_numbers(target, classes) if classes else tf.fill(tf.shape(text), 0)
        counts = tf.cast(pieces.tokens.row_lengths(), tf.int32)

        def row(number: Any) -> dict[str, Any]:
            inputs = with_length(ids[number, None, : tf.maximum(counts[number], 1)])
            unknown = inputs | {"values": tf.fill(tf.shape(inputs["values"]), UNKNOWN_ID)}
            vectors, mask = network.front(inputs)

            def log_answers(points: Any) -> Any:
                masks = tf.repeat(mask, tf.shape(points)[0], axis=0)
                logits = network.after_front(tf.cast(points, vectors.dtype), masks)
                return network.output_layer.log_answer(logits)

            real = tf.cast(vectors[0], tf.float32)
            found = explained_row(
                log_answers,
                real,
                tf.cast(network.front(unknown)[0][0], tf.float32),
                likeliest_unless(asked[number], log_answers(real[None])[0]),
                tolerance=number_tolerance(network),
                dtype=network.compute_dtype,
            )
            if "path" in specs:
                found["path"] = path_of_state(network, vectors)
            return found

        found = named_outputs(row_by_row(row, tf.size(text), specs), classes)

        def padded(values: Any, padding: Any) -> Any:
            table = values.to_tensor(padding)
            more = tf.maximum(1 - tf.shape(table)[1], 0)
            return tf.pad(table, [[0, 0], [0, more]], constant_values=padding)

        length = tf.repeat(whole, counts)
        offsets = (
            values.with_values(
                place_in_whole(values.values, length, characters, tokenizer.truncation)
            )
            for values in (pieces.starts, pieces.ends)
        )
        starts, ends = (padded(values, -1) for values in offsets)
        return {"tokens": padded(pieces.tokens, ""), "starts": starts, "ends": ends, **found}

    return class_signature(explain, classes)


def parts_of(example: Example, options: TextOptions, max_text_length: int) -> Parts:
    """Return the tokens that are read of a text, and what is read without each of them.

    So of a text that is cut no token comes in for one that is left out.

    Args:
        example: The text.
        options: How texts are cut into tokens.
        max_text_length: The largest number of tokens that are read.
    """
    names = ("token_level", "html_breaks", "truncation")
    tokenizer = Tokenizer(**{name: getattr(options, name) for name in names})
    text, level = example.text, options.token_level
    pieces, every = tokenizer.kept([text], max_text_length), tokenizer.kept([text], None)
    starts, ends, all_starts = (
        each.values.numpy().tolist() for each in (pieces.starts, pieces.ends, every.starts)
    )
    shown = token_columns(text, starts, ends)
    if 0 < len(starts) < len(all_starts):  # take out what is not read
        head = sum(map(operator.eq, starts, all_starts))  # the tokens before it; others are after
        start, end = [0, *ends][head], [*starts, len(text)][head]
        gap = "" if level == "characters" else " "
        text = text[:start] + gap + text[end : ends[-1]]
        moved = len(gap) + start - end
        starts, ends = (
            [*each[:head], *(place + moved for place in each[head:])] for each in (starts, ends)
        )
    without = (
        example._replace(text=without_token(text, start, end, level))
        for start, end in zip(starts, ends, strict=True)
    )
    return Parts(shown, without)
