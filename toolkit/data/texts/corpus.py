"""Encoding of labelled texts as ids on disk."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data.corpora.packed import PackedCorpus, SequenceWriter
from toolkit.data.labelled.scan import Scan
from toolkit.data.labels import LabelEncoder
from toolkit.data.texts.examples import TextExamples

_TEXTS_AT_ONCE = 512


def encode(
    examples: TextExamples,
    tokenizer: Callable[[Any], Any],
    encoder: LabelEncoder | None = None,
    expected: Scan | None = None,
    vector_size: int | None = None,
) -> PackedCorpus:
    """Encode examples in one pass, with their time steps in a file on disk.

    Args:
        examples: The examples; rows with an unknown class are bad rows.
        tokenizer: Maps strings [B] to ids int32 [B, T], padded with 0 at the end, or to ``values``
            float32 [B, T, vector_size] with ``length`` [B], in TensorFlow ops; it is compiled,
            which halves the time.
        encoder: The encoder of the labels; None for unlabelled data.
        expected: The scan of the same examples, against which they are checked.
        vector_size: The size of the vector of a time step; None for ids.

    Raises:
        DataError: A row cannot be used, or the examples differ from the scan.
        WorkError: The temporary file cannot be written.
    """
    rows: list[int] = []
    labels: list[NDArray[Any]] = []
    compiled = tf.function(
        tokenizer, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False
    )
    read = iter(examples.known(encoder) if encoder else examples)
    if expected is not None:
        read = expected.reread(read)
    steps_of = (np.int32, ()) if vector_size is None else (np.float32, (vector_size,))
    with SequenceWriter(*steps_of) as writer:
        while chunk := list(islice(read, _TEXTS_AT_ONCE)):
            steps = compiled(tf.constant([example.text for example in chunk]))
            if vector_size is None:
                writer.write_ids(steps.numpy())
            else:
                writer.write_batch(steps["values"].numpy(), steps["length"].numpy())
            rows.extend(example.row for example in chunk)
            if encoder:
                labels.append(encoder.encode([example.label for example in chunk]))
        return PackedCorpus(
            writer.packed(),
            np.concatenate(labels) if labels else None,
            np.asarray(rows, np.int64),
            encoder,
        )
