"""Series on disk, with their targets."""

import numpy as np

from toolkit.data.corpora.packed import PackedCorpus, SequenceWriter
from toolkit.data.labelled.scan import Scan
from toolkit.data.labels import Label, LabelEncoder
from toolkit.data.series.examples import SeriesRows


def encode_series(
    examples: SeriesRows, encoder: LabelEncoder | None = None, expected: Scan | None = None
) -> PackedCorpus:
    """Write series to a file on disk in one pass, float32 [S, C]; missing values stay NaN.

    The frames of videos are uint8 [S, H, W, C].

    Args:
        examples: The examples; rows with an unknown class are bad rows.
        encoder: The encoder of the labels; None for unlabelled data.
        expected: The scan of the same examples, against which they are checked.

    Raises:
        DataError: A row cannot be used, or the examples differ from the scan.
        WorkError: The temporary file cannot be written.
    """
    rows: list[int] = []
    labels: list[Label] = []
    read = iter(examples.known(encoder) if encoder else examples)
    if expected is not None:
        read = expected.reread(read)
    with SequenceWriter(examples.dtype, examples.frame_shape) as writer:
        for example in read:
            writer.write(example.series, [len(example.series)])
            rows.append(example.row)
            labels.append(example.label)
        return PackedCorpus(
            writer.packed(),
            encoder.encode(labels) if encoder else None,
            np.asarray(rows, np.int64),
            encoder,
        )
