"""The front of videos, by itself and in a network: convolutions, changes in training, steps."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from scipy.signal import correlate2d

from toolkit.models import ManyToOne
from toolkit.models.video_front import VideoFront
from toolkit.series.augmentation import shifted

Array = NDArray[Any]

ARGUMENTS: dict[str, Any] = {"shape": [8, 8, 2], "mean": 100.0, "deviation": 50.0}
CHANGED = {"stretch": 0.3, "crop": 0.3, "jitter": 0.1, "shift": 0.2}
LENGTHS = np.array([7, 1, 4], np.int32)


def videos(seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(0, 256, (3, 7, 8, 8, 2)).astype(np.uint8)


def network(**arguments: Any) -> ManyToOne:
    keras.utils.set_random_seed(1)
    arguments = {"bidirectional": False, "hidden_size": 5, "outputs": 3, "seed": 2} | arguments
    video = ARGUMENTS | arguments.pop("video", {})
    model = ManyToOne(video=video, **arguments)
    model.build()
    return model


def asked(model: ManyToOne, frames: Array, lengths: Any) -> Array:
    answer = model.answer({"values": tf.constant(frames), "length": tf.constant(lengths)})
    return np.asarray(answer)


# Vectors


def convolved(pictures: Array, kernel: Array, bias: Array) -> Array:
    """Return pictures [H, W, C] after a convolution with a stride of two pixels, and ReLU."""
    height, width, channels = pictures.shape
    sums = np.zeros((height, width, kernel.shape[-1]))
    for into in range(kernel.shape[-1]):
        for of in range(channels):
            sums[..., into] += correlate2d(pictures[..., of], kernel[..., of, into], mode="same")
    return np.maximum(sums[1::2, 1::2] + bias, 0)  # padded below and to the right


def test_vectors_are_those_of_the_formula() -> None:
    front = VideoFront(**ARGUMENTS, stack=2)
    front.build()
    frames = videos()
    scaled = (frames.astype(np.float64) - 100) / 50
    differences = np.diff(scaled, axis=1, prepend=scaled[:, :1])
    both = np.stack([scaled, differences], axis=2)  # [B, T, 2, H, W, C]
    before = np.concatenate([np.zeros_like(both[:, :1]), both[:, :-1]], axis=1)
    pictures = np.concatenate([before, both], axis=2)
    expected = np.zeros((3, 7, front.size))
    for place in np.ndindex(3, 7):
        picture = np.moveaxis(pictures[place], 0, 2).reshape(8, 8, 8)
        for layer in front.convolutions:
            picture = convolved(picture, *map(np.asarray, (layer.kernel, layer.bias)))
        kernel, bias = np.asarray(front.dense.kernel), np.asarray(front.dense.bias)
        expected[place] = np.maximum(picture.reshape(-1) @ kernel + bias, 0)
    vectors, mask = front({"values": frames, "length": LENGTHS})
    np.testing.assert_allclose(vectors, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(mask, np.arange(7) < LENGTHS[:, None])


def test_a_video_is_moved_as_a_whole() -> None:
    frames = np.random.default_rng(0).normal(size=(20, 2, 10, 10, 1)).astype(np.float32)
    moved = np.asarray(shifted(tf.constant(frames), 0.2, keras.random.SeedGenerator(3)))
    ways = set()
    for one, other in zip(frames, moved, strict=True):
        fitting = [
            (down, right)
            for down in range(-2, 3)
            for right in range(-2, 3)
            if np.array_equal(_moved(one, down, right), other)
        ]
        assert len(fitting) == 1
        ways.update(fitting)
    assert len(ways) > 5
    assert {way for pair in ways for way in pair} == {-2, -1, 0, 1, 2}


def _moved(video: Array, down: int, right: int) -> Array:
    """Return a video [T, H, W, C] moved by less than three pixels, its edges repeated."""
    padded = np.pad(video, [[0, 0], [2, 2], [2, 2], [0, 0]], mode="edge")
    size = video.shape[1]
    return padded[:, 2 - down : 2 - down + size, 2 - right : 2 - right + size]


def test_training_changes_videos_and_seeds_are_kept() -> None:
    inputs = {"values": videos(), "length": LENGTHS}
    found = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(0)
        front = VideoFront(**ARGUMENTS, augmentation=CHANGED, dropout=0.1, seed=seed)
        front.build()
        found.append([np.asarray(front(inputs, training=True)[0]) for _ in range(2)])
        plain = front(inputs)[0]
    for name in CHANGED:
        keras.utils.set_random_seed(0)
        front = VideoFront(**ARGUMENTS, augmentation={name: 0.3}, seed=1)
        front.build()
        vectors = np.asarray(front(inputs, training=True)[0])
        assert vectors.shape != plain.shape or np.abs(vectors - plain).max() > 1e-3, name
    np.testing.assert_equal(found[0], found[1])
    assert any(
        a.shape != b.shape or not np.array_equal(a, b)
        for a, b in zip(found[0], found[2], strict=True)
    )


# The network


def test_neither_padding_nor_other_videos_matter() -> None:
    model = network(bidirectional=True, pooling="concat", layers=2)
    frames = videos()
    together = asked(model, frames, LENGTHS)
    padded = np.pad(frames, [[0, 0], [0, 3], *[[0, 0]] * 3], constant_values=9)
    padded[np.arange(10) >= LENGTHS[:, None]] = 77
    np.testing.assert_allclose(asked(model, padded, LENGTHS), together, atol=1e-6)
    for row, length in enumerate(LENGTHS):
        alone = asked(model, frames[row : row + 1, :length], [length])
        np.testing.assert_allclose(alone[0], together[row], atol=1e-6)


@pytest.mark.parametrize(
    "video", [{}, {"velocities": False}, {"stack": 3}, {"stride": 2, "stack": 2}]
)
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_step_by_step_it_answers_as_to_each_prefix(video: dict[str, Any], dtype: str) -> None:
    model = network(video=video, dtype=dtype)
    frames = videos()
    states = [tf.zeros([3, size]) for size in model.step_sizes]
    for step in range(7):
        answer, states = model.step(tf.constant(frames[:, step]), states)
        assert [state.shape for state in states] == [(3, size) for size in model.step_sizes]
        whole = asked(model, frames[:, : step + 1], [step + 1] * 3)
        np.testing.assert_allclose(answer, whole, atol=1e-5 if dtype == "float32" else 2e-2)


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    model = network(video={"augmentation": CHANGED, "stack": 2})
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(asked(loaded, videos(), LENGTHS), asked(model, videos(), LENGTHS))
    inputs = {"values": videos(), "length": LENGTHS}
    one, other = (each(inputs, training=True) for each in (model, loaded))
    np.testing.assert_array_equal(one, other)


def test_all_weights_have_gradients() -> None:
    model = network()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model({"values": videos(), "length": LENGTHS}, training=True) ** 2)
    for weight, gradient in zip(
        model.trainable_weights, tape.gradient(loss, model.trainable_weights), strict=True
    ):
        assert np.abs(np.asarray(gradient)).max() > 0, weight.path
