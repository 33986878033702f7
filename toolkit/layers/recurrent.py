"""Cells through time."""

from typing import Any, ClassVar

import keras

from toolkit.cells import GRUCell, SimpleRNNCell, SimplifiedGRUCell
from toolkit.cells.base import RecurrentCell


class Recurrent(keras.layers.RNN):
    """One of the toolkit's cells in ``keras.layers.RNN``.

    Args:
        units: H, the size of the state.
        return_sequences: Whether the output is that of every time step [B, T, H], or of the last
            one only [B, H].
        return_state: Whether the last state [B, H] is returned beside the output.
        go_backwards: Whether the sequence is read from its end; the output is in the order of
            reading.
        stateful: Whether the last state is the next batch's initial state, row by row.
        unroll: Whether the loop is written out in the graph, for short sequences of known length.
        zero_output_for_mask: Whether masked steps put out zeros, not the output before them.
        name: The layer's name.
        dtype: The layer's data type or policy.
        trainable: Whether the weights are trained.
        activity_regularizer: A penalty on the output.
        **cell_arguments: The arguments of the cell.

    Raises:
        OptionError: An argument is impossible.
    """

    cell_class: ClassVar[type[RecurrentCell]]

    def __init__(
        self,
        units: int,
        *,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
        activity_regularizer: Any = None,
        **cell_arguments: Any,
    ) -> None:
        super().__init__(
            self.cell_class(units, name="cell", dtype=dtype, trainable=trainable, **cell_arguments),
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            zero_output_for_mask=zero_output_for_mask,
            name=name,
            dtype=dtype,
            trainable=trainable,
            activity_regularizer=activity_regularizer,
        )
        self.input_spec = keras.InputSpec(ndim=3)

    @property
    def units(self) -> int:
        """H, the size of the state."""
        return self.cell.units

    def get_config(self) -> dict[str, Any]:
        """All arguments of the constructor."""
        config = {**self.cell.get_config(), **super().get_config()}
        del config["cell"]
        regularizer = keras.regularizers.serialize(self.activity_regularizer)
        return {**config, "activity_regularizer": regularizer}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Recurrent":
        """The layer that ``get_config`` describes."""
        return cls(**config)


@keras.saving.register_keras_serializable(package="toolkit")
class SimpleRNN(Recurrent):
    """``SimpleRNNCell`` through time: [B, T, D] to [B, T, H] or [B, H].

    Arguments and errors are those of ``Recurrent`` and ``SimpleRNNCell``.
    """

    cell_class = SimpleRNNCell


@keras.saving.register_keras_serializable(package="toolkit")
class SimplifiedGRU(Recurrent):
    """``SimplifiedGRUCell`` through time: [B, T, D] to [B, T, H] or [B, H].

    Arguments and errors are those of ``Recurrent`` and ``SimplifiedGRUCell``.
    """

    cell_class = SimplifiedGRUCell


@keras.saving.register_keras_serializable(package="toolkit")
class GRU(Recurrent):
    """``GRUCell`` through time: [B, T, D] to [B, T, H] or [B, H].

    Arguments and errors are those of ``Recurrent`` and ``GRUCell``.
    """

    cell_class = GRUCell
