"""Greedy and beam search, against all sequences and against a second beam search."""

import itertools
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from toolkit.decoding import Decoded, beam_search, greedy

V = 4


def shares_of(seed: int, rows: int, depth: int) -> np.ndarray:
    """Return log probabilities of the next token [B, n, V] after each of n beginnings.

    The beginnings are all those of at most ``depth`` tokens.
    """
    random = np.random.default_rng(seed)
    logits = random.normal(size=(rows, sum(V**n for n in range(depth + 1)), V)) * 2
    return (logits - np.log(np.exp(logits).sum(-1, keepdims=True))).astype(np.float32)


def place(beginning: tuple[int, ...]) -> int:
    """Return the index of a beginning among all beginnings, shorter ones first."""
    before = sum(V**n for n in range(len(beginning)))
    return before + sum(unit * V**n for n, unit in enumerate(reversed(beginning)))


def score(shares: np.ndarray, units: tuple[int, ...], alpha: float) -> float:
    """Return the score of one sequence, including its end."""
    total = sum(shares[place(units[:n]), unit] for n, unit in enumerate((*units, 0)))
    return float(total) / (len(units) + 1) ** alpha


def everything(shares: np.ndarray, limit: int, alpha: float) -> list[tuple[float, tuple[int, ...]]]:
    """Return all sequences of at most ``limit`` tokens with their scores, the best first."""
    found = [
        (score(shares, units, alpha), units)
        for length in range(limit + 1)
        for units in itertools.product(range(1, V), repeat=length)
    ]
    return sorted(found, reverse=True)


def simple_beam(shares: np.ndarray, limit: int, size: int, alpha: float) -> list[Any]:
    """Return a row's finished sequences, the best first, by a beam search on lists."""
    live: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    finished: list[tuple[float, tuple[int, ...]]] = []
    for step in range(limit + 1):
        options = sorted(
            (
                (total + float(shares[place(units), unit]), units, unit)
                for total, units in live
                for unit in range(V if step < limit else 1)
            ),
            key=lambda option: -option[0],
        )[: 2 * size]
        ended = [o for o in options[:size] if o[2] == 0]
        finished += [(total / (step + 1) ** alpha, units) for total, units, _ in ended]
        going = [total for total, _, unit in options[:size] if unit]
        hope = max(going, default=-np.inf) / (step + 2) ** alpha
        if step == limit or (len(finished) >= size and sorted(finished)[-size][0] >= hope):
            break
        live = [(total, (*units, unit)) for total, units, unit in options if unit][:size]
    return sorted(finished, reverse=True)[:size]


def as_lists(found: Decoded) -> list[list[tuple[int, ...]]]:
    return [[tuple(int(u) for u in ids if u) for ids in row] for row in found.ids.numpy()]


SEARCH = tf.function(
    lambda table, limits, size, alpha: beam_search(*decoder(table), limits, size, alpha, table),
    input_signature=[
        tf.TensorSpec([None, None, V]),
        tf.TensorSpec([None], tf.int32),
        tf.TensorSpec([], tf.int32),
        tf.TensorSpec([]),
    ],
    autograph=False,
)


