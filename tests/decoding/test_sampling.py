"""Sampling: the distribution, the frequencies of draws, and the end."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from toolkit.decoding.sampling import SamplingOptions, choose, row_seeds, sample

LOGITS = np.log([[0.05, 0.4, 0.3, 0.15, 0.1]]).astype(np.float32)


def drawing(rows: int, seed: tuple[int, int] = (1, 0), **options: Any) -> SamplingOptions:
    given = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "repetition_penalty": 1.0}
    values = {name: tf.constant(value) for name, value in (given | options).items()}
    return SamplingOptions(**values, seeds=row_seeds(tf.constant(seed), tf.fill([rows], "text")))


def shares(rows: int = 20_000, seen: tuple[int, ...] = (), **options: Any) -> np.ndarray:
    """Return the share of each token in the draws."""
    logits = tf.constant(np.repeat(LOGITS, rows, axis=0))
    been = np.zeros((rows, 5), bool)
    been[:, list(seen)] = True
    found = choose(logits, tf.constant(been), tf.constant(0), drawing(rows, **options))
    return np.bincount(found, minlength=5) / rows


def softmax(logits: np.ndarray) -> np.ndarray:
    return np.exp(logits) / np.exp(logits).sum()


def close(found: np.ndarray, right: Any) -> bool:
    """Return whether the shares are right, and tokens of probability 0 are never drawn."""
    never = found[np.asarray(right) == 0]
    return np.allclose(found, right, atol=0.015) and not never.any()


def test_units_are_drawn_as_often_as_they_are_likely() -> None:
    assert close(shares(), np.exp(LOGITS[0]))


def test_an_extreme_temperature_is_harmless() -> None:
    assert shares(10, temperature=1e-38)[1] == 1
    masked = tf.constant([[-np.inf, 0.0, 0.0, -np.inf]])
    rows = tf.repeat(masked, 4_000, axis=0)
    drawn = drawing(4_000, temperature=1e30)
    found = choose(rows, tf.zeros([4_000, 4], tf.bool), tf.constant(0), drawn)
    assert close(np.bincount(found, minlength=4) / 4_000, [0, 0.5, 0.5, 0])


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_temperature(temperature: float) -> None:
    assert close(shares(temperature=temperature), softmax(LOGITS[0] / temperature))


def test_without_temperature_the_likeliest_is_taken() -> None:
    assert shares(10, temperature=0.0)[1] == 1
    assert shares(10, temperature=0.0, seen=(1,), repetition_penalty=3.0)[2] == 1


def test_top_k() -> None:
    assert close(shares(top_k=2), [0, 4 / 7, 3 / 7, 0, 0])
    assert close(shares(top_k=1), [0, 1, 0, 0, 0])
    assert close(shares(top_k=99), np.exp(LOGITS[0]))


def test_top_p() -> None:
    assert close(shares(top_p=0.69), [0, 4 / 7, 3 / 7, 0, 0])
    assert close(shares(top_p=0.71), [0, 0.4 / 0.85, 0.3 / 0.85, 0.15 / 0.85, 0])
    assert close(shares(top_p=0.0), [0, 1, 0, 0, 0])
    assert close(shares(top_k=3, top_p=0.8), [0, 4 / 7, 3 / 7, 0, 0])  # two of the three have 0.82


def test_repetition_penalty() -> None:
    logits = LOGITS[0].copy()
    logits[[1, 3]] *= 2  # all logits are negative
    assert close(shares(seen=(1, 3), repetition_penalty=2.0), softmax(logits))
    positive = tf.constant([[4.0, 3.0]])
    found = choose(
        positive,
        tf.constant([[True, False]]),
        0,
        drawing(1, temperature=0.0, repetition_penalty=2.0),
    )
    assert found.numpy().tolist() == [1]


def chain(tokens: tf.Tensor, state: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return equal logits for the tokens n + 1 and n + 2 after n; count steps in the state."""
    after = tf.one_hot(tokens + 1, 6) + tf.one_hot(tokens + 2, 6)
    return tf.math.log(after + 1e-9), state + 1


def run(length: int, rows: int = 3, **options: Any) -> np.ndarray:
    first = tf.repeat(tf.math.log(tf.constant([[1e-9, 1.0, 1e-9, 1e-9, 1e-9, 1e-9]])), rows, 0)
    drawn = drawing(rows, **options)
    step = tf.function(lambda n: sample(chain, first, tf.zeros([rows, 1]), n, drawn))
    return step(tf.constant(length)).numpy()


