"""Explanations of translations, on a network that is not trained."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.explanation.options import TranslationExplanationOptions
from toolkit.export import of_python
from toolkit.models import EncoderDecoder, SequenceModel
from toolkit.tasks.translation.explanation import TranslationExplanations, explanations
from toolkit.text import Tokenizer

TEXT, TARGET = "old bird, old tree", "Baum Vogel alt"


@pytest.fixture(scope="module")
def model():
    """Return a translator of words with its first weights."""
    keras.utils.set_random_seed(0)
    layers = [Tokenizer(token_level="words", max_length=None, min_count=1) for _ in range(2)]
    for layer, text in zip(layers, (TEXT, TARGET), strict=True):
        layer.adapt([text])
    sizes = [layer.vocabulary_size for layer in layers]
    network = EncoderDecoder(*sizes, shared=False, embedding_size=4, hidden_size=5)
    built = SequenceModel(layers[0], network, target_preprocessing=layers[1])
    built.build()
    for weight in network.trainable_weights:
        weight.assign(4 * weight)  # from first weights that are close to 0
    return built


def asked(call, token):
    """Return the explanation of a translation, in NumPy."""
    found = call(*(tf.constant([each]) for each in (TEXT, TARGET, token)))
    return {name: value[0].numpy() for name, value in found.items()}


def losses(model, without=None):
    """Return the log probability of each token of the target, and of its end.

    Args:
        without: The number of a token of the source whose vector is zero.
    """
    network = model.network
    source = model.preprocessing(tf.constant([TEXT]))
    target = model.target_preprocessing(tf.constant([TARGET]))
    vectors, mask = network.encoder_front(source)
    vectors = vectors.numpy()
    if without is not None:
        vectors[0, without] = 0
    logits = network.after_front(vectors, mask, np.pad(target, [[0, 0], [1, 0]]))[0].numpy()
    if without is None:
        inputs = {"source": source, "target": np.pad(target, [[0, 0], [1, 0]])}
        np.testing.assert_allclose(logits, network(inputs)[0], atol=1e-5)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    gold = [*target[0].numpy(), 0]
    return np.log(shares[np.arange(len(gold)), gold])


def test_a_token_of_a_translation_is_explained(model, eager):
    found = asked(explanations(model, 40, 2.0)[1], 1)
    assert (found["token"], found["token_text"]) == (1, b"vogel")
    expected = losses(model)[1]
    np.testing.assert_allclose(found["log_probability"], expected, atol=1e-5)
    for place in (0, 3):
        without = losses(model, place)[1]
        np.testing.assert_allclose(found["attributions"][place], expected - without, atol=1e-5)
        assert abs(expected - without) > 1e-4


@pytest.mark.slow
def test_attributions_of_a_translation_are_sums_of_those_of_its_tokens(model):
    call = explanations(model, 40, 2.0)[0]
    whole, *tokens = (asked(call, token) for token in range(-1, 4))
    total = sum(found["attributions"] for found in tokens)
    np.testing.assert_allclose(whole["attributions"], total, atol=4e-3)
    difference = whole["log_probability"] - whole["baseline_log_probability"]
    np.testing.assert_allclose(whole["attributions"].sum(), difference, atol=1e-3)


def test_parts_are_the_tokens_that_are_read(model, eager):
    whole = asked(explanations(model, 40, 2.0)[1], 99)
    assert (whole["token"], whole["token_text"]) == (-1, b"")  # the translation has fewer
    np.testing.assert_allclose(whole["log_probability"], losses(model).sum(), atol=1e-5)
    places = zip(whole["starts"], whole["ends"], strict=True)
    words = [TEXT[start:end] for start, end in places]
    assert words == ["old", "bird", ",", "old", "tree"]
    assert [token.decode() for token in whole["tokens"]] == words
    cut = asked(explanations(model, 2, 2.0)[1], -1)
    assert [token.decode() for token in cut["tokens"]] == ["old", "bird"]


@pytest.mark.parametrize(
    ("text", "target", "token", "problem"),
    [
        (TEXT, "Baum Adler", None, "token 1 of the translation, counted from 0, is unknown to the"),
        (TEXT, "Baum " * 40, None, "the translation is longer than any that the model writes"),
        (TEXT, TARGET, 4, "the translation has no token 4; they are counted from 0"),
        ("\u200b\u200b", TARGET, None, "the input is empty; there is nothing to explain"),
        (" ", TARGET, None, "the input is empty; there is nothing to explain"),
    ],
)
def test_what_cannot_be_explained_is_said(model, eager, text, target, token, problem):
    call = of_python(explanations(model, 10, 1.0)[1])
    options = TranslationExplanationOptions(target=target, token=token, method="leave-one-out")
    answer = TranslationExplanations()._explained_text(call, text, options)
    assert [*answer] == ["error"]
    assert answer["error"].startswith(problem)
    known = TranslationExplanationOptions(target=TARGET, token=3, method="leave-one-out")
    assert "error" not in TranslationExplanations()._explained_text(call, TEXT, known)
