"""Vectors from co-occurrence, against counts pair by pair and a full decomposition."""

from collections import Counter

import numpy as np
import pytest

from toolkit.data import PackedCorpus, PackedSequences, cooccurrence_vectors
from toolkit.data.texts import cooccurrence as module
from toolkit.data.texts.cooccurrence import SMOOTHING, WINDOW, cooccurrences, positive_information


def corpus_of(texts: list[list[int]]) -> PackedCorpus:
    lengths = np.asarray([len(text) for text in texts], np.int32)
    ids = np.concatenate([np.zeros(0, int), *texts]).astype(np.int32)
    return PackedCorpus(PackedSequences(ids, np.cumsum(lengths) - lengths, lengths))


def random_texts(seed: int, count: int = 30, vocabulary: int = 12) -> list[list[int]]:
    random = np.random.default_rng(seed)
    return [random.integers(1, vocabulary, random.integers(0, 25)).tolist() for _ in range(count)]


def counted(texts: list[list[int]], vocabulary: int) -> np.ndarray:
    pairs = Counter(
        (a, b)
        for text in texts
        for i, a in enumerate(text)
        for j, b in enumerate(text)
        if i != j and abs(i - j) <= WINDOW and min(a, b) > 1
    )
    return np.asarray([[pairs[a, b] for b in range(vocabulary)] for a in range(vocabulary)])


@pytest.mark.parametrize("chunk", [1, 40, 10_000])
def test_pairs_are_counted_within_a_text_only(monkeypatch, chunk: int) -> None:
    monkeypatch.setattr(module, "_CHUNK", chunk)
    texts = random_texts(0)
    found = cooccurrences(corpus_of(texts), 12).toarray()
    np.testing.assert_array_equal(found, counted(texts, 12))


def test_the_vectors_products_are_the_information() -> None:
    """Vectors as long as the vocabulary have the products U S U' of the full decomposition."""
    texts = random_texts(1)
    counts = counted(texts, 12).astype(float)
    totals = counts.sum(axis=1)
    contexts = totals**SMOOTHING / (totals**SMOOTHING).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.log(counts / np.outer(totals, contexts))
    expected = np.where(counts > 0, np.maximum(expected, 0), 0)
    information = positive_information(cooccurrences(corpus_of(texts), 12)).toarray()
    np.testing.assert_allclose(information, expected, rtol=1e-5, atol=1e-6)
    left, strengths, _ = np.linalg.svd(expected)
    products = left * strengths @ left.T
    vectors = cooccurrence_vectors(corpus_of(texts), 12, 12)
    np.testing.assert_allclose(
        vectors @ vectors.T / np.trace(vectors @ vectors.T),
        products / np.trace(products),
        atol=1e-5,
    )
    assert np.mean(vectors**2) == pytest.approx(1, rel=1e-5)
    assert not vectors[:2].any()


def test_units_in_the_same_company_are_near_each_other() -> None:
    """Tokens 2 and 3 have the same neighbours; token 4 has others."""
    random = np.random.default_rng(0)
    texts = []
    for _ in range(400):
        middle, around = random.choice([(2, 5), (3, 5), (4, 15)])
        texts.append([*random.integers(around, around + 10, 3), middle])
    vectors = cooccurrence_vectors(corpus_of(texts), 25, 8)
    unit = vectors[2:5] / np.linalg.norm(vectors[2:5], axis=1, keepdims=True)
    assert unit[0] @ unit[1] > 0.8
    assert abs(unit[0] @ unit[2]) < 0.2


def test_the_same_seed_gives_the_same_vectors_also_of_a_part(monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_TOKENS", 100)
    corpus = corpus_of(random_texts(2))
    first, again = (cooccurrence_vectors(corpus, 12, 4, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, cooccurrence_vectors(corpus, 12, 4, seed=6))


@pytest.mark.parametrize("texts", [[], [[]], [[1, 1, 1]], [[7]]])
def test_nothing_to_learn_from_gives_zeros(texts) -> None:
    assert not cooccurrence_vectors(corpus_of(texts), 8, 3).any()


def test_more_numbers_than_units_are_zeros() -> None:
    vectors = cooccurrence_vectors(corpus_of(random_texts(3)), 12, 20)
    assert vectors.shape == (12, 20)
    assert not vectors[:, 12:].any()