def test_units_follow_those_before_and_length_ends_it() -> None:
    ids = run(3)
    assert ids.shape == (3, 3)
    assert (ids[:, 0] == 1).all()
    assert np.isin(np.diff(ids, axis=1), [1, 2]).all()
    assert run(0).shape == (3, 0)


def test_the_same_seed_draws_the_same() -> None:
    np.testing.assert_array_equal(run(4, 50), run(4, 50))
    assert (run(4, 50) != run(4, 50, seed=(2, 0))).any()
    assert (run(4, 50)[0] != run(4, 50)).any()  # rows differ


FLAT = tf.constant([-np.inf] + 7 * [50.0])


def flat(tokens: tf.Tensor, state: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return equal logits for all tokens but the end, id 0, which is never drawn."""
    return tf.broadcast_to(FLAT, [*tokens.shape, 8]), state


def flat_run(rows: int, length: int, **options: Any) -> np.ndarray:
    first, state = tf.broadcast_to(FLAT, [rows, 8]), tf.zeros([rows, 1])
    drawn = drawing(rows, **options)
    return sample(flat, first, state, tf.constant(length), drawn).numpy()


def test_what_has_been_written_is_held_against_a_unit() -> None:
    found = flat_run(20, 7, repetition_penalty=1e6)
    assert (np.sort(found, axis=1) == np.arange(1, 8)).all()


def test_each_step_draws_for_itself() -> None:
    found = flat_run(500, 3)
    same = (found[:, 1:] == found[:, :-1]).mean(axis=0)
    assert np.allclose(same, 1 / 7, atol=0.06)


def test_neighbouring_seeds_share_no_step() -> None:
    one, other = flat_run(500, 3), flat_run(500, 3, seed=(2, 0))
    for shift in (-1, 0, 1):
        here, there = one[:, max(0, shift) : 3 + shift], other[:, max(0, -shift) : 3 - shift]
        length = min(here.shape[1], there.shape[1])
        assert np.mean(here[:, :length] == there[:, :length]) < 0.25


def test_the_end_ends_a_row() -> None:
    def stop(tokens: tf.Tensor, state: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        state = state + 1
        likely = tf.where(state >= 3.0, [9.0, 0.0, 0.0], [0.0, 5.0, 9.0])
        return tf.reshape(likely, [-1, 1, 3]), state

    first = tf.constant([[0.0, 9.0, 0.0]] * 2)
    state = tf.constant([[[0.0]], [[1.0]]])
    found = sample(stop, first, state, tf.constant(9), drawing(2, temperature=0.0))
    np.testing.assert_array_equal(found, [[1, 2, 2, 0], [1, 2, 0, 0]])


def seeds_of(texts: list[str], seed: tuple[int, int] = (5, 0)) -> list[int]:
    found = row_seeds(tf.constant(seed), tf.constant(texts, tf.string))
    assert found.dtype == tf.int64
    assert found.shape == (len(texts),)
    numbers: list[int] = found.numpy().tolist()
    return numbers


def test_seeds_go_by_the_text_and_its_number_among_equal_ones() -> None:
    texts = ["b", "", "a", "b", "ü\0", "a", "b"]
    found = seeds_of(texts)
    assert len(set(found)) == len(texts)
    for place, text in enumerate(texts):
        number = texts[:place].count(text)
        assert seeds_of([text], (5, number)) == [found[place]]
    # In another order, and among others, they are the same but for which of equal ones comes first.
    assert sorted(seeds_of(texts[::-1])) == sorted(found)
    assert set(found) < set(seeds_of([*texts, "c", "b"]))
    assert not set(found) & set(seeds_of(texts, (6, 0)))
    assert seeds_of(["b"] * 3, (5, 1))[:2] == seeds_of(["b"] * 3)[1:]
    assert seeds_of([]) == []
    assert len(set(seeds_of(["x"] * 3, (5, 2**31 - 1)))) == 3


def test_a_row_is_drawn_alike_whatever_the_others_are() -> None:
    found = flat_run(40, 5)
    np.testing.assert_array_equal(flat_run(7, 5), found[:7])
    np.testing.assert_array_equal(flat_run(3, 5, seed=(1, 11)), found[11:14])
    assert len({*map(tuple, found.tolist())}) == 40
