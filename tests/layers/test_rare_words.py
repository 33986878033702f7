"""Word dropout by frequency: its rates, against the closed form."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import binom

from toolkit.layers import RareWordDropout

COUNTS = [0, 50, 1, 3, 20, 0, 100_000]
IDS = np.tile(np.arange(7, dtype="int32"), (4000, 1))


def layer_of(strength=2.0, counts=COUNTS, **options):
    layer = RareWordDropout(len(counts), strength, **options)
    layer.build()
    layer.set_counts(counts)
    return layer


@pytest.mark.parametrize("strength", [0.25, 2.0])
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16", "float64"])
def test_rates_are_those_of_the_formula(strength, policy):
    shown = np.asarray(layer_of(strength, seed=3, dtype=policy)(IDS, training=True))
    assert shown.dtype == IDS.dtype
    assert ((shown == IDS) | (shown == 1)).all()
    hidden = (shown != IDS).sum(axis=0)
    assert hidden[:2].tolist() == [0, 0]  # padding and the unknown word stay
    assert hidden[5] == len(IDS)  # a word of count 0 is always hidden
    for count, often in zip(COUNTS[2:], hidden[2:], strict=True):
        low, high = binom.interval(1 - 1e-6, len(IDS), strength / (strength + count))
        assert low <= often <= high


def test_each_word_is_drawn_for_itself_and_anew():
    layer = layer_of(1.0, [0, 1, 1], seed=4)
    ids = tf.fill([200, 300], 2)
    first, second = (np.asarray(layer(ids, training=True)) == 1 for _ in range(2))
    for hidden in (first, second, first == second):
        assert hidden.mean() == pytest.approx(0.5, abs=0.02)
        assert 0.3 < hidden.mean(axis=0).min() < hidden.mean(axis=0).max() < 0.7


def test_nothing_is_hidden_when_it_is_not_training_or_has_no_strength():
    np.testing.assert_array_equal(layer_of()(IDS), IDS)
    np.testing.assert_array_equal(layer_of(0.0)(IDS, training=True), IDS)


def test_every_word_counts_once_until_it_is_counted():
    layer = RareWordDropout(4, 3.0, seed=0)
    hidden = np.asarray(layer(tf.fill([100_000], 3), training=True)) == 1
    assert hidden.mean() == pytest.approx(3 / 4, abs=0.01)
    assert layer.counts.numpy().tolist() == [1, 1, 1, 1]


def test_the_seed_decides_and_the_unknown_word_can_be_another():
    ids = tf.fill([1000], 2)
    first, again, other = (
        np.asarray(layer_of(seed=seed, unknown_id=5)(ids, training=True)) for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert {*first.tolist()} == {2, 5}


def test_in_a_graph_of_ids_of_any_shape():
    layer = layer_of(seed=1)
    for shape in ((), (0,), (3,), (2, 0, 4), (2, 3, 4)):
        signature = [tf.TensorSpec([None] * len(shape), tf.int32)]
        hide = tf.function(lambda ids: layer(ids, training=True), input_signature=signature)
        np.testing.assert_array_equal(hide(tf.fill(shape, 5)), np.ones(shape))


def test_counts_are_kept_with_the_weights(tmp_path):
    def model() -> keras.Model:
        ids = keras.Input((None,), dtype="int32")
        return keras.Model(ids, RareWordDropout(7, 2.0, unknown_id=3, seed=9)(ids))

    first = model()
    first.layers[1].set_counts(COUNTS)
    assert not first.trainable_weights
    first.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras").layers[1]
    assert again.counts.numpy().tolist() == COUNTS
    assert again.get_config() == first.layers[1].get_config()
    assert (again.strength, again.unknown_id, again.seed) == (2.0, 3, 9)
