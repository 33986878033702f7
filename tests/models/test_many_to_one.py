"""The many-to-one network, against its equations in NumPy, and properties of its options."""

import keras
import numpy as np
import pytest

from toolkit.errors import OptionError
from toolkit.layers import CELLS
from toolkit.models import ManyToOne, OneToOne

IDS = np.array([[4, 2, 7, 3], [5, 1, 0, 0], [0, 0, 0, 0]], np.int32)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def gru_states(x: np.ndarray, kernel, recurrent, bias) -> np.ndarray:
    """Return the states of the lecture's full GRU on a text: c = G_u * c~ + (1 - G_u) * c(t-1)."""
    c = np.zeros(recurrent.shape[0])
    states = []
    for e in x:
        (k_u, k_r, k_c), (r_u, r_r, r_c), (b_u, b_r, b_c) = (
            np.split(part, 3, axis=-1) for part in (kernel, recurrent, bias)
        )
        update = sigmoid(e @ k_u + c @ r_u + b_u)
        reset = sigmoid(e @ k_r + c @ r_r + b_r)
        candidate = np.tanh(e @ k_c + (reset * c) @ r_c + b_c)
        c = update * candidate + (1 - update) * c
        states.append(c)
    return np.array(states)


def test_against_numpy() -> None:
    keras.utils.set_random_seed(1)
    model = ManyToOne(9, 2, embedding_size=3, hidden_size=4, bidirectional=True, pooling="max")
    model(IDS)
    for weight in model.weights:
        if "seed" not in weight.path:
            weight.assign(np.random.default_rng(2).normal(size=weight.shape))
    embedding = model.front.embedding.get_weights()[0]
    forward, backward = (
        layer.get_weights()
        for layer in (model.recurrent[0].forward_layer, model.recurrent[0].backward_layer)
    )
    kernel, bias = model.output_layer.get_weights()
    for ids, got in zip(IDS[:2], model.answer(IDS).numpy(), strict=False):
        x = embedding[ids[ids > 0]]
        states = np.concatenate(
            [gru_states(x, *forward), gru_states(x[::-1], *backward)[::-1]], axis=1
        )
        logits = states.max(axis=0) @ kernel + bias
        np.testing.assert_allclose(got, np.exp(logits) / np.exp(logits).sum(), rtol=1e-4)


@pytest.mark.parametrize(
    ("cell", "pooling"),
    [
        ("simple_rnn", "last"),
        ("simplified_gru", "mean"),
        ("min_gru", "max"),
        ("gru", "max"),
        ("lstm", "attention"),
        ("keras_gru", "last"),
    ],
)
def test_padding_changes_nothing(cell: str, pooling: str) -> None:
    keras.utils.set_random_seed(0)
    model = ManyToOne(9, 3, cell=cell, pooling=pooling, embedding_size=3, hidden_size=4, layers=2)
    narrow = model.answer(IDS[:, :4]).numpy()
    wide = model.answer(np.pad(IDS, [[0, 0], [0, 5]])).numpy()
    np.testing.assert_allclose(narrow, wide, atol=1e-6)
    alone = np.concatenate([model.answer(IDS[i : i + 1]).numpy() for i in range(len(IDS))])
    np.testing.assert_allclose(narrow, alone, atol=1e-6)
    np.testing.assert_allclose(narrow.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("output", "expected"),
    [("softmax", [[0.5, 0.5]]), ("sigmoid", [[0.5, 0.5]]), ("linear", [[7.0, 7.0]])],
)
def test_outputs_of_zero_logits(output: str, expected: list[list[float]]) -> None:
    model = ManyToOne(9, 2, output=output, output_mean=7.0, output_scale=3.0, hidden_size=4)
    model(IDS)
    for weight in model.output_layer.weights:
        weight.assign(np.zeros(weight.shape))
    np.testing.assert_allclose(model.answer(IDS[:1]).numpy(), expected)


def test_losses_against_their_definitions() -> None:
    logits = np.array([[2.0, -1.0, 0.5], [0.0, 3.0, 1.0]], np.float32)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    model = ManyToOne(9, 3, hidden_size=4)
    plain = float(model.output_layer.loss()(np.array([0, 1]), logits))
    assert plain == pytest.approx(-(log_p[0, 0] + log_p[1, 1]) / 2, rel=1e-5)
    smooth = float(model.output_layer.loss(0.3)(np.array([0, 1]), logits))
    wanted = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]])
    assert smooth == pytest.approx(-(wanted * log_p).sum() / 2, rel=1e-5)
    number = ManyToOne(9, 1, output="linear", output_mean=5.0, output_scale=2.0, hidden_size=4)
    squared = number.output_layer.loss()(np.array([9.0, 5.0]), np.array([[1.0], [1.0]]))
    assert float(squared) == pytest.approx(((2 - 1) ** 2 + (0 - 1) ** 2) / 2)


def test_configuration_round_trip() -> None:
    model = ManyToOne(9, 2, cell="simplified_gru", pooling="mean", word_dropout=0.1, seed=3)
    again = ManyToOne.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    assert again.config["word_dropout"] == 0.1