def decoder(table: Any) -> tuple[Any, Any]:
    """Return a step function that looks up log probabilities, and its initial state.

    The state holds the index of the beginning.
    """

    def next(tokens: Any, state: Any, table: Any) -> Any:
        number, offset, width = (state[name][..., 0] for name in ("number", "offset", "width"))
        first = width == 0
        number = tf.where(first, 0, number * V + tokens)
        width = tf.where(first, 1, width * V)
        offset = tf.where(first, 0, offset + width // V)
        logits = tf.gather(table, offset + number, batch_dims=1)
        after = {"number": number, "offset": offset, "width": width}
        return logits, {name: value[..., None] for name, value in after.items()}

    zeros = tf.zeros([tf.shape(table)[0], 1, 1], tf.int32)
    return next, {"number": zeros, "offset": zeros, "width": zeros}


def search(shares: np.ndarray, limits: list[int], size: int, alpha: float = 1.0) -> Decoded:
    return SEARCH(
        tf.constant(shares), tf.constant(limits, tf.int32), tf.constant(size), tf.constant(alpha)
    )


@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("limit", [0, 1, 3])
def test_a_beam_that_holds_all_finds_the_best_of_all(limit: int, alpha: float) -> None:
    shares = shares_of(limit, 5, 3)
    right = [everything(row, limit, alpha) for row in shares]
    found = search(shares, [limit] * 5, len(right[0]), alpha)
    for row, (units, all_of_row) in enumerate(zip(as_lists(found), right, strict=True)):
        assert units == [sequence for _, sequence in all_of_row]
        np.testing.assert_allclose(found.scores[row], [s for s, _ in all_of_row], rtol=1e-5)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_who_is_sure_is_not_broken_off(size: int) -> None:
    wanted = (2, 1, 3, 3, 1)
    shares = np.full((1, sum(V**n for n in range(7)), V), np.log(0.01), np.float32)
    for width, unit in enumerate((*wanted, 0)):
        shares[0, place(wanted[:width]), unit] = np.log(0.97)
    assert as_lists(search(shares, [6], size))[0][0] == wanted


@given(
    st.integers(0, 10_000),
    st.lists(st.integers(0, 4), min_size=1, max_size=4),
    st.integers(1, 7),
    st.sampled_from([0.0, 0.7, 1.0]),
)
def test_it_is_a_beam_search(seed: int, limits: list[int], size: int, alpha: float) -> None:
    shares = shares_of(seed, len(limits), 4)
    found = search(shares, limits, size, alpha)
    for row, limit in enumerate(limits):
        right = simple_beam(shares[row], limit, size, alpha)
        assert as_lists(found)[row][: len(right)] == [units for _, units in right]
        np.testing.assert_allclose(
            found.scores[row][: len(right)], [s for s, _ in right], rtol=1e-4
        )
        assert (found.scores[row][len(right) :].numpy() == -np.inf).all()
        assert not found.ids[row][len(right) :].numpy().any()


@given(st.integers(0, 10_000), st.lists(st.integers(0, 4), min_size=1, max_size=4))
def test_greedy_takes_the_likeliest_unit_until_it_is_the_end(seed: int, limits: list[int]) -> None:
    shares = shares_of(seed, len(limits), 4)
    found = greedy(*decoder(shares), tf.constant(limits), memory=tf.constant(shares))
    for row, limit in enumerate(limits):
        units: tuple[int, ...] = ()
        while len(units) < limit and (unit := int(shares[row, place(units)].argmax())):
            units += (unit,)
        assert tuple(int(unit) for unit in found.ids[row] if unit) == units
        np.testing.assert_allclose(found.scores[row], score(shares[row], units, 1.0), rtol=1e-5)


@pytest.mark.parametrize("units", [640, 1_000])
def test_of_many_units_the_likeliest_are_found(units: int) -> None:
    logits = np.random.default_rng(units).normal(size=(2, 1 + units, units)).astype(np.float32)
    logits[:, 0, [5, units - 1]] = 9.0, 8.0  # tokens of the first and the last block
    shares = logits - np.log(np.exp(logits).sum(-1, keepdims=True))

    def next(tokens: Any, state: Any, table: Any) -> Any:
        logits = tf.gather(table, tf.where(state[..., 0] == 0, 0, 1 + tokens), batch_dims=1)
        return logits, tf.ones_like(state)

    state = tf.zeros([2, 1, 1], tf.int32)
    found = beam_search(next, state, tf.constant([1, 1]), 4, 0.0, tf.constant(logits))
    for row in range(2):
        first = 1 + np.argsort(-shares[row, 0, 1:])[:4]  # the end, id 0, is not among the likeliest
        assert {5, units - 1} <= set(first)
        ended = sorted(
            ((shares[row, 0, u] + shares[row, 1 + u, 0], u) for u in first), reverse=True
        )
        assert as_lists(found)[row] == [(u,) for _, u in ended]
        np.testing.assert_allclose(found.scores[row], [s for s, _ in ended], rtol=1e-5)


def test_a_batch_gives_what_its_rows_give_alone() -> None:
    shares = shares_of(3, 6, 4)
    limits = [4, 0, 2, 4, 1, 3]
    together = search(shares, limits, 3)
    for row, limit in enumerate(limits):
        alone = search(shares[row : row + 1], [limit], 3)
        assert as_lists(alone)[0] == as_lists(together)[row]
        np.testing.assert_allclose(alone.scores[0], together.scores[row], rtol=1e-6)


def test_sequences_differ_and_scores_fall() -> None:
    found = search(shares_of(5, 8, 4), [4] * 8, 4)
    assert (np.diff(found.scores.numpy()) <= 0).all()
    for row in as_lists(found):
        assert len(set(row)) == len(row)


def test_no_rows_and_what_is_no_number() -> None:
    assert search(shares_of(0, 1, 4)[:0], [], 3).ids.shape == (0, 3, 1)
    nothing = tf.constant(shares_of(0, 1, 4)[:0])
    one = greedy(*decoder(nothing), tf.zeros([0], tf.int32), memory=nothing)
    assert one.ids.shape == (0, 1)
    shares = shares_of(0, 1, 2)
    shares[0, :, 2] = np.nan
    shares[0, :, 1] = -np.inf
    found = search(shares, [2], 3)
    assert np.isfinite(found.scores[0, 0])
    assert all(unit == 3 for units in as_lists(found)[0][:1] for unit in units)


@pytest.mark.slow
def test_half_precision_is_summed_in_full() -> None:
    def next(tokens: Any, state: Any, memory: Any) -> Any:
        return tf.cast(tf.one_hot(tokens + 1, 300) * 9.0, tf.bfloat16), state

    state = tf.zeros([1, 1, 1])
    found = greedy(next, state, tf.constant([200]))
    assert found.ids[0].numpy().tolist() == list(range(1, 201))
    share = 9 - np.log(np.exp(9) + 299)
    right = (200 * share + share - 9) / 201  # the logit of the end is 0
    np.testing.assert_allclose(found.scores, [right], rtol=1e-5)
    assert beam_search(next, state, tf.constant([3]), 2).scores.dtype == tf.float32


def test_a_saved_graph_searches_alone(tmp_path: Any) -> None:
    module = tf.Module()
    module.search = SEARCH
    tf.saved_model.save(module, str(tmp_path), signatures={"search": SEARCH_NAMED})
    again = tf.saved_model.load(str(tmp_path)).signatures["search"]
    shares = shares_of(1, 2, 3)
    found = again(
        table=tf.constant(shares),
        limits=tf.constant([3, 1]),
        size=tf.constant(3),
        alpha=tf.constant(1.0),
    )
    right = search(shares, [3, 1], 3)
    np.testing.assert_array_equal(found["ids"], right.ids)
    np.testing.assert_allclose(found["scores"], right.scores, rtol=1e-6)


@tf.function(
    input_signature=[
        tf.TensorSpec([None, None, V], name="table"),
        tf.TensorSpec([None], tf.int32, name="limits"),
        tf.TensorSpec([], tf.int32, name="size"),
        tf.TensorSpec([], name="alpha"),
    ],
    autograph=False,
)
def SEARCH_NAMED(table: Any, limits: Any, size: Any, alpha: Any) -> dict[str, Any]:  # noqa: N802
    return SEARCH(table, limits, size, alpha)._asdict()
