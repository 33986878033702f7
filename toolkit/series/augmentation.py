"""Random changes of series that leave their class as it is, in training."""

import math
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

Tensor = Any


@dataclass(frozen=True)
class Augmentation:
    """The largest random changes of a series, drawn anew each time that it is read.

    Attributes:
        stretch: The largest change of tempo: a series takes 1 / (1 + stretch) to 1 + stretch times
            as long.
        crop: The largest share of a series that is cut off at its ends.
        jitter: The standard deviation of noise, in those of the channels.
        rotation: The largest angle in degrees by which a skeleton is turned.
        shift: The largest distance by which a picture is moved, as a share of its size.
    """

    stretch: float = 0.0
    crop: float = 0.0
    jitter: float = 0.0
    rotation: float = 0.0
    shift: float = 0.0


def resampled(
    frames: Tensor, length: Tensor, options: Augmentation, seed: keras.random.SeedGenerator
) -> tuple[Tensor, Tensor]:
    """Cut a random part out of each series and play it at a random tempo.

    Values between two frames are interpolated linearly.

    Args:
        frames: The series [B, T, D].
        length: Their lengths, int32 [B].
        options: ``crop`` and ``stretch``.
        seed: The seed.

    Returns:
        The new series [B, T', D] and their lengths; a series without frames stays so.
    """
    draw = keras.random.uniform((3, tf.shape(length)[0]), seed=seed)
    size = tf.cast(length, tf.float32)
    kept = size - tf.floor(size * options.crop * draw[0])
    start = tf.floor((size - kept + 1) * draw[1])
    tempo = tf.exp(math.log1p(options.stretch) * (2 * draw[2] - 1))
    wanted = tf.where(length > 0, tf.maximum(tf.round(kept * tempo), 1), 0)
    steps = tf.range(tf.maximum(tf.reduce_max(wanted), 1))
    gap = (kept - 1) / tf.maximum(wanted - 1, 1)  # from the first kept frame to the last
    time = tf.clip_by_value(
        start[:, None] + steps * gap[:, None], 0.0, tf.maximum(start + kept - 1, 0)[:, None]
    )
    before = tf.floor(time)
    share = (time - before)[:, :, None]
    first = tf.cast(before, tf.int32)
    last = tf.minimum(first + 1, tf.maximum(length - 1, 0)[:, None])
    low, high = (tf.gather(frames, index, axis=1, batch_dims=1) for index in (first, last))
    return low + share * (high - low), tf.cast(wanted, tf.int32)


def turned(
    vectors: Tensor, vertical: int, largest: float, seed: keras.random.SeedGenerator
) -> Tensor:
    """Turn the vectors of each series by one random angle about the vertical.

    Args:
        vectors: [B, T, N, 3].
        vertical: The axis that is vertical, 0 to 2.
        largest: The largest angle, in degrees.
        seed: The seed.
    """
    angle = math.radians(largest) * keras.random.uniform(
        (tf.shape(vectors)[0],), -1.0, 1.0, seed=seed
    )
    cosine, sine = (f(angle)[:, None, None] for f in (tf.cos, tf.sin))
    axes = tf.unstack(vectors, axis=-1)
    first, second = (axis for axis in range(3) if axis != vertical)
    a, b = axes[first], axes[second]
    axes[first], axes[second] = cosine * a - sine * b, sine * a + cosine * b
    return tf.stack(axes, axis=-1)


def shifted(frames: Tensor, largest: float, seed: keras.random.SeedGenerator) -> Tensor:
    """Move the pictures of each video by one random distance; their edges are repeated.

    Args:
        frames: [B, T, H, W, C].
        largest: The largest distance down and to the right, or up and to the left, as a share of
            the size.
        seed: The seed.
    """
    shape = tf.shape(frames)
    for axis in (2, 3):
        size = shape[axis]
        draw = keras.random.uniform((shape[0],), -1.0, 1.0, seed=seed)
        distance = tf.cast(tf.round(largest * draw * tf.cast(size, tf.float32)), tf.int32)
        places = tf.clip_by_value(tf.range(size) - distance[:, None], 0, size - 1)
        frames = tf.gather(frames, places, axis=axis, batch_dims=1)
    return frames
