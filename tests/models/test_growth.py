"""The weights of networks with more ids and classes than before."""

from typing import Any

import numpy as np
import pytest

from toolkit.models import EncoderDecoder, ManyToMany, ManyToOne, OneToMany
from toolkit.models.growth import copy_weights, enlarged, mean, zeros

SIZES = {"embedding_size": 4, "hidden_size": 3}
FEATURES = ("words", "characters", "shapes", "affixes")


def built(network: Any) -> Any:
    network.build()
    random = np.random.default_rng(0)
    for weight in network.weights:
        weight.assign(random.normal(size=weight.shape))
    return network


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_a_classifier_says_the_same_of_old_classes_and_the_mean_of_new_ones(output: str) -> None:
    small = built(ManyToOne(6, 3, output=output, seed=1, **SIZES))
    large = built(ManyToOne(9, 5, output=output, seed=2, **SIZES))
    copy_weights(small, large)
    ids = np.array([[2, 5, 3], [4, 1, 0]])
    before, after = small(ids).numpy(), large(ids).numpy()
    np.testing.assert_array_equal(after[:, :3], before)
    expected = np.repeat(before.mean(axis=1, keepdims=True), 2, axis=1)
    np.testing.assert_allclose(after[:, 3:], expected, rtol=1e-5, atol=1e-6)
    vectors = large.front.embedding.embeddings.numpy()
    np.testing.assert_allclose(vectors[6:], np.tile(vectors[:6].mean(axis=0), (3, 1)), rtol=1e-5)


def test_a_language_model_gives_a_new_token_the_mean_logit() -> None:
    small = built(OneToMany(6, 2, layers=2, seed=1, **SIZES))
    large = built(OneToMany(8, 3, layers=2, seed=2, **SIZES))
    copy_weights(small, large)
    ids = np.array([[0, 2, 5, 3]])
    state = small.start(1, np.array([1]))
    before, after = (network.run(ids, state)[0].numpy() for network in (small, large))
    np.testing.assert_array_equal(large.start(1, np.array([1])), state)
    np.testing.assert_allclose(after[..., :6], before, rtol=1e-5)
    expected = np.repeat(before.mean(axis=-1, keepdims=True), 2, axis=-1)
    np.testing.assert_allclose(after[..., 6:], expected, rtol=1e-4, atol=1e-5)


def test_a_tagger_scores_old_tags_as_before() -> None:
    small = built(ManyToMany(dict.fromkeys(FEATURES, 5), ["A"], **SIZES))
    large = built(ManyToMany(dict.fromkeys(FEATURES, 7), ["A", "B"], **SIZES))
    copy_weights(small, large)
    inputs = {
        "index": np.array([[1, 2]]),
        "length": np.array([2]),
        "words": np.array([0, 2, 4]),
        "characters": np.array([[0, 0], [2, 3], [4, 0]]),
        "shapes": np.array([0, 2, 1]),
        "affixes": np.array([[0] * 8, [2] * 8, [3] * 8]),
    }
    before, after = small(inputs).numpy(), large(inputs).numpy()
    np.testing.assert_array_equal(after[..., :5], before)
    expected = np.repeat(before.mean(axis=-1, keepdims=True), 4, axis=-1)
    np.testing.assert_allclose(after[..., 5:], expected, rtol=1e-5, atol=1e-6)
    old, new = (n.crf.scores["transitions"].numpy() for n in (small, large))
    np.testing.assert_array_equal(new[:5, :5], old)
    np.testing.assert_allclose(new[7, :5], old.mean(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(new[8, 8], old.mean(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shared", [True, False])
def test_a_translator_reads_and_writes_old_tokens_as_before(shared: bool) -> None:
    small = built(EncoderDecoder(6 if shared else 5, 6, shared=shared, seed=1, **SIZES))
    large = built(EncoderDecoder(8, 8, shared=shared, seed=2, **SIZES))
    copy_weights(small, large)
    inputs = {"source": np.array([[2, 4, 3]]), "target": np.array([[0, 5, 2]])}
    before, after = small(inputs).numpy(), large(inputs).numpy()
    np.testing.assert_allclose(after[..., :6], before, rtol=1e-5, atol=1e-6)


def test_an_array_is_enlarged_along_each_axis() -> None:
    values = np.array([[1.0, 3.0]], np.float32)
    filled = enlarged(values, (2, 3), mean)
    assert filled.tolist() == [[1, 3, 2], [1, 3, 2]]
    assert filled.dtype == np.float32
    assert enlarged(values, (2, 3), zeros).tolist() == [[1, 3, 0], [0, 0, 0]]
    assert enlarged(values, (1, 2), mean) is values
