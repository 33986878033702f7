"""The preparation of labelled strands for training."""

from itertools import compress
from typing import Any

import numpy as np

from toolkit.data import PackedCorpus, Scan, StrandExamples, encode, open_strands, scan
from toolkit.data.labels import LabelEncoder
from toolkit.data.splits import held_out_rows
from toolkit.tasks.card import validation_words
from toolkit.tasks.defaults import DataSize
from toolkit.tasks.golden import first_inputs
from toolkit.tasks.prepared import Prepared
from toolkit.tasks.settings import Settings
from toolkit.text import Nucleotides
from toolkit.text.nucleotides import CHANNELS


def prepare_strands(settings: Settings, data: Any, validation_data: Any) -> Prepared:
    """Read data twice: for classes and split, and to encode it.

    Args:
        settings: The settings of the training.
        data: The training data, for ``open_strands``.
        validation_data: The validation data, if any; else a share of the data is held out, where
            equal strands stay together.

    Raises:
        DataError: A row cannot be used, or there are fewer than two classes.
    """
    splitting = validation_data is None and settings.validation_split > 0
    examples = StrandExamples(
        open_strands(data, "train", settings.columns), settings.columns, grouped=splitting
    )
    scanned = scan(examples, settings.target, settings.known_classes)
    in_training = np.ones(scanned.count, bool)
    if splitting:
        in_training[scanned.split(settings.validation_split, settings.seed)[1]] = False
    layer = Nucleotides(max_length=settings.max_length)
    corpus = encode_strands(examples, layer, scanned.encoder, scanned)
    train, held_out = corpus.subset(np.flatnonzero(in_training)), None
    settings = settings.reading_as(examples)
    readers = [examples]
    if splitting:
        held_out = corpus.subset(np.flatnonzero(~in_training))
    elif validation_data is not None:
        source = open_strands(validation_data, "test", settings.columns)
        readers.append(StrandExamples(source, settings.columns, grouped=False))
        held_out = encode_strands(readers[1], layer, scanned.encoder)

    def held_out_strands() -> list[str]:
        held: Any = compress(examples, ~in_training) if splitting else readers[1]
        return first_inputs(example.text for example in held)

    classes = scanned.encoder.classes
    manner = f"by {settings.group_column}" if settings.group_column else "equal strands together"
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
        classes=classes,
        facts={
            "data": examples.source.name,
            "rows": len(train),
            "classes": dict(zip(classes, train.class_counts.tolist(), strict=True)),
            "validation": validation_words(held_out, validation_data, manner, settings.seed),
        },
        named_columns=examples.named_columns,
        readers=tuple(readers),
    )


def encode_strands(
    examples: StrandExamples,
    layer: Nucleotides,
    encoder: LabelEncoder,
    expected: Scan | None = None,
) -> PackedCorpus:
    """Return strands as a corpus of fractions of bases, float32 [S, 4]; see ``encode``."""
    return encode(examples, layer, encoder, expected, vector_size=CHANNELS)
