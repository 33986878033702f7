"""Beam search with gains of texts, against the sums over all paths of all texts."""

import itertools
import weakref
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from scipy.special import log_softmax

from toolkit.audio.beam import beam_search
from toolkit.audio.fusion import fused_search

RANDOM = np.random.default_rng(7)


class Pairs:
    """Gains by the symbol before; a text is the tuple of its symbols."""

    def __init__(self, symbols: int, weight: float = 1.0) -> None:
        self.gain = weight * RANDOM.normal(size=(symbols + 1, symbols))
        self.gain[1, 0] = -np.inf if weight else 0  # symbol 0 never follows symbol 0
        self.end = weight * RANDOM.normal(size=symbols + 1)

    def start(self) -> tuple[int, ...]:
        return ()

    def gains(self, texts: Sequence[Any], likely: NDArray[np.bool_]) -> NDArray[np.float64]:
        assert likely.shape == (len(texts), self.gain.shape[1])
        return np.stack([self.gain[text[-1] + 1 if text else 0] for text in texts])

    def after(self, texts: Sequence[Any], symbols: Sequence[int]) -> list[Any]:
        return [(*text, symbol) for text, symbol in zip(texts, symbols, strict=True)]

    def ends(self, texts: Sequence[Any]) -> NDArray[np.float64]:
        return np.array([self.end[text[-1] + 1 if text else 0] for text in texts])

    def of(self, text: tuple[int, ...]) -> float:
        """All that a text gains, by the definition."""
        line = [-1, *text]
        steps = sum(float(self.gain[a + 1, b]) for a, b in itertools.pairwise(line))
        return steps + float(self.end[line[-1] + 1])


def by_all_paths(scores: Any, of: Any) -> list[tuple[tuple[int, ...], float]]:
    """All texts with their scores, the best first."""
    steps, classes = scores.shape
    texts: dict[tuple[int, ...], float] = defaultdict(float)
    for path in itertools.product(range(classes), repeat=steps):
        text = tuple(c for c, _ in itertools.groupby(path) if c != classes - 1)
        texts[text] += np.exp(sum(scores[time, c] for time, c in enumerate(path)))
    scored = [(text, float(np.log(p)) + of(text)) for text, p in texts.items()]
    return sorted((e for e in scored if e[1] > -np.inf), key=lambda item: -item[1])


@pytest.mark.parametrize(("steps", "symbols"), [((4, 2), 2), ((3, 4), 3), ((5,), 2)])
def test_a_wide_beam_finds_all_texts_with_their_scores(steps: Any, symbols: int) -> None:
    scores = [log_softmax(2 * RANDOM.normal(size=(n, symbols + 1)), axis=1) for n in steps]
    pairs = Pairs(symbols)
    found = fused_search(scores, 1000, pairs, least=-np.inf)
    for rows, matrix in zip(found, scores, strict=True):
        expected = by_all_paths(matrix, pairs.of)
        assert [row.symbols for row in rows] == [text for text, _ in expected]
        np.testing.assert_allclose([row.score for row in rows], [s for _, s in expected])
        assert all(len(row.steps) == len(row.symbols) for row in rows)
        assert all([*row.steps] == sorted(row.steps) for row in rows)


def test_without_gains_it_is_the_search_in_the_graph() -> None:
    logits = 2 * RANDOM.normal(size=(2, 9, 5))
    in_graph = beam_search(tf.constant(logits, tf.float32), tf.ones([2, 9], tf.bool), 4)
    found = fused_search([*log_softmax(logits, axis=2)], 4, Pairs(4, weight=0), least=-np.inf)
    for row, ids, scores in zip(found, in_graph.ids.numpy(), in_graph.scores.numpy(), strict=True):
        assert [each.symbols for each in row] == [tuple(i[i > 0] - 1) for i in ids]
        np.testing.assert_allclose([each.score for each in row], scores, rtol=1e-5)
        assert [*row[0].steps] == np.flatnonzero(ids[0]).tolist()


def test_unlikely_symbols_are_not_written() -> None:
    scores = np.log([[0.5, 0.001, 0.499], [0.001, 0.5, 0.499]])
    found = fused_search([scores], 100, Pairs(2, weight=0), least=np.log(0.01))
    assert {text.symbols for text in found[0]} == {(), (0,), (1,), (0, 1)}
    assert fused_search([scores[:0]], 3, Pairs(2, weight=0))[0][0].symbols == ()


class Node:
    """A text that holds those after it."""

    def __init__(self, nodes: "weakref.WeakSet[Node]") -> None:
        self.after: list[Node] = []
        self.nodes = nodes
        nodes.add(self)


class Nodes(Pairs):
    """Texts of which the most that there are at once are counted."""

    most = 0

    def start(self) -> Any:
        return Node(weakref.WeakSet())

    def gains(self, texts: Sequence[Any], likely: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.zeros(likely.shape)

    def after(self, texts: Sequence[Any], symbols: Sequence[int]) -> list[Any]:
        made = [Node(text.nodes) for text in texts]
        for text, node in zip(texts, made, strict=True):
            text.after.append(node)
            self.most = max(self.most, len(node.nodes))
        return made

    def ends(self, texts: Sequence[Any]) -> NDArray[np.float64]:
        return np.zeros(len(texts))


def test_texts_that_no_beam_continues_are_forgotten() -> None:
    steps = np.arange(60) % 2  # two symbols in turn
    nodes = Nodes(2)
    (found,) = fused_search([log_softmax(20 * np.eye(3)[steps], axis=1)], 2, nodes)
    assert len(found[0].symbols) == 60
    assert nodes.most < 15
