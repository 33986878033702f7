"""Gradients through time, against products of Jacobians and finite differences."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.diagnostics.record import _probed, gradient_flows, recurrent_layers, step_gradients
from toolkit.models import ManyToOne, OneToMany

IDS = np.array([[2, 4, 3, 1, 5, 2], [3, 3, 2, 6, 1, 4]], np.int32)
AFTER = np.array([[4, 3, 1, 5, 2, 1], [3, 2, 6, 1, 4, 5]], np.int32)
CELLS = ["simple_rnn", "simplified_gru", "gru", "lstm", "keras_lstm"]


def language_model(cell: str, layers: int = 1) -> OneToMany:
    keras.utils.set_random_seed(0)
    model = OneToMany(7, cell=cell, embedding_size=4, hidden_size=5, layers=layers)
    model.build()
    return model


def losses_of(model: OneToMany):
    return lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(AFTER, model(IDS))


@pytest.mark.parametrize("cell", ["simple_rnn", "min_gru", "gru"])
def test_the_norms_are_those_of_the_chain_of_products(cell):
    model = language_model(cell)
    (flow,) = gradient_flows(model, losses_of(model))
    assert flow.places.tolist() == list(range(6))
    (layer,) = model.recurrent
    vectors = model.embedding(IDS)
    of_rows = []
    for row in range(2):
        states, jacobians = [np.zeros((1, 5), np.float32)], []
        for t in range(6):
            before = tf.constant(states[-1])
            with tf.GradientTape() as tape:
                tape.watch(before)
                after = layer.cell(vectors[row : row + 1, t], [before])[0]
            jacobians.append(tape.jacobian(after, before)[0, :, 0].numpy())
            states.append(after.numpy())
        norms = np.full((6, 6), np.nan)
        for t in range(6):
            state = tf.constant(states[t + 1])
            with tf.GradientTape() as tape:
                tape.watch(state)
                logits = model.logits(model._output(state))
                loss = tf.nn.sparse_softmax_cross_entropy_with_logits(AFTER[row, t : t + 1], logits)
            slope = tape.gradient(loss, state).numpy()[0]
            for k in range(t, -1, -1):
                norms[t, k] = np.linalg.norm(slope)
                slope = slope @ jacobians[k]
        of_rows.append(norms)
    rows = np.mean(of_rows, axis=0)
    np.testing.assert_allclose(flow.norms, rows, rtol=1e-4)
    by_distance = flow.by_distance()
    assert by_distance[0] == pytest.approx(np.diag(rows).mean(), rel=1e-4)
    assert by_distance[5] == pytest.approx(rows[5, 0], rel=1e-4)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_the_steps_parts_sum_to_the_whole_gradient(cell, layers):
    model = language_model(cell, layers)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(losses_of(model)())
    weights = [layer.cell.recurrent_kernel.value for layer in model.recurrent]
    right = tape.gradient(loss, weights)
    with (
        tf.GradientTape(persistent=True) as tape,
        _probed(recurrent_layers(model), tape) as recorded,
    ):
        loss = tf.reduce_sum(losses_of(model)())
    for steps, whole in zip(recorded, right, strict=True):
        slopes = tape.gradient(loss, steps.probes)
        parts = step_gradients(steps, slopes)
        assert len(parts) == 6
        np.testing.assert_allclose(np.sum(parts, axis=0), whole, rtol=1e-3, atol=1e-5)
    for flow in gradient_flows(model, losses_of(model)):
        assert flow.shares.sum() == pytest.approx(1, abs=1e-5)
        assert flow.weights[0] == 0  # the initial state is zero
        assert flow.activations.shape == (6, 5)


def test_a_cell_without_recurrent_weights_has_no_shares_of_their_gradient():
    model = language_model("min_gru", layers=2)
    for flow in gradient_flows(model, losses_of(model)):
        assert np.isnan(flow.shares).all()
        assert np.isnan(flow.weights).all()
        assert flow.saturation.keys() == {"recurrent_activation"}  # the candidate has no bounds
        assert np.isfinite(flow.by_distance()).all()


def test_both_directions_and_padding():
    keras.utils.set_random_seed(0)
    model = ManyToOne(7, 2, embedding_size=4, hidden_size=5, bidirectional=True, pooling="last")
    ids = np.array([[2, 4, 3, 1, 0, 0]], np.int32)
    before = model(ids)
    losses = lambda: -tf.nn.log_softmax(model(ids))[:, :1]  # noqa: E731
    forward, backward = gradient_flows(model, losses, places=[3])
    np.testing.assert_array_equal(model(ids), before)  # the model is unchanged
    assert forward.places.tolist() == backward.places.tolist() == [3]
    assert (forward.name, backward.name) == ("forward_recurrent_1", "backward_recurrent_1")
    assert np.isnan(forward.norms[0, 4:]).all()  # padding is skipped
    assert np.isnan(backward.norms[0, 4:]).all()
    assert (forward.norms[0, :4] > 0).all()
    assert (backward.norms[0, :4] > 0).all()
    assert backward.norms[0, 0] > backward.norms[0, 3]  # the backward layer ends at step 0
    assert forward.norms[0, 3] > forward.norms[0, 0]


def test_saturated_gates_are_counted():
    model = language_model("gru")
    (flow,) = gradient_flows(model, losses_of(model))
    assert flow.saturation["recurrent_activation"] < 0.2
    cell = model.recurrent[0].cell
    cell.bias.assign(np.full(15, 20.0))
    (flow,) = gradient_flows(model, losses_of(model))
    assert flow.saturation == {"activation": 1.0, "recurrent_activation": 1.0}
