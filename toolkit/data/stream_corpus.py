"""Long text as ids on disk."""

import tempfile
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.data.corpus import room_on_disk
from toolkit.data.on_disk import checksum
from toolkit.data.text_stream import PIECE, Piece
from toolkit.text import utf8

_CHARACTERS_AT_ONCE = 4 * PIECE  # padding included


class StreamCorpus:
    """Texts as one long row of ids, each of several texts ended by id 0.

    Args:
        ids: The ids, int32 [N]; on disk.
        texts: How many texts there are.
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
    """Reads texts once, and keeps their ids on disk; memory grows with the longest piece alone.

    A single text has no end: what comes after it is not known.

    Args:
        stream: The texts.
        tokenizer: Maps strings [B] to ids int32 [B, T], padded with 0 at the end, in TensorFlow
            ops; it is compiled.
        ends: Whether the ends of several texts are marked; otherwise they go on as one.

    Raises:
        WorkError: The temporary file cannot be written.
    """
    compiled = tf.function(
        tokenizer, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False
    )
    count = texts = 0
    # An anonymous file: the operating system removes it when nothing refers to it any more.
    with room_on_disk(), tempfile.TemporaryFile(prefix="toolkit-") as file:
        pieces: list[Piece] = []

        def write() -> int:
            rows = np.asarray(compiled(tf.constant([utf8(piece.text) for piece in pieces])))
            ids = np.pad(rows, [(0, 0), (0, 1)])  # room for the end of each text
            inside = ids != 0
            inside[np.arange(len(ids)), inside.sum(axis=1)] = [
                ends and piece.ends for piece in pieces
            ]
            found = ids[inside].astype(np.int32, copy=False)
            file.write(found.tobytes())
            return len(found)

        longest = 1
        for piece in stream:
            longest = max(longest, len(piece.text))  # all are padded to it
            if pieces and (len(pieces) + 1) * longest > _CHARACTERS_AT_ONCE:
                count += write()
                pieces, longest = [], max(1, len(piece.text))
            pieces.append(piece)
            texts += piece.ends
        if pieces:
            count += write()
        file.flush()
        ids = np.memmap(file, np.int32, mode="r") if count else np.zeros(0, np.int32)
    if not ends:
        return StreamCorpus(ids)
    return StreamCorpus(ids[:-1] if texts == 1 else ids, texts)
