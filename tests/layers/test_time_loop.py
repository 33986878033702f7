"""The loop of several steps an iteration, against a loop in Python."""

import numpy as np
import pytest
import tensorflow as tf

from toolkit.layers.time_loop import CHUNK, one_step_an_iteration, pad, scan

B = 3


def decayed(values, real, *, reverse=False, keep=None):
    """Scan values [T, B, 1] with a sum that decays and the number of steps.

    Return the last states, and what is kept of each step.
    """

    def step(states, at):
        total, count = states
        value, is_real = at
        new = [tf.where(is_real, 0.5 * total + value, total), count + tf.cast(is_real, tf.float32)]
        return new, new[:keep]

    first = [tf.ones([B, 1]), tf.zeros([B, 1])]
    padded = [pad(values), pad(real)]
    steps = values.shape[0] if values.shape[0] is not None else tf.shape(values)[0]
    return scan(step, first, padded, steps, reverse=reverse, keep=keep)


def by_loop(values, reverse):
    total, rows = np.ones((B, 1)), []
    for value in values[::-1] if reverse else values:
        total = 0.5 * total + value
        rows.append(total)
    return np.array(rows[::-1] if reverse else rows)


@pytest.mark.parametrize("steps", [1, 2, CHUNK, CHUNK + 1, 3 * CHUNK - 1])
@pytest.mark.parametrize(("reverse", "keep"), [(False, None), (True, None), (False, 1)])
@pytest.mark.parametrize("static", [False, True])
def test_states_and_what_is_kept_are_those_of_a_loop(steps, reverse, keep, static):
    values = np.random.default_rng(steps).normal(size=(steps, B, 1)).astype("float32")
    real = np.ones((steps, B, 1), bool)
    spec = [steps if static else None, B, 1]
    of_graph = tf.function(
        lambda values, real: decayed(values, real, reverse=reverse, keep=keep),
        input_signature=[tf.TensorSpec(spec), tf.TensorSpec(spec, tf.bool)],
    )
    (total, count), kept = of_graph(values, real)
    expected = by_loop(values, reverse)
    np.testing.assert_allclose(kept[0], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(total, expected[0 if reverse else -1], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(count, np.full((B, 1), steps))
    assert len(kept) == (2 if keep is None else keep)
    if keep is None:
        counted = np.arange(1, steps + 1)
        np.testing.assert_array_equal(kept[1][:, 0, 0], counted[::-1] if reverse else counted)


@pytest.mark.parametrize(
    ("steps", "padded"), [(1, 1), (2, CHUNK), (CHUNK, CHUNK), (CHUNK + 1, 2 * CHUNK)]
)
def test_padding_reaches_a_multiple_except_of_one_step(steps, padded):
    values = np.ones((steps, B, 2), "float32")
    found = pad(tf.constant(values))
    np.testing.assert_array_equal(found, np.pad(values, [[0, padded - steps], [0, 0], [0, 0]]))


def test_one_step_is_taken_without_a_loop():
    def operations(steps):
        made = tf.function(decayed).get_concrete_function(
            tf.TensorSpec([steps, B, 1]), tf.TensorSpec([steps, B, 1], tf.bool)
        )
        return {operation.type for operation in made.graph.get_operations()}

    loops = {"While", "StatelessWhile"}
    assert not loops & operations(1)
    assert loops & operations(2)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_graph_that_takes_one_step_an_iteration_is_smaller_and_gives_the_same(reverse):
    values = np.random.default_rng(0).normal(size=(6, B, 1)).astype("float32")

    def made():
        of_graph = tf.function(lambda v, r: decayed(v, r, reverse=reverse))
        return of_graph.get_concrete_function(
            tf.TensorSpec([None, B, 1]), tf.TensorSpec([None, B, 1], tf.bool)
        )

    def nodes(graph):
        return sum(len(each.node_def) for each in graph.as_graph_def().library.function)

    usual = made()
    with one_step_an_iteration():
        small = made()
    assert nodes(small.graph) < nodes(usual.graph) / 2
    (total, _), kept = small(tf.constant(values), tf.ones([6, B, 1], tf.bool))
    expected = by_loop(values, reverse)
    np.testing.assert_allclose(kept[0], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(total, expected[0 if reverse else -1], rtol=1e-5, atol=1e-6)
