"""Output layers of frames of keys against their equations in NumPy, key by key."""

import itertools
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from toolkit.models.music.frame_outputs import FrameOutput, IndependentKeys, KeyByKey

Array = NDArray[Any]

KEYS, STATE, HIDDEN = 5, 3, 4
EVERY = np.array([*itertools.product((0, 1), repeat=KEYS)], np.uint8)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def made(kind: str) -> FrameOutput:
    """A layer with random weights that matter."""
    layer = (KeyByKey if kind == "autoregressive" else IndependentKeys)(KEYS, HIDDEN)
    layer.build((None, STATE))
    random = np.random.default_rng(0)
    layer.set_weights([random.normal(size=weight.shape) for weight in layer.get_weights()])
    return layer


def conditional(layer: FrameOutput, state: Array, frame: Array, key: int) -> float:
    """The log odds of a key after a state, given the keys below it, by the equations."""
    weights = {weight.path.split("output/")[-1]: weight.numpy() for weight in layer.weights}
    if isinstance(layer, IndependentKeys):
        state = np.maximum(0, state @ weights["hidden/kernel"] + weights["hidden/bias"])
    log_odds = state @ weights["log_odds/kernel"] + weights["log_odds/bias"]
    if isinstance(layer, IndependentKeys):
        return float(log_odds[key])
    context = state @ weights["context/kernel"] + weights["context/bias"]
    below = sum(frame[other] * weights["below"][other] for other in range(key))
    hidden = sigmoid(context + below)
    return float(log_odds[key] + hidden @ weights["scores"][:, key])


def loss(layer: FrameOutput, state: Array, frame: Array) -> float:
    odds = [conditional(layer, state, frame, key) for key in range(KEYS)]
    return -sum(
        float(np.log(sigmoid(o if sounds else -o))) for o, sounds in zip(odds, frame, strict=True)
    )


def sampled(layer: FrameOutput, state: Array, numbers: Array, temperature: float) -> Array:
    frame = np.zeros(KEYS)
    for key in range(KEYS):
        odds = conditional(layer, state, frame, key)
        if temperature:
            frame[key] = numbers[key] < sigmoid(odds / temperature)
        else:
            frame[key] = odds > 0
    return frame


KINDS = pytest.mark.parametrize("kind", ["independent", "autoregressive"])


@KINDS
def test_losses_are_those_of_the_equations(kind: str) -> None:
    layer = made(kind)
    random = np.random.default_rng(1)
    states = random.normal(size=(len(EVERY), STATE)).astype(np.float32)
    expected = [loss(layer, *pair) for pair in zip(states, EVERY, strict=True)]
    np.testing.assert_allclose(layer.losses(states, EVERY), expected, rtol=1e-5)
    alone = [layer.losses(states[n : n + 1], EVERY[n : n + 1])[0] for n in range(len(EVERY))]
    np.testing.assert_allclose(alone, expected, rtol=1e-5)


@KINDS
def test_the_probabilities_of_all_frames_add_up_to_1(kind: str) -> None:
    layer = made(kind)
    for seed in range(3):
        state = np.random.default_rng(seed).normal(size=STATE).astype(np.float32)
        losses = layer.losses(np.tile(state, (len(EVERY), 1)), EVERY)
        assert np.exp(-losses.numpy().astype(np.float64)).sum() == pytest.approx(1, abs=1e-5)


@KINDS
def test_samples_are_those_of_going_from_key_to_key(kind: str) -> None:
    layer = made(kind)
    random = np.random.default_rng(2)
    states = random.normal(size=(60, STATE)).astype(np.float32)
    numbers = random.random((60, KEYS))
    temperatures = random.choice([0.0, 0.5, 1.0, 2.0], 60).astype(np.float32)
    drawn = tf.function(layer.sample)(states, tf.constant(numbers), temperatures).numpy()
    expected = [sampled(layer, *each) for each in zip(states, numbers, temperatures, strict=True)]
    np.testing.assert_array_equal(drawn, expected)
    assert 0 < drawn.mean() < 1
    assert layer.sample(states[:0], tf.zeros([0, KEYS], tf.float64), []).shape == (0, KEYS)


@KINDS
def test_samples_are_as_frequent_as_they_are_likely(kind: str) -> None:
    layer = made(kind)
    count = 40_000
    state = np.full((1, STATE), 0.3, np.float32)
    numbers = tf.random.Generator.from_seed(1).uniform([count, KEYS], dtype=tf.float64)
    drawn = layer.sample(np.tile(state, (count, 1)), numbers, np.ones(count, np.float32)).numpy()
    places = drawn.astype(int) @ (2 ** np.arange(KEYS)[::-1])
    frequency = np.bincount(places, minlength=len(EVERY)) / count
    likely = np.exp(-layer.losses(np.tile(state, (len(EVERY), 1)), EVERY).numpy())
    np.testing.assert_allclose(frequency, likely, atol=0.01)


def test_the_gradient_is_that_of_finite_differences() -> None:
    layer = made("autoregressive")
    states = np.random.default_rng(3).normal(size=(len(EVERY), STATE)).astype(np.float32)
    with tf.GradientTape() as tape:
        total = tf.reduce_mean(layer.losses(states, EVERY))
    gradients = tape.gradient(total, [weight.value for weight in layer.weights])
    for weight, gradient in zip(layer.weights, gradients, strict=True):
        values, place = weight.numpy(), tuple(size // 2 for size in weight.shape)
        means = []
        for change in (0.01, -0.01):
            changed = values.copy()
            changed[place] += change
            weight.assign(changed)
            means.append(float(np.mean(layer.losses(states, EVERY).numpy().astype(np.float64))))
        weight.assign(values)
        assert gradient.numpy()[place] == pytest.approx((means[0] - means[1]) / 0.02, abs=2e-4)
