"""The fixed-window baseline."""

import keras
import numpy as np
import pytest

from toolkit.errors import OptionError
from toolkit.models import OneToOne


def make(window: int = 3) -> OneToOne:
    keras.utils.set_random_seed(0)
    model = OneToOne(9, 2, window=window, embedding_size=4, hidden_size=5)
    model(np.ones((1, 1), np.int32))
    return model


def test_against_numpy() -> None:
    model = make()
    embedding = model.front.embedding.get_weights()[0]
    hidden, hidden_bias = model.hidden.get_weights()
    output, output_bias = model.output_layer.get_weights()
    vectors = np.concatenate([embedding[4], embedding[7], np.zeros(4)])
    logits = np.tanh(vectors @ hidden + hidden_bias) @ output + output_bias
    got = model(np.array([[4, 7]], np.int32)).numpy()[0]
    np.testing.assert_allclose(got, logits, rtol=1e-5)


def test_sees_its_window_and_nothing_else() -> None:
    model = make(window=3)
    short = np.array([[4, 7, 2]], np.int32)
    seen = model.answer(short).numpy()
    np.testing.assert_allclose(seen, model.answer(np.pad(short, [[0, 0], [0, 4]])).numpy())
    np.testing.assert_allclose(seen, model.answer(np.array([[4, 7, 2, 8, 8]])).numpy())
    assert np.abs(seen - model.answer(np.array([[4, 7, 3]])).numpy()).max() > 1e-4


def test_a_length_ends_the_window() -> None:
    model = make(window=3)
    seen = model.answer(np.array([[4, 7]], np.int32)).numpy()
    inputs = {"values": np.array([[4, 7, 5, 6]], np.int32), "length": np.array([2], np.int32)}
    np.testing.assert_allclose(seen, model.answer(inputs).numpy())


def test_positions_share_nothing() -> None:
    model = make()
    first, second = (model.answer(np.array([ids])).numpy() for ids in ([4, 7], [7, 4]))
    assert np.abs(first - second).max() > 1e-4


def test_impossible_window() -> None:
    with pytest.raises(OptionError, match="at least 1"):
        OneToOne(9, 2, window=0)
