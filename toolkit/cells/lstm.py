"""The long short-term memory."""

from typing import Any

import keras
from keras import ops

from toolkit.cells.gated import GatedCell
from toolkit.cells.recurrent_kernel import RecurrentKernelCell


@keras.saving.register_keras_serializable(package="toolkit")
class LSTMCell(GatedCell, RecurrentKernelCell):
    """The long short-term memory of Hochreiter and Schmidhuber (1997), "Long Short-Term Memory",
    with the forget gate of Gers, Schmidhuber and Cummins (2000), "Learning to Forget: Continual
    Prediction with LSTM".

    ::

        G_i   = sigmoid(W_i [h(t-1), x(t)] + b_i)
        G_f   = sigmoid(W_f [h(t-1), x(t)] + b_f)
        c~(t) = tanh(W_c [h(t-1), x(t)] + b_c)
        G_o   = sigmoid(W_o [h(t-1), x(t)] + b_o)
        c(t)  = G_f * c(t-1) + G_i * c~(t)
        h(t)  = G_o * tanh(c(t))

    There are two states, the output h(t) and the memory c(t), in this order. The weights, with D
    inputs and H units, have the columns of the input gate, the forget gate, the candidate and the
    output gate, in the order of ``keras.layers.LSTM``:

    - ``kernel`` [D, 4 H]
    - ``recurrent_kernel`` [H, 4 H]
    - ``bias`` [4 H]

    Other arguments, dropout and errors are those of ``GatedCell`` and ``RecurrentKernelCell``.
    Recurrent dropout drops h(t-1) alone; c(t-1) enters no matrix product. With ``chrono``, the
    input gate begins as ``GatedCell`` says, and the forget gate with b_f = -b_i.

    Args:
        units: H, the size of each state and of the output.
        activation: The activation of the candidate, and of the memory in the output.
        recurrent_activation: The activation of the gates.
        unit_forget_bias: Whether the forget gate's bias is 1 at first, whatever
            ``bias_initializer`` gives, so that the memory is kept until the gate has learnt
            otherwise (Jozefowicz, Zaremba and Sutskever 2015, "An Empirical Exploration of
            Recurrent Network Architectures", section 2.2). ``chrono`` goes before it.
        **kwargs: The other arguments of ``GatedCell`` and ``RecurrentKernelCell``.
    """

    blocks = 4
    states = 2

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        unit_forget_bias: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(units, activation, recurrent_activation, **kwargs)
        self.unit_forget_bias = unit_forget_bias

    def initial_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """Return the first value of the bias [4 H]."""
        bias = super().initial_bias(shape, dtype=dtype)
        input_gate, forget_gate, after = ops.split(bias, [self.units, 2 * self.units])
        if self.chrono is not None:
            forget_gate = -input_gate
        elif self.unit_forget_bias:
            forget_gate = ops.ones_like(input_gate)
        return ops.concatenate([input_gate, forget_gate, after])

    def step(self, x: Any, previous: Any, dropped: Any) -> tuple[Any, Any]:
        """Compute h(t) and c(t), [B, H] each, from x(t) [B, D], h(t-1) and c(t-1)."""
        kernel, recurrent_kernel, bias = self.cast_weights()
        a = ops.matmul(x, kernel) + ops.matmul(dropped, recurrent_kernel) + bias  # [B, 4 H]
        a_i, a_f, a_c, a_o = ops.split(a, 4, axis=-1)
        input_gate, forget_gate, output_gate = map(self.recurrent_activation, (a_i, a_f, a_o))
        memory = forget_gate * previous[1] + input_gate * self.activation(a_c)
        return output_gate * self.activation(memory), memory

    def get_config(self) -> dict[str, Any]:
        """Return all arguments of the constructor."""
        return {**super().get_config(), "unit_forget_bias": self.unit_forget_bias}
