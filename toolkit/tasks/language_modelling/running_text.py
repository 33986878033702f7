"""Running text, read in one pass with the state carried along."""

import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.data import (
    StreamBatches,
    StreamCorpus,
    TextStream,
    encode_stream,
    open_stream,
    parted,
    size_of,
)
from toolkit.data.corpora.mapped_files import release_pages
from toolkit.data.streams.stream import Piece, RowStream
from toolkit.errors import DataError, count
from toolkit.models import OneToMany
from toolkit.options import option
from toolkit.tasks.defaults import DataSize
from toolkit.tasks.golden import first_inputs
from toolkit.tasks.language_modelling.outcomes import characters_of
from toolkit.tasks.language_modelling.reading import Measure, text_layer
from toolkit.tasks.language_modelling.serving import losses
from toolkit.tasks.language_modelling.surprise import Ask, ReadText
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.settings import Settings
from toolkit.text import utf8

#: The approximate length in tokens of the parts in which held-out text is validated, and the
#: largest number of parts in a batch.
VALIDATED_TOGETHER, MOST_ROWS = 2_000, 64
#: The largest number of tokens that are measured as one part.
MEASURED_ALONE = 250_000
#: The number of tokens of a part that are read at once.
STEPS = 512
#: The largest number of words of a prompt of held-out text.
PROMPT = 4
#: The approximate number of characters measured at once, which ``compare`` resamples together.
GROUP_CHARACTERS = 2_000


