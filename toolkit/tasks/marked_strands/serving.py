"""The signature of an exported tagger of strands, and prediction of strands of any length."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.models import SequenceModel
from toolkit.tasks.span_outputs import Ask, Places, Tags, by_groups, find_all, span_outputs
from toolkit.text import utf8

#: The number of bases, at least, that are asked for at once of a long strand.
CHUNK = 200_000
#: The most tiles whose bases' probabilities are computed at once.
TILES = 16


class Tiles(NamedTuple):
    """The steps of the tiles of strands, end to end.

    Attributes:
        codes: The code points of all strands, end to end, int32 [n].
        row: The strand of each step, int64 [s].
        start: Its place in the strand, int32 [s].
        kept: Whether it is not among the overlaps of its tile, bool [s]; of all steps with one
            place in a strand one is kept.
        tags: The answers.
    """

    codes: Any
    row: Any
    start: Any
    kept: Any
    tags: Tags


def tagged_tiles(model: SequenceModel, text: Any, window: int, overlap: int) -> Tiles:
    """Return the steps of strands, string [B], in tiles, with their tags.

    Args:
        model: ``Nucleotides`` and the network.
        text: The strands, valid UTF-8.
        window: The number of bases of a tile.
        overlap: The number of bases that are read beyond each of its ends.
    """
    fractions = model.preprocessing.fractions

    def answers(codes: Any, lengths: Any) -> Any:
        codes = tf.pad(codes, [[0, 0], [0, tf.maximum(1 - tf.shape(codes)[1], 0)]])
        inputs = {"values": fractions(codes), "length": tf.cast(lengths, tf.int32)}
        return model.network.answer(inputs)

    codes = tf.strings.unicode_decode(text, "UTF-8")
    lengths = codes.row_lengths()
    counts = tf.maximum((lengths + window - 1) // window, 1)
    row = tf.repeat(tf.range(tf.size(counts, tf.int64)), counts)
    core = window * tf.ragged.range(counts).values
    length = tf.gather(lengths, row)
    first, last = tf.maximum(core - overlap, 0), tf.minimum(core + window + overlap, length)
    place = tf.ragged.range(first, last)  # of each step in its strand
    sizes = place.row_lengths()

    def of_steps(values: Any) -> Any:
        """Return a value of each tile for each of its steps."""
        return tf.repeat(values, sizes)

    base = of_steps(tf.gather(codes.row_starts(), row))
    start = place.values
    tags = by_groups(answers, tf.gather(codes.values, base + start), sizes, 0)
    begins = of_steps(core)
    kept = (start >= begins) & (start < begins + window)
    return Tiles(codes.values, of_steps(row), tf.cast(start, tf.int32), kept, tags)


def signature(model: SequenceModel, labels: Sequence[str], window: int, overlap: int) -> Any:
    """Return ``serving_default``, a ``tf.function`` of ``text``, string [B].

    Its outputs are those of ``toolkit.tasks.span_outputs.span_outputs``. A longer strand than
    ``window`` is read in tiles, each with ``overlap`` more bases at either end; of a tile's spans
    those are kept that begin within it, and not within a span before.

    Args:
        model: ``Nucleotides`` and the network.
        labels: The labels of spans.
        window: The number of bases of a tile.
        overlap: The number of bases that are read beyond each of its ends.
    """

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")], autograph=False)
    def serving_default(text: Any) -> dict[str, Any]:
        text = tf.strings.unicode_transcode(text, "UTF-8", "UTF-8")
        tiles = tagged_tiles(model, text, window, overlap)
        places = Places(tiles.row, tiles.start, tiles.start + 1)
        return span_outputs(text, labels, tiles.tags, places, tiles.kept, overlap)

    return serving_default


def find_in_long(
    strands: Sequence[str], ask: Ask, window: int, overlap: int
) -> list[list[dict[str, Any]]]:
    """Return the spans of each strand, in order, as dictionaries of plain Python values.

    Strands of more than ``CHUNK`` bases are asked for in chunks, so that memory stays limited. A
    chunk is read to the overlap behind it, and from so many tiles before it that each tile with
    a span that reaches into it is whole; the tiles, and the spans, are those of the whole strand.

    Args:
        strands: The strands.
        ask: Maps strands to the outputs of ``serving_default``.
        window: The number of bases of a tile.
        overlap: The number of bases that are read beyond each of its ends.
    """
    chunk = -(-CHUNK // window) * window
    margin = (1 + -(-2 * overlap // window)) * window
    short = [index for index, strand in enumerate(strands) if len(strand) <= chunk]
    found: dict[int, list[dict[str, Any]]] = dict(
        zip(short, find_all([strands[index] for index in short], ask), strict=True)
    )
    for index in {*range(len(strands))} - found.keys():
        strand, spans = strands[index], []
        for start in range(0, len(strand), chunk):
            before = max(0, start - margin)
            asked = strand[before : start + chunk + overlap]
            for span in find_all([asked], ask)[0]:
                moved = {**span, "start": before + span["start"], "end": before + span["end"]}
                if start <= moved["start"] < start + chunk:
                    spans.append(moved)
        found[index] = spans
    return [found[index] for index in range(len(strands))]


def base_probabilities(
    model: SequenceModel, window: int, overlap: int
) -> Callable[[str, int, int], NDArray[np.float32]]:
    """Return a function that answers with the probability of each label at bases of a strand.

    It maps a strand, the place of the first base and the exclusive end to the probabilities of
    these bases to be within a span of each label, float32 [end - start, L]. Tiles are those of
    ``signature``; a base has the probabilities that it has in the tile to which it belongs.

    Args:
        model: ``Nucleotides`` and the network.
        window: The number of bases of a tile.
        overlap: The number of bases that are read beyond each of its ends.
    """

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def answer(tiles: Any) -> Any:
        return model.network.label_probabilities(model.preprocessing(tiles))

    def probabilities(strand: str, start: int, end: int) -> NDArray[np.float32]:
        cores = range(start // window * window, end, window)
        parts: list[NDArray[np.float32]] = []
        for first in range(0, len(cores), TILES):
            together = cores[first : first + TILES]
            begins = [max(core - overlap, 0) for core in together]
            ends = [core + window + overlap for core in together]
            tiles = [utf8(strand[a:b]) for a, b in zip(begins, ends, strict=True)]
            answers = answer(tf.constant(tiles)).numpy()
            for core, begin, table in zip(together, begins, answers, strict=True):
                parts.append(table[max(core, start) - begin : min(core + window, end) - begin])
        return np.concatenate(parts)

    return probabilities
