"""Frames of a wave: their sizes and numbers, and the log-mel spectrum of each."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Tensor = Any

#: The lowest frequency of a band, in Hz; below is hum rather than speech.
LOWEST = 60.0
#: What is added to the energy of a band before its logarithm; about that of the noise of 16 bits.
FLOOR = 1e-6


@dataclass(frozen=True)
class Framing:
    """The cut of a wave into overlapping frames, some of which are read together.

    Args:
        rate: The samples a second.
        window: The length of a frame in seconds.
        hop: The time from a frame to the next, in seconds.
        stack: The number of frames that are read together, as one step.
    """

    rate: int
    window: float = 0.025
    hop: float = 0.010
    stack: int = 1

    @property
    def window_size(self) -> int:
        """The length of a frame in samples."""
        return max(1, round(self.window * self.rate))

    @property
    def hop_size(self) -> int:
        """The number of samples from a frame to the next."""
        return max(1, round(self.hop * self.rate))

    @property
    def step_seconds(self) -> float:
        """The time from a step to the next, in seconds."""
        return self.stack * self.hop_size / self.rate

    def frames(self, length: Any) -> Any:
        """Return the number of frames of waves with these lengths, at least 1.

        A frame begins wherever a whole one fits; a shorter wave is filled up to one.

        Args:
            length: Numbers of samples, as an array or a tensor of whole numbers.
        """
        more = length - self.window_size
        return 1 + (more + abs(more)) // 2 // self.hop_size

    def steps(self, length: Any) -> Any:
        """Return the number of steps of waves with these lengths, at least 1.

        Frames that make no whole step at the end are left out, so that no step has to wait for the
        end.
        """
        more = self.frames(length) // self.stack - 1
        return 1 + (more + abs(more)) // 2

    def samples(self, steps: int) -> int:
        """Return the smallest number of samples of so many full steps."""
        return self.window_size + (steps * self.stack - 1) * self.hop_size


def band_edges(bands: int, rate: int) -> NDArray[np.float64]:
    """Return the frequencies at which bands begin, in Hz, equally far apart on the mel scale.

    The scale is that of HTK: 2595 log10(1 + f / 700) (O'Shaughnessy 1987).

    Args:
        bands: The number of bands.
        rate: The samples a second.

    Returns:
        [bands + 2]: band k is from the k-th over the next to the one after.
    """

    def mel(frequency: Any) -> Any:
        return 2595 * np.log10(1 + np.asarray(frequency) / 700)

    edges = np.linspace(mel(LOWEST), mel(rate / 2), bands + 2)
    return np.asarray(700 * (10 ** (edges / 2595) - 1))


def mel_bands(bands: int, size: int, rate: int) -> NDArray[np.float32]:
    """Return the weights of frequencies in triangular bands, equally wide on the mel scale.

    A band, between ``band_edges``, is never narrower than a frequency of the transform.

    Args:
        bands: The number of bands.
        size: The number of samples that are transformed.
        rate: The samples a second.

    Returns:
        [size // 2 + 1, bands].
    """
    edges = band_edges(bands, rate)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    spacing = rate / size
    low, high = np.minimum(low, middle - spacing), np.maximum(high, middle + spacing)
    frequencies = np.arange(size // 2 + 1)[:, None] * spacing
    rising, falling = (frequencies - low) / (middle - low), (high - frequencies) / (high - middle)
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


def log_mel(wave: Tensor, framing: Framing, bands: int) -> Tensor:
    """Return the logarithms of the energies in mel bands, float32 [B, T, bands].

    T is the number of frames of the longest wave. Each frame depends on its own samples alone. Its
    mean is taken off, since a constant offset would leak into the lowest bands.

    Args:
        wave: float32 [B, N], -1 to 1.
        framing: The frames.
        bands: The number of bands.
    """
    window = framing.window_size
    size = 2 ** math.ceil(math.log2(max(window, 2)))
    short = tf.maximum(window - tf.shape(wave)[1], 0)
    wave = tf.pad(wave, [[0, 0], [0, short]])
    frames = tf.signal.frame(wave, window, framing.hop_size)
    frames -= tf.reduce_mean(frames, axis=-1, keepdims=True)
    shape = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)  # Hann's
    spectrum = tf.signal.rfft(frames * shape.astype(np.float32), [size])
    energy = tf.math.real(spectrum) ** 2 + tf.math.imag(spectrum) ** 2
    return tf.math.log(tf.tensordot(energy, mel_bands(bands, size, framing.rate), 1) + FLOOR)


def stacked(frames: Tensor, count: int) -> Tensor:
    """Join each ``count`` frames to one: [B, T, D] to [B, T / count, count * D], rounded down.

    Args:
        frames: The frames; zeros fill up fewer than ``count``.
        count: The number of frames that are joined.
    """
    if count == 1:
        return frames
    batch, steps = tf.unstack(tf.shape(frames)[:2])
    frames = tf.pad(frames, [[0, 0], [0, tf.maximum(count - steps, 0)], [0, 0]])
    whole = frames[:, : tf.maximum(steps // count, 1) * count]
    return tf.reshape(whole, [batch, -1, count * frames.shape[-1]])
