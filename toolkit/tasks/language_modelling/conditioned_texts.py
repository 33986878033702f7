"""Texts with conditions, each read by itself from its condition to its end."""

import zlib
from collections.abc import Iterator, Sequence
from itertools import compress, islice, zip_longest
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data import (
    Example,
    LabelEncoder,
    PackedCorpus,
    TextBatches,
    conditioned_examples,
    encode,
    open_conditioned,
    scan,
)
from toolkit.data.splits import held_out_rows
from toolkit.data.streams.stream import Piece
from toolkit.diagnostics.diagnosis import longest
from toolkit.models import OneToMany
from toolkit.tasks.card import validation_words
from toolkit.tasks.defaults import DataSize
from toolkit.tasks.golden import first_inputs
from toolkit.tasks.language_modelling.outcomes import characters_of
from toolkit.tasks.language_modelling.reading import Measure, text_layer
from toolkit.tasks.language_modelling.running_text import PROMPT, line_groups
from toolkit.tasks.language_modelling.serving import losses
from toolkit.tasks.language_modelling.surprise import Ask, ReadText
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.settings import Settings
from toolkit.text import utf8

#: The number of tokens of a text read at once, and the approximate number of tokens of a batch.
STEPS, TOGETHER = 512, 16_384
#: The number of texts sorted by length, and the number of texts measured in one batch.
SORTED, SIDE_BY_SIDE = 512, 32
#: The least number of batches of texts in an epoch, if there are as many texts.
FEWEST_GROUPS = 8


