"""The encoder-decoder: its equations and steps, and the effects of padding and dropout."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.models import EncoderDecoder

SIZE = 9
SOURCE = np.array([[3, 4, 5, 6], [7, 8, 0, 0]], np.int32)
TARGET = np.array([[0, 2, 3], [0, 5, 0]], np.int32)
INPUTS = {"source": SOURCE, "target": TARGET}
RIGHT = np.array([[2, 3, 0], [5, 0, 0]], np.int32)
KINDS = ["additive", "multiplicative", "none"]


def network(**options):
    keras.utils.set_random_seed(0)
    found = EncoderDecoder(SIZE, SIZE, **{"embedding_size": 5, "hidden_size": 4} | options)
    found.build()
    random = np.random.default_rng(1)
    found.set_weights([random.normal(size=w.shape) * 0.5 for w in found.get_weights()])
    return found


def steps(model, source, target):
    """Return the logits [B, T, V] of single steps of the decoder on the gold target."""
    step, state, memory = model.decoder(source)
    found = []
    for t in range(target.shape[1]):
        logits, state = step(tf.constant(target[:, t : t + 1]), state, memory)
        found.append(logits[:, 0])
    return np.stack(found, axis=1)


@pytest.mark.parametrize(
    ("cell", "layers", "attention"),
    [
        ("simple_rnn", 2, "multiplicative"),
        ("simplified_gru", 1, "multiplicative"),
        ("min_gru", 2, "multiplicative"),
        ("gru", 2, "additive"),
        ("gru", 1, "none"),
        ("lstm", 2, "additive"),
        ("lstm", 1, "none"),
        ("keras_gru", 2, "none"),
    ],
)
def test_a_step_at_a_time_is_the_whole_at_once(cell, layers, attention):
    model = network(cell=cell, layers=layers, attention=attention)
    np.testing.assert_allclose(steps(model, SOURCE, TARGET), model(INPUTS), atol=1e-5)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru(layer, inputs, state):
    """Return the states [T, H] of one of the toolkit's GRU layers."""
    kernel, recurrent, bias = (w.numpy() for w in layer.cell.weights)
    size = len(state)
    states = []
    for x in inputs:
        x_part, h_part = x @ kernel + bias, state @ recurrent[:, : 2 * size]
        update, reset = sigmoid(x_part[: 2 * size] + h_part).reshape(2, size)
        candidate = np.tanh(x_part[2 * size :] + (reset * state) @ recurrent[:, 2 * size :])
        state = update * candidate + (1 - update) * state
        states.append(state)
    return np.array(states)


def dense(layer, x):
    return np.tanh(x @ layer.kernel.numpy() + layer.bias.numpy())


@pytest.mark.parametrize("attention", KINDS)
def test_equations(attention):
    model = network(attention=attention)
    logits = model(INPUTS).numpy()
    table = model.embedding.embeddings.numpy()
    both = model.encoder_layers[0]
    for row, length in ((0, 4), (1, 2)):
        source, target = (np.sqrt(5) * table[ids[row]] for ids in (SOURCE[:, :length], TARGET))
        memory = np.concatenate(
            [
                gru(both.forward_layer, source, np.zeros(4)),
                gru(both.backward_layer, source[::-1], np.zeros(4))[::-1],
            ],
            axis=1,
        )
        last = np.concatenate([memory[-1, :4], memory[0, 4:]])
        summary = last if attention == "none" else memory.mean(axis=0)
        starts = [dense(bridges[0], summary) for bridges in model.bridges]
        first = gru(model.decoder_layers[0], target, starts[0])
        contexts = np.tile(summary, (3, 1))
        if attention != "none":
            layer = model.attention
            key = layer.key_kernel.numpy()
            for t, query in enumerate(first):
                if attention == "additive":
                    hidden = np.tanh(
                        query @ layer.query_kernel.numpy() + layer.bias.numpy() + memory @ key
                    )
                    scores = (hidden @ layer.scale.numpy())[:, 0]
                else:
                    scores = memory @ key @ query
                share = np.exp(scores) / np.exp(scores).sum()
                contexts[t] = share @ memory
        second = gru(model.decoder_layers[1], np.concatenate([first, contexts], 1), starts[1])
        output = dense(model.readout, np.concatenate([second, contexts, target], 1))
        right = output @ table.T + model.bias.numpy()
        np.testing.assert_allclose(logits[row], right, atol=1e-5)


@pytest.mark.parametrize("attention", KINDS)
def test_padding_and_company_change_nothing(attention):
    model = network(attention=attention)
    alone = model({"source": SOURCE[1:, :2], "target": TARGET[1:, :2]})
    np.testing.assert_allclose(model(INPUTS)[1:, :2], alone, atol=1e-6)


