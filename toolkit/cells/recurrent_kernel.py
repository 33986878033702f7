"""The base class of cells with a matrix for the previous state."""

from typing import Any

import keras
from keras import ops

from toolkit.cells.base import RecurrentCell, from_keras, share


class RecurrentKernelCell(RecurrentCell):
    """A cell whose first state enters matrix products, with the ``recurrent_kernel``.

    Args:
        *args: The positional arguments of ``RecurrentCell``.
        kernel_initializer: The initializer of the input weights.
        recurrent_initializer: The initializer of the recurrent weights.
        recurrent_regularizer: A penalty on the recurrent weights.
        recurrent_constraint: A constraint on the recurrent weights after each update.
        recurrent_dropout: The share of the previous state that is dropped where it enters a matrix
            product, as ``dropout`` for the inputs.
        **kwargs: The other arguments of ``RecurrentCell``.

    Raises:
        OptionError: An argument has an impossible value.
    """

    def __init__(
        self,
        *args: Any,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        recurrent_regularizer: Any = None,
        recurrent_constraint: Any = None,
        recurrent_dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        # They draw their seeds here, in the order of Keras's gated cells, so that with the same
        # `keras.utils.set_random_seed` the first weights are the same.
        kernel_initializer, recurrent_initializer = (
            from_keras(f"{name}_initializer", keras.initializers, initializer)
            for name, initializer in (
                ("kernel", kernel_initializer),
                ("recurrent", recurrent_initializer),
            )
        )
        super().__init__(*args, kernel_initializer=kernel_initializer, **kwargs)
        self.describe_weight(
            "recurrent", recurrent_initializer, recurrent_regularizer, recurrent_constraint
        )
        self.recurrent_dropout = share("recurrent_dropout", recurrent_dropout)

    def build_recurrence(self) -> None:
        """Make the recurrent kernel [H, blocks * H]."""
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=(self.units, self.blocks * self.units),
            initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
            autocast=False,
        )

    def cast_weights(self) -> tuple[Any, ...]:
        """Return kernel, recurrent kernel and bias (0 without one) in the compute dtype."""
        kernel, bias = super().cast_weights()
        return kernel, ops.cast(self.recurrent_kernel, self.compute_dtype), bias

    def get_config(self) -> dict[str, Any]:
        """Return all arguments of the constructor."""
        return {
            **super().get_config(),
            "recurrent_initializer": keras.initializers.serialize(self.recurrent_initializer),
            "recurrent_regularizer": keras.regularizers.serialize(self.recurrent_regularizer),
            "recurrent_constraint": keras.constraints.serialize(self.recurrent_constraint),
            "recurrent_dropout": self.recurrent_dropout,
        }
