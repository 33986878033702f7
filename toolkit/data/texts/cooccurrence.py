"""Token vectors from co-occurrence counts, as initial values of an embedding."""

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from toolkit.data.corpora.packed import PackedCorpus

#: The number of tokens on either side that count as neighbours.
WINDOW = 5
#: The exponent that increases the weight of rare contexts: Levy, Goldberg and Dagan (TACL 2015),
#: section 3.2.
SMOOTHING = 0.75
#: Larger data is sampled to this many tokens, to limit time and memory.
MAX_TOKENS = 10_000_000
#: The number of tokens that are counted at once.
_CHUNK = 1_000_000
#: The first id of a token, after padding and unknown.
_FIRST_TOKEN = 2

Matrix: TypeAlias = scipy.sparse.csr_matrix


def cooccurrence_vectors(
    corpus: PackedCorpus, vocabulary_size: int, size: int, seed: int = 0
) -> NDArray[np.float32]:
    """Return vectors in which tokens with similar contexts are close to each other.

    The positive pointwise mutual information of tokens within ``WINDOW`` of each other, with
    smoothed contexts, is factorised by a truncated singular value decomposition (Levy and Goldberg,
    NIPS 2014, sections 3.3 and 5.1, U times the root of the singular values).

    Args:
        corpus: The texts.
        vocabulary_size: The number of ids.
        size: The size of a vector, at most that of the vocabulary.
        seed: The seed of the decomposition, and of the sample of large data.

    Returns:
        float32 [vocabulary_size, size] with a root mean square of one; zeros for padding, unknown
        and tokens without positive information.
    """
    information = positive_information(cooccurrences(_sample(corpus, seed), vocabulary_size))
    vectors = np.zeros((vocabulary_size, size), np.float32)
    if information.nnz:
        rank = min(size, vocabulary_size)
        left, strengths, _ = randomized_svd(information, rank, n_iter=3, random_state=seed)
        vectors[:, :rank] = left * np.sqrt(strengths)
        vectors[information.getnnz(axis=1) == 0] = 0  # exactly
        vectors /= np.sqrt(np.mean(np.square(vectors)))
    return vectors


def cooccurrences(corpus: PackedCorpus, vocabulary_size: int) -> Matrix:
    """Count how often tokens occur within ``WINDOW`` of each other: symmetric [V, V]."""
    counts = scipy.sparse.csr_matrix((vocabulary_size, vocabulary_size), dtype=np.float32)
    for ids in _chunks(corpus):
        for distance in range(1, WINDOW + 1):
            first, second = ids[:-distance], ids[distance:]
            known = (first >= _FIRST_TOKEN) & (second >= _FIRST_TOKEN)
            pairs = (first[known], second[known])
            ones = np.ones(len(pairs[0]), np.float32)
            counts = counts + scipy.sparse.coo_matrix((ones, pairs), shape=counts.shape).tocsr()
    return counts + counts.T


def positive_information(counts: Matrix) -> Matrix:
    """Return max(0, log P(a, b) / (P(a) P'(b))), where P' is P to the power ``SMOOTHING``."""
    totals = np.asarray(counts.sum(axis=1)).ravel()
    contexts = totals**SMOOTHING
    contexts /= max(1.0, contexts.sum())
    pairs = counts.tocoo()
    information = np.log(pairs.data / (totals[pairs.row] * contexts[pairs.col]))
    positive = information > 0
    indices = (pairs.row[positive], pairs.col[positive])
    return scipy.sparse.coo_matrix((information[positive], indices), shape=counts.shape).tocsr()


def _sample(corpus: PackedCorpus, seed: int) -> PackedCorpus:
    """Return the corpus, or a random sample of texts with about ``MAX_TOKENS`` tokens."""
    if corpus.lengths.sum(dtype=np.int64) <= MAX_TOKENS:
        return corpus
    order = np.random.default_rng(seed).permutation(len(corpus))
    count = int(np.searchsorted(np.cumsum(corpus.lengths[order], dtype=np.int64), MAX_TOKENS))
    return corpus.subset(np.sort(order[:count]))


def _chunks(corpus: PackedCorpus) -> Iterator[NDArray[np.int32]]:
    """Yield the ids of many texts, with padding between texts, so that they share no contexts."""
    parts: list[NDArray[np.int32]] = []
    held = 0
    between = np.zeros(WINDOW, np.int32)
    for index in range(len(corpus)):
        parts += [corpus.sequences[index], between]
        held += len(parts[-2])
        if held >= _CHUNK or index == len(corpus) - 1:
            yield np.concatenate(parts)
            parts, held = [], 0
