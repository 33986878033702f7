"""The preparation of strands with spans for training."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import Any

import numpy as np

from toolkit.data import EntityExample, PackedCorpus
from toolkit.data.corpora.packed import SequenceWriter
from toolkit.data.entities.scan import scan_entities
from toolkit.data.splits import held_out_rows
from toolkit.errors import DataError
from toolkit.options import option
from toolkit.tagging import Span, bioes_tags, tags_of, to_bioes
from toolkit.tasks.card import validation_words
from toolkit.tasks.defaults import DataSize
from toolkit.tasks.golden import first_inputs
from toolkit.tasks.marked_strands.examples import (
    MarkedStrandExamples,
    open_marked,
    split_marked,
)
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.settings import Settings
from toolkit.text import Nucleotides, utf8
from toolkit.text.nucleotides import CHANNELS


def prepare_marked(settings: Settings, data: Any, validation_data: Any) -> Prepared:
    """Read data three times: for labels, for the split, and to encode it.

    Args:
        settings: The settings of the training.
        data: The training data, for ``open_marked``.
        validation_data: The validation data, if any; else a share of the data is held out, where
            equal strands stay together.

    Raises:
        DataError: A row cannot be used, or the training part has no spans.
    """
    source = open_marked(data, "train", settings.columns)
    examples = MarkedStrandExamples(source, settings.columns)
    scanned = scan_entities(examples, settings.known_classes)
    splitting = validation_data is None and settings.validation_split > 0
    in_training = np.ones(scanned.count, bool)
    if splitting:
        held_rows = split_marked(examples, settings.validation_split, settings.seed)[1]
        in_training[held_rows] = False
    layer = Nucleotides()
    corpus = encode_marked(examples, layer, scanned.labels, settings.window)
    train, held_out = corpus.subset(np.flatnonzero(in_training[corpus.rows])), None
    settings = settings.reading_as(examples)
    readers = [examples]
    if splitting:
        held_out = corpus.subset(np.flatnonzero(~in_training[corpus.rows]))
    elif validation_data is not None:
        source = open_marked(validation_data, "test", settings.columns)
        readers.append(MarkedStrandExamples(source, settings.columns, labels=scanned.labels))
        held_out = encode_marked(readers[1], layer, scanned.labels, settings.window)

    def held_out_strands() -> list[str]:
        held: Any = compress(examples, ~in_training) if splitting else readers[1]
        return first_inputs(example.text for example in held)

    tags = bioes_tags(scanned.labels)
    spans: dict[str, int] = dict.fromkeys(scanned.labels, 0)
    for tag, count in zip(tags, train.tag_counts(len(tags)).tolist(), strict=True):
        if tag[0] in "BS":
            spans[tag[2:]] += count
    if not any(spans.values()):
        raise DataError(
            f"{examples.source.name}: the training part has no spans, only the held-out part has; "
            f"set {option('validation_split', 0)}, or give validation data"
        )
    words = validation_words(held_out, validation_data, "equal strands together", settings.seed)
    return Prepared(
        settings=settings,
        preprocessing=layer,
        train=train,
        held_out=held_out,
        held_out_inputs=None if held_out is None else held_out_strands,
        held_out_data=None
        if held_out is None
        else held_out_rows(examples, ~in_training, None if splitting else readers[1]),
        size=DataSize(len(train), int(train.lengths.sum())),
        classes=scanned.labels,
        facts={
            "data": examples.source.name,
            "rows": len(train),
            "classes": spans,
            "validation": words,
        },
        named_columns=examples.named_columns,
        readers=tuple(readers),
    )


def encode_marked(
    examples: Iterable[EntityExample], layer: Nucleotides, labels: Sequence[str], window: int
) -> PackedCorpus:
    """Return strands as a corpus of fractions of bases, with the number of a BIOES tag for each.

    Args:
        examples: The strands with their spans.
        layer: The layer that maps letters to fractions.
        labels: The labels of spans.
        window: The largest number of bases of a sequence; longer strands are several.

    Returns:
        The corpus, with the index of each sequence's example, from 0, as its ``rows``.

    Raises:
        WorkError: The temporary files cannot be written.
    """
    numbers = {tag: number for number, tag in enumerate(bioes_tags(labels))}
    rows: list[int] = []
    with (
        SequenceWriter(np.float32, (CHANNELS,)) as base_writer,
        SequenceWriter() as tag_writer,
    ):
        for row, example in enumerate(examples):
            text = utf8(example.text or "").decode()
            bases = layer.fractions(np.frombuffer(text.encode("utf-32-le"), np.int32)).numpy()
            tags = to_bioes(tags_of(example.spans, len(text)))
            for start, end in pieces(len(text), example.spans, window):
                base_writer.write(bases[start:end], [end - start])
                of_piece = [numbers[tag] for tag in tags[start:end]]
                tag_writer.write(np.asarray(of_piece, np.int32), [end - start])
                rows.append(row)
        return PackedCorpus(base_writer.packed(), tag_writer.packed(), np.asarray(rows, np.int64))


def pieces(length: int, spans: Sequence[Span], most: int) -> Iterator[tuple[int, int]]:
    """Yield the borders of pieces of a strand, none of which is within a span.

    Args:
        length: The number of bases.
        spans: The spans, in order.
        most: The largest number of bases of a piece, unless a span is longer.
    """
    start, following = 0, 0
    while start < length:
        end = min(start + most, length)
        while following < len(spans) and spans[following].end <= end:
            following += 1
        if following < len(spans) and spans[following].start < end < spans[following].end:
            span = spans[following]
            end = span.start if span.start > start else span.end
        yield start, end
        start = end
