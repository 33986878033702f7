"""How a language model learns and is measured where each text has a condition."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice, zip_longest
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data import (
    EncodedCorpus,
    Example,
    LabelEncoder,
    TextBatches,
    conditioned_examples,
    encode,
    open_conditioned,
    survey,
)
from toolkit.models import OneToMany
from toolkit.tasks.language_model_serving import losses
from toolkit.tasks.options import LanguageModelOptions

#: How many units of a text are read at once, and of about how many units together.
STEPS, TOGETHER = 512, 16_384
#: How many texts are sorted by length, and how many of them are measured side by side.
SORTED, SIDE_BY_SIDE = 512, 32


class ConditionedData(NamedTuple):
    """What is learnt from.

    Attributes:
        name: What to call the data.
        tokenizer: The text layer, made of the training texts.
        conditions: The names of the conditions.
        train: The texts to train on, whose labels are the numbers of their conditions.
        held_out: Those to validate on, if there are any.
    """

    name: str
    tokenizer: Any
    conditions: tuple[str, ...]
    train: EncodedCorpus
    held_out: EncodedCorpus | None


def read_conditioned(
    options: LanguageModelOptions, data: Any, validation_data: Any, text_layer: Callable[..., Any]
) -> ConditionedData:
    """Reads texts three times: for conditions and split, for the vocabulary, to encode them.

    Args:
        options: The columns, and the share that is held out, stratified by condition.
        data: What ``open_conditioned`` opens.
        validation_data: The same, if there is any; then nothing is held out.
        text_layer: Makes a text layer of texts.

    Raises:
        DataError: A row cannot be used, or there are not two conditions.
    """
    examples = conditioned_examples(open_conditioned(data, "train", options), options)
    found = survey(examples, "classes")
    rows, held_rows = np.arange(found.count), None
    if validation_data is None and options.validation_split:
        rows, held_rows = found.split(options.validation_split, options.seed)
    in_training = np.zeros(found.count, bool)
    in_training[rows] = True
    tokenizer = text_layer(
        example.text
        for example, used in zip(found.again(examples), in_training, strict=True)
        if used
    )
    corpus = encode(examples, tokenizer, found.encoder, expected=found)
    held_out = None if held_rows is None else corpus.subset(held_rows)
    if validation_data is not None:
        source = open_conditioned(validation_data, "test", options)
        held_out = encode(conditioned_examples(source, options), tokenizer, found.encoder)
    return ConditionedData(
        examples.source.name, tokenizer, found.encoder.classes, corpus.subset(rows), held_out
    )


def units_of(corpus: EncodedCorpus) -> int:
    """How many units there are to learn, the end of each text among them."""
    return int(corpus.lengths.sum(dtype=np.int64)) + len(corpus)


def text_reader(network: OneToMany, corpus: EncodedCorpus) -> Callable[[], tuple[float, int]]:
    """A function that gives nats and units of texts, each read from its condition to its end."""
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
            *[tf.TensorSpec(each.shape, each.dtype) for each in zeros],
        ],
        autograph=False,
    )
    def measured(
        ids: Any, fresh: Any, condition: Any, targets: Any, weights: Any, *state: Any
    ) -> Any:
        begun = network.start(rows, condition)
        here = [tf.where(fresh[:, None], *each) for each in zip(begun, state, strict=True)]
        outputs, after = network.outputs(ids, here)
        return tf.reduce_sum(weights * losses(network, outputs, targets)), after

    def read() -> tuple[float, int]:
        nll, state = 0.0, zeros
        for inputs, targets, weights in batches.windows():
            given = (inputs["ids"], inputs["fresh"], inputs["condition"], targets, weights)
            loss, state = measured(*given, *state)
            nll += float(loss)
        return nll, units_of(corpus)

    return read


def known_examples(
    data: Any, options: LanguageModelOptions, conditions: Sequence[str]
) -> Iterator[Example]:
    """The texts of data, with conditions that have been learnt.

    Raises:
        DataError: A row cannot be used.
    """
    source = open_conditioned(data, "test", options)
    return conditioned_examples(source, options).known(LabelEncoder("classes", conditions))


def measured_texts(
    examples: Iterator[Example],
    ask: Callable[..., dict[str, Any]],
    pieces_of: Callable[[str], Sequence[str]],
) -> Iterator[tuple[float, int, int]]:
    """Nats, units and characters of each text, its end among the units.

    Args:
        examples: The texts, each with its condition.
        ask: Asks a signature of the language model.
        pieces_of: Cuts a text into what is read at once.
    """
    while some := list(islice(examples, SORTED)):
        order = sorted(range(len(some)), key=lambda index: len(some[index].text))
        found: dict[int, tuple[float, int, int]] = {}
        for first in range(0, len(order), SIDE_BY_SIDE):
            chosen = order[first : first + SIDE_BY_SIDE]
            texts = [some[index].text for index in chosen]
            nll, units = _measured(
                [str(some[index].label) for index in chosen], [*map(pieces_of, texts)], ask
            )
            rows = zip(nll.tolist(), units.tolist(), map(len, texts), strict=True)
            found |= dict(zip(chosen, rows, strict=True))
        yield from (found[index] for index in range(len(some)))


def _measured(
    conditions: Sequence[str], texts: Sequence[Sequence[str]], ask: Callable[..., dict[str, Any]]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Nats and units of texts [B], each in pieces."""
    found = ask("start", condition=conditions)
    states = [name for name in found if name != "token"]
    nll, units = np.zeros(len(texts)), np.ones(len(texts), np.int64)
    for pieces in zip_longest(*texts, fillvalue=""):  # of an empty one nothing is read
        state = {name: found[name] for name in ("token", *states)}
        found = ask("read", text=list(pieces), **state)
        nll += found["nll"]
        units += found["units"]
    logits = found["logits"].astype(np.float64)
    highest = logits.max(axis=1)
    ends = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1)) - logits[:, 0]
    return nll + ends, units
