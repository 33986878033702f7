"""The path of the state against the answers to beginnings, and tags against their marginals."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.explanation import iob2_tags, log_tags, path_of_state, reads_forward
from toolkit.models import ManyToMany, ManyToOne, StrandToOne


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "concat", "attention"])
def test_the_path_has_the_answer_to_each_beginning(pooling):
    keras.utils.set_random_seed(0)
    network = ManyToOne(9, 3, embedding_size=4, hidden_size=5, bidirectional=False, pooling=pooling)
    network.build()
    ids = np.random.default_rng(0).integers(2, 9, (1, 6))
    vectors, _ = network.front({"values": ids, "length": np.array([6])})
    path = path_of_state(network, vectors)
    for step in range(1, 6):  # of one step Keras's softmax complains
        answer = network.answer({"values": ids[:, : step + 1], "length": np.array([step + 1])})
        np.testing.assert_allclose(path[step], answer[0], atol=1e-6)
    assert reads_forward(network)


def test_networks_of_both_directions_have_no_path():
    assert not reads_forward(ManyToOne(9, 3, embedding_size=4, hidden_size=5))
    assert not reads_forward(ManyToMany(vocabulary_size=9, labels=["PER"]))


def test_strands_have_a_path_unless_a_beginning_is_read_otherwise():
    one_way = {"hidden_size": 4, "bidirectional": False, "reverse_complement": "off"}
    assert reads_forward(StrandToOne(outputs=2, places=False, **one_way))
    assert not reads_forward(StrandToOne(outputs=2, places=True, **one_way))  # t / length
    average = one_way | {"reverse_complement": "average"}
    assert not reads_forward(StrandToOne(outputs=2, places=False, **average))


def test_the_probability_of_a_tag_in_iob2_is_that_of_its_bioes_tags():
    keras.utils.set_random_seed(0)
    network = ManyToMany(vocabulary_size=9, labels=["PER", "LOC"], embedding_size=4, hidden_size=5)
    network.build()
    inputs = {"values": np.array([[2, 5, 3, 8]]), "length": np.array([4])}
    vectors, mask = network.front(inputs)
    marginals = network.crf.marginals(network(inputs), mask)[0, 1].numpy()
    of = dict(zip(network.tags, marginals, strict=True))
    expected = [of["O"]]
    for label in ("PER", "LOC"):
        expected += [of[f"B-{label}"] + of[f"S-{label}"], of[f"I-{label}"] + of[f"E-{label}"]]
    assert iob2_tags(network.tags) == ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    found = tf.exp(log_tags(network, vectors, tf.constant(1)))[0]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)
