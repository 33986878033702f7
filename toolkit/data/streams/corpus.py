"""Encoding of a stream of text as ids on disk."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data.corpora.mapped_files import checksum
from toolkit.data.corpora.packed import SequenceWriter
from toolkit.data.streams.stream import PIECE_LENGTH, Piece
from toolkit.text import utf8

_CHARACTERS_AT_ONCE = 4 * PIECE_LENGTH  # padding included


class StreamCorpus:
    """Texts as one sequence of ids; if there are several, each ends with id 0.

    Args:
        ids: The ids, int32 [N], in a file on disk.
        texts: The number of texts.
    """

    def __init__(self, ids: NDArray[np.int32], texts: int = 1) -> None:
        self.ids = ids
        self.texts = texts

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def checksum(self) -> int:
        """The CRC-32 of all ids."""
        return checksum(self.ids)


def encode_stream(
    stream: Iterable[Piece], tokenizer: Callable[[Any], Any], ends: bool = True
) -> StreamCorpus:
    """Encode texts in one pass, with their ids in a file on disk.

    Memory grows only with the longest piece. A single text gets no end, since its continuation is
    unknown.

    Args:
        stream: The texts.
        tokenizer: Maps strings [B] to ids int32 [B, T], padded with 0 at the end, in TensorFlow
            ops; it is compiled.
        ends: Whether to mark the ends of several texts; otherwise they are joined to one.

    Raises:
        WorkError: The temporary file cannot be written.
    """
    compiled = tf.function(
        tokenizer, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False
    )
    texts = 0
    with SequenceWriter() as writer:
        pieces: list[Piece] = []

        def write() -> None:
            rows = np.asarray(compiled(tf.constant([utf8(piece.text) for piece in pieces])))
            ids = np.pad(rows, [(0, 0), (0, 1)])  # space for the end of each text
            inside = ids != 0
            inside[np.arange(len(ids)), inside.sum(axis=1)] = [
                ends and piece.ends for piece in pieces
            ]
            writer.write(ids[inside], inside.sum(axis=1))

        longest = 1
        for piece in stream:
            longest = max(longest, len(piece.text))  # all pieces are padded to it
            if pieces and (len(pieces) + 1) * longest > _CHARACTERS_AT_ONCE:
                write()
                pieces, longest = [], max(1, len(piece.text))
            pieces.append(piece)
            texts += piece.ends
        if pieces:
            write()
        ids = writer.packed().values
    if not ends:
        return StreamCorpus(ids)
    return StreamCorpus(ids[:-1] if texts == 1 else ids, texts)
