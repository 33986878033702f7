"""The gated recurrent unit."""

from typing import Any

import keras
from keras import ops

from toolkit.cells.gated import GatedCell
from toolkit.cells.recurrent_kernel import RecurrentKernelCell


@keras.saving.register_keras_serializable(package="toolkit")
class GRUCell(GatedCell, RecurrentKernelCell):
    """The gated recurrent unit of Cho et al. (2014), "Learning Phrase Representations using RNN
    Encoder-Decoder for Statistical Machine Translation", section 2.3.

    ::

        G_u   = sigmoid(W_u [c(t-1), x(t)] + b_u)
        G_r   = sigmoid(W_r [c(t-1), x(t)] + b_r)
        c~(t) = tanh(W_c [G_r * c(t-1), x(t)] + b_c)
        c(t)  = G_u * c~(t) + (1 - G_u) * c(t-1)

    The update gate G_u keeps the *new* candidate c~(t); in ``keras.layers.GRU`` and
    ``torch.nn.GRU`` it keeps the *old* state (``toolkit.layers`` converts the weights).

    With ``reset_after=True`` the reset gate is applied after the matrix product, as in cuDNN,
    ``keras.layers.GRU`` and ``torch.nn.GRU``, and the product has its own bias:

    ::

        c~(t) = tanh(W_cx x(t) + b_c + G_r * (W_cc c(t-1) + b_cc))

    The weights, with D inputs and H units, have the columns of the update gate, the reset gate
    and the candidate, in this order:

    - ``kernel`` [D, 3 H]
    - ``recurrent_kernel`` [H, 3 H]
    - ``bias`` [3 H], or [2, 3 H] with ``reset_after=True``: of the inputs, and of the recurrence

    Arguments, dropout and errors are those of ``GatedCell`` and ``RecurrentKernelCell``.
    """

    blocks = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        reset_after: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(units, activation, recurrent_activation, **kwargs)
        self.reset_after = reset_after

    @property
    def bias_shape(self) -> tuple[int, ...]:
        """The shape of the bias: [3 H], or [2, 3 H] with ``reset_after``."""
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def step(self, x: Any, previous: Any, dropped: Any) -> Any:
        """Compute c(t) [B, H] from x(t) [B, D] and c(t-1) [B, H]."""
        kernel, recurrent_kernel, bias = self.cast_weights()
        b_x, b_h = (bias[0], bias[1]) if self.reset_after and self.use_bias else (bias, 0)
        x_u, x_r, x_c = ops.split(ops.matmul(x, kernel) + b_x, 3, axis=-1)
        if self.reset_after:
            h_u, h_r, h_c = ops.split(ops.matmul(dropped, recurrent_kernel) + b_h, 3, axis=-1)
        else:
            gates = recurrent_kernel[:, : 2 * self.units]
            h_u, h_r = ops.split(ops.matmul(dropped, gates), 2, axis=-1)

        update = self.recurrent_activation(x_u + h_u)
        reset = self.recurrent_activation(x_r + h_r)
        if self.reset_after:
            a_c = x_c + reset * h_c
        else:
            a_c = x_c + ops.matmul(reset * dropped, recurrent_kernel[:, 2 * self.units :])
        candidate = self.activation(a_c)
        return update * candidate + (1 - update) * previous

    def get_config(self) -> dict[str, Any]:
        """Return all arguments of the constructor."""
        return {**super().get_config(), "reset_after": self.reset_after}
