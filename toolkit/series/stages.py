"""The stages from the raw frames of a series to the vectors that a recurrent layer reads.

Each stage maps a whole series at once, and the same series frame by frame with a memory of what it
has read. Both give the same vectors, since no frame depends on a later one.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from toolkit.series.joints import Joints

Tensor = Any

#: Deviations from the mean beyond which a value is cut off: a glitch of a sensor, not a movement.
LARGEST_DEVIATION = 20.0
#: The length of a torso below which a skeleton is not scaled by it, since its joints coincide.
SHORTEST_TORSO = 1e-6


class Stage(Protocol):
    """A map of frames [.., D] to vectors [.., size].

    Attributes:
        size: The size of the vectors.
        memory_size: The size M of what is remembered of earlier frames; 0 for nothing.
    """

    size: int
    memory_size: int

    def whole(self, frames: Tensor) -> Tensor:
        """Map whole series [B, T, D], T at least 1, to [B, T, size]."""

    def step(self, frame: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Map a frame [B, D] to a vector [B, size], and return the memory after it.

        Args:
            frame: The frame.
            memory: [B, M]; zeros before the first frame.
        """


class FillMissing:
    """Fill in missing values: the latest value of the channel, or at first its mean.

    The mean of a joint's coordinate is taken relative to the hips, so that where a person stands
    does not matter for it either. Missing are NaN and infinite values. The vectors are the frames,
    followed by one indicator for each of some channels: 1 where its value is missing, otherwise 0.

    Args:
        means: The mean of each channel in the training part [C].
        indicated: The channels with an indicator.
        anchors: For channels whose mean is relative to others, those others.
    """

    def __init__(
        self,
        means: Sequence[float],
        indicated: Sequence[int] = (),
        anchors: Mapping[int, Sequence[int]] | None = None,
    ) -> None:
        self.means = np.asarray(means, np.float32)
        self.shares = np.zeros((len(means), len(means)), np.float32)  # of a row's in a column's
        for channel, others in (anchors or {}).items():
            self.shares[list(others), channel] = 1 / len(others)
        self.indicated = list(indicated)
        self.size = len(means) + len(self.indicated)
        self.memory_size = 2 * len(means)  # the latest value, and whether there is one

    def whole(self, frames: Tensor) -> Tensor:
        """Map whole series [B, T, C] to [B, T, size]."""
        observed = tf.math.is_finite(frames)
        filled = tf.cond(
            tf.reduce_all(observed), lambda: frames, lambda: self._filled(frames, observed)
        )
        return self._with_indicators(filled, observed)

    def step(self, frame: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Map a frame [B, C] to a vector [B, size], and return the memory after it."""
        latest, any_before = tf.split(memory, 2, axis=-1)
        observed = tf.math.is_finite(frame)
        known = observed | (any_before > 0)
        filled = self._with_means(tf.where(observed, frame, latest), known)
        any_now = tf.maximum(any_before, tf.cast(observed, memory.dtype))
        memory = tf.concat([filled, any_now], axis=-1)
        return self._with_indicators(filled, observed), memory

    def _filled(self, frames: Tensor, observed: Tensor) -> Tensor:
        shape = tf.shape(frames)
        steps = shape[1]
        latest = tf.where(observed, tf.range(steps)[:, None], -1)  # [B, T, C]

        def doubled(distance: Tensor, latest: Tensor) -> tuple[Tensor, Tensor]:
            """Look twice as far back."""
            before = tf.pad(latest, [[0, 0], [distance, 0], [0, 0]], constant_values=-1)
            return 2 * distance, tf.maximum(latest, before[:, :steps])

        _, latest = tf.while_loop(
            lambda distance, _: distance < steps,
            doubled,
            (tf.constant(1), latest),
            shape_invariants=(tf.TensorShape([]), tf.TensorShape([None, None, frames.shape[-1]])),
        )
        by_channel = [tf.transpose(a, [0, 2, 1]) for a in (frames, tf.maximum(latest, 0))]
        values = tf.transpose(tf.gather(*by_channel, axis=2, batch_dims=2), [0, 2, 1])
        return tf.reshape(self._with_means(values, latest >= 0), shape)

    def _with_means(self, values: Tensor, known: Tensor) -> Tensor:
        """Return values [.., C] with the means of channels that have had no value yet."""
        filled = tf.where(known, values, self.means)
        moved = tf.linalg.matvec(self.shares, filled - self.means, transpose_a=True)
        return tf.where(known, values, self.means + moved)

    def _with_indicators(self, filled: Tensor, observed: Tensor) -> Tensor:
        if not self.indicated:
            return filled
        missing = tf.gather(tf.cast(~observed, filled.dtype), self.indicated, axis=-1)
        return tf.concat([filled, missing], axis=-1)


class CentreSkeleton:
    """Centre a skeleton at its hips, and scale it by its torso.

    With the centre of the hips h(t) and the mean s(t) of the torso's lengths so far, the joint p(t)
    becomes (p(t) - h(t)) / s(t). The vectors are the frames of which the joints have been replaced
    so, and then (h(t) - h(1)) / s(t), the way of the hips. So neither where a person stands nor how
    large they are matters.

    Args:
        channels: The number of channels; the first are the coordinates of each joint in turn.
        joints: The joints.
        dimensions: The number of values of each joint: x and y, also z, also a visibility, which
            is passed on.
    """

    def __init__(self, channels: int, joints: Joints, dimensions: int) -> None:
        self.joints = joints
        self.dimensions = dimensions
        self.axes = min(dimensions, 3)
        self.size = channels + self.axes
        self.memory_size = self.axes + 2  # the first hips; the sum and number of torsos

    def whole(self, frames: Tensor) -> Tensor:
        """Map whole series [B, T, C] to [B, T, size]."""
        coordinates, hips, torso = self._measured(frames)
        number = tf.range(1, tf.shape(frames)[1] + 1)[:, None]
        scale = tf.cumsum(torso, axis=1) / tf.cast(number, frames.dtype)
        return self._scaled(frames, coordinates, hips, hips[:, :1], scale)

    def step(self, frame: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Map a frame [B, C] to a vector [B, size], and return the memory after it."""
        coordinates, hips, torso = self._measured(frame)
        first, total, number = tf.split(memory, [self.axes, 1, 1], axis=-1)
        first = tf.where(number > 0, first, hips)
        total, number = total + torso, number + 1
        vector = self._scaled(frame, coordinates, hips, first, total / number)
        return vector, tf.concat([first, total, number], axis=-1)

    def _measured(self, frames: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the joints [.., J, dimensions], the hips [.., axes] and the torso [.., 1]."""
        shape = tf.shape(frames)[:-1]
        count = len(self.joints.names)
        flat = frames[..., : count * self.dimensions]
        joints = tf.reshape(flat, tf.concat([shape, [count, self.dimensions]], 0))
        places = joints[..., : self.axes]
        hips, upper = (
            tf.reduce_mean(tf.gather(places, list(among), axis=-2), axis=-2)
            for among in (self.joints.hip, self.joints.torso)
        )
        return joints, hips, tf.norm(upper - hips, axis=-1, keepdims=True)

    def _scaled(
        self, frames: Tensor, joints: Tensor, hips: Tensor, first: Tensor, scale: Tensor
    ) -> Tensor:
        scale = tf.where(scale < SHORTEST_TORSO, 1.0, scale)
        places = (joints[..., : self.axes] - hips[..., None, :]) / scale[..., None, :]
        joints = tf.concat([places, joints[..., self.axes :]], axis=-1)
        shape = tf.shape(frames)[:-1]
        count = len(self.joints.names) * self.dimensions
        flat = tf.reshape(joints, tf.concat([shape, [count]], 0))
        return tf.concat([flat, frames[..., count:], (hips - first) / scale], axis=-1)


class AddVelocities:
    """Append the differences of some channels to the frame before; zeros at the first frame.

    Args:
        size: The number of channels.
        moving: The channels that have a velocity.
    """

    def __init__(self, size: int, moving: Sequence[int]) -> None:
        self.moving = list(moving)
        self.all_move = self.moving == [*range(size)]
        self.size = size + len(self.moving)
        self.memory_size = len(self.moving) + 1  # the frame before, and whether there is one

    def whole(self, frames: Tensor) -> Tensor:
        """Map whole series [B, T, D] to [B, T, size]."""
        moving = self._moving(frames)
        before = tf.concat([moving[:, :1], moving[:, :-1]], axis=1)
        return tf.concat([frames, moving - before], axis=-1)

    def step(self, frame: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Map a frame [B, D] to a vector [B, size], and return the memory after it."""
        moving = self._moving(frame)
        before = tf.where(memory[:, -1:] > 0, memory[:, :-1], moving)
        memory = tf.concat([moving, tf.ones_like(memory[:, -1:])], axis=-1)
        return tf.concat([frame, moving - before], axis=-1), memory

    def _moving(self, frames: Tensor) -> Tensor:
        """Return the channels that have a velocity."""
        return frames if self.all_move else tf.gather(frames, self.moving, axis=-1)


class Standardize:
    """Express channels in standard deviations from their mean, within ``LARGEST_DEVIATION``.

    A channel that is constant in the training part becomes zero, whatever its value: nothing is
    known of its scale.

    Args:
        means: The means of the training part [D].
        deviations: The standard deviations of the training part [D]; 0 for constant channels.
    """

    memory_size = 0

    def __init__(self, means: Sequence[float], deviations: Sequence[float]) -> None:
        self.means = np.asarray(means, np.float32)
        scale = np.asarray(deviations, np.float32)
        self.factors = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
        self.size = len(means)

    def whole(self, frames: Tensor) -> Tensor:
        """Map frames [.., D] to vectors of the same shape."""
        vectors = (frames - self.means) * self.factors
        vectors = tf.clip_by_value(vectors, -LARGEST_DEVIATION, LARGEST_DEVIATION)
        return tf.where(tf.math.is_finite(vectors), vectors, 0.0)  # differences of huge values

    def step(self, frame: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Map a frame [B, D] to a vector of the same shape; there is no memory."""
        return self.whole(frame), memory


class StackFrames:
    """Join each frame with the ones before it; before the first stand zeros.

    Args:
        size: The number of channels.
        count: The number of frames that are joined, the oldest first.
    """

    def __init__(self, size: int, count: int) -> None:
        self.count = count
        self.size = count * size
        self.memory_size = (count - 1) * size

    def whole(self, frames: Tensor) -> Tensor:
        """Map whole series [B, T, D] to [B, T, size]."""
        steps = tf.shape(frames)[1]
        padded = tf.pad(frames, [[0, 0], [self.count - 1, 0], [0, 0]])
        return tf.concat([padded[:, i : i + steps] for i in range(self.count)], axis=-1)

    def step(self, frame: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Map a frame [B, D] to a vector [B, size], and return the memory after it."""
        vector = tf.concat([memory, frame], axis=-1)
        return vector, vector[:, frame.shape[-1] :]
