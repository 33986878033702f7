"""The vector of a word from its characters."""

from typing import Any, Literal

import keras
from keras import ops

from toolkit.errors import OptionError
from toolkit.layers.embedding import Embedding
from toolkit.layers.factory import recurrent_layer
from toolkit.layers.pooling import SequencePooling
from toolkit.options import plain, positive_integer

KINDS = ("convolution", "gru")


@keras.saving.register_keras_serializable(package="toolkit")
class CharacterEncoder(keras.layers.Layer):
    """An encoder of words by their characters: ids [D, L] to vectors [D, size].

    ``convolution``: filters over ``width`` characters, the maximum of each over the word, and ReLU
    (Ma and Hovy 2016, section 2.1; dos Santos and Zadrozny 2014). ``gru``: the last states of a
    bidirectional GRU (Lample et al. 2016, section 4.1, there with an LSTM).

    Args:
        vocabulary_size: The number of character ids; 0 is padding.
        size: The size of a word's vector.
        kind: ``convolution`` or ``gru``.
        embedding_size: The size of a character's vector.
        width: The number of characters that a filter sees.
        dropout: The share of the characters' vectors that is dropped in training.
        seed: The seed of the dropout.

    Raises:
        OptionError: The kind is unknown, a size is no positive integer, or it is odd for a GRU.
    """

    def __init__(
        self,
        vocabulary_size: int,
        size: int,
        kind: Literal["convolution", "gru"] = "convolution",
        embedding_size: int = 30,
        width: int = 3,
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        vocabulary_size = positive_integer("vocabulary_size", vocabulary_size)
        size, width = positive_integer("size", size), positive_integer("width", width)
        embedding_size, seed = positive_integer("embedding_size", embedding_size), plain(seed)
        if kind not in KINDS:
            raise OptionError(f"kind is {kind!r}; it can be {', '.join(KINDS)}")
        if kind == "gru" and size % 2:
            raise OptionError(f"size is {size}; in two directions it must be even")
        self.config: dict[str, Any] = {
            "vocabulary_size": vocabulary_size,
            "size": size,
            "kind": kind,
            "embedding_size": embedding_size,
            "width": width,
            "dropout": dropout,
            "seed": seed,
        }
        dtype = self.dtype_policy
        self.embedding = Embedding(vocabulary_size, embedding_size, dtype=dtype)
        self.dropout = keras.layers.Dropout(dropout, seed=seed, dtype=dtype)
        if kind == "gru":
            self.reader = recurrent_layer("gru", size // 2, bidirectional=True, dtype=dtype)
            self.pooling = SequencePooling("last", bidirectional=True, dtype=dtype)
        else:
            self.reader = WindowConvolution(size, width, padding="same", dtype=dtype)
            self.pooling = SequencePooling("max", dtype=dtype)

    def build(self, input_shape: Any = None) -> None:
        """Make the weights; they do not depend on the input shape."""
        shape = (None, None, self.config["embedding_size"])
        self.embedding.build((None, None))
        self.reader.build(shape)
        self.built = True

    def call(self, ids: Any, training: bool = False) -> Any:
        """Map character ids [D, L], padded with 0, to vectors [D, size]; an empty word gets 0."""
        mask = ops.not_equal(ids, 0)
        vectors = self.dropout(self.embedding(ids, training=training), training=training)
        vectors = vectors * ops.cast(mask, vectors.dtype)[:, :, None]
        if self.config["kind"] == "gru":
            return self.pooling(self.reader(vectors, mask=mask, training=training), mask=mask)
        return ops.relu(self.pooling(self.reader(vectors), mask=mask))

    def get_config(self) -> dict[str, Any]:
        """Return all constructor arguments."""
        return {**super().get_config(), **self.config}


class WindowConvolution(keras.layers.Conv1D):
    """A ``keras.layers.Conv1D`` with same padding, computed as one matrix product of all windows.

    For short sequences this is several times faster than TensorFlow's convolution, which prepares
    itself for each new shape: words are short, and each batch has another number of them.
    """

    def call(self, inputs: Any) -> Any:
        """Return the filters' responses [D, L, F] to ``inputs`` [D, L, E]."""
        width, _, filters = self.kernel.shape
        before = (width - 1) // 2
        padded = ops.pad(inputs, [[0, 0], [before, width - 1 - before], [0, 0]])
        steps = ops.shape(inputs)[1]
        windows = [padded[:, start : start + steps] for start in range(width)]
        kernel = ops.reshape(self.kernel, (-1, filters))
        return ops.matmul(ops.concatenate(windows, axis=-1), kernel) + self.bias