class RunningText:
    """The reading of running text; see ``Reading`` for the methods."""

    def prepare(self, settings: Settings, data: Any, validation_data: Any) -> Prepared:
        """Read the text twice: for the vocabulary, and to encode it."""
        stream = open_stream(data, "train", settings.columns)
        if isinstance(stream, RowStream):
            settings = settings.reading_as(stream)
        train, held_out = _parts(settings, stream, validation_data)
        tokenizer, settings = text_layer(settings, (piece.text for piece in train))
        corpus = encode_stream(train, tokenizer)
        if len(corpus) < 2:
            raise DataError(f"{stream.name} has too little text to learn from; it needs 2 tokens")
        ends = corpus.texts > 1
        other = None if held_out is None else encode_stream(held_out, tokenizer, ends)
        is_short = other is not None and len(other) <= MEASURED_ALONE
        ended_before = settings.previous is not None and settings.previous.facts["ends"]
        return Prepared(
            settings=settings,
            preprocessing=tokenizer,
            train=corpus,
            held_out=other,
            held_out_inputs=None if held_out is None else partial(beginnings, held_out),
            held_out_data=(lambda: held_out) if is_short else None,  # read step by step
            size=DataSize(corpus.texts, len(corpus)),
            facts={
                "data": stream.name,
                "rows": len(corpus),
                "ends": ends or ended_before,
                "validation": _validation_words(other, validation_data is not None),
            },
            named_columns=getattr(stream, "named_columns", {}),
        )

    def batches(self, settings: Settings, corpus: StreamCorpus) -> StreamBatches:
        """Return batches of windows, with fewer and shorter ones for little text."""
        budget = settings.batch_tokens
        steps = max(1, min(settings.window, len(corpus) // 4, budget))
        rows = max(1, min(budget // steps, len(corpus) // (2 * steps)))
        return StreamBatches(corpus, rows, steps, settings.seed)

    def measure(self, network: OneToMany, corpus: StreamCorpus, whole: bool = False) -> Measure:
        """Return a function that measures the text in parallel parts."""
        if whole:
            rows = -(-len(corpus) // MEASURED_ALONE)
        else:
            rows = max(1, min(MOST_ROWS, len(corpus) // VALIDATED_TOGETHER))
        return _measure_in_parallel(network, corpus, rows)

    def encode(self, options: Any, data: Any, tokenizer: Any, classes: Any) -> StreamCorpus:
        """Return text as ids."""
        stream = open_stream(data, "test", options)
        size_of(stream)
        return encode_stream(stream, tokenizer)

    def window(self, corpus: StreamCorpus, texts: int, steps: int) -> tuple[Any, Any]:
        """Return the first window of parallel parts."""
        length = max(1, min(steps, len(corpus) // 2))
        rows = max(1, min(texts, len(corpus) // (2 * length)))
        inputs, targets = next(StreamBatches(corpus, rows, length).windows())
        return inputs, targets

    def rows(self, task: Any, ask: Ask, data: Any) -> Iterator[tuple[float, int, int]]:
        """Yield nats, tokens and characters of groups of lines, and carry the state along."""
        stream = open_stream(data, "test", task)
        size = size_of(stream)
        outputs = ask("prefill", prompt=[""])
        state = {name: np.zeros_like(a) for name, a in outputs.items() if name != "logits"}
        token: Any = np.zeros(1, np.int32)
        for text, is_end in line_groups(stream):
            outputs = ask("read", text=[text], token=token, **state)
            nll, tokens = float(outputs["nll"][0]), int(outputs["units"][0])
            token = outputs["token"]
            state = {name: outputs[name] for name in state}
            if is_end and task.facts["ends"] and size.texts > 1:
                nll, tokens = nll + _negative_log(outputs["logits"][0], 0), tokens + 1
                after = ask("step", token=token, **state)  # read the last token as well
                token, state = np.zeros(1, np.int32), {name: after[name] for name in state}
            yield nll, tokens, characters_of(text)

    def texts(self, task: Any, data: Any) -> Iterator[ReadText]:
        """Yield the groups of lines."""
        groups = line_groups(open_stream(data, "test", task))
        return (ReadText(text, None) for text, _ in groups)

    def checksum(self, task: Any, data: Any) -> int:
        """Return the CRC-32 of all pieces."""
        checksum = 0
        for piece in open_stream(data, "test", task):
            checksum = zlib.crc32(utf8(piece.text), checksum)
        return checksum


def beginnings(stream: Iterable[Piece]) -> list[str]:
    """Return the first words of the first lines, as prompts of a golden file."""
    lines = (line for piece in stream for line in piece.text.splitlines() if line.strip())
    return first_inputs(" ".join(line.split()[:PROMPT]) for line in lines)


def line_groups(stream: Iterable[Piece]) -> Iterator[tuple[str, bool]]:
    """Yield groups of lines of about ``GROUP_CHARACTERS``, and whether a text ends there."""
    for piece in stream:
        lines = piece.text.splitlines(keepends=True) or [""]
        group, size = [], 0
        for number, line in enumerate(lines, 1):
            group.append(line)
            size += len(line)
            if number == len(lines) or size >= GROUP_CHARACTERS:
                yield "".join(group), piece.ends and number == len(lines)
                group, size = [], 0


def _parts(
    settings: Settings, stream: TextStream, validation_data: Any
) -> tuple[TextStream, TextStream | None]:
    """Return the training text and the held-out text, after reading both once."""
    size = size_of(stream)
    if validation_data is not None:
        held_out = open_stream(validation_data, "test", settings.columns)
        size_of(held_out)
        return stream, held_out
    if not settings.validation_split:
        return stream, None
    train, held_out = parted(stream, size, settings.validation_split)
    if not any(piece.text for piece in held_out) or not any(p.text for p in train):
        raise DataError(
            f"{stream.name} has {count(size.characters, 'character')} in "
            f"{count(size.texts, 'text')}, too little to hold out {settings.validation_split:g} of "
            "it; give more, or validation data"
        )
    if size.texts > 1 and size.characters < 2 * (size.characters - size.last):
        raise DataError(
            f"the last text of {stream.name} is more than half of it, and texts are held out "
            f"whole; give validation data, or set {option('validation_split', 0)}"
        )
    return train, held_out


def _measure_in_parallel(network: OneToMany, corpus: StreamCorpus, rows: int) -> Measure:
    """Return a function that measures nats and tokens of a corpus in parallel parts."""
    length = -(-len(corpus) // rows)
    starts = length * np.arange(rows)[:, None]
    zeros = [tf.zeros([rows, size], network.compute_dtype) for size in network.sizes]

    @tf.function(
        input_signature=[
            *[tf.TensorSpec([rows, None], tf.int32)] * 2,
            *[tf.TensorSpec(zero.shape, zero.dtype) for zero in zeros],
        ],
        autograph=False,
    )
    def measure_window(ids: Any, targets: Any, *state: Any) -> Any:
        outputs, after = network.outputs(ids, list(state))
        values = losses(network, outputs, tf.maximum(targets, 0))
        return tf.reduce_sum(tf.where(targets >= 0, values, 0.0)), after

    def read() -> tuple[float, int]:
        nll, state = 0.0, zeros
        for first in range(0, length, STEPS):
            places = starts + np.arange(first, min(first + STEPS, length))
            inside = places < len(corpus)
            targets = np.where(inside, corpus.ids[np.minimum(places, len(corpus) - 1)], -1)
            ids = np.where(places > 0, corpus.ids[np.clip(places - 1, 0, len(corpus) - 1)], 0)
            loss, state = measure_window(ids.astype(np.int32), targets.astype(np.int32), *state)
            nll += float(loss)
            release_pages(corpus.ids)
        return nll, len(corpus)

    return read


def _negative_log(logits: Any, token: int) -> float:
    """Return the negative log probability of a token, in nats."""
    logits = logits.astype(np.float64)
    highest = logits.max()
    return float(highest + np.log(np.exp(logits - highest).sum()) - logits[token])


def _validation_words(held_out: StreamCorpus | None, own_data: bool) -> str:
    if held_out is None:
        return "none"
    origin = "of data of its own" if own_data else "held out, the end"
    return f"{len(held_out):,} tokens {origin}"
