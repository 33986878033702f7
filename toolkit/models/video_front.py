"""The front of videos: from small frames to the vectors of a network, by convolution."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from toolkit.models.seeds import dropout_seeds
from toolkit.models.staged_front import StagedFront
from toolkit.series.augmentation import Augmentation, shifted
from toolkit.series.stages import AddVelocities, StackFrames, Standardize

Tensor = Any

#: The filters of the convolutions, each of which halves height and width.
FILTERS = (16, 32, 32)
#: The size of the vector of a frame.
SIZE = 64


class VideoFront(StagedFront):
    """A front for videos: scale, differences of frames, stacked frames, and convolutions.

    Each vector is that of one frame, with its difference to the one before, and perhaps those
    before it as further channels: three convolutions of 3 x 3 with ReLU, each with a stride of two
    pixels, and a dense layer with ReLU. In training, videos are cut, played at another tempo and
    moved at random.

    The inputs are ``{"values": frames uint8 [B, T, H, W, C], "length": int32 [B]}``.

    Args:
        shape: The shape of a frame, [H, W, C].
        mean: The mean of all pixels of the training part.
        deviation: Their standard deviation.
        velocities: Whether the differences of frames are read, too.
        stack: The number of frames that are joined.
        stride: The number of frames from a vector to the next.
        augmentation: The fields of ``Augmentation``.
        dropout: The share of the vectors' channels dropped for a whole sequence.
        seed: The seed of that dropout and of the random changes.
        **kwargs: What every ``keras.layers.Layer`` takes.
    """

    def __init__(
        self,
        shape: Sequence[int],
        *,
        mean: float,
        deviation: float,
        velocities: bool = True,
        stack: int = 1,
        stride: int = 1,
        augmentation: Mapping[str, float] | None = None,
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        changes = Augmentation(**augmentation or {})
        super().__init__(stride, changes, dropout_seeds(seed, 2), dropout, **kwargs)
        self.shape = tuple(shape)
        pixels = int(np.prod(self.shape))
        self.before = [Standardize([mean] * pixels, [deviation] * pixels)]
        if velocities:
            self.after.append(AddVelocities(pixels, range(pixels)))
        if stack > 1:
            self.after.append(StackFrames(self.stages[-1].size, stack))
        self.pictures = self.stages[-1].size // pixels
        self.size = SIZE
        dtype = self.dtype_policy
        self.convolutions = [
            keras.layers.Conv2D(
                count,
                3,
                strides=2,
                padding="same",
                activation="relu",
                dtype=dtype,
                name=f"conv_{n}",
            )
            for n, count in enumerate(FILTERS)
        ]
        self.dense = keras.layers.Dense(SIZE, activation="relu", dtype=dtype, name="vector")

    def build(self, input_shape: Any = None) -> None:
        """Make the weights."""
        height, width, channels = self.shape
        shape: tuple[Any, ...] = (None, height, width, self.pictures * channels)
        for layer in self.convolutions:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.dense.build((None, int(np.prod(shape[1:]))))

    def flat(self, frames: Tensor) -> Tensor:
        """Return frames [.., H, W, C] as float32 [.., H * W * C]."""
        shape = tf.shape(frames)[: len(frames.shape) - 3]
        flat = tf.reshape(frames, tf.concat([shape, [int(np.prod(self.shape))]], 0))
        return tf.cast(flat, tf.float32)

    def changed(self, frames: Tensor) -> Tensor:
        """Return frames that are moved at random, with noise."""
        options = self.augmentation
        if options.shift:
            steps = tf.shape(frames)[:2]
            pictures = tf.reshape(frames, tf.concat([steps, self.shape], 0))
            pictures = shifted(pictures, options.shift, self.change_seed)
            frames = tf.reshape(pictures, tf.shape(frames))
        if options.jitter:
            noise = keras.random.normal(tf.shape(frames), seed=self.change_seed)
            frames += options.jitter * noise
        return frames

    def vectors(self, frames: Tensor) -> Tensor:
        """Return the vectors [.., E] of joined pictures [.., N * H * W * C]."""
        shape = tf.shape(frames)[:-1]
        height, width, channels = self.shape
        pictures = tf.reshape(frames, [-1, self.pictures, height, width, channels])
        pictures = tf.transpose(pictures, [0, 2, 3, 1, 4])
        pictures = tf.reshape(pictures, [-1, height, width, self.pictures * channels])
        values = tf.cast(pictures, self.compute_dtype)
        for layer in self.convolutions:
            values = layer(values)
        values = tf.reshape(values, [-1, self.dense.kernel.shape[0]])
        return tf.reshape(self.dense(values), tf.concat([shape, [self.size]], 0))
