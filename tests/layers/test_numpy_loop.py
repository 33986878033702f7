"""Every cell and every layer against a loop in NumPy that shares no code with them.

The loop is written for complex numbers, so that its derivatives are known to rounding error
without a formula: f'(x) = Im f(x + ih) / h for a tiny h (Squire and Trapp 1998, "Using Complex
Variables to Estimate Derivatives of Real Functions").
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.cells import GRUCell, MinGRUCell, SimpleRNNCell, SimplifiedGRUCell
from toolkit.layers import GRU, MinGRU, SimpleRNN, SimplifiedGRU

B, T, D, H = 4, 5, 3, 4


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def relu(a):
    return np.where(a.real > 0, a, 0)


def simple_rnn(x, h, w, b, u, g):
    return g(w.T @ x + u.T @ h + b)


def simplified_gru(x, c, w, b, u):
    update = sigmoid(w[:, :H].T @ x + u[:, :H].T @ c + b[:H])
    candidate = np.tanh(w[:, H:].T @ x + u[:, H:].T @ c + b[H:])
    return update * candidate + (1 - update) * c


def min_gru(x, c, w, b, g):
    update = sigmoid(w[:, :H].T @ x + b[:H])
    return update * g(w[:, H:].T @ x + b[H:]) + (1 - update) * c


def gru(x, c, w, b, u):
    update, reset, both = slice(0, H), slice(H, 2 * H), slice(2 * H, 3 * H)
    g_u = sigmoid(w[:, update].T @ x + u[:, update].T @ c + b[update])
    g_r = sigmoid(w[:, reset].T @ x + u[:, reset].T @ c + b[reset])
    candidate = np.tanh(w[:, both].T @ x + u[:, both].T @ (g_r * c) + b[both])
    return g_u * candidate + (1 - g_u) * c


def gru_reset_after(x, c, w, b, u):
    update, reset, both = slice(0, H), slice(H, 2 * H), slice(2 * H, 3 * H)
    g_u = sigmoid(w[:, update].T @ x + u[:, update].T @ c + b[0, update] + b[1, update])
    g_r = sigmoid(w[:, reset].T @ x + u[:, reset].T @ c + b[0, reset] + b[1, reset])
    product = u[:, both].T @ c + b[1, both]
    candidate = np.tanh(w[:, both].T @ x + b[0, both] + g_r * product)
    return g_u * candidate + (1 - g_u) * c


CASES = {
    "tanh": (SimpleRNN, SimpleRNNCell, {}, lambda *a: simple_rnn(*a, np.tanh)),
    "relu": (SimpleRNN, SimpleRNNCell, {"activation": "relu"}, lambda *a: simple_rnn(*a, relu)),
    "sigmoid": (
        SimpleRNN,
        SimpleRNNCell,
        {"activation": "sigmoid"},
        lambda *a: simple_rnn(*a, sigmoid),
    ),
    "simplified_gru": (SimplifiedGRU, SimplifiedGRUCell, {}, simplified_gru),
    "min_gru": (MinGRU, MinGRUCell, {}, lambda *a: min_gru(*a, lambda x: x)),
    "min_gru_tanh": (
        MinGRU,
        MinGRUCell,
        {"activation": "tanh"},
        lambda *a: min_gru(*a, np.tanh),
    ),
    "gru": (GRU, GRUCell, {}, gru),
    "gru_reset_after": (GRU, GRUCell, {"reset_after": True}, gru_reset_after),
}


def loop(step, x, h0, mask, back, w, *others):
    """Return the states [B, T, H] in the order of reading."""
    *recurrent_kernel, b = others
    rows = []
    for row in range(B):
        h, states = h0[row], []
        for t in reversed(range(T)) if back else range(T):
            h = step(x[row, t], h, w, b, *recurrent_kernel) if mask[row, t] else h
            states.append(h)
        rows.append(states)
    return np.array(rows)


def derivatives(f, arrays, tiny=1e-100):
    gradients = []
    for i, array in enumerate(arrays):
        gradient = np.zeros(array.shape)
        for index in np.ndindex(array.shape):
            moved = [a.astype(complex) for a in arrays]
            moved[i][index] += 1j * tiny
            gradient[index] = f(*moved).imag / tiny
        gradients.append(gradient)
    return gradients


@pytest.mark.parametrize("kind", ["cell", "layer"])
@pytest.mark.parametrize("back", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("name", CASES)
def test_states_and_every_gradient(name, back, kind):
    layer_class, cell_class, arguments, step = CASES[name]
    options = {"return_sequences": True, "go_backwards": back, "dtype": "float64"}
    if kind == "layer":
        layer = layer_class(H, **options, **arguments)
    else:
        layer = keras.layers.RNN(cell_class(H, dtype="float64", **arguments), **options)
    layer.build((B, T, D))
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=w.shape, scale=0.7) for w in layer.get_weights()]
    layer.set_weights(weights)
    x, h0, share = (rng.normal(size=shape) for shape in [(B, T, D), (B, H), (B, T, H)])
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 0, 1, 0, 1], [0, 0, 0, 0, 0]], bool)
    started = np.cumsum(mask[:, ::-1] if back else mask, axis=1) > 0  # outputs before are 0

    def reference(x, h0, *weights):
        return loop(step, x, h0, mask, back, *weights) * started[:, :, None]

    inputs = [tf.constant(x), tf.constant(h0)]
    variables = [v.value for v in layer.trainable_variables]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        states = layer(inputs[0], initial_state=inputs[1], mask=tf.constant(mask), training=True)
        loss = tf.reduce_sum(states * share)
    gradients = tape.gradient(loss, [*inputs, *variables])

    np.testing.assert_allclose(states, reference(x, h0, *weights), atol=1e-12)
    inference = layer(inputs[0], initial_state=inputs[1], mask=tf.constant(mask))
    np.testing.assert_allclose(inference, states, atol=1e-15)
    expected = derivatives(lambda *a: np.sum(reference(*a) * share), [x, h0, *weights])
    for ours, theirs in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)
