"""Recurrent layers: cells through time.

Keras knows the layers of a ``.keras`` file only once their module is imported, so that a program
that loads one begins with ``import toolkit.layers``; else Keras says that it could not locate the
class.
"""

from functools import partial
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from toolkit.cells import GRUCell, LSTMCell, MinGRUCell, SimpleRNNCell, SimplifiedGRUCell
from toolkit.cells.base import RecurrentCell
from toolkit.errors import OptionError

#: The arguments of ``keras.layers.Layer`` that are the layer's, not its cell's.
_OF_THE_LAYER = ("autocast", "input_dim", "input_shape")


class Recurrent(keras.layers.RNN):
    """A ``keras.layers.RNN`` of one of the toolkit's cells, with a faster time loop.

    Args:
        units: H, the size of each state.
        return_sequences: Whether to return the outputs of all time steps [B, T, H], or only the
            last [B, H].
        return_state: Whether the last states, [B, H] each, are returned beside the output.
        go_backwards: Whether the sequence is read from its end; the output is in the order of
            reading.
        stateful: Whether the last states are the next batch's initial states, row by row.
        unroll: Whether the loop is unrolled, for short sequences of known length.
        zero_output_for_mask: Whether masked steps return zeros instead of the previous output.
        name: The layer's name.
        dtype: The layer's data type or policy.
        trainable: Whether the weights are trained.
        activity_regularizer: A penalty on the output.
        **cell_arguments: The arguments of the cell; ``input_shape``, ``input_dim`` and ``autocast``
            are those of ``keras.layers.Layer``.

    Raises:
        OptionError: An argument has an impossible value, or the mask another shape than [B, T]
            or [B, T, 1].
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
        of_the_layer = {n: cell_arguments.pop(n) for n in _OF_THE_LAYER if n in cell_arguments}
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
            **of_the_layer,
        )
        self.input_spec = keras.InputSpec(ndim=3)

    @property
    def units(self) -> int:
        """H, the size of each state."""
        return self.cell.units

    def inner_loop(
        self, sequences: Any, initial_state: list[Any], mask: Any, training: bool = False
    ) -> tuple[Any, Any, list[Any]]:
        """Run the time loop with a hand-written gradient, or else Keras's loop.

        Keras's loop is used on other backends than TensorFlow, for other activations than the
        standard ones, for recurrent dropout, and for ``unroll``.
        """
        mask = time_mask(mask, sequences, self.name)
        if self.time_loop(training) is None:
            if training:
                self.cell.get_dropout_mask(sequences[:, 0])
                self.cell.get_recurrent_dropout_mask(initial_state[0])
            return super().inner_loop(sequences, initial_state, mask, training)
        outputs, last = self.run(
            ops.transpose(sequences, (1, 0, 2)),
            None if mask is None else ops.transpose(mask),
            list(initial_state),
            training,
        )
        if not self.return_sequences:
            outputs = outputs[:1] if self.go_backwards else outputs[-1:]
        elif self.go_backwards:
            outputs = ops.flip(outputs, axis=0)
        return outputs[-1], ops.transpose(outputs, (1, 0, 2)), last

    def run(
        self, sequences: Any, mask: Any, initial_state: list[Any], training: bool
    ) -> tuple[Any, list[Any]]:
        """Return the outputs of all steps, in the order of time, and the last states.

        All have the time first, as the loop has. It is for layers for which ``time_loop`` is not
        None.

        Args:
            sequences: The inputs [T, B, D].
            mask: Bool [T, B], or None.
            initial_state: The initial states, [B, H] each.
            training: Whether dropout is on, and gradients are hand-written.

        Returns:
            The outputs [T, B, H], and the states after the last step read, [B, H] each.
        """
        cell, time_loop = self.cell, self.time_loop(training)
        if training and cell.dropout:
            sequences = sequences * cell.get_dropout_mask(sequences[0])
            cell.reset_dropout_mask()
        return time_loop(
            [ops.convert_to_tensor(weight) for weight in cell.weights],
            ops.cast(sequences, cell.compute_dtype),
            initial_state,
            mask=mask,
            output_mask=None if mask is None else self._output_mask(mask),
            go_backwards=self.go_backwards,
            by_hand=training,
        )

    def _maybe_config_dropout_masks(self, cell: Any, input_sequence: Any, input_state: Any) -> None:
        """Draw no masks before the loop, as Keras does also in inference; ``inner_loop`` does."""

    def time_loop(self, training: bool) -> Any:
        """Return the time loop, a function like ``bptt.through_time``; None for Keras's."""
        if keras.backend.backend() != "tensorflow" or self.unroll:
            return None
        if training and self.cell.recurrent_dropout:
            return None
        from toolkit.layers import bptt, linear_recurrence
        from toolkit.layers.equations import cell_equations

        if type(self.cell) is MinGRUCell:
            return partial(linear_recurrence.through_time, self.cell)
        equations = cell_equations(self.cell)
        return None if equations is None else partial(bptt.through_time, equations)

    def _output_mask(self, mask: Any) -> Any:
        """Return the mask [T, B] of the outputs that are not zero.

        A masked step returns zeros, or the output of the previous step, which is zero at first.
        """
        if self.zero_output_for_mask:
            return mask
        direction = -1 if self.go_backwards else 1
        started = ops.cumsum(ops.cast(mask, "int32")[::direction], axis=0)[::direction]
        return started > 0

    def compute_mask(self, sequences: Any, mask: Any) -> Any:
        """Return the mask of the outputs, which are in the order of reading.

        ``keras.layers.RNN`` returns the mask [B, T] of the inputs also where it reads backwards.
        """
        masks = super().compute_mask(sequences, mask)
        first = masks[0] if self.return_state else masks
        if first is None or not self.go_backwards:
            return masks
        first = ops.flip(first, axis=1)
        return [first, *masks[1:]] if self.return_state else first

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


