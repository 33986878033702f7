"""The base class of gated cells."""

from typing import Any

import keras
from keras import ops

from toolkit.cells.base import RecurrentCell, from_keras
from toolkit.errors import OptionError
from toolkit.options import plain


class GatedCell(RecurrentCell):
    """A cell with gates, of which the first decides how much of the *new* candidate is taken.

    A gate of u at every step forgets a state in about 1/u steps. Chrono initialization (Tallec and
    Ollivier 2018, "Can recurrent neural networks warp time?", section 2, equation 16) begins with
    gates whose times are spread over the distances in the data:

    ::

        b_u = -log(U([1, chrono - 1]))

    with a draw of the uniform distribution U for each unit. So sigmoid(b_u) is 1 / (1 + U), and the
    times are from 2 to ``chrono`` steps. Where there is a second row of biases, it has zeros there.

    Args:
        units: H, the size of the state and of the output.
        activation: The activation of the candidate.
        recurrent_activation: The activation of the gates.
        chrono: The longest distance to remember, in steps, at least 2, for chrono initialization;
            it is drawn with the cell's ``seed``. None for the ``bias_initializer``.
        **kwargs: The other arguments of ``RecurrentCell``.

    Raises:
        OptionError: An argument has an impossible value.
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        *,
        chrono: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(units, activation, **kwargs)
        self.recurrent_activation = from_keras(
            "recurrent_activation", keras.activations, recurrent_activation
        )
        self.chrono = plain(chrono)
        if self.chrono is None:
            return
        if not isinstance(self.chrono, int) or isinstance(self.chrono, bool) or self.chrono < 2:
            raise OptionError(f"chrono is {chrono!r}; it must be an integer of at least 2, or None")
        if not self.use_bias:
            raise OptionError(f"chrono is {chrono!r}, but there is no bias; give use_bias=True")

    def initial_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """Return the first value of the bias."""
        bias = super().initial_bias(shape, dtype)
        if self.chrono is None:
            return bias
        uniform = keras.initializers.RandomUniform(1, self.chrono - 1, self.seed)
        update = -ops.log(uniform((self.units,), dtype))
        if len(shape) == 2:
            update = ops.stack([update, ops.zeros_like(update)])
        return ops.concatenate([update, bias[..., self.units :]], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return all arguments of the constructor."""
        return {
            **super().get_config(),
            "recurrent_activation": keras.activations.serialize(self.recurrent_activation),
            "chrono": self.chrono,
        }
