"""The loop of recurrences h(t) = a(t) h(t-1) + b(t) against sums of products, and its gradient."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from toolkit.layers import MinGRU, linear_recurrence
from toolkit.layers.linear_recurrence import STEPS_PER_ITERATION

H = 2


def data(steps, batch, seed=0):
    rng = np.random.default_rng(seed)
    shape = (steps, batch, H)
    return rng.uniform(-1, 1, shape), rng.normal(size=shape), rng.normal(size=shape[1:])


def closed_form(a, b, h):
    """Return h(t) = a(1) ... a(t) h(0) + the sum over k of a(k+1) ... a(t) b(k)."""
    return np.array(
        [
            np.prod(a[: t + 1], axis=0) * h
            + sum(np.prod(a[k + 1 : t + 1], axis=0) * b[k] for k in range(t + 1))
            for t in range(len(a))
        ]
    ).reshape(b.shape)


def gradients(function, arrays, share):
    tensors = [tf.constant(array) for array in arrays]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        loss = tf.reduce_sum(function(*tensors) * share)
    return tape.gradient(loss, tensors)


def step_by_step(a, b, h):
    states = []
    for factor, term in zip(tf.unstack(a), tf.unstack(b), strict=True):
        h = factor * h + term
        states.append(h)
    return tf.stack(states)


EVERY_LENGTH = st.integers(1, 2 * STEPS_PER_ITERATION + 1)


@given(steps=EVERY_LENGTH, batch=st.integers(0, 3), seed=st.integers(0, 9))
def test_states_and_gradients(steps, batch, seed):
    arrays = data(steps, batch, seed)
    states = linear_recurrence.linear_recurrence(*map(tf.constant, arrays))
    np.testing.assert_allclose(states, closed_form(*arrays), atol=1e-12)
    share = np.random.default_rng(seed).normal(size=states.shape)
    ours = gradients(linear_recurrence.linear_recurrence, arrays, share)
    theirs = gradients(step_by_step, arrays, share)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)


@pytest.mark.parametrize(
    "steps", [1, STEPS_PER_ITERATION - 1, STEPS_PER_ITERATION, STEPS_PER_ITERATION + 1]
)
def test_a_graph_of_unknown_sizes(steps):
    specs = [tf.TensorSpec(shape, tf.float64) for shape in ([None, None, H], [None, H])]
    graph = tf.function(linear_recurrence.linear_recurrence, input_signature=[specs[0], *specs])
    arrays = data(steps, 3)
    np.testing.assert_allclose(graph(*arrays), closed_form(*arrays), atol=1e-12)


def test_values_beyond_the_last_step_do_not_matter():
    # The last iteration repeats the last step, whose factor may be large.
    a, b, h = data(STEPS_PER_ITERATION + 1, 1)
    a[-1] = 1e300
    states = linear_recurrence.linear_recurrence(*map(tf.constant, (a, b, h)))
    assert np.isfinite(states).all()
    share = np.ones(states.shape)
    share[-1] = 0
    found = gradients(linear_recurrence.linear_recurrence, (a, b, h), share)
    expected = gradients(step_by_step, (a[:-1], b[:-1], h), share[:-1])
    for ours, theirs in zip(found[:2], expected[:2], strict=True):
        np.testing.assert_allclose(ours[:-1], theirs, atol=1e-12)
    np.testing.assert_allclose(found[2], expected[2], atol=1e-12)


@pytest.mark.parametrize("half", ["bfloat16", "float16"])
def test_a_long_sum_in_half_precision(half):
    # Each step adds 1/1000 of the candidate, which half precision would round away near 1.
    layer = MinGRU(1, dtype=f"mixed_{half}", return_sequences=True)
    layer.build((1, 1, 1))
    layer.set_weights([np.zeros((1, 2)), np.array([-np.log(999), 1])])
    states = layer(tf.zeros((1, 3000, 1)), training=True)
    assert states.dtype == half
    expected = 1 - 0.999**3000  # 0.95
    np.testing.assert_allclose(tf.cast(states[0, -1], "float32"), expected, atol=0.01)
