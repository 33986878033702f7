"""GRU weights to and from ``torch.nn.GRU``, where PyTorch is installed."""

import keras
import numpy as np
import pytest

from toolkit.layers import GRU, from_torch_gru, to_torch_gru

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
