"""Explanations of the tag of a base: what is read with it, and between what the path goes."""

import re
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from toolkit.explanation import log_tags
from toolkit.models import SequenceModel
from toolkit.tasks.explaining.tags import Read, TagExplanations, chosen_token, tag_signatures
from toolkit.tasks.marked_strands.serving import tagged_tiles
from toolkit.tasks.span_outputs import Tags
from toolkit.text.bases import BASES

Tensor = Any


def explanations(model: SequenceModel, window: int, overlap: int) -> tuple[Any, Any]:
    """Return ``explain``, and the same by leave-one-out; see ``tag_signatures``.

    What is read is the strand, or of a long one the tile to which the base belongs. The path goes
    from as many bases N, a quarter of each, to those of the strand.

    Args:
        model: ``Nucleotides`` and the network.
        window: The number of bases of a tile.
        overlap: The number of bases that are read beyond each of its ends.
    """
    network, fractions = model.network, model.preprocessing.fractions

    def read(text: Tensor, asked: Tensor) -> Read:
        nothing = tf.strings.length(text) == 0
        tiles = tagged_tiles(model, tf.where(nothing, "N", text), window, overlap)
        tags = Tags(*(each[tiles.kept] for each in tiles.tags))  # of each base, in order
        token = chosen_token(tags.number, tags.probability, network.tags, asked)
        core = token // window * window
        bases = tf.shape(tiles.codes)[0]
        first, end = tf.maximum(core - overlap, 0), tf.minimum(core + window + overlap, bases)
        codes = tiles.codes[first:end]
        starts = tf.range(first, end)
        tokens = tf.where(nothing, "", tf.strings.unicode_encode(codes[:, None], "UTF-8"))
        values = fractions(codes[None])[0]
        places = token - first, token, tags.number[token]
        baseline = tf.fill(tf.shape(values), 1 / len(BASES))
        return Read(tokens, starts, starts + 1, *places, values, baseline)

    def log_answers(points: Tensor, place: Tensor) -> Tensor:
        rows, steps = tf.unstack(tf.shape(points)[:2])
        vectors, _ = network.front({"values": points, "length": tf.repeat(steps, rows)})
        return log_tags(network, vectors, place)

    return tag_signatures(network, read, log_answers)


class BaseExplanations(TagExplanations):
    """The explanations of a tagger of strands: what each base adds to the tag of one."""

    BASELINE = "as many bases N"
    WITHOUT = "the strand with N for the base"
    PARTS = ("strand", "base")

    if TYPE_CHECKING:
        window: int
        overlap: int

    def _explanations(self, model: SequenceModel) -> tuple[Any, Any]:
        return explanations(model, self.window, self.overlap)

    def _place_of(self, text: str, unit: str) -> int | None:
        """Return the place from which a strand reads so, in either case of letters, or None."""
        found = re.search(re.escape(unit), text, re.IGNORECASE)
        return None if found is None else found.start()
