"""Output layers of networks of music: the probability of a frame of keys, and its sampling."""

from typing import Any

import keras
import tensorflow as tf

Tensor = Any

#: The kinds of output layers.
FRAME_OUTPUTS = ("independent", "autoregressive")
#: The first log odds of a key: about four of 88 sound.
LOG_ODDS = -3.0


class FrameOutput(keras.layers.Layer):
    """Base class of layers from states [..., H] to the distribution of a frame of K keys.

    All computations are in float32.

    Args:
        keys: K.
        **kwargs: Arguments of ``keras.layers.Layer``.
    """

    def __init__(self, keys: int, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", "name": "output", **kwargs})
        self.keys = keys
        self.log_odds = keras.layers.Dense(
            keys,
            bias_initializer=keras.initializers.Constant(LOG_ODDS),
            dtype="float32",
            name="log_odds",
        )

    def losses(self, states: Tensor, frames: Tensor) -> Tensor:
        """Return the negative log probability in nats [N] of frames [N, K] after states [N, H]."""
        raise NotImplementedError

    def sample(self, states: Tensor, numbers: Tensor, temperature: Tensor) -> Tensor:
        """Return a frame for each state.

        Args:
            states: [B, H].
            numbers: Random numbers in [0, 1), [B, K], one for each key.
            temperature: The divisor of the log odds of each key, [B]; where it is 0, the likelier
                of sounding and not sounding is taken.

        Returns:
            Frames of 0 and 1, float32 [B, K].
        """
        raise NotImplementedError


@keras.saving.register_keras_serializable(package="toolkit")
class IndependentKeys(FrameOutput):
    """Keys that sound independently of one another, given the state.

    Between state and keys is a hidden layer, a deep output (Pascanu et al. 2014, "How to Construct
    Deep Recurrent Neural Networks", section 3.3).

    Args:
        keys: K.
        size: The size of the hidden layer.
        **kwargs: Arguments of ``keras.layers.Layer``.
    """

    def __init__(self, keys: int, size: int, **kwargs: Any) -> None:
        super().__init__(keys, **kwargs)
        self.size = size
        self.hidden = keras.layers.Dense(size, activation="relu", dtype="float32", name="hidden")

    def build(self, input_shape: Any) -> None:
        """Make the weights for states [..., H]."""
        self.hidden.build(input_shape)
        self.log_odds.build((*input_shape[:-1], self.size))

    def losses(self, states: Tensor, frames: Tensor) -> Tensor:
        """Return the negative log probability in nats [N] of frames [N, K] after states [N, H]."""
        return _cross_entropy(self.log_odds(self.hidden(states)), frames)

    def probabilities(self, states: Tensor) -> Tensor:
        """Return the probability of each key [..., K]."""
        return tf.sigmoid(self.log_odds(self.hidden(states)))

    def sample(self, states: Tensor, numbers: Tensor, temperature: Tensor) -> Tensor:
        """Return a frame for each state; see ``FrameOutput``."""
        log_odds = self.log_odds(self.hidden(states))
        return tf.cast(_sounds(log_odds, numbers, temperature), tf.float32)


@keras.saving.register_keras_serializable(package="toolkit")
class KeyByKey(FrameOutput):
    """Keys from the lowest to the highest, each given the state and those below it.

    This is the neural autoregressive distribution estimator (NADE; Larochelle and Murray 2011,
    "The Neural Autoregressive Distribution Estimator", equations 1 and 2), whose biases depend on
    the state of a recurrent network (Boulanger-Lewandowski et al. 2012, "Modeling Temporal
    Dependencies in High-Dimensional Sequences", section 5)::

        p(v(i) = 1 | v(1), ..., v(i - 1), s) = sigmoid(b(i) + V(i) h(i))
        h(i) = sigmoid(c + sum of W(k) v(k) over k < i)
        b = B s + b0, c = C s + c0

    h(i) changes only after a key that sounds. So a frame of n keys has n + 1 different ones, which
    are all that is computed: losses and samples take n + 1 steps instead of K.

    Args:
        keys: K.
        size: The size of h.
        **kwargs: Arguments of ``keras.layers.Layer``.
    """

    def __init__(self, keys: int, size: int, **kwargs: Any) -> None:
        super().__init__(keys, **kwargs)
        self.size = size
        self.context = keras.layers.Dense(size, dtype="float32", name="context")

    def build(self, input_shape: Any) -> None:
        """Make the weights for states [..., H]."""
        self.log_odds.build(input_shape)
        self.context.build(input_shape)
        self.below = self.add_weight(name="below", shape=(self.keys, self.size))  # W
        self.scores = self.add_weight(name="scores", shape=(self.size, self.keys))  # V

    def losses(self, states: Tensor, frames: Tensor) -> Tensor:
        """Return the negative log probability in nats [N] of frames [N, K] after states [N, H]."""
        frames = tf.cast(frames, tf.float32)
        counted = tf.cumsum(frames, axis=-1)  # keys that sound, up to each one
        most = tf.reduce_max(tf.pad(counted[:, -1], [[0, 1]]))  # 0 without rows
        numbers = tf.range(most + 1)[:, None]  # n = 0, 1, ... [J, 1]
        first = frames[:, None] * tf.cast(counted[:, None] <= numbers, tf.float32)  # [N, J, K]
        hidden = tf.sigmoid(self._times(first, self.below) + self.context(states)[:, None])
        log_odds = self._times(hidden, self.scores)  # of all keys, after n of them [N, J, K]
        chosen = tf.cast((counted - frames)[:, None] == numbers, tf.float32)
        log_odds = tf.reduce_sum(log_odds * chosen, axis=1) + self.log_odds(states)
        return _cross_entropy(log_odds, frames)

    def sample(self, states: Tensor, numbers: Tensor, temperature: Tensor) -> Tensor:
        """Return a frame for each state; see ``FrameOutput``.

        Each step writes the next key that sounds. Those between it and the one before have been
        asked with the same h, and do not sound.
        """
        bias, context = self.log_odds(states), self.context(states)
        keys = tf.range(self.keys)

        def body(frame: Tensor, hidden: Tensor, last: Tensor) -> tuple[Tensor, ...]:
            log_odds = bias + tf.sigmoid(hidden) @ self.scores
            sounds = _sounds(log_odds, numbers, temperature) & (keys > last[:, None])
            found = tf.reduce_any(sounds, axis=1)
            next_key = tf.argmax(sounds, axis=1, output_type=tf.int32)
            last = tf.where(found, next_key, self.keys)
            new = tf.one_hot(last, self.keys)  # nothing where no key is left
            return frame + new, hidden + new @ self.below, last

        rows = tf.shape(states)[0]
        frame, _, _ = tf.while_loop(
            lambda _frame, _hidden, last: tf.reduce_any(last < self.keys),
            body,
            (tf.zeros([rows, self.keys]), context, tf.fill([rows], -1)),
            shape_invariants=(
                tf.TensorShape([None, self.keys]),
                tf.TensorShape([None, self.size]),
                tf.TensorShape([None]),
            ),
        )
        return frame

    def _times(self, values: Tensor, matrix: Tensor) -> Tensor:
        """Return the product of values [N, J, A] with a matrix [A, B]."""
        shape = tf.shape(values)
        flat = tf.reshape(values, [-1, matrix.shape[0]]) @ tf.convert_to_tensor(matrix)
        return tf.reshape(flat, [shape[0], shape[1], matrix.shape[1]])


def frame_output(kind: str, keys: int, size: int) -> FrameOutput:
    """Return an output layer.

    Args:
        kind: One of ``FRAME_OUTPUTS``.
        keys: The number of keys.
        size: The size of its hidden layer.
    """
    return KeyByKey(keys, size) if kind == "autoregressive" else IndependentKeys(keys, size)


def _cross_entropy(log_odds: Tensor, frames: Tensor) -> Tensor:
    """Return the sum over keys of the cross-entropy in nats [N]."""
    losses = tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(frames, tf.float32), log_odds)
    return tf.reduce_sum(losses, axis=-1)


def _sounds(log_odds: Tensor, numbers: Tensor, temperature: Tensor) -> Tensor:
    """Return which keys sound, bool [B, K], by random numbers [B, K] and temperatures [B]."""
    temperature = tf.cast(temperature, tf.float32)[:, None]
    divisor = tf.where(temperature > 0, temperature, 1.0)
    drawn = numbers < tf.cast(tf.sigmoid(log_odds / divisor), numbers.dtype)
    return tf.where(temperature > 0, drawn, log_odds > 0)
