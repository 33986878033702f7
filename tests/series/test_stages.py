"""The stages of a front of series, against loops in NumPy, whole and frame by frame."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from toolkit.series.joints import KINECT_20, KINECT_25, MEDIAPIPE_33, Joints, find_joints
from toolkit.series.stages import (
    LARGEST_DEVIATION,
    AddVelocities,
    CentreSkeleton,
    FillMissing,
    StackFrames,
    Stage,
    Standardize,
)

NAN, INF = np.nan, np.inf
Array = NDArray[Any]

#: Hips, the upper end of a torso, and a hand.
THREE = find_joints(["hip_center", "shoulder_center", "left_hand"])


def frames_of(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def stepped(stage: Stage, frames: Array) -> Array:
    """Return the vectors of series [B, T, D] that are given frame by frame."""
    memory = tf.zeros([len(frames), stage.memory_size])
    vectors = []
    for frame in frames.transpose(1, 0, 2):
        vector, memory = stage.step(tf.constant(frame), memory)
        assert memory.shape == (len(frames), stage.memory_size)
        vectors.append(vector.numpy())
    return np.stack(vectors, axis=1)


def whole(stage: Stage, frames: Any) -> Array:
    found: Array = stage.whole(tf.constant(frames, tf.float32)).numpy()
    assert found.shape[-1] == stage.size
    return found


# Missing values


def filled(series: Array, means: Any, indicated: Any) -> Array:
    """Fill in one series [T, C], value by value."""
    rows = []
    latest = np.array(means)
    for frame in series:
        missing = ~np.isfinite(frame)
        latest = np.where(missing, latest, frame)
        rows.append([*latest, *missing[indicated]])
    return np.array(rows, np.float32)


def test_missing_values_take_the_latest_one_or_at_first_the_mean() -> None:
    stage = FillMissing([10.0, 20.0], indicated=[1])
    series = [[1.0, NAN], [NAN, 2.0], [-INF, NAN], [4.0, INF], [NAN, 0.0]]
    expected = [[1, 20, 1], [1, 2, 0], [1, 2, 1], [4, 2, 1], [4, 0, 0]]
    np.testing.assert_array_equal(whole(stage, [series])[0], expected)


values = st.one_of(st.floats(-9, 9, width=32), st.sampled_from([NAN, INF, -INF]))


@given(
    st.tuples(st.integers(1, 3), st.integers(1, 19)).flatmap(
        lambda shape: arrays(np.float32, (*shape, 3), elements=values)
    )
)
def test_filling_is_that_of_a_loop(series: Array) -> None:
    means, indicated = [0.5, -1.0, 7.0], [2, 0]
    stage = FillMissing(means, indicated)
    expected = np.stack([filled(each, means, indicated) for each in series])
    np.testing.assert_array_equal(whole(stage, series), expected)
    np.testing.assert_array_equal(stepped(stage, series), expected)


def test_without_indicators_and_missing_values_nothing_changes() -> None:
    frames = frames_of(2, 5, 3)
    np.testing.assert_array_equal(whole(FillMissing([9.0, 9.0, 9.0]), frames), frames)


# Skeletons


def centred(series: Array, joints: Joints, dimensions: int) -> Array:
    """Centre and scale one series [T, C], joint by joint."""
    axes = min(dimensions, 3)
    rows, torsos, way = [], [], []
    for frame in series.astype(np.float64):
        places = [
            frame[joint * dimensions : (joint + 1) * dimensions]
            for joint in range(len(joints.names))
        ]
        hips = np.mean([places[joint][:axes] for joint in joints.hip], axis=0)
        upper = np.mean([places[joint][:axes] for joint in joints.torso], axis=0)
        torsos.append(np.linalg.norm(upper - hips))
        way.append(hips)
        scale = np.mean(torsos)
        moved = [[*((p[:axes] - hips) / scale), *p[axes:]] for p in places]
        others = frame[len(places) * dimensions :]
        rows.append([*np.concatenate(moved), *others, *((hips - way[0]) / scale)])
    return np.array(rows)


SKELETONS = [(THREE, 2), (THREE, 4), (KINECT_20, 3), (KINECT_25, 3), (MEDIAPIPE_33, 4)]


@pytest.mark.parametrize(("joints", "dimensions"), SKELETONS)
@pytest.mark.parametrize("others", [0, 2])
def test_skeletons_are_centred_and_scaled(joints: Joints, dimensions: int, others: int) -> None:
    channels = len(joints.names) * dimensions + others
    stage = CentreSkeleton(channels, joints, dimensions)
    frames = frames_of(2, 6, channels)
    expected = [centred(series, joints, dimensions) for series in frames]
    np.testing.assert_allclose(whole(stage, frames), expected, rtol=1e-4, atol=1e-5)


def test_the_hips_are_the_origin_and_the_first_torso_the_unit() -> None:
    vectors = whole(CentreSkeleton(60, KINECT_20, 3), frames_of(3, 4, 60))
    joints = vectors[..., :60].reshape(3, 4, 20, 3)
    np.testing.assert_allclose(joints[:, :, KINECT_20.hip].mean(axis=2), 0, atol=1e-5)
    torso = joints[:, 0, KINECT_20.torso].mean(axis=1)
    np.testing.assert_allclose(np.linalg.norm(torso, axis=-1), 1, rtol=1e-5)
    np.testing.assert_array_equal(vectors[:, 0, 60:], np.zeros((3, 3)))  # the way of the hips


@given(st.floats(0.05, 200), st.tuples(*[st.floats(-5, 5)] * 3))
def test_neither_place_nor_size_matters(size: float, place: tuple[float, ...]) -> None:
    stage = CentreSkeleton(9, THREE, 3)
    frames = frames_of(2, 6, 9)
    moved = size * (frames + np.tile(place, 3))
    np.testing.assert_allclose(whole(stage, moved), whole(stage, frames), rtol=1e-3, atol=1e-4)


def test_a_visibility_and_other_channels_are_passed_on() -> None:
    frames = frames_of(1, 4, 14)
    vectors = whole(CentreSkeleton(14, THREE, 4), frames)
    np.testing.assert_array_equal(vectors[..., [3, 7, 11, 12, 13]], frames[..., [3, 7, 11, 12, 13]])


def test_joints_that_coincide_are_not_scaled() -> None:
    stage = CentreSkeleton(9, THREE, 3)
    frames = np.zeros((1, 3, 9), np.float32)
    frames[0, 1:] = 2.5  # all joints move together
    vectors = whole(stage, frames)
    np.testing.assert_array_equal(vectors[0, :, :9], np.zeros((3, 9)))
    np.testing.assert_array_equal(vectors[0, :, 9:], [[0] * 3, [2.5] * 3, [2.5] * 3])


# Velocities, scale, and frames that are stacked


def test_velocities_are_differences_to_the_frame_before() -> None:
    frames = frames_of(2, 5, 3)
    vectors = whole(AddVelocities(3, [2, 0]), frames)
    np.testing.assert_array_equal(vectors[..., :3], frames)
    np.testing.assert_array_equal(vectors[:, 0, 3:], np.zeros((2, 2)))
    np.testing.assert_array_equal(vectors[:, 1:, 3:], np.diff(frames[..., [2, 0]], axis=1))


def test_channels_are_in_deviations_from_their_means() -> None:
    frames = frames_of(2, 5, 3)
    stage = Standardize([1.0, -2.0, 0.5], [0.5, 4.0, 1.0])
    expected = (frames - [1.0, -2.0, 0.5]) / [0.5, 4.0, 1.0]
    np.testing.assert_allclose(whole(stage, frames), expected, rtol=1e-6, atol=1e-6)


def test_constant_channels_become_zero_whatever_their_values() -> None:
    stage = Standardize([3.0, 3.0], [0.0, 1.0])
    frames = [[[3.0, 3.0], [4.0, 4.0], [1e30, 1e30]]]
    expected = [[[0, 0], [0, 1], [0, LARGEST_DEVIATION]]]
    np.testing.assert_array_equal(whole(stage, frames), expected)


def test_vectors_are_finite_and_bounded_whatever_the_frames() -> None:
    stage = Standardize([0.0, 1.0, -1e30], [1e-30, 1.0, 1e30])
    for value in (3.4e38, -3.4e38, INF, -INF, NAN):
        vectors = whole(stage, [[[value] * 3]])
        assert np.isfinite(vectors).all()
        assert np.abs(vectors).max() <= LARGEST_DEVIATION


def test_frames_are_joined_with_those_before() -> None:
    frames = [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]]
    expected = [[[0, 0, 0, 0, 1, 2], [0, 0, 1, 2, 3, 4], [1, 2, 3, 4, 5, 6]]]
    np.testing.assert_array_equal(whole(StackFrames(2, 3), frames), expected)


# Whole and frame by frame

STAGES: dict[str, Callable[[], Stage]] = {
    "fill": lambda: FillMissing([0.5] * 14, [3, 0]),
    "skeleton": lambda: CentreSkeleton(14, THREE, 4),
    "flat skeleton": lambda: CentreSkeleton(14, THREE, 2),
    "velocities": lambda: AddVelocities(14, [13, 2, 5]),
    "standardize": lambda: Standardize([0.1] * 14, [2.0] * 13 + [0.0]),
    "no stack": lambda: StackFrames(14, 1),
    "stack": lambda: StackFrames(14, 4),
}


@pytest.mark.parametrize("name", STAGES)
@pytest.mark.parametrize("steps", [1, 2, 9])
def test_frame_by_frame_gives_the_whole(name: str, steps: int) -> None:
    stage = STAGES[name]()
    frames = frames_of(3, steps, 14)
    frames[2] = 0  # zeros are values
    np.testing.assert_allclose(stepped(stage, frames), whole(stage, frames), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", STAGES)
def test_no_vector_depends_on_a_later_frame_or_another_series(name: str) -> None:
    stage = STAGES[name]()
    frames = frames_of(2, 7, 14)
    other = frames.copy()
    other[0, 4:] = [[NAN], [1e38], [-INF]]
    other[1] = 7
    np.testing.assert_array_equal(whole(stage, other)[0, :4], whole(stage, frames)[0, :4])


@pytest.mark.parametrize("name", STAGES)
def test_in_a_graph_of_any_length(name: str) -> None:
    stage = STAGES[name]()
    of_graph = tf.function(stage.whole, input_signature=[tf.TensorSpec([None, None, 14])])
    for shape in ((2, 3, 14), (1, 8, 14), (0, 2, 14)):
        frames = frames_of(*shape)
        if name == "fill":
            frames[:1, 1:, 0] = NAN
        np.testing.assert_allclose(of_graph(frames), whole(stage, frames), rtol=1e-6, atol=1e-6)
