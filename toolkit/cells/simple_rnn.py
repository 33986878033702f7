"""The simple recurrent cell."""

from typing import Any

import keras
from keras import ops

from toolkit.cells.recurrent_kernel import RecurrentKernelCell


@keras.saving.register_keras_serializable(package="toolkit")
class SimpleRNNCell(RecurrentKernelCell):
    """The simple recurrent cell of Elman (1990), "Finding Structure in Time".

    ::

        h(t) = g(W_h h(t-1) + W_e e(t) + b_1)

    g is ``activation``: tanh, relu or sigmoid in the lecture. The weights, with D inputs and H
    units, stored to be multiplied from the right:

    - ``kernel`` [D, H]: W_e
    - ``recurrent_kernel`` [H, H]: W_h
    - ``bias`` [H]: b_1

    Arguments, dropout and errors are those of ``RecurrentKernelCell``.
    """

    blocks = 1

    def step(self, x: Any, previous: Any, dropped: Any) -> Any:
        """Compute h(t) [B, H] from e(t) [B, D] and h(t-1) [B, H]."""
        W_e, W_h, b_1 = self.cast_weights()
        return self.activation(ops.matmul(dropped, W_h) + ops.matmul(x, W_e) + b_1)
