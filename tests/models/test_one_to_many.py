"""The language model's network: its steps, its state from batch to batch, its conditions."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.data.streams.corpus import StreamCorpus
from toolkit.data.streams.window_batches import StreamBatches
from toolkit.errors import OptionError
from toolkit.layers import CELLS
from toolkit.models.one_to_many import OneToMany
from toolkit.models.truncated_bptt import TruncatedBPTT

SIZE = 7
IDS = np.array([[3, 4, 5, 6, 1, 2], [6, 0, 5, 5, 2, 1]], np.int32)


def network(**options):
    keras.utils.set_random_seed(0)
    found = OneToMany(SIZE, **{"embedding_size": 5, "hidden_size": 4} | options)
    found.build()
    random = np.random.default_rng(1)
    found.set_weights([random.normal(size=w.shape) * 0.5 for w in found.get_weights()])
    return found


@pytest.mark.parametrize("cell", CELLS)
def test_in_one_go_in_two_and_unit_by_unit(cell):
    model = network(cell=cell, layers=2)
    whole, last = model.run(IDS, model.start(2))
    np.testing.assert_allclose(model(IDS), whole, atol=1e-6)
    first, between = model.run(IDS[:, :2], model.start(2))
    second, after = model.run(IDS[:, 2:], between)
    np.testing.assert_allclose(np.concatenate([first, second], 1), whole, atol=1e-5)
    state = [each[:, None] for each in model.start(2)]
    for t in range(IDS.shape[1]):
        logits, state = model.step(tf.constant(IDS[:, t : t + 1]), state)
        np.testing.assert_allclose(logits[:, 0], whole[:, t], atol=1e-5)
    for one, other, third in zip(last, after, state, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
        np.testing.assert_allclose(one, third[:, 0], atol=1e-5)


def test_the_output_is_the_matrix_of_the_vectors():
    model = network(hidden_size=5)
    assert model.projection is None
    states, _ = model.outputs(IDS, model.start(2))
    right = states.numpy() @ model.embedding.embeddings.numpy().T + model.bias.numpy()
    np.testing.assert_allclose(model(IDS), right, atol=1e-5)


def test_conditions_make_the_first_states():
    (state,) = network(conditions=3).start(2, tf.constant([0, 1]))
    assert state.shape == (2, 4)
    model = network(conditions=3, cell="lstm", layers=2)
    starts = [model.start(2, tf.constant(some)) for some in ([0, 1], [2, 1])]
    table = np.tanh(model.condition.embeddings.numpy())
    np.testing.assert_allclose(np.concatenate(starts[0], axis=1), table[[0, 1]], atol=1e-6)
    logits = [model.run(IDS, start)[0].numpy() for start in starts]
    assert not np.allclose(logits[0][0], logits[1][0])
    np.testing.assert_allclose(logits[0][1], logits[1][1], atol=1e-6)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_the_state_is_carried_from_batch_to_batch(cell):
    model = network(cell=cell)
    trained = TruncatedBPTT(model, 2)
    whole = model(IDS)
    for reset_first in (True, False):  # the second time, the state is not reset
        parts = [
            trained({"ids": IDS[:, a:b], "reset_mask": tf.fill([2], a == 0 and reset_first)})
            for a, b in ((0, 2), (2, 5), (5, 6))
        ]
        same = np.allclose(np.concatenate(parts, axis=1), whole, atol=1e-5)
        assert same == reset_first


def test_the_gradient_stays_within_a_batch():
    model = network()
    trained = TruncatedBPTT(model, 2)
    trained({"ids": IDS[:, :3], "reset_mask": tf.fill([2], True)})
    state = [tf.constant(each) for each in trained.states]
    inputs = {"ids": IDS[:, 3:5], "reset_mask": tf.fill([2], False)}
    with tf.GradientTape(persistent=True) as tape:
        loss = trained.compute_loss(inputs, IDS[:, 4:], trained(inputs, training=True))
        logits, _ = model.run(IDS[:, 3:5], state, training=True)
        right = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(tf.constant(IDS[:, 4:]), logits)
        )
    np.testing.assert_allclose(loss, right, rtol=1e-5)
    for one, other in zip(
        tape.gradient(loss, model.trainable_variables),
        tape.gradient(right, model.trainable_variables),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_rows_that_begin_anew_begin_from_their_condition(cell):
    model = network(cell=cell, conditions=3)
    trained = TruncatedBPTT(model, 2)
    condition = tf.constant([2, 0])
    whole = model.run(IDS, model.start(2, condition))[0]
    for _ in range(2):  # the second time, after another text
        parts = [
            trained(
                {"ids": IDS[:, a:b], "reset_mask": tf.fill([2], a == 0), "condition": condition}
            )
            for a, b in ((0, 2), (2, 6))
        ]
        np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=1e-5)


def test_conditions_are_learnt_and_padding_is_not():
    model = network(conditions=3)
    trained = TruncatedBPTT(model, 2)
    weights = np.array([[1, 1, 0, 0], [1, 0, 0, 0]], np.float32)
    inputs = {"reset_mask": tf.fill([2], True), "condition": tf.constant([2, 0])}

    def learnt(ids):
        with tf.GradientTape() as tape:
            output = trained({**inputs, "ids": ids}, training=True)
            loss = trained.compute_loss(inputs, IDS[:, 2:], output, weights)
        return loss, tape.gradient(loss, [model.condition.embeddings, model.bias])

    ids = IDS[:, 1:5].copy()
    loss, gradients = learnt(ids)
    np.testing.assert_array_equal(np.any(gradients[0], axis=1), [True, False, True])
    logits = model.run(ids, model.start(2, inputs["condition"]))[0]
    right = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.constant(IDS[:, 2:]), logits)
    np.testing.assert_allclose(loss, np.sum(right * weights) / 3, rtol=1e-5)
    ids[:, 2:] = 6
    for one, other in zip(gradients, learnt(ids)[1], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.slow
def test_it_learns_what_only_a_carried_state_can_know():
    """Rows repeat a letter, with blanks in between; only the state tells the letter after one."""
    rows = [np.where(np.arange(400) % 4 == 0, 1, letter) for letter in (2, 3, 4, 5)]
    corpus = StreamCorpus(np.concatenate([*rows, [1]]).astype(np.int32))
    keras.utils.set_random_seed(0)
    model = OneToMany(SIZE, embedding_size=8, hidden_size=16)
    model.build()
    batches = StreamBatches(corpus, 4, 4, shuffle=False)
    trained = TruncatedBPTT(model, 4)
    trained.compile(optimizer=keras.optimizers.Adam(0.02), jit_compile=False)
    history = trained.fit(
        batches.stream(), steps_per_epoch=len(batches), epochs=12, shuffle=False, verbose=0
    )
    # A quarter of the targets follows a blank: without the state, the loss is log(4) / 4.
    assert history.history["loss"][-1] < 0.1 * np.log(4) / 4


def test_saved_and_loaded(tmp_path):
    model = network(conditions=2, cell="lstm")
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    start = tf.constant([0, 1])
    np.testing.assert_array_equal(
        model.run(IDS, model.start(2, start))[0], again.run(IDS, again.start(2, start))[0]
    )


def test_dropouts_change_training_alone():
    for option in ("word_dropout", "embedding_dropout", "dropout", "recurrent_dropout"):
        model = network(**{option: 0.5}, layers=2, seed=2)
        calm = model(IDS)
        assert not np.allclose(calm, model(IDS, training=True)), option
        np.testing.assert_array_equal(calm, model(IDS, training=False))
    calm = network(layers=2, seed=2)
    np.testing.assert_allclose(calm(IDS), calm(IDS, training=True), atol=1e-6)


def test_half_precision_and_impossible_arguments():
    model = network(dtype="mixed_bfloat16")
    np.testing.assert_allclose(model(IDS), network()(IDS), atol=0.1)
    trained = TruncatedBPTT(model, 2)
    assert trained({"ids": IDS, "reset_mask": tf.fill([2], True)}).dtype == tf.float32
    with pytest.raises(OptionError, match="layers is 0"):
        network(layers=0)
