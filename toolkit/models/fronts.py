"""Fronts: layers from a network's inputs to a vector for each time step, and a mask."""

from collections.abc import Mapping
from typing import Any, Literal

import keras
from keras import ops

from toolkit.errors import OptionError
from toolkit.layers import Embedding, RareWordDropout, WordDropout
from toolkit.layers.characters import CharacterEncoder
from toolkit.layers.embedding import rows
from toolkit.layers.sequences import as_sequence, length_mask
from toolkit.text.token_features import AFFIX_LENGTHS

#: The number of prefixes and suffixes of a token.
AFFIXES = 2 * len(AFFIX_LENGTHS)


class Front(keras.layers.Layer):
    """A layer from a network's inputs to vectors [B, T, E] and a mask, bool [B, T].

    Attributes:
        size: E.
    """

    size: int

    def mask(self, inputs: Any) -> Any:
        """Return the mask of real steps of the inputs, bool [B, T]."""
        return as_sequence(inputs)[1]


class EmbeddingFront(Front):
    """A front for ids: word dropout, embedding, and dropout of channels.

    The inputs are ``{"values": ids [B, T], "length": int32 [B]}``, or ids alone, where 0 is
    padding.

    Args:
        word_dropout: The layer that replaces ids by unknown.
        embedding: The layer with a vector for each id.
        dropout: The share of the vectors' channels dropped for a whole sequence.
        seed: The seed of that dropout.
        **kwargs: What every ``keras.layers.Layer`` takes.
    """

    def __init__(
        self,
        word_dropout: WordDropout,
        embedding: keras.layers.Embedding,
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.word_dropout = word_dropout
        self.embedding = embedding
        self.dropout = keras.layers.SpatialDropout1D(dropout, seed=seed, dtype=self.dtype_policy)
        self.size = embedding.output_dim

    def build(self, input_shape: Any = None) -> None:
        """Make the weights."""
        if not self.embedding.built:  # fronts may share it
            self.embedding.build((None, None))

    def call(self, inputs: Any, training: bool = False) -> tuple[Any, Any]:
        """Return the vectors [B, T, E] and the mask [B, T]."""
        ids, mask = as_sequence(inputs)
        vectors = self.embedding(self.word_dropout(ids, training=training))
        return self.dropout(vectors, training=training), mask


class VectorFront(Front):
    """A front for vectors, with an optional projection.

    The inputs are ``{"values": vectors [B, T, C], "length": int32 [B]}``, or vectors alone, all of
    which are real.

    Args:
        input_size: C.
        projection_size: E; 0 for no projection.
        dropout: The share of the channels dropped for a whole sequence.
        seed: The seed of that dropout.
        **kwargs: What every ``keras.layers.Layer`` takes.
    """

    def __init__(
        self,
        input_size: int,
        projection_size: int = 0,
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        dtype = self.dtype_policy
        self.input_size = input_size
        self.size = projection_size or input_size
        self.projection = None
        if projection_size:
            self.projection = keras.layers.Dense(projection_size, dtype=dtype, name="projection")
        self.dropout = keras.layers.SpatialDropout1D(dropout, seed=seed, dtype=dtype)

    def build(self, input_shape: Any = None) -> None:
        """Make the weights."""
        if self.projection is not None:
            self.projection.build((None, None, self.input_size))

    def call(self, inputs: Any, training: bool = False) -> tuple[Any, Any]:
        """Return the vectors [B, T, E] and the mask [B, T]."""
        vectors, mask = as_sequence(inputs)
        if self.projection is not None:
            vectors = self.projection(vectors)
        return self.dropout(vectors, training=training), mask


class TokenFeaturesFront(Front):
    """A front for tokens: words, characters, shapes and affixes, computed once per distinct token.

    The inputs are those of ``toolkit.text.TokenFeatures``; index 0 is padding.

    Args:
        sizes: The numbers of ids of ``words``, ``characters``, ``shapes`` and ``affixes``.
        embedding_size: The size of a word's vector.
        characters: The encoder of a word's characters: ``convolution``, ``gru`` or ``none``.
        character_size: The size of its output.
        shape_size: The size of a shape's vector; 0 leaves shapes out.
        affix_size: The size of the vector of each prefix and suffix; 0 leaves them out.
        word_dropout: See ``RareWordDropout``.
        dropout: The share of the vectors' channels dropped for a whole sequence.
        seeds: The seeds of the dropouts of words, characters and vectors.
        **kwargs: What every ``keras.layers.Layer`` takes.
    """

    def __init__(
        self,
        sizes: Mapping[str, int],
        *,
        embedding_size: int,
        characters: Literal["convolution", "gru", "none"],
        character_size: int,
        shape_size: int,
        affix_size: int,
        word_dropout: float,
        dropout: float,
        seeds: list[int | None],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        dtype = self.dtype_policy
        word_seed, character_seed, vector_seed = seeds
        self.size = embedding_size
        self.word_dropout = RareWordDropout(sizes["words"], word_dropout, seed=word_seed)
        self.embedding = Embedding(sizes["words"], embedding_size, dtype=dtype, name="words")
        self.characters = self.shapes = self.affixes = None
        if characters != "none":
            self.size += character_size
            self.characters = CharacterEncoder(
                sizes["characters"],
                character_size,
                characters,
                dropout=dropout,
                seed=character_seed,
                dtype=dtype,
                name="characters",
            )
        if shape_size:
            self.size += shape_size
            self.shapes = Embedding(sizes["shapes"], shape_size, dtype=dtype, name="shapes")
        if affix_size:
            self.size += AFFIXES * affix_size
            self.affixes = Embedding(sizes["affixes"], affix_size, dtype=dtype, name="affixes")
        self.dropout = keras.layers.SpatialDropout1D(dropout, seed=vector_seed, dtype=dtype)

    def build(self, input_shape: Any = None) -> None:
        """Make the weights."""
        self.word_dropout.build()
        self.embedding.build((None,))
        if self.characters is not None:
            self.characters.build()
        if self.shapes is not None:
            self.shapes.build((None,))
        if self.affixes is not None:
            self.affixes.build((None, AFFIXES))

    def call(self, inputs: Mapping[str, Any], training: bool = False) -> tuple[Any, Any]:
        """Return the vectors [B, T, E] and the mask [B, T]."""
        vectors = rows(self._distinct(inputs, training), inputs["index"], training)
        return self.dropout(vectors, training=training), self.mask(inputs)

    def mask(self, inputs: Mapping[str, Any]) -> Any:
        """Return the mask of real tokens, bool [B, T]."""
        return length_mask(inputs["length"], ops.shape(inputs["index"])[1])

    def _distinct(self, features: Mapping[str, Any], training: bool) -> Any:
        """Return the vectors [D, E] of distinct tokens."""
        words = self.word_dropout(features["words"], training=training)
        parts = [self.embedding(words, training=training)]
        if self.characters is not None:
            parts.append(self.characters(features["characters"], training=training))
        if self.shapes is not None:
            parts.append(self.shapes(features["shapes"], training=training))
        if self.affixes is not None:
            affixes = self.affixes(features["affixes"], training=training)
            parts.append(ops.reshape(affixes, (-1, AFFIXES * affixes.shape[-1])))
        return ops.concatenate(parts, axis=-1)


def id_or_vector_front(
    vocabulary_size: int | None,
    input_size: int | None,
    *,
    embedding_size: int,
    projection_size: int,
    word_dropout: float,
    dropout: float,
    seeds: tuple[int | None, int | None],
    dtype: Any,
) -> Front:
    """Return the front for ids or for vectors, depending on which size is given.

    Args:
        vocabulary_size: The number of ids.
        input_size: The size of the vectors.
        embedding_size: See ``EmbeddingFront``.
        projection_size: See ``VectorFront``.
        word_dropout: The share of ids replaced by unknown in training.
        dropout: The share of the channels dropped for a whole sequence.
        seeds: The seeds of both dropouts.
        dtype: The dtype or dtype policy.

    Raises:
        OptionError: Both sizes are given, or none; or word dropout is set for vectors.
    """
    if (vocabulary_size is None) == (input_size is None):
        raise OptionError(
            "give vocabulary_size for a network that reads ids, or input_size for one that reads "
            "vectors"
        )
    if input_size is not None:
        if word_dropout:
            raise OptionError(f"word_dropout is {word_dropout}, but vectors have no words to drop")
        return VectorFront(input_size, projection_size, dropout, seeds[1], dtype=dtype)
    return EmbeddingFront(
        WordDropout(word_dropout, seed=seeds[0]),
        Embedding(vocabulary_size, embedding_size, dtype=dtype),
        dropout,
        seeds[1],
        dtype=dtype,
    )
