"""The gated recurrent unit whose gate and candidate do not read the previous state."""

from typing import Any

import keras
from keras import ops

from toolkit.cells.gated import GatedCell
from toolkit.errors import OptionError

_OF_A_RECURRENT_KERNEL = (
    "recurrent_initializer",
    "recurrent_regularizer",
    "recurrent_constraint",
    "recurrent_dropout",
)


@keras.saving.register_keras_serializable(package="toolkit")
class MinGRUCell(GatedCell):
    """The minimal gated recurrent unit of Feng et al. (2024), "Were RNNs All We Needed?", section
    3.1: ``SimplifiedGRUCell`` whose gate and candidate do not read the previous state.

    ::

        G_u   = sigmoid(W_u x(t) + b_u)
        c~(t) = g(W_c x(t) + b_c)
        c(t)  = G_u * c~(t) + (1 - G_u) * c(t-1)

    g is ``activation``, by default the identity, as in the paper. So c(t) is a weighted mean of the
    candidates up to t: a single layer cannot compare what it reads with what it remembers, which
    takes a second layer. There is no recurrent kernel, hence none of its arguments: dropout of the
    previous state where it enters a matrix product has no meaning here.

    The update gate G_u keeps the *new* candidate c~(t). The weights, with D inputs and H units,
    have the columns of the update gate first and of the candidate second:

    - ``kernel`` [D, 2 H]
    - ``bias`` [2 H]

    Args:
        units: H, the size of the state and of the output.
        activation: The activation of the candidate; None for the identity.
        recurrent_activation: The activation of the gate.
        **kwargs: The other arguments of ``GatedCell``.

    Raises:
        OptionError: An argument has an impossible value, or is one of a recurrent kernel.
    """

    blocks = 2

    def __init__(
        self,
        units: int,
        activation: Any = None,
        recurrent_activation: Any = "sigmoid",
        **kwargs: Any,
    ) -> None:
        for name in _OF_A_RECURRENT_KERNEL:
            if name in kwargs:
                raise OptionError(
                    f"{name} is given, but a minimal GRU has no recurrent kernel: its gate and its "
                    "candidate do not read the previous state"
                )
        super().__init__(units, activation, recurrent_activation, **kwargs)

    def step(self, x: Any, previous: Any, dropped: Any) -> Any:
        """Compute c(t) [B, H] from x(t) [B, D] and c(t-1) [B, H]."""
        kernel, bias = self.cast_weights()
        a_u, a_c = ops.split(ops.matmul(x, kernel) + bias, 2, axis=-1)  # [B, H] each
        update = self.recurrent_activation(a_u)
        candidate = self.activation(a_c)
        return update * candidate + (1 - update) * previous
