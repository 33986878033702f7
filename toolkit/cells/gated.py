"""The base class of gated cells."""

from typing import Any

import keras

from toolkit.cells.base import RecurrentCell, from_keras


class GatedCell(RecurrentCell):
    """A cell with gates.

    Args:
        units: H, the size of the state and of the output.
        activation: The activation of the candidate.
        recurrent_activation: The activation of the gates.
        **kwargs: The other arguments of ``RecurrentCell``.
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        **kwargs: Any,
    ) -> None:
        super().__init__(units, activation, **kwargs)
        self.recurrent_activation = from_keras(
            "recurrent_activation", keras.activations, recurrent_activation
        )

    def get_config(self) -> dict[str, Any]:
        """Return all arguments of the constructor."""
        return {
            **super().get_config(),
            "recurrent_activation": keras.activations.serialize(self.recurrent_activation),
        }
