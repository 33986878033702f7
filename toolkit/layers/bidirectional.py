"""Recurrent layers in both directions."""

from typing import Any

import keras
from keras import ops

from toolkit.layers.recurrent import Recurrent, time_mask


@keras.saving.register_keras_serializable(package="toolkit")
class Bidirectional(keras.layers.Bidirectional):
    """A ``keras.layers.Bidirectional`` that is faster with the toolkit's recurrent layers.

    Both directions read the same array, and write theirs, with the time first and in the order of
    time: instead of four transpositions and one reversal there are two transpositions.

    Arguments, inputs and outputs are those of ``keras.layers.Bidirectional``.
    """

    def __init__(self, layer: keras.Layer, *args: Any, **kwargs: Any) -> None:
        super().__init__(layer, *args, **kwargs)
        # Keras makes both directions from the layer's configuration. While it loads a model, it
        # takes two objects with the same id() for one, so the layer must outlive the loading;
        # otherwise the next layer may get its id, and this layer's directions. A function hides the
        # layer from Keras's list of sublayers.
        self._source = lambda: layer

    def call(
        self, sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = None
    ) -> Any:
        """Return the outputs in both directions, concatenated: [B, T, 2 H] or [B, 2 H]."""
        layers = (self.forward_layer, self.backward_layer)
        if not (
            all(_has_own_loop(layer, bool(training)) for layer in layers)
            and self.merge_mode == "concat"
            and self.return_sequences
            and not self.stateful
            and initial_state is None
        ):
            return super().call(sequences, initial_state, mask, training)
        by_time = ops.transpose(sequences, (1, 0, 2))
        mask = time_mask(mask, sequences, self.name)
        mask = None if mask is None else ops.transpose(mask)
        outputs, states = [], []
        for layer in layers:
            start = layer.get_initial_state(ops.shape(sequences)[0])
            output, last = layer.run(by_time, mask, start, bool(training))
            outputs.append(ops.cast(output, self.compute_dtype))
            states += last
        output = ops.transpose(ops.concatenate(outputs, axis=-1), (1, 0, 2))
        return (output, *states) if self.return_state else output


def _has_own_loop(layer: keras.Layer, training: bool) -> bool:
    """Return whether ``Recurrent.run`` computes all that a call of the layer does."""
    if not isinstance(layer, Recurrent) or layer.activity_regularizer is not None:
        return False
    return layer.time_loop(training) is not None
