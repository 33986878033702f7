"""Vectors for ids."""

import math
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="toolkit")
class Embedding(keras.layers.Embedding):
    """e(t) = E x(t): ``keras.layers.Embedding`` with a gradient that is clipped rightly.

    Keras gives the gradient of E as rows that are not yet summed (``IndexedSlices``), and takes
    their norm so; four uses of one row under ``clipnorm=1`` then make an update of norm 2. Here
    the gradient is the dense matrix, so that ``clipnorm``, ``global_clipnorm`` and ``clipvalue``
    hold.

    Arguments are those of ``keras.layers.Embedding``. Ids [...] become vectors [..., D].
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Vectors [..., D] of the ids [...]; the dense gradient is that of training only."""
        if not training or self.lora_enabled or self.quantization_mode:
            return super().call(inputs)
        table = ops.convert_to_tensor(self.embeddings)
        return ops.cast(rows(table, inputs, training), self.compute_dtype)

    def compute_output_spec(self, inputs: Any, training: bool = False) -> Any:
        """[...] to [..., D]."""
        return super().compute_output_spec(inputs)


@keras.saving.register_keras_serializable(package="toolkit")
class TiedEmbedding(Embedding):
    """Vectors for ids, and with the same matrix the scores of ids that may follow.

    One matrix serves both ends of a network that writes ids (Press and Wolf 2017, "Using the Output
    Embedding to Improve Language Models"). It starts with a variance of 1 / D, which suits the
    scores, and the vectors are its rows times the root of D (Vaswani et al. 2017, "Attention Is All
    You Need", section 3.4), whose variance then is 1: with smaller ones a recurrent network hardly
    hears what it is given, and is slow to learn anything but the frequencies of ids.

    Args:
        input_dim: V, how many ids there are.
        output_dim: D.
        **kwargs: What every ``keras.layers.Layer`` takes.
    """

    def __init__(self, input_dim: int, output_dim: int, **kwargs: Any) -> None:
        start = keras.initializers.RandomNormal(stddev=1 / math.sqrt(output_dim))
        super().__init__(input_dim, output_dim, **{"embeddings_initializer": start, **kwargs})

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Vectors [..., D] of the ids [...]."""
        return super().call(inputs, training=training) * math.sqrt(self.output_dim)

    def scores(self, states: Any) -> Any:
        """The scores of all ids, float32 [..., V], by vectors [..., D]."""
        table = ops.cast(self.embeddings, states.dtype)
        return ops.cast(ops.matmul(states, ops.transpose(table)), "float32")


def rows(table: Any, ids: Any, training: bool) -> Any:
    """The rows [..., D] of ``table`` [V, D] at ``ids`` [...].

    In training on TensorFlow the gradient of the table is a dense [V, D], else what the backend
    makes of it.
    """
    if keras.backend.standardize_dtype(ids.dtype) not in ("int32", "int64"):
        ids = ops.cast(ids, "int32")
    if not training or keras.backend.backend() != "tensorflow":
        return ops.take(table, ids, axis=0)
    from toolkit.layers.lookup import lookup

    return lookup(table, ids)