@pytest.mark.parametrize("attention", KINDS)
def test_the_lengths_alone_say_what_is_padding(attention):
    model = network(attention=attention)
    lengths = {"source_length": np.array([4, 2]), "target_length": np.array([3, 2])}
    inputs = INPUTS | lengths
    np.testing.assert_array_equal(model(inputs), model(INPUTS))
    np.testing.assert_array_equal(model.target_mask(inputs), model.target_mask(INPUTS))
    loss = model.compute_loss(inputs, RIGHT, model(inputs), training=False)
    assert loss == model.compute_loss(INPUTS, RIGHT, model(INPUTS), training=False)
    other = inputs | {"source": np.where(SOURCE == 0, 8, SOURCE)}  # ids beyond the length
    np.testing.assert_array_equal(model(other), model(inputs))
    source = {"values": other["source"], "length": lengths["source_length"]}
    np.testing.assert_array_equal(steps(model, source, TARGET), steps(model, SOURCE, TARGET))
    zero = np.where(SOURCE == 8, 0, SOURCE)  # within a source, 0 is an id like any other
    found = model(INPUTS | {"source": zero} | lengths)
    assert not np.allclose(found[1], model(inputs)[1])


@pytest.mark.parametrize("attention", KINDS)
def test_an_empty_source(attention):
    model = network(attention=attention)
    logits = model({"source": np.zeros((1, 1), np.int32), "target": TARGET[:1]})
    assert np.isfinite(logits.numpy()).all()


def test_the_loss_is_of_units_and_their_end():
    model = network(label_smoothing=0.1)
    logits = model(INPUTS)
    shares = tf.nn.log_softmax(logits).numpy()
    cells = [(0, 0, 2), (0, 1, 3), (0, 2, 0), (1, 0, 5), (1, 1, 0)]
    plain = -np.mean([shares[cell] for cell in cells])
    smooth = -np.mean([0.9 * shares[c] + 0.1 * shares[c[:2]].mean() for c in cells])
    for training, right in ((False, plain), (True, smooth)):
        output = model(INPUTS, training=training)
        loss = model.compute_loss(INPUTS, RIGHT, output, training=training)
        np.testing.assert_allclose(loss, right, rtol=1e-5)


@pytest.mark.slow
def test_it_learns_to_turn_a_sequence_around():
    random = np.random.default_rng(0)
    source = random.integers(1, SIZE, (512, 4)).astype(np.int32)
    right = np.concatenate([source[:, ::-1], np.zeros((512, 1), np.int32)], axis=1)
    target = np.concatenate([np.zeros((512, 1), np.int32), right[:, :-1]], axis=1)
    keras.utils.set_random_seed(1)
    model = EncoderDecoder(SIZE, SIZE, embedding_size=16, hidden_size=32, seed=1)
    model.compile(optimizer=keras.optimizers.Adam(0.01), jit_compile=False)
    model.fit({"source": source, "target": target}, right, batch_size=32, epochs=6, verbose=0)
    found = np.argmax(model({"source": source, "target": target}), axis=-1)
    assert (found == right).mean() > 0.95
    weights = model.align(source[:20], target[:20]).numpy()[:, :4]  # all steps but the end
    assert (weights.argmax(axis=-1) == [3, 2, 1, 0]).mean() > 0.8


def test_attention_is_shown_where_there_is_one():
    model = network()
    weights = model.align(SOURCE, TARGET).numpy()
    assert weights.shape == (2, 3, 4)
    np.testing.assert_allclose(weights.sum(axis=-1), np.ones((2, 3)), rtol=1e-5)
    assert not weights[1, :, 2:].any()
    with pytest.raises(OptionError, match="no attention"):
        network(attention="none").align(SOURCE, TARGET)


@pytest.mark.slow
def test_dropouts_change_training_alone():
    def learning(model):
        return model.embedding.scores(model(INPUTS, training=True)) + model.bias

    shares = ("word_dropout", "embedding_dropout", "dropout", "output_dropout")
    for option in (*shares, "recurrent_dropout"):
        model = network(**{option: 0.5}, seed=2)
        calm = model(INPUTS)
        np.testing.assert_array_equal(calm, model(INPUTS, training=False))
        assert not np.allclose(calm, learning(model)), option
    model = network(seed=2)
    np.testing.assert_allclose(model(INPUTS), learning(model), atol=1e-6)


def test_vectors_are_shared_or_not(tmp_path):
    apart = EncoderDecoder(4, SIZE, shared=False, embedding_size=5, hidden_size=4)
    apart.build()
    assert apart.encoder_front.embedding.embeddings.shape == (4, 5)
    assert apart.embedding.embeddings.shape == (SIZE, 5)
    assert apart({"source": SOURCE % 4, "target": TARGET}).shape == (2, 3, SIZE)
    with pytest.raises(OptionError, match="the same ids on both sides"):
        EncoderDecoder(4, SIZE)
    for model in (apart, network(cell="lstm", attention="none")):
        model.save(tmp_path / "model.keras")
        again = keras.saving.load_model(tmp_path / "model.keras")
        inputs = {"source": SOURCE % 4, "target": TARGET}
        np.testing.assert_array_equal(model(inputs), again(inputs))


def test_half_precision():
    model = network(dtype="mixed_bfloat16")
    logits = model(INPUTS)
    assert logits.dtype == tf.float32
    np.testing.assert_allclose(logits, network()(INPUTS), atol=0.1)
    np.testing.assert_allclose(steps(model, SOURCE, TARGET), logits, atol=0.1)


def test_impossible_arguments():
    with pytest.raises(OptionError, match="layers is 0"):
        network(layers=0)
    with pytest.raises(OptionError, match="score is 'dot'"):
        network(attention="dot")
