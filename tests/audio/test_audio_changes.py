"""Random changes of recordings: noise and masked bands."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.audio.augmentation import LOUDEST, QUIETEST, masked_bands, with_noise


def test_noise_lies_10_to_50_decibels_below() -> None:
    time = np.arange(4000) / 8000
    wave = np.stack([level * np.sin(2000 * time) for level in np.linspace(0.01, 1, 200)])
    wave = tf.constant(wave, tf.float32)
    changed = with_noise(wave, tf.fill([200], 4000), 0.6, keras.random.SeedGenerator(1))
    noise, energy = (np.mean(np.square(each), axis=1) for each in (changed - wave, wave))
    is_changed = noise > 0
    assert is_changed.mean() == pytest.approx(0.6, abs=0.12)
    decibels = 10 * np.log10(energy[is_changed] / noise[is_changed])
    assert LOUDEST - 1 < decibels.min() < 15
    assert 45 < decibels.max() < QUIETEST + 1


def test_one_block_of_bands_is_masked() -> None:
    frames = tf.ones([300, 4, 20])
    masked = masked_bands(frames, 0.3, keras.random.SeedGenerator(1)).numpy()
    assert (masked == masked[:, :1]).all()  # at all times
    widths = 20 - masked[:, 0].sum(axis=1)
    assert set(widths.tolist()) == {*range(7)}
    borders = np.abs(np.diff(masked[:, 0], axis=1)).sum(axis=1)
    assert borders.max() == 2
    assert (masked[:, 0] == 0).any(axis=0).all()  # each band in some recording
