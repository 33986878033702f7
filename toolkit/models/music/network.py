"""A network of music: each frame of keys from those before it."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from toolkit.errors import OptionError
from toolkit.layers.sequences import length_mask
from toolkit.models.cells import cell_step, state_sizes
from toolkit.models.fronts import VectorFront
from toolkit.models.music.frame_outputs import FRAME_OUTPUTS, frame_output
from toolkit.models.network import Network, build_stack, recurrent_stack
from toolkit.models.seeds import dropout_seeds
from toolkit.music.rolls import KEYS

#: The states of all layers in their order, [B, H] each.
State = list[Any]


@keras.saving.register_keras_serializable(package="toolkit")
class MusicNetwork(Network):
    """A network that predicts each frame of 88 keys from the previous ones.

    ::

        frame t - 1, and whether there is none [B, T, 89] -> recurrent layers [B, T, H]
        -> output layer: p(frame t | frames 1, ..., t - 1)

    The inputs are ``{"values": [B, T, 88] of 0 and 1, "length": int32 [B]}``; a part of a piece
    also has ``before`` [B, 88], the frame before its first one, and ``begins`` bool [B], whether
    there is none. ``call`` returns the states [B, T, H] from which each frame is predicted.

    Args:
        cell: A cell's name or ``module:Class``; see ``toolkit.layers.recurrent_layer``.
        hidden_size: H.
        layers: The number of recurrent layers.
        output_layer: ``independent`` or ``autoregressive``; see ``frame_outputs``.
        output_size: The size of the output layer's own hidden layer.
        input_dropout: The share of the keys dropped from the input for a whole piece.
        dropout: The share of each further layer's inputs dropped for a whole piece.
        recurrent_dropout: The share of the recurrent state dropped (Gal and Ghahramani 2016).
        output_dropout: The share of the last layer's states that is dropped.
        seed: The seed of the dropouts of input and output. The initial weights and the dropouts
            within the recurrent layers depend on ``keras.utils.set_random_seed``.

    Raises:
        OptionError: An argument has an impossible value.
    """

    def __init__(
        self,
        *,
        cell: str = "gru",
        hidden_size: int = 256,
        layers: int = 1,
        output_layer: str = "autoregressive",
        output_size: int = 256,
        input_dropout: float = 0.0,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        output_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals(), **kwargs)
        if output_layer not in FRAME_OUTPUTS:
            known = ", ".join(FRAME_OUTPUTS)
            raise OptionError(f"output_layer is {output_layer!r}; it can be {known}")
        dtype = self.dtype_policy
        input_seed, output_seed = dropout_seeds(seed, 2)
        self.front = VectorFront(KEYS + 1, dropout=input_dropout, seed=input_seed, dtype=dtype)
        self.recurrent = recurrent_stack(
            cell,
            hidden_size,
            layers,
            return_state=True,
            first_dropout=0.0,  # the front has a dropout of its own
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            dtype=dtype,
        )
        self.output_dropout = keras.layers.Dropout(output_dropout, seed=output_seed, dtype=dtype)
        self.head = frame_output(output_layer, KEYS, output_size)
        self.sizes = [size for layer in self.recurrent for size in state_sizes(layer.cell)]

    def build(self, input_shape: Any = None) -> None:
        """Make the weights; their sizes depend only on the constructor's arguments."""
        self.front.build()
        shape = build_stack(self.recurrent, (None, None, self.front.size))
        self.head.build((None, shape[-1]))

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Make the weights when a file is loaded; Keras would hide errors in that."""
        self.build()

    def start(self, rows: Any) -> State:
        """Return the initial states, zeros [B, H] each."""
        return [ops.zeros((rows, size), self.compute_dtype) for size in self.sizes]

    def call(self, inputs: Mapping[str, Any], training: bool = False) -> Any:
        """Return the states [B, T, H] before each frame, in float32."""
        steps = self.steps(inputs)[:, :-1]
        mask = length_mask(inputs["length"], ops.shape(steps)[1])
        return self.run(steps, self.start(ops.shape(steps)[0]), mask, training)[0]

    def steps(self, inputs: Mapping[str, Any]) -> Any:
        """Return what the network reads step by step: before the first frame, and each frame.

        Args:
            inputs: As for ``call``.

        Returns:
            Vectors [B, T + 1, 89].
        """
        values = tf.cast(inputs["values"], self.compute_dtype)
        rows = tf.shape(values)[0]
        before, begins = inputs.get("before"), inputs.get("begins")
        before = tf.zeros([rows, KEYS]) if before is None else before
        begins = tf.ones([rows], tf.bool) if begins is None else begins
        values = tf.concat([tf.cast(before, values.dtype)[:, None], values], axis=1)
        first = tf.range(tf.shape(values)[1]) == 0
        flags = tf.cast(begins[:, None] & first, values.dtype)
        return tf.concat([values, flags[:, :, None]], axis=2)

    def run(
        self, steps: Any, state: Sequence[Any], mask: Any = None, training: bool = False
    ) -> tuple[Any, State]:
        """Read steps [B, T, 89] from given states.

        Where a mask, bool [B, T], is false, the last output and the states are kept.

        Returns:
            The last layer's states [B, T, H], float32; and the states of all layers after it.
        """
        states, _ = self.front(steps, training=training)
        before, after = iter(state), []
        for layer in self.recurrent:
            layer_state = [next(before) for _ in state_sizes(layer.cell)]
            states, *ends = layer(states, mask=mask, initial_state=layer_state, training=training)
            after += ends
        return ops.cast(self.output_dropout(states, training=training), "float32"), after

    def step(self, vector: Any, state: Sequence[Any]) -> tuple[Any, State]:
        """Read one vector [B, 89] of ``steps`` more.

        Returns:
            The last layer's state [B, H], float32, from which the next frame is predicted; and the
            states of all layers.
        """
        states = tf.cast(vector, self.compute_dtype)[:, None]
        before, after = iter(state), []
        for layer in self.recurrent:
            layer_state = [next(before)[:, None] for _ in state_sizes(layer.cell)]
            states, ends = cell_step(layer.cell, states, layer_state)
            after += [end[:, 0] for end in ends]
        return ops.cast(states[:, 0], "float32"), after

    def losses(self, states: Any, frames: Any) -> Any:
        """Return the negative log probability in nats [B, T] of frames after states [B, T, H]."""
        flat = tf.reshape(states, [-1, states.shape[-1]])
        losses = self.head.losses(flat, tf.reshape(frames, [-1, KEYS]))
        return tf.reshape(losses, tf.shape(states)[:2])

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the mean negative log probability of the frames in ``x``, in nats a frame."""
        mask = length_mask(x["length"], tf.shape(y_pred)[1])
        real = tf.boolean_mask(y_pred, mask), tf.boolean_mask(x["values"], mask)
        return tf.reduce_mean(self.head.losses(*real))
