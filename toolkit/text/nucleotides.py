"""Keras layer that maps strands of DNA or RNA to fractions of the four bases."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from toolkit.text.bases import BASES, CODES
from toolkit.text.strings import shorten, strings

#: The number of channels.
CHANNELS = len(BASES)


@keras.saving.register_keras_serializable("toolkit")
class Nucleotides(keras.layers.Layer):
    """Map a batch of strands to fractions of A, C, G and T, in TensorFlow core ops.

    The same object works in ``Dataset.map`` and inside an exported graph. Each character is one
    time step, so that the places of steps are those of characters::

        Nucleotides()(["ACGU", "rn"])
        # values [[A 1],      [C 1],              [G 1], [T 1]]
        #        [[A .5 G .5], [.25 .25 .25 .25],  [0],   [0]]
        # length [4, 2]

    Letters are IUPAC codes in either case: U is T, R is half A and half G, N is a quarter of each.
    A place without a base, ``-``, ``.`` or ``*``, is a step of zeros, and so is every character
    that is no nucleotide; ``toolkit.text.bases.unknown_letters`` finds those. Values beyond the
    length of a strand are zeros as well.

    Args:
        max_length: The largest number of characters that are read of a strand, from its beginning;
            None reads all.
        **kwargs: What every ``keras.layers.Layer`` takes.
    """

    def __init__(self, max_length: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_length = max_length
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        self._table = _table()
        self.built = True

    def call(self, strand: Any) -> dict[str, Any]:
        """Map strands to fractions.

        Args:
            strand: Strings [B], or one string [].

        Returns:
            ``values``, float32 [B, T, 4], T at least 1, and ``length``, int32 [B]; without the
            batch for one string.
        """
        strand = strings(strand)
        if strand.shape.rank == 0:
            return {name: each[0] for name, each in self.call(strand[None]).items()}
        if self.max_length is not None:
            strand = shorten(strand, self.max_length)[0]
        codes = tf.strings.unicode_decode(strand, "UTF-8")
        length = tf.cast(codes.row_lengths(), tf.int32)
        codes = codes.to_tensor()
        codes = tf.pad(codes, [[0, 0], [0, tf.maximum(1 - tf.shape(codes)[1], 0)]])
        return {"values": self.fractions(codes), "length": length}

    def fractions(self, codes: Any) -> Any:
        """Return the fractions of bases, float32 [..., 4], of code points [...]."""
        return tf.gather(self._table, tf.where(codes < len(self._table), codes, 0))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "max_length": self.max_length}


def reverse_complement_vectors(inputs: Any) -> dict[str, Any]:
    """Return the opposite strands, each in its own direction.

    Args:
        inputs: ``{"values": fractions of bases [B, T, 4], "length": int32 [B]}``; what lies beyond
            the length of a strand stays there.
    """
    reversed_values = tf.reverse_sequence(inputs["values"], inputs["length"], seq_axis=1)
    return {"values": reversed_values[..., ::-1], "length": inputs["length"]}


def _table() -> Any:
    """Return the fractions of each ASCII character, float32 [128, 4]; zeros for what has none."""
    table = np.zeros((128, CHANNELS), np.float32)
    for letter, bases in CODES.items():
        for character in (letter, letter.lower()):
            table[ord(character), [BASES.index(base) for base in bases]] = 1 / len(bases)
    return table
