"""Recurrent layers: cells through time."""

from typing import Any, ClassVar

import keras
from keras import ops

from toolkit.cells import GRUCell, SimpleRNNCell, SimplifiedGRUCell
from toolkit.cells.base import RecurrentCell


class Recurrent(keras.layers.RNN):
    """A ``keras.layers.RNN`` of one of the toolkit's cells, with a faster time loop.

    Args:
        units: H, the size of the state.
        return_sequences: Whether to return the outputs of all time steps [B, T, H], or only the
            last [B, H].
        return_state: Whether the last state [B, H] is returned beside the output.
        go_backwards: Whether the sequence is read from its end; the output is in the order of
            reading.
        stateful: Whether the last state is the next batch's initial state, row by row.
        unroll: Whether the loop is unrolled, for short sequences of known length.
        zero_output_for_mask: Whether masked steps return zeros instead of the previous output.
        name: The layer's name.
        dtype: The layer's data type or policy.
        trainable: Whether the weights are trained.
        activity_regularizer: A penalty on the output.
        **cell_arguments: The arguments of the cell.

    Raises:
        OptionError: An argument has an impossible value.
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

    def inner_loop(
        self, sequences: Any, initial_state: list[Any], mask: Any, training: bool = False
    ) -> tuple[Any, Any, list[Any]]:
        """Run the time loop with a hand-written gradient, or else Keras's loop.

        Keras's loop is used on other backends than TensorFlow, for other activations than the
        standard ones, for recurrent dropout, and for ``unroll``.
        """
        if isinstance(mask, list | tuple):
            mask = mask[0]
        equations = self._equations(training)
        if equations is None:
            return super().inner_loop(sequences, initial_state, mask, training)
        from toolkit.layers.bptt import through_time

        cell = self.cell
        if training and cell.dropout:
            sequences = sequences * cell.get_dropout_mask(sequences[:, 0])[:, None]
        weights = [cell.kernel, cell.recurrent_kernel, *([cell.bias] if cell.use_bias else [])]
        if mask is not None:
            mask = ops.transpose(ops.reshape(ops.cast(mask, "bool"), ops.shape(sequences)[:2]))
        states = through_time(  # [T, B, H]
            equations,
            [ops.convert_to_tensor(weight) for weight in weights],
            ops.transpose(ops.cast(sequences, cell.compute_dtype), (1, 0, 2)),
            initial_state[0],
            mask=mask,
            go_backwards=self.go_backwards,
            by_hand=training,
        )
        outputs = self._outputs(states, mask)
        return outputs[-1], ops.transpose(outputs, (1, 0, 2)), [states[-1]]

    def _equations(self, training: bool) -> Any:
        if keras.backend.backend() != "tensorflow" or self.unroll:
            return None
        if training and self.cell.recurrent_dropout:
            return None
        from toolkit.layers.equations import cell_equations

        return cell_equations(self.cell)

    def _outputs(self, states: Any, mask: Any) -> Any:
        """Return the outputs for states [T, B, H]: all [T, B, H], or only the last [1, B, H].

        A masked step returns zeros, or the output of the previous step, which is zero at first.
        """
        if mask is None:
            return states if self.return_sequences else states[-1:]
        if self.go_backwards:
            mask = ops.flip(mask, axis=0)
        if not self.zero_output_for_mask:
            mask = ops.cumsum(ops.cast(mask, "int32"), axis=0) > 0
        if not self.return_sequences:
            states, mask = states[-1:], mask[-1:]
        return ops.where(mask[:, :, None], states, ops.zeros_like(states))

    def get_config(self) -> dict[str, Any]:
        """Return all arguments of the constructor."""
        config = {**self.cell.get_config(), **super().get_config()}
        del config["cell"]
        regularizer = keras.regularizers.serialize(self.activity_regularizer)
        return {**config, "activity_regularizer": regularizer}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Recurrent":
        """Return the layer that ``get_config`` describes."""
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
