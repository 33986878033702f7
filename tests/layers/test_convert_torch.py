"""Weights to and from the GRU and LSTM of PyTorch, where PyTorch is installed."""

import keras
import numpy as np
import pytest

from toolkit.layers import (
    GRU,
    LSTM,
    from_torch_gru,
    from_torch_lstm,
    to_torch_gru,
    to_torch_lstm,
)

torch = pytest.importorskip("torch")

X = np.random.default_rng(0).normal(size=(3, 5, 2))


@pytest.mark.parametrize("bias", [False, True])
def test_two_layers_in_both_directions_compute_the_same(bias):
    module = torch.nn.GRU(
        2, 4, num_layers=2, bias=bias, bidirectional=True, batch_first=True, dtype=torch.float64
    )
    options = {"reset_after": True, "use_bias": bias, "return_sequences": True, "dtype": "float64"}
    both = [keras.layers.Bidirectional(GRU(4, **options), dtype="float64") for _ in range(2)]
    states, again, state = X, {}, module.state_dict()
    for i, layer in enumerate(both):
        layer.build(states.shape)
        for reverse, half in enumerate((layer.forward_layer, layer.backward_layer)):
            half.set_weights(from_torch_gru(state, half, layer=i, reverse=bool(reverse)))
            again |= to_torch_gru(half, layer=i, reverse=bool(reverse))
        states = layer(states, training=True)
    expected, _ = module(torch.from_numpy(X))
    np.testing.assert_allclose(states, expected.detach().numpy(), atol=1e-12)
    assert again.keys() == module.state_dict().keys()
    for name, weight in module.state_dict().items():
        np.testing.assert_array_equal(again[name], weight.numpy())


def test_gradients_are_the_same():
    module = torch.nn.GRU(2, 4, batch_first=True, dtype=torch.float64)
    layer = GRU(4, reset_after=True, return_sequences=True, dtype="float64")
    layer.build(X.shape)
    layer.set_weights(from_torch_gru(module.state_dict()))

    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sin(layer(X, training=True)))
    gradients = tape.gradient(loss, [v.value for v in layer.trainable_variables])
    torch.sin(module(torch.from_numpy(X))[0]).sum().backward()
    # The update gate's weights change sign, and so do their gradients.
    state = {name: parameter.grad for name, parameter in module.named_parameters()}
    for ours, theirs in zip(gradients, from_torch_gru(state), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)


@pytest.mark.parametrize("bias", [False, True])
def test_two_layers_of_an_lstm_in_both_directions(bias):
    """States, last states and gradients are the same; of two biases only the sum matters."""
    module = torch.nn.LSTM(
        2, 4, num_layers=2, bias=bias, bidirectional=True, batch_first=True, dtype=torch.float64
    )
    options = {"use_bias": bias, "return_sequences": True, "return_state": True, "dtype": "float64"}
    both = [keras.layers.Bidirectional(LSTM(4, **options), dtype="float64") for _ in range(2)]
    state, again, shape = module.state_dict(), {}, X.shape
    for i, layer in enumerate(both):
        layer.build(shape)
        shape = (*X.shape[:2], 8)
        for reverse, half in enumerate((layer.forward_layer, layer.backward_layer)):
            half.set_weights(from_torch_lstm(state, half, layer=i, reverse=bool(reverse)))
            again |= to_torch_lstm(half, layer=i, reverse=bool(reverse))

    import tensorflow as tf

    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        states, found = x, []
        for layer in both:
            states, *ends = layer(states, training=True)
            found += [ends[0::2], ends[1::2]]  # h and c of both directions
        loss = tf.reduce_sum(tf.sin(states)) + tf.reduce_sum(tf.stack(found[1::2]) ** 2)
    torch_x = torch.from_numpy(X).requires_grad_()
    outputs, (h, c) = module(torch_x)
    (torch.sin(outputs).sum() + (c**2).sum()).backward()
    np.testing.assert_allclose(states, outputs.detach().numpy(), atol=1e-12)
    for ours, theirs in ((found[0::2], h), (found[1::2], c)):
        np.testing.assert_allclose(np.concatenate(ours), theirs.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(tape.gradient(loss, x), torch_x.grad.numpy(), atol=1e-10)
    module.load_state_dict({name: torch.from_numpy(np.array(a)) for name, a in again.items()})
    np.testing.assert_allclose(module(torch.from_numpy(X))[0].detach(), states, atol=1e-12)