class ConditionedTexts:
    """The reading of texts with conditions; see ``Reading`` for the methods."""

    def prepare(self, settings: Settings, data: Any, validation_data: Any) -> Prepared:
        """Read data three times: for conditions and split, for the vocabulary, and to encode it."""
        examples = conditioned_examples(
            open_conditioned(data, "train", settings.columns), settings.columns
        )
        settings = settings.reading_as(examples)
        scanned = scan(examples, "classes", settings.known_classes)
        rows, held_rows = np.arange(scanned.count), None
        if validation_data is None and settings.validation_split:
            rows, held_rows = scanned.split(settings.validation_split, settings.seed)
        in_training = np.zeros(scanned.count, bool)
        in_training[rows] = True
        texts = (
            example.text
            for example, used in zip(scanned.reread(examples), in_training, strict=True)
            if used
        )
        tokenizer, settings = text_layer(settings, texts)
        corpus = encode(examples, tokenizer, scanned.encoder, expected=scanned)
        train, held_out, validation = corpus.subset(rows), None, None
        if validation_data is not None:
            source = open_conditioned(validation_data, "test", settings.columns)
            validation = conditioned_examples(source, settings.columns)
            held_out = encode(validation, tokenizer, scanned.encoder)
        elif held_rows is not None:
            held_out = corpus.subset(held_rows)

        def held_out_prompts() -> list[dict[str, str]]:
            held = compress(examples, ~in_training) if validation is None else validation
            return first_inputs(
                {"prompt": " ".join(e.text.split()[:PROMPT]), "condition": str(e.label)}
                for e in held
            )

        classes = scanned.encoder.classes
        manner = "stratified by condition"
        return Prepared(
            settings=settings,
            preprocessing=tokenizer,
            train=train,
            held_out=held_out,
            held_out_inputs=None if held_out is None else held_out_prompts,
            held_out_data=None
            if held_out is None
            else held_out_rows(examples, ~in_training, validation),
            size=DataSize(len(train), count_tokens(train)),
            classes=classes,
            facts={
                "data": examples.source.name,
                "rows": len(train),
                "ends": True,
                "classes": dict(zip(classes, train.class_counts.tolist(), strict=True)),
                "validation": validation_words(held_out, validation_data, manner, settings.seed),
            },
            named_columns=examples.named_columns,
        )

    def batches(self, settings: Settings, corpus: PackedCorpus) -> TextBatches:
        """Return batches of whole texts, smaller ones for few texts."""
        budget = settings.batch_tokens
        steps = min(settings.window, int(corpus.lengths.max()) + 1, budget)
        rows = max(1, min(budget // steps, len(corpus) // FEWEST_GROUPS))
        return TextBatches(corpus, rows, steps, settings.seed)

    def measure(self, network: OneToMany, corpus: PackedCorpus, whole: bool = False) -> Measure:
        """Return a function that measures all texts, each from its condition to its end."""
        steps = min(STEPS, int(corpus.lengths.max(initial=0)) + 1)
        rows = max(1, min(TOGETHER // steps, len(corpus)))
        batches = TextBatches(corpus, rows, steps, shuffle=False)
        zeros = [tf.zeros([rows, size], network.compute_dtype) for size in network.sizes]

        @tf.function(
            input_signature=[
                tf.TensorSpec([rows, None], tf.int32),
                tf.TensorSpec([rows], tf.bool),
                tf.TensorSpec([rows], tf.int32),
                tf.TensorSpec([rows, None], tf.int32),
                tf.TensorSpec([rows, None], tf.float32),
                *[tf.TensorSpec(zero.shape, zero.dtype) for zero in zeros],
            ],
            autograph=False,
        )
        def measure_window(
            ids: Any, reset_mask: Any, condition: Any, targets: Any, weights: Any, *state: Any
        ) -> Any:
            first = network.start(rows, condition)
            before = [
                tf.where(reset_mask[:, None], *pair) for pair in zip(first, state, strict=True)
            ]
            outputs, after = network.outputs(ids, before)
            return tf.reduce_sum(weights * losses(network, outputs, targets)), after

        def read() -> tuple[float, int]:
            nll, state = 0.0, zeros
            for inputs, targets, weights in batches.windows():
                arguments = (inputs["ids"], inputs["reset_mask"], inputs["condition"])
                loss, state = measure_window(*arguments, targets, weights, *state)
                nll += float(loss)
            return nll, count_tokens(corpus)

        return read

    def encode(
        self, options: Any, data: Any, tokenizer: Any, classes: tuple[str, ...]
    ) -> PackedCorpus:
        """Return texts as ids, with the numbers of their conditions."""
        examples = conditioned_examples(open_conditioned(data, "test", options), options)
        return encode(examples, tokenizer, LabelEncoder("classes", classes))

    def window(self, corpus: PackedCorpus, texts: int, steps: int) -> tuple[Any, Any]:
        """Return the first steps of some of the longest texts."""
        chosen, length = longest(corpus.lengths, texts, steps)
        targets = corpus.sequences.batch(chosen)[:, :length]
        ids = np.pad(targets[:, :-1], [(0, 0), (1, 0)])
        return {"ids": ids, "condition": corpus.targets(chosen)}, targets

    def rows(self, task: Any, ask: Ask, data: Any) -> Iterator[tuple[float, int, int]]:
        """Yield nats, tokens and characters of each text; its end counts as a token."""
        examples = _known(task, data)
        while chunk := list(islice(examples, SORTED)):
            order = sorted(range(len(chunk)), key=lambda index: len(chunk[index].text))
            results: dict[int, tuple[float, int, int]] = {}
            for first in range(0, len(order), SIDE_BY_SIDE):
                chosen = order[first : first + SIDE_BY_SIDE]
                texts = [chunk[index].text for index in chosen]
                labels = [str(chunk[index].label) for index in chosen]
                nll, tokens = _measure(labels, [*map(_pieces, texts)], ask)
                rows = zip(nll.tolist(), tokens.tolist(), map(characters_of, texts), strict=True)
                results |= dict(zip(chosen, rows, strict=True))
            yield from (results[index] for index in range(len(chunk)))

    def texts(self, task: Any, data: Any) -> Iterator[ReadText]:
        """Yield the texts with their conditions."""
        return (ReadText(each.text, str(each.label)) for each in _known(task, data))

    def checksum(self, task: Any, data: Any) -> int:
        """Return the CRC-32 of conditions and texts."""
        checksum = 0
        for example in _known(task, data):
            checksum = zlib.crc32(utf8(f"{example.label}\n{example.text}"), checksum)
        return checksum


def count_tokens(corpus: PackedCorpus) -> int:
    """Return the number of tokens to learn, including the end of each text."""
    return int(corpus.lengths.sum(dtype=np.int64)) + len(corpus)


def _known(task: Any, data: Any) -> Iterator[Example]:
    """Yield the texts of data, whose conditions must be known."""
    examples = conditioned_examples(open_conditioned(data, "test", task), task)
    return iter(examples.known(LabelEncoder("classes", task.classes)))


def _pieces(text: str) -> list[str]:
    """Return the pieces of a text that are read at once."""
    return [piece for piece, _ in line_groups([Piece(text, ends=True)])]


def _measure(
    conditions: Sequence[str], texts: Sequence[Sequence[str]], ask: Ask
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return nats and tokens of texts [B], each given in pieces."""
    outputs = ask("start", condition=conditions)
    states = [name for name in outputs if name != "token"]
    nll, tokens = np.zeros(len(texts)), np.ones(len(texts), np.int64)
    for pieces in zip_longest(*texts, fillvalue=""):  # an empty piece changes nothing
        state = {name: outputs[name] for name in ("token", *states)}
        outputs = ask("read", text=list(pieces), **state)
        nll += outputs["nll"]
        tokens += outputs["units"]
    logits = outputs["logits"].astype(np.float64)
    highest = logits.max(axis=1)
    ends = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1)) - logits[:, 0]
    return nll + ends, tokens
