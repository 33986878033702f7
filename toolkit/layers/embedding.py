"""Vectors for ids."""

from typing import Any

import keras


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
        table = keras.ops.convert_to_tensor(self.embeddings)
        return keras.ops.cast(rows(table, inputs, training), self.compute_dtype)

    def compute_output_spec(self, inputs: Any, training: bool = False) -> Any:
        """[...] to [..., D]."""
        return super().compute_output_spec(inputs)


def rows(table: Any, ids: Any, training: bool) -> Any:
    """The rows [..., D] of ``table`` [V, D] at ``ids`` [...].

    In training on TensorFlow the gradient of the table is a dense [V, D], else what the backend
    makes of it.
    """
    if keras.backend.standardize_dtype(ids.dtype) not in ("int32", "int64"):
        ids = keras.ops.cast(ids, "int32")
    if not training or keras.backend.backend() != "tensorflow":
        return keras.ops.take(table, ids, axis=0)
    from toolkit.layers.lookup import lookup

    return lookup(table, ids)
