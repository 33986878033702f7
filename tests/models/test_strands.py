"""The network over strands, against its equations in NumPy, and properties of both strands."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.models import ManyToOne, StrandToOne
from toolkit.models.strands import WAVES, StrandFront
from toolkit.text import Nucleotides
from toolkit.text.bases import reverse_complement

STRANDS = ["ACGTN", "gat", "C"]


def inputs(strands: list[str]) -> dict[str, tf.Tensor]:
    return Nucleotides()(strands)


def model(**options: object) -> StrandToOne:
    keras.utils.set_random_seed(1)
    network = StrandToOne(outputs=2, kmers=5, hidden_size=4, seed=3, **options)
    network.build()
    return network


def front(**options: object) -> StrandFront:
    keras.utils.set_random_seed(1)
    arguments = {"kmer_size": 3, "places": True, "base_dropout": 0.0, "dropout": 0.0}
    layer = StrandFront(6, **arguments | {"seeds": (1, 2)} | options)
    layer.build()
    return layer


def numpy_front(layer: StrandFront, bases: np.ndarray) -> np.ndarray:
    """Return the vectors of one strand [T, E] by the equation."""
    kernel, bias = layer.kmers.get_weights()
    width, length = len(kernel), len(bases)
    vectors = np.tile(bias, (length, 1))
    for t in range(length):
        for d in range(width):
            other = t + d - (width - 1) // 2
            if 0 <= other < length:
                vectors[t] += bases[other] @ kernel[d]
        if layer.places is not None:
            angles = np.pi * 2.0 ** np.arange(WAVES) * (t + 0.5) / length
            vectors[t] += np.concatenate([np.sin(angles), np.cos(angles)]) @ layer.places.kernel
    return np.maximum(vectors, 0)


@pytest.mark.parametrize("places", [False, True])
@pytest.mark.parametrize("kmer_size", [1, 3, 7])
def test_the_front_against_numpy(places: bool, kmer_size: int) -> None:
    layer = front(places=places, kmer_size=kmer_size)
    layer.kmers.bias.assign(np.random.default_rng(1).normal(size=6))
    given = inputs(STRANDS)
    dirty = tf.where(layer.mask(given)[:, :, None], given["values"], 7.0)  # beyond the ends
    found, mask = layer({"values": dirty, "length": given["length"]})
    for row, length in enumerate(given["length"].numpy()):
        expected = numpy_front(layer, given["values"][row, :length].numpy())
        np.testing.assert_allclose(found[row, :length], expected, rtol=1e-4, atol=1e-5)
        assert mask[row].numpy().tolist() == [t < length for t in range(5)]


def test_in_training_bases_become_n() -> None:
    layer = front(base_dropout=0.5, places=False, kmer_size=1)
    bases = {"values": tf.one_hot(tf.zeros([4, 500], tf.int32), 4), "length": tf.fill([4], 500)}
    found = layer(bases, training=True)[0].numpy().reshape(-1, 6)
    kernel, bias = layer.kmers.get_weights()
    as_n = np.maximum(kernel[0].mean(axis=0) + bias, 0)
    as_a = np.maximum(kernel[0, 0] + bias, 0)
    dropped, kept = (np.isclose(found, row, atol=1e-6).all(axis=1) for row in (as_n, as_a))
    assert (dropped ^ kept).all()
    assert 0.45 < dropped.mean() < 0.55
    np.testing.assert_allclose(layer(bases)[0], np.broadcast_to(as_a, (4, 500, 6)), rtol=1e-5)


def test_the_network_is_many_to_one_after_the_front() -> None:
    network = model(pooling="max")
    vectors, mask = network.front(inputs(STRANDS))
    plain = ManyToOne(input_size=5, outputs=2, hidden_size=4)
    plain.build()
    for mine, its in zip(plain.recurrent, network.recurrent, strict=True):
        mine.set_weights(its.get_weights())
    plain.output_layer.set_weights(network.output_layer.get_weights())
    length = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
    expected = plain.answer({"values": vectors, "length": length})
    np.testing.assert_allclose(network.answer(inputs(STRANDS)), expected, rtol=1e-5)


def test_with_average_both_strands_have_the_same_answer() -> None:
    opposite = inputs([reverse_complement(strand) for strand in STRANDS])
    for places in (False, True):
        off = model(places=places)
        average = model(places=places, reverse_complement="average")
        both = off.answer(inputs(STRANDS)), off.answer(opposite)
        assert np.abs(both[0] - both[1]).max() > 1e-3
        found = average.answer(inputs(STRANDS))
        np.testing.assert_allclose(found, (both[0] + both[1]) / 2, rtol=1e-5)
        np.testing.assert_allclose(found, average.answer(opposite), rtol=1e-5)


@pytest.mark.parametrize("reverse", ["augment", "average"])
def test_in_training_half_of_the_strands_are_the_opposite_ones(reverse: str) -> None:
    off, network = model(), model(reverse_complement=reverse)
    both = off(inputs(["ACCGT"])).numpy(), off(inputs(["ACGGT"])).numpy()
    found = network(inputs(["ACCGT"] * 400), training=True).numpy()
    mine, opposite = (np.isclose(found, each, atol=1e-6).all(axis=1) for each in both)
    assert (mine ^ opposite).all()
    assert 0.4 < opposite.mean() < 0.6
    again = network(inputs(["ACCGT"] * 400), training=True).numpy()
    assert not np.array_equal(found, again)
    np.testing.assert_allclose(network(inputs(["ACCGT"])), both[0], rtol=1e-5)


def test_it_is_made_anew_from_its_configuration() -> None:
    network = model(places=True, reverse_complement="average", pooling="mean", layers=2)
    again = StrandToOne.from_config(network.get_config())
    again.build()
    again.set_weights(network.get_weights())
    np.testing.assert_array_equal(again.answer(inputs(STRANDS)), network.answer(inputs(STRANDS)))


def test_an_unknown_treatment_of_strands_is_refused() -> None:
    with pytest.raises(OptionError, match="reverse_complement is 'both'; it can be off"):
        StrandToOne(reverse_complement="both")