def time_mask(mask: Any, sequences: Any, layer: str) -> Any:
    """Return a mask of sequences [B, T, D] as bool [B, T]; None for None.

    Args:
        mask: [B, T] or [B, T, 1], alone or the first of a list.
        sequences: The sequences.
        layer: The name of the layer that gets them.

    Raises:
        OptionError: It has another shape.
    """
    if isinstance(mask, list | tuple):
        mask = mask[0]
    if mask is None:
        return None
    mask = ops.cast(mask, "bool")
    shape, expected = tuple(mask.shape), tuple(sequences.shape[:2])
    known = zip(shape, (*expected, 1), strict=False)
    if len(shape) not in (2, 3) or any(None not in pair and pair[0] != pair[1] for pair in known):
        raise OptionError(
            f"layer {layer} has a mask of shape {list(shape)} for sequences of shape "
            f"{list(sequences.shape)}; the mask must have the shape {list(expected)}"
        )
    # Of sizes that are known only when the graph runs, this is the check.
    return ops.broadcast_to(ops.reshape(mask, ops.shape(mask)[:2]), ops.shape(sequences)[:2])


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
class MinGRU(Recurrent):
    """``MinGRUCell`` through time: [B, T, D] to [B, T, H] or [B, H].

    Its time loop has no matrix product, and any activations. Arguments and errors are those of
    ``Recurrent`` and ``MinGRUCell``.
    """

    cell_class = MinGRUCell


@keras.saving.register_keras_serializable(package="toolkit")
class GRU(Recurrent):
    """``GRUCell`` through time: [B, T, D] to [B, T, H] or [B, H].

    Arguments and errors are those of ``Recurrent`` and ``GRUCell``.
    """

    cell_class = GRUCell

    def set_weights(self, weights: list[Any]) -> None:
        """Set kernel, recurrent kernel and bias, as ``GRUCell`` describes them.

        Raises:
            OptionError: The bias is that of the other ``reset_after``.
        """
        if len(weights) == len(self.weights) == 3 and np.ndim(weights[2]) != len(
            self.cell.bias_shape
        ):
            raise OptionError(
                f"the bias has the shape {list(np.shape(weights[2]))}, that of a GRU with "
                f"reset_after={not self.cell.reset_after}; layer {self.name} has "
                f"reset_after={self.cell.reset_after}, and takes {list(self.cell.bias_shape)}"
            )
        super().set_weights(weights)


@keras.saving.register_keras_serializable(package="toolkit")
class LSTM(Recurrent):
    """``LSTMCell`` through time: [B, T, D] to [B, T, H] or [B, H].

    Its states are the output and the memory, as in ``keras.layers.LSTM``: ``initial_state`` is a
    list of both, and with ``return_state`` both follow the output. Arguments and errors are those
    of ``Recurrent`` and ``LSTMCell``.
    """

    cell_class = LSTMCell
