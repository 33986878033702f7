"""The gated recurrent unit with the update gate only."""

from typing import Any

import keras
from keras import ops

from toolkit.cells.gated import GatedCell
from toolkit.cells.recurrent_kernel import RecurrentKernelCell


@keras.saving.register_keras_serializable(package="toolkit")
class SimplifiedGRUCell(GatedCell, RecurrentKernelCell):
    """The gated recurrent unit without its reset gate, as a first step towards ``GRUCell``.

    ::

        G_u   = sigmoid(W_u [c(t-1), x(t)] + b_u)
        c~(t) = tanh(W_c [c(t-1), x(t)] + b_c)
        c(t)  = G_u * c~(t) + (1 - G_u) * c(t-1)

    The update gate G_u keeps the *new* candidate c~(t). The weights, with D inputs and H units,
    have the columns of the update gate first and of the candidate second:

    - ``kernel`` [D, 2 H]
    - ``recurrent_kernel`` [H, 2 H]
    - ``bias`` [2 H]

    Arguments, dropout and errors are those of ``GatedCell`` and ``RecurrentKernelCell``.
    """

    blocks = 2

    def step(self, x: Any, previous: Any, dropped: Any) -> Any:
        """Compute c(t) [B, H] from x(t) [B, D] and c(t-1) [B, H]."""
        kernel, recurrent_kernel, bias = self.cast_weights()
        a = ops.matmul(x, kernel) + ops.matmul(dropped, recurrent_kernel) + bias  # [B, 2 H]
        a_u, a_c = ops.split(a, 2, axis=-1)
        update = self.recurrent_activation(a_u)
        candidate = self.activation(a_c)
        return update * candidate + (1 - update) * previous