@pytest.mark.parametrize("network", [ManyToOne, OneToOne])
def test_each_dropout_has_a_seed_of_its_own(network: type[keras.Model]) -> None:
    def seeds(seed: int | None) -> list[int | None]:
        model = network(9, 2, seed=seed)
        front = model.front
        dropouts = (front.word_dropout, front.dropout, model.output_dropout)
        return [dropout.seed for dropout in dropouts]

    first, again, other = seeds(3), seeds(3), seeds(2**32 - 1)
    assert first == again
    assert len({*first, *other}) == 6


def test_the_seed_decides_what_is_dropped() -> None:
    def trained(seed: int) -> np.ndarray:
        keras.utils.set_random_seed(0)
        shares = dict.fromkeys(("word_dropout", "embedding_dropout", "output_dropout"), 0.5)
        return ManyToOne(9, 2, seed=seed, **shares)(IDS, training=True).numpy()

    np.testing.assert_array_equal(trained(2**32 - 1), trained(2**32 - 1))
    assert not np.allclose(trained(1), trained(2))


@pytest.mark.parametrize("cell", CELLS)
def test_precision_reaches_every_layer(cell: str) -> None:
    model = ManyToOne(9, 2, hidden_size=4, cell=cell, dtype="mixed_bfloat16")
    model(IDS)
    both = model.recurrent[0]
    inner = [both.forward_layer, both.backward_layer]
    for layer in (both, *inner, *(layer.cell for layer in inner)):
        assert layer.compute_dtype == "bfloat16"
    assert model.front.embedding.compute_dtype == "bfloat16"
    assert {w.dtype for w in model.trainable_weights} == {"float32"}
    assert model.answer(IDS).dtype == "float32"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"output": "tanh"}, "softmax, sigmoid, linear"),
        ({"layers": 0}, "at least 1"),
        ({"cell": "grru"}, "simplified_gru"),
        ({"pooling": "sum"}, "attention"),
        ({"input_size": 3}, "vocabulary_size for a network that reads ids, or input_size"),
        ({"vocabulary_size": None}, "vocabulary_size for a network that reads ids, or input_size"),
        ({"vocabulary_size": None, "input_size": 3, "word_dropout": 0.1}, "no words to drop"),
    ],
)
def test_impossible_arguments(arguments: dict, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        ManyToOne(**{"vocabulary_size": 9, "outputs": 2} | arguments)


LENGTH = np.array([4, 2, 0], np.int32)
VECTORS = np.random.default_rng(3).normal(size=(3, 4, 5)).astype(np.float32)


def test_the_length_alone_says_what_is_padding() -> None:
    keras.utils.set_random_seed(0)
    model = ManyToOne(9, 3, embedding_size=3, hidden_size=4)
    right = model(IDS)
    np.testing.assert_array_equal(model({"values": IDS, "length": LENGTH}), right)
    other = np.where(IDS == 0, 8, IDS)  # ids beyond the length have no effect
    np.testing.assert_array_equal(model({"values": other, "length": LENGTH}), right)
    zeros = model({"values": np.zeros_like(IDS), "length": LENGTH})  # within the length, 0 is read
    assert np.abs(zeros[0] - zeros[1]).max() > 1e-5


@pytest.mark.parametrize("network", [ManyToOne, OneToOne])
@pytest.mark.parametrize("projection_size", [0, 6])
def test_vectors(network: type[keras.Model], projection_size: int) -> None:
    keras.utils.set_random_seed(0)
    options = {"projection_size": projection_size, "hidden_size": 4}
    model = network(input_size=5, outputs=3, **options)
    rows = {"values": VECTORS, "length": LENGTH}
    right = model.answer(rows).numpy()
    assert right.shape == (3, 3)
    noisy = VECTORS.copy()
    noisy[1, 2:] = 9.0  # beyond the length
    np.testing.assert_array_equal(model.answer({"values": noisy, "length": LENGTH}), right)
    for row, (vectors, length) in enumerate(zip(VECTORS, LENGTH, strict=True)):
        alone = {"values": vectors[None, : max(1, length)], "length": np.array([length])}
        np.testing.assert_allclose(model.answer(alone)[0], right[row], atol=1e-6)
    np.testing.assert_allclose(model.answer(VECTORS[:1]), right[:1], atol=1e-6)  # all steps count
    zeros = np.zeros((2, 4, 5), np.float32)  # zeros are values too
    if network is ManyToOne:
        found = model.answer({"values": zeros, "length": np.array([4, 1])}).numpy()
        model.recurrent[0].forward_layer.cell.bias.assign(np.ones(12))
        shifted = model.answer({"values": zeros, "length": np.array([4, 1])}).numpy()
        assert np.abs(shifted[0] - shifted[1]).max() > 1e-4
        assert found.shape == shifted.shape
    again = network.from_config(model.get_config())
    again.build()
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again(rows), model(rows))
    assert model.front.size == (projection_size or 5)


def test_a_projection_is_what_the_recurrent_layers_read() -> None:
    keras.utils.set_random_seed(0)
    model = ManyToOne(input_size=5, outputs=2, projection_size=3, hidden_size=4)
    model.build()
    bare = ManyToOne(input_size=3, outputs=2, hidden_size=4)
    bare.build()
    kernel, bias, *others = model.get_weights()
    bare.set_weights(others)
    inputs = {"values": VECTORS, "length": LENGTH}
    projected = {"values": VECTORS @ kernel + bias, "length": LENGTH}
    np.testing.assert_allclose(model(inputs), bare(projected), atol=1e-6)
