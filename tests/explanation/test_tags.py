"""Explanations of tags of bases, on a network that is not trained."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.explanation import classes as of_classes
from toolkit.explanation import iob2_tags, left_out_row
from toolkit.explanation.options import TagExplanationOptions
from toolkit.models import SequenceModel, StrandToMany
from toolkit.tasks.explaining.tags import chosen_token
from toolkit.tasks.marked_strands.explanation import BaseExplanations, explanations
from toolkit.text import Nucleotides

STRAND = "ACGTTGCANNGA"
WINDOW, OVERLAP = 4, 1


@pytest.fixture(scope="module")
def model():
    """Return a tagger of strands with its first weights."""
    keras.utils.set_random_seed(0)
    sizes = {"hidden_size": 3, "kmers": 4, "kmer_size": 3}
    built = SequenceModel(Nucleotides(), StrandToMany(labels=["x"], **sizes))
    built.build()
    return built


def log_probability(model, strand, place, tag):
    """Return the log probability of a tag in IOB2, of the sums of its BIOES tags."""
    network = model.network
    inputs = model.preprocessing(tf.constant([strand]))
    marginals = network.crf.marginals(network(inputs), network.mask(inputs))[0, place].numpy()
    of = dict(zip(network.tags, marginals, strict=True))
    stand = {"O": "O", "B-x": "BS", "I-x": "IE"}[tag]
    return np.log(sum(value for name, value in of.items() if name[0] in stand))


def tag_explained(call, strand, token, tag):
    """Return the explanation of a tag, in NumPy."""
    found = call(*(tf.constant([each]) for each in (strand, token, tag)))
    return {name: value[0].numpy() for name, value in found.items()}


def test_of_a_long_strand_the_tile_of_the_base_is_explained(model, eager):
    token, first, end = 7, 3, 9
    _, left_out = explanations(model, WINDOW, OVERLAP)
    found = tag_explained(left_out, STRAND, token, "I-x")
    tile, place = STRAND[first:end], token - first
    assert "".join(base.decode() for base in found["tokens"]) == tile
    assert found["starts"].tolist() == [*range(first, end)]
    assert (found["token"], found["place"], found["target"]) == (token, place, b"I-x")
    expected = log_probability(model, tile, place, "I-x")
    np.testing.assert_allclose(found["log_probability"], expected, atol=1e-5)
    out = 2
    without = log_probability(model, f"{tile[:out]}N{tile[out + 1 :]}", place, "I-x")
    np.testing.assert_allclose(found["attributions"][out], expected - without, atol=1e-5)
    assert abs(expected - without) > 1e-4


@pytest.mark.slow
def test_the_path_goes_from_unknown_bases(model):
    found = tag_explained(explanations(model, WINDOW, OVERLAP)[0], STRAND, 3, "I-x")
    expected, unknown = (log_probability(model, s, 3, "I-x") for s in (STRAND[:5], "N" * 5))
    np.testing.assert_allclose(found["baseline_log_probability"], unknown, atol=1e-5)
    np.testing.assert_allclose(found["attributions"].sum(), expected - unknown, atol=1e-3)
    assert found["complete"]


@pytest.mark.parametrize(("asked", "token"), [(-1, 3), (0, 0), (4, 4), (5, 3)])
def test_the_usual_token_is_the_one_that_most_probably_begins_a_span(asked, token):
    names = ["O", "B-x", "I-x", "E-x", "S-x"]
    tags, probabilities = [0, 1, 3, 4, 0], [0.99, 0.4, 0.9, 0.6, 0.98]
    inputs = tf.constant(tags), tf.constant(probabilities)
    assert chosen_token(*inputs, names, tf.constant(asked)) == token
    nothing = chosen_token(tf.zeros_like(tags), inputs[1], names, tf.constant(-1))
    assert nothing == 0


def test_an_empty_strand_has_no_parts(model, eager):
    _, explain = explanations(model, WINDOW, OVERLAP)
    found = explain(tf.constant([""]), tf.constant([-1]), tf.constant([""]))
    assert found["tokens"].numpy().tolist() == [[b""]]
    assert found["starts"].numpy().tolist() == [[-1]]
    assert iob2_tags(["O", "B-x"]) == ["O", "B-x"]


def test_an_empty_unit_names_no_token():
    with pytest.raises(OptionError, match="unit is empty; give the text of a token or base"):
        TagExplanationOptions(unit="")


def test_bases_are_named_by_what_begins_there():
    named = BaseExplanations()
    assert named._place_of("acGTGT", "gt") == 2
    assert named._place_of("acgt", ".") is None


@pytest.mark.parametrize(
    ("at_once", "weight", "rows"),
    [(4, 1, 1), (8, 1, 2), (13, 1, 3), (100, 1, 4), (100, 10, 2), (3, 9, 1)],
)
def test_each_step_is_left_out_once(monkeypatch, at_once, weight, rows):
    monkeypatch.setattr(of_classes, "STEPS_AT_ONCE", at_once)
    values, weights = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    sizes = []

    def log_answers(points):
        sizes.append(len(points))
        return tf.einsum("pte,te->p", points, weights)[:, None] * [1.0, -2.0]

    parts = tf.constant(values), tf.ones([4, 3]), tf.constant(1)
    found = left_out_row(log_answers, *parts, weight=weight)
    expected = -2 * ((values - 1) * weights).sum(axis=1)
    np.testing.assert_allclose(found["attributions"], expected, atol=1e-5)
    assert max(sizes) == rows  # never more than there are steps
