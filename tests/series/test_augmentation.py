"""Random changes of series: what they keep, and the limits that they keep within."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from toolkit.series.augmentation import Augmentation, resampled, turned

Array = NDArray[Any]

LENGTHS = np.array([30, 1, 0, 12, 2], np.int32)
#: Each frame of a series has its number, and three times its number and one.
COUNTED = np.tile(np.arange(30, dtype=np.float32)[None, :, None], (5, 1, 2))
COUNTED[..., 1] = 3 * COUNTED[..., 1] + 1


def change(
    frames: Any, length: Any, options: Augmentation, seed: int = 1
) -> tuple[Array, NDArray[np.int32]]:
    frames, length = resampled(
        tf.constant(frames), tf.constant(length), options, keras.random.SeedGenerator(seed)
    )
    return frames.numpy(), length.numpy()


def test_without_stretch_and_crop_nothing_changes() -> None:
    random = np.random.default_rng(0).normal(size=(5, 30, 3)).astype(np.float32)
    frames, length = change(random, LENGTHS, Augmentation())
    np.testing.assert_array_equal(length, LENGTHS)
    for row, steps in enumerate(LENGTHS):
        np.testing.assert_array_equal(frames[row, :steps], random[row, :steps])


@given(st.integers(0, 99), st.floats(0, 3), st.floats(0, 0.999))
def test_lengths_stay_within_their_limits(seed: int, stretch: float, crop: float) -> None:
    frames, length = change(COUNTED, LENGTHS, Augmentation(stretch=stretch, crop=crop), seed)
    shortest = np.floor(np.maximum(LENGTHS * (1 - crop), 1) / (1 + stretch))
    longest = np.ceil(LENGTHS * (1 + stretch))
    assert (length >= np.where(LENGTHS > 0, np.maximum(shortest, 1), 0)).all()
    assert (length <= longest).all()
    assert length[2] == 0
    assert frames.shape == (5, max(1, length.max()), 2)
    assert np.isfinite(frames).all()


@given(st.integers(0, 99), st.floats(0, 3))
def test_a_stretched_series_goes_evenly_from_the_first_frame_to_the_last(
    seed: int, stretch: float
) -> None:
    frames, length = change(COUNTED, LENGTHS, Augmentation(stretch=stretch), seed)
    for row, (before, after) in enumerate(zip(LENGTHS, length, strict=True)):
        numbers, others = frames[row, :after].T
        expected = np.linspace(0, before - 1, after) if after > 1 else np.zeros(after)
        np.testing.assert_allclose(numbers, expected, atol=1e-4)
        np.testing.assert_allclose(others, 3 * expected + 1, atol=1e-3)


@given(st.integers(0, 99), st.floats(0, 0.999))
def test_a_cropped_series_has_successive_frames(seed: int, crop: float) -> None:
    frames, length = change(COUNTED, LENGTHS, Augmentation(crop=crop), seed)
    for row, (before, after) in enumerate(zip(LENGTHS, length, strict=True)):
        numbers = frames[row, :after, 0]
        np.testing.assert_array_equal(np.diff(numbers), np.ones(max(after - 1, 0)))
        assert after == 0 or 0 <= numbers[0] <= numbers[-1] <= before - 1


def test_cuts_and_tempos_vary_over_their_whole_range() -> None:
    many, steps = np.tile(COUNTED[:1], (2000, 1, 1)), np.full(2000, 30, np.int32)
    _, length = change(many, steps, Augmentation(stretch=0.5))
    assert (length.min(), length.max()) == (20, 45)
    assert np.log(length / 30).mean() == pytest.approx(0, abs=0.02)  # as often slower as faster
    frames, length = change(many, steps, Augmentation(crop=0.5))
    assert (length.min(), length.max()) == (16, 30)
    starts = frames[np.arange(2000), 0, 0]
    ends = 29 - frames[np.arange(2000), length - 1, 0]
    assert (starts.min(), ends.min()) == (0, 0)
    assert starts.max() == pytest.approx(ends.max(), abs=1)
    assert starts.mean() == pytest.approx(ends.mean(), abs=0.5)


@pytest.mark.parametrize("behind", [np.nan, np.inf, -3e38])
def test_nothing_behind_the_end_matters(behind: float) -> None:
    options = Augmentation(stretch=0.4, crop=0.3)
    expected, expected_length = change(COUNTED, LENGTHS, options)
    padded = np.where(np.arange(30)[:, None] < LENGTHS[:, None, None], COUNTED, behind)
    wider = np.pad(padded, [[0, 0], [0, 9], [0, 0]], constant_values=behind)
    for frames in (padded, wider):
        found, length = change(frames.astype(np.float32), LENGTHS, options)
        np.testing.assert_array_equal(length, expected_length)
        for row, steps in enumerate(length):
            np.testing.assert_array_equal(found[row, :steps], expected[row, :steps])


def test_the_seed_decides_the_changes() -> None:
    options = Augmentation(stretch=0.4, crop=0.3)
    one, again, other = (change(COUNTED, LENGTHS, options, seed)[0] for seed in (7, 7, 8))
    np.testing.assert_array_equal(one, again)
    assert one.shape != other.shape or not np.array_equal(one, other)
    seed = keras.random.SeedGenerator(7)
    twice = [resampled(tf.constant(COUNTED), LENGTHS, options, seed)[1].numpy() for _ in range(2)]
    assert not np.array_equal(*twice)  # drawn anew each time


# Turning


def turn(vectors: Any, vertical: int, largest: float, seed: int = 1) -> Array:
    found: Array = turned(
        tf.constant(vectors), vertical, largest, keras.random.SeedGenerator(seed)
    ).numpy()
    return found


VECTORS = np.random.default_rng(0).normal(size=(50, 4, 5, 3)).astype(np.float32)


@pytest.mark.parametrize("vertical", [0, 1, 2])
def test_a_turn_is_one_rotation_of_a_series_about_the_vertical(vertical: int) -> None:
    largest = 40.0
    found = turn(VECTORS, vertical, largest)
    np.testing.assert_array_equal(found[..., vertical], VECTORS[..., vertical])
    first, second = (axis for axis in range(3) if axis != vertical)
    ratios = (found[..., first] + 1j * found[..., second]) / (
        VECTORS[..., first] + 1j * VECTORS[..., second]
    )
    np.testing.assert_allclose(np.abs(ratios), 1, rtol=1e-4)
    angles = np.degrees(np.angle(ratios)).reshape(len(VECTORS), -1)
    np.testing.assert_allclose(angles, np.tile(angles[:, :1], 20), atol=0.01)
    assert np.abs(angles).max() <= largest
    assert angles.min() < -0.8 * largest
    assert angles.max() > 0.8 * largest


def test_distances_and_angles_between_joints_stay() -> None:
    found = turn(VECTORS, 1, 180.0)
    np.testing.assert_allclose(
        np.einsum("btia,btja->btij", found, found),
        np.einsum("btia,btja->btij", VECTORS, VECTORS),
        atol=1e-5,
    )


def test_without_an_angle_nothing_turns_and_the_seed_decides() -> None:
    np.testing.assert_array_equal(turn(VECTORS, 1, 0.0), VECTORS)
    np.testing.assert_array_equal(turn(VECTORS, 1, 30.0), turn(VECTORS, 1, 30.0))
    assert not np.allclose(turn(VECTORS, 1, 30.0), turn(VECTORS, 1, 30.0, seed=2))
