"""Networks that read strands as fractions of bases: a front of k-mers, and two shapes."""

from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from toolkit.errors import OptionError
from toolkit.layers.sequences import as_sequence
from toolkit.models.fronts import Front
from toolkit.models.many_to_many import ManyToMany
from toolkit.models.many_to_one import ManyToOne
from toolkit.models.seeds import dropout_seeds
from toolkit.text.nucleotides import CHANNELS, reverse_complement_vectors

#: The number of waves from which a place is made: the shortest has a period of 1/16 of the strand.
WAVES = 6

ReverseComplement = Literal["off", "augment", "average"]


class StrandFront(Front):
    """A front for strands: at each base the k-mer around it, and its place if that matters.

    ::

        e(t) = relu(sum over d of W(d) x(t + d) + P p(t) + b),  d from -(k - 1) / 2 to (k - 1) / 2

    with x(t) the fractions of the four bases, zeros beyond the strand, and p(t) the place as sines
    and cosines of pi 2^j (t + 1/2) / length, j < ``WAVES``. The kernels are ``kmers`` W [k, 4, E],
    with ``bias`` b [E], and ``places`` P [2 WAVES, E].

    The inputs are those that ``toolkit.text.Nucleotides`` returns.

    Args:
        size: E, the number of k-mers that are learnt.
        kmer_size: k, the number of bases of each.
        places: Whether the place within the strand is read.
        base_dropout: The share of bases that are replaced by N in training.
        dropout: The share of the channels dropped for a whole sequence.
        seeds: The seeds of both dropouts.
        **kwargs: What every ``keras.layers.Layer`` takes.
    """

    def __init__(
        self,
        size: int,
        *,
        kmer_size: int,
        places: bool,
        base_dropout: float,
        dropout: float,
        seeds: tuple[int | None, int | None],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        dtype = self.dtype_policy
        self.size = size
        self.base_dropout = base_dropout
        self.seeds = keras.random.SeedGenerator(seeds[0])
        self.kmers = keras.layers.Conv1D(size, kmer_size, padding="same", dtype=dtype, name="kmers")
        self.places = None
        if places:
            self.places = keras.layers.Dense(size, use_bias=False, dtype=dtype, name="places")
        self.dropout = keras.layers.SpatialDropout1D(dropout, seed=seeds[1], dtype=dtype)

    def build(self, input_shape: Any = None) -> None:
        """Make the weights."""
        self.kmers.build((None, None, CHANNELS))
        if self.places is not None:
            self.places.build((None, None, 2 * WAVES))

    def call(self, inputs: Any, training: bool = False) -> tuple[Any, Any]:
        """Return the vectors [B, T, E] and the mask [B, T]."""
        bases, mask = as_sequence(inputs)
        if training and self.base_dropout:
            kept = keras.random.uniform(ops.shape(bases)[:2], seed=self.seeds) >= self.base_dropout
            bases = ops.where(kept[:, :, None], bases, 1 / CHANNELS)
        vectors = self.kmers(bases * ops.cast(mask, bases.dtype)[:, :, None])
        if self.places is not None:
            vectors += self.places(waves(mask))
        return self.dropout(ops.relu(vectors), training=training), mask


def waves(mask: Any) -> Any:
    """Return the place of each step within its sequence as sines and cosines [B, T, 2 WAVES].

    Args:
        mask: bool [B, T], true at the beginning of each row.
    """
    lengths = ops.sum(ops.cast(mask, "float32"), axis=1, keepdims=True)
    steps = ops.arange(ops.shape(mask)[1], dtype="float32")
    places = (steps + 0.5) / ops.maximum(lengths, 1.0)  # [B, T]
    angles = places[:, :, None] * (np.pi * 2.0 ** np.arange(WAVES)).astype("float32")
    return ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)


