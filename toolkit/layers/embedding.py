"""Embeddings of ids."""

import math
from typing import Any

import keras
from keras import ops

from toolkit.options import positive_integer


@keras.saving.register_keras_serializable(package="toolkit")
class Embedding(keras.layers.Embedding):
    """e(t) = E x(t): ``keras.layers.Embedding`` with a gradient that is clipped correctly.

    In Keras the gradient of E consists of rows that are not summed (``IndexedSlices``), and its
    norm is taken before the sum; four uses of one row under ``clipnorm=1`` then make an update of
    norm 2. Here the gradient is the dense matrix, so that ``clipnorm``, ``global_clipnorm`` and
    ``clipvalue`` are correct.

    Arguments are those of ``keras.layers.Embedding``. Ids [...] are mapped to vectors [..., D].

    Raises:
        OptionError: A size is no positive integer.
    """

    def __init__(self, input_dim: Any, output_dim: Any, *arguments: Any, **kwargs: Any) -> None:
        sizes = [
            positive_integer(name, size)
            for name, size in {"input_dim": input_dim, "output_dim": output_dim}.items()
        ]
        super().__init__(*sizes, *arguments, **kwargs)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return vectors [..., D] of ids [...], in training with a dense gradient."""
        if not training or self.lora_enabled or self.quantization_mode:
            return super().call(inputs)
        table = ops.convert_to_tensor(self.embeddings)
        return ops.cast(rows(table, inputs, training), self.compute_dtype)

    def compute_output_spec(self, inputs: Any, training: bool = False) -> Any:
        """Map [...] to [..., D]."""
        return super().compute_output_spec(inputs)


@keras.saving.register_keras_serializable(package="toolkit")
class TiedEmbedding(Embedding):
    """An embedding that also computes scores of ids with the same matrix.

    One matrix is shared by the input and the output of a network that generates ids (Press and Wolf
    2017, "Using the Output Embedding to Improve Language Models"). Its initial variance is 1 / D,
    for the scores, and the vectors are its rows times the root of D (Vaswani et al. 2017,
    "Attention Is All You Need", section 3.4), with variance 1: with smaller vectors a recurrent
    network learns little but the frequencies of ids at first.

    Args:
        input_dim: V, the number of ids.
        output_dim: D.
        **kwargs: Arguments of ``keras.layers.Layer``.
    """

    def __init__(self, input_dim: int, output_dim: int, **kwargs: Any) -> None:
        output_dim = positive_integer("output_dim", output_dim)
        start = keras.initializers.RandomNormal(stddev=1 / math.sqrt(output_dim))
        super().__init__(input_dim, output_dim, **{"embeddings_initializer": start, **kwargs})

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return vectors [..., D] of ids [...]."""
        return super().call(inputs, training=training) * math.sqrt(self.output_dim)

    def scores(self, states: Any) -> Any:
        """Return the scores of all ids, float32 [..., V], for states [..., D]."""
        table = ops.cast(self.embeddings, states.dtype)
        return ops.cast(ops.matmul(states, ops.transpose(table)), "float32")


def rows(table: Any, ids: Any, training: bool) -> Any:
    """Return the rows [..., D] of ``table`` [V, D] at ``ids`` [...].

    In training on TensorFlow the gradient of the table is a dense [V, D], else that of the backend.
    """
    if keras.backend.standardize_dtype(ids.dtype) not in ("int32", "int64"):
        ids = ops.cast(ids, "int32")
    if not training or keras.backend.backend() != "tensorflow":
        return ops.take(table, ids, axis=0)
    from toolkit.layers.fused import lookup

    return lookup(table, ids)
