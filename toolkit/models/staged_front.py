"""The base of fronts that map raw frames to vectors by stages, whole or frame by frame."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from toolkit.layers.sequences import as_sequence, length_mask
from toolkit.models.fronts import Front
from toolkit.series.augmentation import Augmentation, resampled
from toolkit.series.stages import Stage

Tensor = Any


class StagedFront(Front):
    """A front of stages, after which every stride-th vector is read, from the first one.

    No vector depends on a later frame, so that ``step`` gives the same ones frame by frame. All
    stages compute in single precision. A subclass sets the stages and ``size``.

    Args:
        stride: The number of frames from a vector to the next.
        augmentation: The random changes in training.
        seeds: The seeds of the random changes and of the dropout.
        dropout: The share of the vectors' channels dropped for a whole sequence.
        **kwargs: What every ``keras.layers.Layer`` takes.

    Attributes:
        first: The stages before the cut of a random part, in training.
        before: Those after it, and before other random changes.
        after: Those after all random changes.
    """

    def __init__(
        self,
        stride: int,
        augmentation: Augmentation,
        seeds: Sequence[int | None],
        dropout: float,
        **kwargs: Any,
    ) -> None:
        super().__init__(autocast=False, **kwargs)
        change_seed, dropout_seed = seeds
        self.stride = stride
        self.augmentation = augmentation
        self.first: list[Stage] = []
        self.before: list[Stage] = []
        self.after: list[Stage] = []
        self.change_seed = keras.random.SeedGenerator(change_seed)
        self.dropout = keras.layers.SpatialDropout1D(dropout, seed=dropout_seed, dtype="float32")

    def mask(self, inputs: Any) -> Tensor:
        """Return the mask of real vectors of the inputs, bool [B, T / stride]."""
        mask = as_sequence(inputs)[1]
        return mask[:, :: self.stride]

    def call(self, inputs: Any, training: bool = False) -> tuple[Tensor, Tensor]:
        """Return the vectors [B, T', E] and the mask [B, T']; T' is T / stride, rounded up."""
        frames, mask = as_sequence(inputs)
        frames = self._through(self.first, self.flat(frames))
        options = self.augmentation
        if training and (options.stretch or options.crop):
            length = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
            frames, length = resampled(frames, length, options, self.change_seed)
            mask = length_mask(length, tf.shape(frames)[1])
        frames = self._through(self.before, frames)
        if training:
            frames = self.changed(frames)
        frames = self._through(self.after, frames)
        vectors = self.dropout(self.vectors(frames[:, :: self.stride]), training=training)
        return tf.cast(vectors, self.compute_dtype), mask[:, :: self.stride]

    def changed(self, frames: Tensor) -> Tensor:
        """Return frames [B, T, D] with random changes of training."""
        return frames

    def flat(self, frames: Tensor) -> Tensor:
        """Return frames [.., *] as float32 [.., D], which the stages take."""
        return tf.cast(frames, tf.float32)

    def vectors(self, frames: Tensor) -> Tensor:
        """Return the vectors [.., E] of what the stages gave [.., D]."""
        return tf.cast(frames, self.compute_dtype)

    @property
    def stages(self) -> list[Stage]:
        """All stages in their order."""
        return [*self.first, *self.before, *self.after]

    @property
    def memory_sizes(self) -> list[int]:
        """The sizes of what ``step`` remembers, a tensor each."""
        sizes = [stage.memory_size for stage in self.stages]
        return [*filter(None, sizes), *([1] if self.stride > 1 else [])]

    def step(self, frame: Tensor, memory: Sequence[Tensor]) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Map a frame to a vector.

        Args:
            frame: [B, *].
            memory: What is remembered of earlier frames, as ``memory_sizes`` says, [B, M] each;
                zeros before the first frame.

        Returns:
            The vector [B, E]; whether the network reads it, bool [B], which it does with every
            stride-th; and the new memory.
        """
        *earlier, phase = memory if self.stride > 1 else [*memory, None]
        remembered = iter(earlier)
        after: list[Tensor] = []
        vector = self.flat(frame)
        for stage in self.stages:
            before = next(remembered) if stage.memory_size else vector
            vector, kept = stage.step(vector, before)
            if stage.memory_size:
                after.append(kept)
        is_read = tf.ones(tf.shape(vector)[:1], tf.bool)
        if phase is not None:
            is_read = phase[:, 0] == 0
            after.append(tf.math.floormod(phase + 1, self.stride))
        return self.vectors(vector), is_read, after

    def _through(self, stages: Sequence[Stage], frames: Tensor) -> Tensor:
        """Return whole series of frames after some stages."""
        for stage in stages:
            frames = stage.whole(frames)
        return frames