@keras.saving.register_keras_serializable(package="toolkit")
class StrandToOne(ManyToOne):
    """A network that predicts one answer for a strand, such as whether it has a promoter.

    ``fractions of bases [B, T, 4] -> StrandFront [B, T, E] -> recurrent layers [B, T, H]
    -> pooling [B, H] -> output [B, outputs]``, where H is twice ``hidden_size`` if bidirectional.

    Args:
        outputs: As for ``ManyToOne``, as are all arguments that are not named here.
        kmers: E, the number of k-mers that the front learns.
        kmer_size: The number of bases of each.
        places: Whether the front reads the place within the strand.
        base_dropout: The share of bases that are replaced by N in training.
        kmer_dropout: The share of k-mers dropped for a whole strand.
        reverse_complement: ``augment`` replaces half of the strands in training by the opposite
            ones; ``average`` also answers with the mean of the answers to both strands, so that
            these are equal.

    Raises:
        OptionError: An argument has an impossible value.
    """

    def __init__(
        self,
        *,
        kmers: int = 64,
        kmer_size: int = 7,
        places: bool = False,
        base_dropout: float = 0.0,
        kmer_dropout: float = 0.0,
        reverse_complement: ReverseComplement = "off",
        seed: int | None = None,
        **options: Any,
    ) -> None:
        own = {
            "kmers": kmers,
            "kmer_size": kmer_size,
            "places": places,
            "base_dropout": base_dropout,
            "kmer_dropout": kmer_dropout,
            "reverse_complement": reverse_complement,
        }
        super().__init__(**{"input_size": CHANNELS} | options, seed=seed)
        self.config |= own
        if reverse_complement not in ("off", "augment", "average"):
            raise OptionError(
                f"reverse_complement is {reverse_complement!r}; it can be off, augment or average"
            )
        base_seed, kmer_seed, strand_seed = dropout_seeds(seed, 6)[3:]
        self.front = StrandFront(
            kmers,
            kmer_size=kmer_size,
            places=places,
            base_dropout=base_dropout,
            dropout=kmer_dropout,
            seeds=(base_seed, kmer_seed),
            dtype=self.dtype_policy,
        )
        self.strand_seeds = keras.random.SeedGenerator(strand_seed)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the logits [B, outputs] of strands."""
        if training and self.config["reverse_complement"] != "off":
            opposite = reverse_complement_vectors(inputs)["values"]
            chosen = keras.random.uniform((tf.shape(opposite)[0],), seed=self.strand_seeds) < 0.5
            values = tf.where(chosen[:, None, None], opposite, inputs["values"])
            inputs = {"values": values, "length": inputs["length"]}
        return super().call(inputs, training)

    def answer(self, inputs: Any) -> Any:
        """Return the probabilities [B, outputs], or the numbers [B, outputs], of strands."""
        answer = super().answer(inputs)
        if self.config["reverse_complement"] == "average":
            answer = (answer + super().answer(reverse_complement_vectors(inputs))) / 2
        return answer

    def log_answer(self, inputs: Any) -> Any:
        """Return the logarithms of ``answer``'s probabilities, or its numbers, [B, outputs]."""
        answer = super().log_answer(inputs)
        if self.config["reverse_complement"] != "average":
            return answer
        other = super().log_answer(reverse_complement_vectors(inputs))
        if self.output_layer.output_kind == "linear":
            return (answer + other) / 2
        return ops.logaddexp(answer, other) - np.log(2.0).astype("float32")


@keras.saving.register_keras_serializable(package="toolkit")
class StrandToMany(ManyToMany):
    """A network that predicts a tag for each base of a strand, such as that of an exon.

    ``fractions of bases [B, T, 4] -> StrandFront [B, T, E] -> recurrent layers [B, T, H]
    -> scores of tags [B, T, C] -> CRF``, where H is twice ``hidden_size`` if bidirectional.

    Args:
        labels: As for ``ManyToMany``, as are all arguments that are not named here.
        kmers: E, the number of k-mers that the front learns.
        kmer_size: The number of bases of each.
        base_dropout: The share of bases that are replaced by N in training.
        kmer_dropout: The share of k-mers dropped for a whole strand.

    Raises:
        OptionError: An argument has an impossible value.
    """

    def __init__(
        self,
        *,
        kmers: int = 64,
        kmer_size: int = 7,
        base_dropout: float = 0.0,
        kmer_dropout: float = 0.0,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        own = {
            "kmers": kmers,
            "kmer_size": kmer_size,
            "base_dropout": base_dropout,
            "kmer_dropout": kmer_dropout,
        }
        super().__init__(**{"input_size": CHANNELS} | options, seed=seed)
        self.config |= own
        base_seed, kmer_seed = dropout_seeds(seed, 6)[4:]
        self.front = StrandFront(
            kmers,
            kmer_size=kmer_size,
            places=False,
            base_dropout=base_dropout,
            dropout=kmer_dropout,
            seeds=(base_seed, kmer_seed),
            dtype=self.dtype_policy,
        )
