"""Random changes of recordings that leave their words as they are, in training."""

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

Tensor = Any

#: The range of the level of noise below that of the recording, in decibels.
QUIETEST, LOUDEST = 50.0, 10.0


@dataclass(frozen=True)
class AudioAugmentation:
    """The largest random changes of a recording, drawn anew each time that it is read.

    Attributes:
        speed: The largest change of speed, and pitch with it: 1 / (1 + speed) to 1 + speed.
        noise: The share of recordings to which white noise is added.
        masked_bands: The largest share of the bands that is masked, as one block.
    """

    speed: float = 0.0
    noise: float = 0.0
    masked_bands: float = 0.0


def with_noise(
    wave: Tensor, length: Tensor, share: float, seed: keras.random.SeedGenerator
) -> Tensor:
    """Add white noise to some recordings, 10 to 50 decibels below their level.

    Args:
        wave: float32 [B, N].
        length: The numbers of samples, int32 [B].
        share: The share of recordings.
        seed: The seed.
    """
    draw = keras.random.uniform((2, tf.shape(wave)[0]), seed=seed)
    energy = tf.reduce_sum(wave**2, axis=1) / tf.cast(tf.maximum(length, 1), tf.float32)
    decibels = LOUDEST + (QUIETEST - LOUDEST) * draw[1]
    level = tf.sqrt(energy) * 10 ** (-decibels / 20) * tf.cast(draw[0] < share, tf.float32)
    return wave + level[:, None] * keras.random.normal(tf.shape(wave), seed=seed)


def masked_bands(frames: Tensor, largest: float, seed: keras.random.SeedGenerator) -> Tensor:
    """Set a random block of bands of each recording to 0, the mean (Park et al. 2019, SpecAugment).

    Args:
        frames: Frames of which the mean was taken off [B, T, bands].
        largest: The largest share of the bands that is masked.
        seed: The seed.
    """
    bands = frames.shape[-1]
    draw = keras.random.uniform((2, tf.shape(frames)[0], 1), seed=seed)
    width = tf.floor(draw[0] * (largest * bands + 1))
    start = tf.floor(draw[1] * (bands - width + 1))
    band = tf.range(bands, dtype=tf.float32)
    kept = (band < start) | (band >= start + width)
    return tf.where(kept[:, None], frames, 0.0)
