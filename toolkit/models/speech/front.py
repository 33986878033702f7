"""The front of recordings: from a wave to stacked log-mel frames."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from toolkit.audio.augmentation import AudioAugmentation, masked_bands, with_noise
from toolkit.audio.frames import Framing, log_mel, stacked
from toolkit.layers.sequences import length_mask
from toolkit.models.fronts import Front
from toolkit.models.seeds import dropout_seeds
from toolkit.series.augmentation import Augmentation, resampled

Tensor = Any


class SpeechFront(Front):
    """A front for recordings: log-mel frames, less their mean, by their deviation, stacked.

    The mean is that of the recording, so that the loudness and the colour of a microphone do not
    matter; or, for networks that answer while a recording goes on, that of the training part. In
    training, recordings are changed at random.

    The inputs are ``{"values": [B, N], "length": int32 [B]}``: samples as floats from -1 to 1, or
    as int16. All is computed in single precision.

    Args:
        rate: The samples a second.
        bands: The number of mel bands.
        stack: The number of frames of 25 ms, 10 ms apart, that make a step.
        whole_mean: Whether the mean of the whole recording is taken off.
        means: The mean of each band in the training part [bands].
        deviations: The standard deviation of each band in the training part, of what the mean was
            taken off [bands].
        augmentation: The fields of ``AudioAugmentation``.
        dropout: The share of the vectors' channels dropped for a whole recording.
        seed: The seed of that dropout and of the random changes.
        **kwargs: What every ``keras.layers.Layer`` takes.
    """

    def __init__(
        self,
        rate: int,
        *,
        bands: int = 40,
        stack: int = 1,
        whole_mean: bool = True,
        means: Sequence[float] | None = None,
        deviations: Sequence[float] | None = None,
        augmentation: Mapping[str, float] | None = None,
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(autocast=False, **kwargs)
        change_seed, dropout_seed = dropout_seeds(seed, 2)
        self.framing = Framing(rate, stack=stack)
        self.bands = bands
        self.whole_mean = whole_mean
        self.means = np.asarray([0.0] * bands if means is None else means, np.float32)
        self.deviations = np.asarray([1.0] * bands if deviations is None else deviations)
        self.deviations = np.maximum(self.deviations, 1e-3).astype(np.float32)
        self.augmentation = AudioAugmentation(**augmentation or {})
        self.change_seed = keras.random.SeedGenerator(change_seed)
        self.dropout = keras.layers.SpatialDropout1D(dropout, seed=dropout_seed, dtype="float32")
        self.size = stack * bands

    def build(self, input_shape: Any = None) -> None:
        """Make no weights: what the front knows of the training part are its arguments."""

    def mask(self, inputs: Any) -> Tensor:
        """Return the mask of real steps of the inputs, bool [B, T]."""
        steps = self.framing.steps(tf.shape(inputs["values"])[1])
        return length_mask(self.framing.steps(inputs["length"]), steps)

    def call(self, inputs: Any, training: bool = False) -> tuple[Tensor, Tensor]:
        """Return the vectors [B, T, E] and the mask [B, T]."""
        wave, length = as_wave(inputs)
        options = self.augmentation
        if training and options.speed:
            stretch = Augmentation(stretch=options.speed)
            wave, length = resampled(wave[:, :, None], length, stretch, self.change_seed)
            wave = without_rest(wave[:, :, 0], length)
        if training and options.noise:
            wave = without_rest(with_noise(wave, length, options.noise, self.change_seed), length)
        frames, real = self.frames(wave, length)
        if training and options.masked_bands:
            frames = masked_bands(frames, options.masked_bands, self.change_seed)
        vectors = stacked(tf.where(real[:, :, None], frames, 0.0), self.framing.stack)
        vectors = self.dropout(vectors, training=training)
        mask = length_mask(self.framing.steps(length), tf.shape(vectors)[1])
        return tf.cast(vectors, self.compute_dtype), mask

    def arriving(self, wave: Tensor) -> tuple[Tensor, Tensor]:
        """Return the vectors of the whole steps in a wave, and what is left of it.

        The mean is that of the training part.

        Args:
            wave: float32 [B, M], what was left before and what has arrived since.

        Returns:
            The vectors [B, S, E], S may be 0, and the samples from the next step on [B, M'].
        """
        framing = self.framing
        size = tf.shape(wave)[1]
        has_frame = tf.cast(size >= framing.window_size, tf.int32)
        count = has_frame * framing.frames(size) // framing.stack * framing.stack
        frames = log_mel(wave, framing, self.bands)[:, :count]
        frames = (frames - self.means) / self.deviations
        vectors = tf.reshape(frames, [tf.shape(wave)[0], count // framing.stack, self.size])
        return tf.cast(vectors, self.compute_dtype), wave[:, count * framing.hop_size :]

    def frames(self, wave: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """Return the frames before they are stacked [B, T, bands], and their mask [B, T]."""
        frames = log_mel(wave, self.framing, self.bands)
        mask = length_mask(self.framing.frames(length), tf.shape(frames)[1])
        mean = self.means
        if self.whole_mean:
            real = tf.cast(mask, tf.float32)[:, :, None]
            mean = tf.reduce_sum(frames * real, 1, True) / tf.reduce_sum(real, 1, True)
        return (frames - mean) / self.deviations, mask


def as_wave(inputs: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    """Return the wave of inputs as float32 [B, N], zero after its end, and its length [B]."""
    wave, length = inputs["values"], inputs["length"]
    scale = 2.0**15 if wave.dtype == tf.int16 else 1.0
    return without_rest(tf.cast(wave, tf.float32) / scale, length), length


def without_rest(wave: Tensor, length: Tensor) -> Tensor:
    """Return waves [B, N] that are zero after their ends [B]."""
    return tf.where(length_mask(length, tf.shape(wave)[1]), wave, 0.0)


def measure(
    batches: Iterable[Mapping[str, Any]], **arguments: Any
) -> tuple[list[float], list[float]]:
    """Return the means of the bands, and the deviations of what the mean was taken off.

    Args:
        batches: The inputs of the training part.
        arguments: Those of ``SpeechFront``.
    """
    front = SpeechFront(**arguments)
    count, sums, squares = 0, np.zeros(front.bands), np.zeros(front.bands)
    centred = np.zeros(front.bands)

    @tf.function(reduce_retracing=True)
    def both(inputs: Any) -> tuple[Tensor, Tensor]:
        wave, length = as_wave(inputs)
        frames, mask = front.frames(wave, length)
        raw = log_mel(wave, front.framing, front.bands)
        return tf.boolean_mask(raw, mask), tf.boolean_mask(frames, mask)

    for inputs in batches:
        raw, frames = (part.numpy().astype(np.float64) for part in both(inputs))
        count += len(raw)
        sums += raw.sum(axis=0)
        centred += frames.sum(axis=0)
        squares += (frames**2).sum(axis=0)
    mean = sums / count
    variance = squares / count - (centred / count) ** 2
    return mean.tolist(), np.sqrt(np.maximum(variance, 0)).tolist()
