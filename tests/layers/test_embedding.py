"""The embedding and its gradient, which is dense, so that optimizers clip it correctly."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.layers import Embedding
from toolkit.layers.embedding import rows

IDS = [[1, 2, 1, 1], [1, 0, 0, 0]]


def vectors(layer, ids):
    return layer(ids, training=True) if isinstance(layer, Embedding) else layer(ids)


def gradient(layer, share):
    ids = tf.constant(IDS)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(vectors(layer, ids) * share)
    return tape.gradient(loss, layer.trainable_variables)[0]


def test_vectors_and_gradient_are_those_of_keras():
    ours, theirs = Embedding(5, 3, mask_zero=True), keras.layers.Embedding(5, 3, mask_zero=True)
    ids = tf.constant(IDS)
    ours(ids), theirs(ids)
    theirs.set_weights(ours.get_weights())
    for training in (False, True):
        np.testing.assert_array_equal(ours(ids, training=training), theirs(ids))
    np.testing.assert_array_equal(ours.compute_mask(ids), [[1, 1, 1, 1], [1, 0, 0, 0]])
    share = tf.random.normal((2, 4, 3))
    dense, slices = gradient(ours, share), gradient(theirs, share)
    assert isinstance(slices, tf.IndexedSlices)
    assert isinstance(dense, tf.Tensor)
    np.testing.assert_allclose(dense, tf.convert_to_tensor(slices), atol=1e-6)


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32", "uint8"])
def test_rows_of_any_matrix(dtype):
    table, share = tf.random.normal((5, 3)), tf.random.normal((2, 4, 3))
    right = np.zeros((5, 3))
    np.add.at(right, np.array(IDS), share.numpy())
    for training, kind in ((True, tf.Tensor), (False, tf.IndexedSlices)):
        with tf.GradientTape() as tape:
            tape.watch(table)
            found = rows(table, tf.cast(IDS, dtype), training)
            loss = tf.reduce_sum(found * share)
        np.testing.assert_array_equal(found, table.numpy()[np.array(IDS)])
        slope = tape.gradient(loss, table)
        assert isinstance(slope, kind)
        np.testing.assert_allclose(tf.convert_to_tensor(slope), right, atol=1e-5)


def step(layer, share, **clipping):
    """Take a step of gradient descent with learning rate 1; return the change and the gradient."""
    layer(tf.constant(IDS))
    layer.set_weights([np.zeros((5, 3))])
    slope = gradient(layer, share)
    keras.optimizers.SGD(1.0, **clipping).apply([slope], layer.trainable_variables)
    return -layer.get_weights()[0], np.array(tf.convert_to_tensor(slope))


SHARE = tf.ones((2, 4, 3)) / np.sqrt(3)  # each use of a row has a gradient of norm 1
RIGHT = {  # functions of the true gradient g
    "clipnorm": lambda g: g / max(1.0, np.linalg.norm(g)),
    "global_clipnorm": lambda g: g / max(1.0, np.linalg.norm(g)),
    "clipvalue": lambda g: np.clip(g, -1, 1),
}


@pytest.mark.parametrize("clipping", RIGHT)
def test_clipping_holds(clipping):
    change, slope = step(Embedding(5, 3), SHARE, **{clipping: 1.0})
    np.testing.assert_allclose(change, RIGHT[clipping](slope), atol=1e-6)
    assert abs(change - slope).max() > 0.5  # the gradient was clipped


@pytest.mark.parametrize("clipping", RIGHT)
def test_clipping_does_not_hold_for_the_layer_of_keras(clipping):
    # This is the defect that `Embedding` avoids; when the test fails, Keras has fixed it.
    change, slope = step(keras.layers.Embedding(5, 3), SHARE, **{clipping: 1.0})
    assert abs(change - RIGHT[clipping](slope)).max() > 0.1


def test_four_uses_of_one_row_make_a_step_of_the_norm_that_was_asked_for():
    once = tf.constant([[1, 1, 1, 1]])
    for layer, norm in ((Embedding(5, 3), 1.0), (keras.layers.Embedding(5, 3), 2.0)):
        layer(once)
        before = layer.get_weights()[0]
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(vectors(layer, once)) / np.sqrt(3)
        slope = tape.gradient(loss, layer.trainable_variables)
        keras.optimizers.SGD(1.0, clipnorm=1.0).apply(slope, layer.trainable_variables)
        assert np.linalg.norm(layer.get_weights()[0] - before) == pytest.approx(norm, rel=1e-5)


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32", "uint8"])
def test_ids_of_any_type(dtype):
    layer = Embedding(5, 3)
    np.testing.assert_array_equal(
        layer(tf.cast(IDS, dtype), training=True), layer(tf.constant(IDS))
    )


def test_mixed_precision_keeps_the_gradient_in_single():
    layer = Embedding(5, 3, dtype="mixed_bfloat16")
    assert layer(tf.constant(IDS), training=True).dtype == tf.bfloat16
    assert gradient(layer, tf.ones((2, 4, 3), tf.bfloat16)).dtype == tf.float32


def test_second_derivatives_and_xla():
    layer = Embedding(5, 3)
    ids = tf.constant(IDS)
    layer(ids)
    variable = layer.trainable_variables[0].value

    @tf.function(jit_compile=True)
    def compiled():
        with tf.GradientTape() as outer:
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(layer(ids, training=True) ** 3)
            slope = tape.gradient(loss, variable)
            total = tf.reduce_sum(slope)
        return slope, outer.gradient(total, variable)

    uses = np.array([3, 4, 1, 0, 0])[:, None]
    slope, second = compiled()
    np.testing.assert_allclose(slope, 3 * uses * variable.numpy() ** 2, atol=1e-6)
    np.testing.assert_allclose(second, 6 * uses * variable.numpy(), atol=1e-6)


def test_exported_without_a_custom_gradient(tmp_path):
    model = keras.Sequential([keras.Input((None,), dtype="int32"), Embedding(5, 3)])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert type(again.layers[0]) is Embedding
    model.export(tmp_path / "1", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "1")
    graph = loaded.signatures["serving_default"].graph.as_graph_def()
    ops = {node.op for function in graph.library.function for node in function.node_def}
    assert "IdentityN" not in ops  # the op that a custom gradient adds to a graph
    np.testing.assert_array_equal(loaded.serve(tf.constant(IDS)), again(tf.constant(IDS)))


def test_an_empty_batch():
    assert Embedding(5, 3)(tf.zeros((0, 4), "int32")).shape == (0, 4, 3)
