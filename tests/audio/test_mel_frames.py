"""Frames of a wave and their mel bands, against NumPy and by brute force."""

import numpy as np
import pytest

from toolkit.audio.frames import FLOOR, Framing, log_mel, mel_bands, stacked

RATES = [1000, 8000, 11025, 16_000, 44_100]


def by_numpy(wave: np.ndarray, framing: Framing, bands: int) -> np.ndarray:
    """The logarithms of energies in mel bands, frame by frame."""
    window, hop = framing.window_size, framing.hop_size
    wave = np.pad(wave, (0, max(0, window - len(wave))))
    size = 1
    while size < window:
        size *= 2
    shape = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    rows = []
    for start in range(0, len(wave) - window + 1, hop):
        frame = wave[start : start + window]
        spectrum = np.abs(np.fft.rfft((frame - frame.mean()) * shape, size)) ** 2
        rows.append(np.log(spectrum @ mel_bands(bands, size, framing.rate) + FLOOR))
    return np.array(rows)


@pytest.mark.parametrize("rate", RATES)
def test_frames_are_those_of_numpy(rate: int) -> None:
    framing = Framing(rate)
    wave = np.random.default_rng(0).uniform(-0.5, 0.5, rate // 7).astype(np.float32)
    found = log_mel(wave[None], framing, 20)[0].numpy()
    np.testing.assert_allclose(found, by_numpy(wave, framing, 20), atol=2e-3)
    assert len(found) == framing.frames(np.array([len(wave)]))[0]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("stack", [1, 2, 3])
def test_the_number_of_steps_is_that_of_the_frames_that_fit(rate: int, stack: int) -> None:
    framing = Framing(rate, stack=stack)
    lengths = np.arange(0, 4 * framing.window_size, 3)
    starts = [
        [s for s in range(0, length, framing.hop_size) if s + framing.window_size <= length]
        for length in lengths
    ]
    counts = np.array([max(1, len(each)) for each in starts])
    np.testing.assert_array_equal(framing.frames(lengths), counts)
    np.testing.assert_array_equal(framing.steps(lengths), np.maximum(1, counts // stack))
    for steps in (1, 2, 5):
        enough = framing.samples(steps)
        assert framing.frames(enough) == steps * stack
        assert framing.frames(enough - 1) == max(1, steps * stack - 1)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("bands", [1, 8, 40])
def test_each_band_hears_something_and_later_ones_higher_tones(rate: int, bands: int) -> None:
    size = 2 ** int(np.ceil(np.log2(Framing(rate).window_size)))
    weights = mel_bands(bands, size, rate)
    assert weights.shape == (size // 2 + 1, bands)
    assert (weights.sum(axis=0) > 0).all()
    assert (weights >= 0).all()
    assert weights.max() <= 1
    centres = (weights * np.arange(len(weights))[:, None]).sum(axis=0) / weights.sum(axis=0)
    assert (np.diff(centres) > 0).all()


def test_a_tone_is_loudest_in_its_band() -> None:
    framing = Framing(8000)
    loudest = []
    for frequency in (200, 500, 1000, 2000, 3500):
        wave = 0.3 * np.sin(2 * np.pi * frequency * np.arange(4000) / 8000)
        frames = log_mel(wave[None].astype(np.float32), framing, 24)[0].numpy()
        bands = set(frames.argmax(axis=1).tolist())
        assert len(bands) == 1
        loudest += bands
    assert loudest == sorted(set(loudest))


def test_a_constant_offset_changes_nothing() -> None:
    wave = np.random.default_rng(1).normal(0, 0.01, (1, 2000)).astype(np.float32)
    found = log_mel(wave + np.float32(0.1), Framing(8000), 40).numpy()
    np.testing.assert_allclose(found, log_mel(wave, Framing(8000), 40).numpy(), atol=0.02)


def test_a_wave_shorter_than_a_frame_makes_one() -> None:
    framing = Framing(8000)
    for length in (0, 1, framing.window_size - 1):
        assert log_mel(np.ones((2, length), np.float32), framing, 8).shape == (2, 1, 8)


def test_frames_are_joined_in_order() -> None:
    frames = np.arange(2 * 7 * 2, dtype=np.float32).reshape(2, 7, 2)
    joined = stacked(frames, 3).numpy()
    assert joined.shape == (2, 2, 6)
    np.testing.assert_array_equal(joined, frames[:, :6].reshape(2, 2, 6))
    few = stacked(frames[:, :2], 3).numpy()
    np.testing.assert_array_equal(few[:, 0, :4], frames[:, :2].reshape(2, 4))
    assert not few[:, 0, 4:].any()
    np.testing.assert_array_equal(stacked(frames, 1), frames)
