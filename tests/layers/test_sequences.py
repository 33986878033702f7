"""Values and masks of sequences, given with their lengths or alone."""

import numpy as np
import pytest
import tensorflow as tf

from toolkit.layers.sequences import as_sequence, first_steps, length_mask, with_length

LENGTH = np.array([2, 0, 3], np.int32)
MASK = [[True, True, False], [False] * 3, [True] * 3]
IDS = np.array([[5, 0, 7], [8, 8, 8], [1, 2, 0]], np.int32)


def test_a_mask_of_lengths() -> None:
    assert length_mask(LENGTH, 3).numpy().tolist() == MASK
    assert length_mask(LENGTH, 1).numpy().tolist() == [[True], [False], [True]]
    assert length_mask(tf.zeros([0], tf.int64), 4).shape == (0, 4)


@pytest.mark.parametrize("values", [IDS, np.zeros((3, 3, 2), np.float32)])
def test_with_a_length_no_value_is_padding(values: np.ndarray) -> None:
    found, mask = as_sequence({"values": values, "length": LENGTH})
    assert found is values
    assert mask.numpy().tolist() == MASK


def test_values_alone() -> None:
    _, mask = as_sequence(IDS)
    assert mask.numpy().tolist() == (IDS != 0).tolist()
    _, mask = as_sequence(np.zeros((2, 3, 4)))
    assert mask.numpy().tolist() == [[True] * 3] * 2


@pytest.mark.parametrize("count", [1, 3, 5])
def test_first_steps(count: int) -> None:
    for values in (IDS, IDS[:, :, None] * np.ones(2)):
        found = first_steps({"values": values, "length": LENGTH}, count)
        assert found["length"].numpy().tolist() == np.minimum(LENGTH, count).tolist()
        steps = np.asarray(found["values"])
        assert steps.shape == (3, count, *values.shape[2:])
        np.testing.assert_array_equal(steps[:, :3], values[:, :count])
        assert not steps[:, 3:].any()


def test_ids_of_a_tokenizer() -> None:
    found = with_length(tf.constant([[4, 5, 0], [0, 0, 0]]))
    assert found["length"].numpy().tolist() == [2, 0]
