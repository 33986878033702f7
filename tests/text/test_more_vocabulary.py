"""Vocabularies that grow: old ids stay, new ones come after."""

import numpy as np

from toolkit.text import TokenFeatures, Tokenizer

BEFORE = ["a film a good film", "a town"]


def test_new_tokens_get_the_next_ids_by_frequency() -> None:
    tokenizer = Tokenizer(min_count=2)
    tokenizer.adapt(BEFORE)
    assert tokenizer.vocabulary[2:] == ["a", "film"]
    tokenizer.adapt(["the play the play the film", "a once"], extend=True)
    assert tokenizer.vocabulary[2:] == ["a", "film", "the", "play"]
    tokenizer.adapt(["the play the play the film", "a once"], extend=True)
    assert tokenizer.vocabulary[2:] == ["a", "film", "the", "play"]
    tokenizer.adapt(["once once"])
    assert tokenizer.vocabulary[2:] == ["once"]


def test_a_vocabulary_grows_up_to_its_limit() -> None:
    tokenizer = Tokenizer(min_count=1, max_tokens=5)
    tokenizer.adapt(["a a b"])
    tokenizer.adapt(["c c d"], extend=True)
    assert tokenizer.vocabulary[2:] == ["a", "b", "c"]
    tokenizer.adapt(["d d d"], extend=True)
    assert tokenizer.vocabulary[2:] == ["a", "b", "c"]


def test_all_features_of_tokens_grow() -> None:
    features = TokenFeatures()
    features.adapt({"Anna": 3, "sang": 3})
    before = features.get_config()["vocabularies"]
    counts = features.adapt({"Zoë": 4, "sang": 2, "42": 3}, extend=True)
    after = features.get_config()["vocabularies"]
    assert features.words[2:] == ["anna", "sang", "zoë", "00"]
    np.testing.assert_array_equal(counts, [0, 0, 0, 2, 4, 3])
    for name, strings in before.items():
        assert after[name][: len(strings)] == strings, name
        assert len(after[name]) > len(strings), name
