"""Every cell and every layer against a loop in NumPy that shares no code with them.

The loop is written for complex numbers, so that its derivatives are known to rounding error
without a formula: f'(x) = Im f(x + ih) / h for a tiny h (Squire and Trapp 1998, "Using Complex
Variables to Estimate Derivatives of Real Functions").
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.cells import GRUCell, LSTMCell, MinGRUCell, SimpleRNNCell, SimplifiedGRUCell
from toolkit.layers import GRU, LSTM, MinGRU, SimpleRNN, SimplifiedGRU

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


def lstm(x, state, w, b, u):
    h, c = state
    gate = [slice(n * H, (n + 1) * H) for n in range(4)]
    g_i, g_f, g_o = (
        sigmoid(w[:, gate[n]].T @ x + u[:, gate[n]].T @ h + b[gate[n]]) for n in (0, 1, 3)
    )
    candidate = np.tanh(w[:, gate[2]].T @ x + u[:, gate[2]].T @ h + b[gate[2]])
    c = g_f * c + g_i * candidate
    return np.array([g_o * np.tanh(c), c])


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
    "lstm": (LSTM, LSTMCell, {}, lstm),
}


def loop(step, x, initial, mask, back, w, *others):
    """Return the states [B, T, S, H] of a cell in the order of reading.

    The initial states are [S, B, H]. Only a cell of several states takes and returns them all.
    """
    *recurrent_kernel, b = others
    rows = []
    for row in range(B):
        state, states = initial[:, row], []
        for t in reversed(range(T)) if back else range(T):
            before = state[0] if len(state) == 1 else state
            new = step(x[row, t], before, w, b, *recurrent_kernel) if mask[row, t] else before
            state = np.reshape(new, state.shape)
            states.append(state)
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
    """The loss depends on all outputs and on the last states, each with a share of its own."""
    layer_class, cell_class, arguments, step = CASES[name]
    options = {"return_sequences": True, "return_state": True, "go_backwards": back}
    options["dtype"] = "float64"
    count = 2 if name == "lstm" else 1
    if kind == "layer":
        layer = layer_class(H, **options, **arguments)
    else:
        layer = keras.layers.RNN(cell_class(H, dtype="float64", **arguments), **options)
    layer.build((B, T, D))
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=w.shape, scale=0.7) for w in layer.get_weights()]
    layer.set_weights(weights)
    shapes = [(B, T, D), (count, B, H), (B, T, H), (count, B, H)]
    x, initial, share, last_share = (rng.normal(size=shape) for shape in shapes)
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 0, 1, 0, 1], [0, 0, 0, 0, 0]], bool)
    started = np.cumsum(mask[:, ::-1] if back else mask, axis=1) > 0  # outputs before are 0

    def reference(x, initial, *weights):
        states = loop(step, x, initial, mask, back, *weights)
        return states[:, :, 0] * started[:, :, None], states[:, -1].swapaxes(0, 1)

    def reference_loss(*arrays):
        outputs, last = reference(*arrays)
        return np.sum(outputs * share) + np.sum(last * last_share)

    inputs = [tf.constant(x), *map(tf.constant, initial)]
    variables = [v.value for v in layer.trainable_variables]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        found = layer(inputs[0], initial_state=inputs[1:], mask=tf.constant(mask), training=True)
        loss = tf.reduce_sum(found[0] * share) + tf.reduce_sum(tf.stack(found[1:]) * last_share)
    d_x, *gradients = tape.gradient(loss, [*inputs, *variables])
    gradients = [d_x, np.array(gradients[:count]), *gradients[count:]]

    outputs, last = reference(x, initial, *weights)
    np.testing.assert_allclose(found[0], outputs, atol=1e-12)
    np.testing.assert_allclose(np.array(found[1:]), last, atol=1e-12)
    inference = layer(inputs[0], initial_state=inputs[1:], mask=tf.constant(mask))
    for ours, theirs in zip(inference, found, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-15)
    expected = derivatives(reference_loss, [x, initial, *weights])
    for ours, theirs in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)
