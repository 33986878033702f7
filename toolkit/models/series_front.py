"""The front of series: from raw frames, with missing values, to the vectors of a network."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from toolkit.layers.sequences import as_sequence
from toolkit.models.seeds import dropout_seeds
from toolkit.models.staged_front import StagedFront
from toolkit.series.augmentation import Augmentation, turned
from toolkit.series.joints import Joints
from toolkit.series.stages import (
    AddVelocities,
    CentreSkeleton,
    FillMissing,
    StackFrames,
    Standardize,
)

Tensor = Any
#: The axes by name.
AXES = {"x": 0, "y": 1, "z": 2}


class SeriesFront(StagedFront):
    """A front for series: missing values, skeletons, velocities, scale, and stacked frames.

    The stages in their order: ``FillMissing``; in training a random part at a random tempo;
    ``CentreSkeleton``, for a skeleton; in training other random changes; ``AddVelocities``;
    ``Standardize``; ``StackFrames``; then every stride-th vector, from the first one, and dropout.
    The inputs are ``{"values": frames [B, T, C], "length": int32 [B]}``; NaN is missing.

    Args:
        means: The mean of each channel in the training part [C], for missing values.
        indicated: The channels with an indicator of missing values.
        skeleton: ``joints``, the fields of ``toolkit.series.joints.Joints``, and ``dimensions``,
            the number of values of a joint; None for channels that are no skeleton.
        velocities: Whether velocities are added.
        standard: The means and the standard deviations [2][D] of what comes before
            ``Standardize``, from ``measure``; None before they are known.
        stack: The number of frames that are joined.
        stride: The number of frames from a vector to the next.
        augmentation: The fields of ``Augmentation``.
        vertical: The axis about which skeletons are turned: x, y or z.
        dropout: The share of the vectors' channels dropped for a whole sequence.
        seed: The seed of that dropout and of the random changes.
        **kwargs: What every ``keras.layers.Layer`` takes.
    """

    def __init__(
        self,
        means: Sequence[float],
        *,
        indicated: Sequence[int] = (),
        skeleton: Mapping[str, Any] | None = None,
        velocities: bool = False,
        standard: Sequence[Sequence[float]] | None = None,
        stack: int = 1,
        stride: int = 1,
        augmentation: Mapping[str, float] | None = None,
        vertical: str = "y",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        changes = Augmentation(**augmentation or {})
        super().__init__(stride, changes, dropout_seeds(seed, 2), dropout, **kwargs)
        self.vertical = AXES[vertical]
        joints, dimensions, anchors = None, 0, {}
        if skeleton is not None:
            joints = Joints(**{name: _tuples(v) for name, v in skeleton["joints"].items()})
            dimensions = skeleton["dimensions"]
            anchors = {
                joint * dimensions + axis: [hip * dimensions + axis for hip in joints.hip]
                for joint in range(len(joints.names))
                for axis in range(min(dimensions, 3))
                if joint not in joints.hip
            }
        fill = FillMissing(means, indicated, anchors)
        self.first = [fill]
        self.skeleton = None
        moving = [*range(len(means))]
        if joints is not None:
            self.skeleton = CentreSkeleton(fill.size, joints, dimensions)
            self.before.append(self.skeleton)
            axes = range(self.skeleton.axes)
            moving = [j * dimensions + axis for j in range(len(joints.names)) for axis in axes]
            moving += [fill.size + axis for axis in axes]
        size = self.stages[-1].size
        self.noise = np.zeros(size, np.float32)
        if velocities:
            self.after.append(AddVelocities(size, moving))
            size = self.after[-1].size
        means, deviations = ([0.0] * size, [1.0] * size) if standard is None else standard
        self.moving = moving
        self.noise[moving] = self.augmentation.jitter * np.asarray(deviations)[moving]
        self.after.append(Standardize(means, deviations))
        if stack > 1:
            self.after.append(StackFrames(size, stack))
        self.size = self.after[-1].size

    def build(self, input_shape: Any = None) -> None:
        """Make no weights: what the front knows of the training part are its arguments."""

    def changed(self, frames: Tensor) -> Tensor:
        """Return frames turned at random, with noise."""
        options = self.augmentation
        if options.rotation and self.skeleton is not None and self.skeleton.axes == 3:
            frames = self._turned(frames)
        if options.jitter:
            frames += self.noise * keras.random.normal(tf.shape(frames), seed=self.change_seed)
        return frames

    def _turned(self, frames: Tensor) -> Tensor:
        """Return skeletons that are turned about the vertical."""
        others = np.setdiff1d(np.arange(len(self.noise)), self.moving)
        order = np.argsort([*self.moving, *others])
        steps = tf.shape(frames)[:2]
        vectors = tf.reshape(
            tf.gather(frames, self.moving, axis=-1), [*tf.unstack(steps), len(self.moving) // 3, 3]
        )
        vectors = turned(vectors, self.vertical, self.augmentation.rotation, self.change_seed)
        flat = tf.reshape(vectors, [*tf.unstack(steps), len(self.moving)])
        both = tf.concat([flat, tf.gather(frames, others, axis=-1)], axis=-1)
        return tf.gather(both, order, axis=-1)


def measure(
    front: SeriesFront, batches: Iterable[Mapping[str, Any]]
) -> tuple[list[float], list[float]]:
    """Return the means and the standard deviations [D] of what comes before ``Standardize``.

    Args:
        front: A front whose ``standard`` is not known.
        batches: The inputs of the training part.
    """
    stages = front.stages
    earlier = stages[: next(n for n, s in enumerate(stages) if isinstance(s, Standardize))]
    count, total, squares = 0, 0.0, 0.0
    for inputs in batches:
        frames, mask = as_sequence(inputs)
        for stage in earlier:
            frames = stage.whole(frames)
        rows = tf.boolean_mask(frames, mask).numpy().astype(np.float64)
        if not count:
            shift = rows.mean(axis=0)  # so that the squares are small
        count += len(rows)
        total += (rows - shift).sum(axis=0)
        squares += ((rows - shift) ** 2).sum(axis=0)
    mean = total / count
    variance = np.maximum(squares / count - mean**2, 0)
    return (shift + mean).tolist(), np.sqrt(variance).tolist()


def _tuples(value: Any) -> Any:
    """Return nested lists as tuples."""
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value
