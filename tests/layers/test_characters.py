"""Vectors of words from their characters, against loops in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.errors import OptionError
from toolkit.layers import CharacterEncoder

IDS = np.array([[2, 3, 4, 5, 2], [6, 1, 0, 0, 0], [0, 0, 0, 0, 0], [3, 0, 0, 0, 0]], np.int32)
SIZE, EMBEDDING = 6, 4
KINDS = pytest.mark.parametrize("kind", ["convolution", "gru"])


def built(kind="convolution", seed=0, **options):
    layer = CharacterEncoder(7, SIZE, kind, EMBEDDING, **options)
    layer.build()
    random = np.random.default_rng(seed)
    for weight in layer.trainable_weights:
        weight.assign(random.normal(size=weight.shape))
    return layer


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def convolved(layer, characters):
    """Return the maximum over places of filters [width, E, size] on characters [n, E]."""
    kernel, bias = layer.reader.get_weights()
    width = len(kernel)
    before = (width - 1) // 2
    edge = np.zeros((width, characters.shape[1]))
    around = np.concatenate([edge[:before], characters, edge[: width - 1 - before]])
    found = [
        np.einsum("we,wes->s", around[place : place + width], kernel) + bias
        for place in range(len(characters))
    ]
    return np.maximum(np.max(found, axis=0), 0)


def last_state(weights, characters):
    """Return the last state of the full GRU, c = G_u * c~ + (1 - G_u) * c, on characters [n, E]."""
    (k_u, k_r, k_c), (r_u, r_r, r_c), (b_u, b_r, b_c) = (
        np.split(weight, 3, axis=-1) for weight in weights
    )
    c = np.zeros(len(r_u))
    for e in characters:
        update = sigmoid(e @ k_u + c @ r_u + b_u)
        reset = sigmoid(e @ k_r + c @ r_r + b_r)
        candidate = np.tanh(e @ k_c + (reset * c) @ r_c + b_c)
        c = update * candidate + (1 - update) * c
    return c


def expected(layer, ids):
    characters = layer.embedding.get_weights()[0][ids[ids > 0]].astype(float)
    if not len(characters):
        return np.zeros(SIZE)
    if layer.get_config()["kind"] == "convolution":
        return convolved(layer, characters)
    forward, backward = layer.reader.forward_layer, layer.reader.backward_layer
    return np.concatenate(
        [
            last_state(forward.get_weights(), characters),
            last_state(backward.get_weights(), characters[::-1]),
        ]
    )


@pytest.mark.parametrize(
    ("kind", "width"), [("convolution", w) for w in (1, 2, 3, 5, 8)] + [("gru", 3)]
)
def test_against_numpy(kind, width):
    layer = built(kind, width=width)
    vectors = layer(IDS)
    assert vectors.shape == (4, SIZE)
    np.testing.assert_allclose(vectors, [expected(layer, ids) for ids in IDS], rtol=1e-4, atol=1e-5)


@KINDS
def test_padding_and_neighbours_change_nothing(kind):
    layer = built(kind)
    together = layer(IDS).numpy()
    wide = layer(np.pad(IDS, [[0, 0], [0, 7]])).numpy()
    np.testing.assert_allclose(wide, together, atol=1e-6)
    for ids, vector in zip(IDS, together, strict=True):
        alone = layer(ids[None, : max(1, (ids > 0).sum())])[0]
        np.testing.assert_allclose(alone, vector, atol=1e-6)
    assert not together[2].any()


@KINDS
def test_the_vector_of_padding_is_never_seen(kind):
    layer = built(kind)
    before = layer(IDS).numpy()
    layer.embedding.embeddings.assign(
        np.concatenate([np.full((1, EMBEDDING), 9.0), layer.embedding.get_weights()[0][1:]])
    )
    np.testing.assert_array_equal(layer(IDS), before)


@KINDS
def test_dropout_drops_numbers_of_characters_in_training_only(kind):
    layer = built(kind, dropout=0.5, seed=1)
    layer.embedding.embeddings.assign(np.ones((7, EMBEDDING)))
    np.testing.assert_array_equal(layer(IDS), layer(IDS, training=False))
    assert not np.allclose(layer(IDS, training=True), layer(IDS))
    seen = []
    layer.reader.call = lambda vectors, **_: seen.append(vectors.numpy()) or vectors
    layer(np.full((300, 5), 3, "int32"), training=True)
    values, counts = np.unique(seen[0], return_counts=True)
    assert values.tolist() == [0, 2]  # each number by itself; kept ones are doubled
    assert counts[0] / counts.sum() == pytest.approx(0.5, abs=0.03)


def test_dropout_follows_its_seed():
    first, again, other = (
        CharacterEncoder(7, SIZE, dropout=0.5, seed=seed).dropout for seed in (3, 3, 4)
    )
    dropped = [layer(tf.ones((20, 20)), training=True).numpy() for layer in (first, again, other)]
    np.testing.assert_array_equal(dropped[0], dropped[1])
    assert not np.array_equal(dropped[0], dropped[2])


@KINDS
def test_gradients_reach_every_weight(kind):
    layer = built(kind)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(tf.constant(IDS), training=True) ** 2)
    slopes = tape.gradient(loss, layer.trainable_variables)
    assert all(isinstance(slope, tf.Tensor) for slope in slopes)  # dense, so they can be clipped
    assert all(np.isfinite(slope).all() and np.any(slope) for slope in slopes)
    assert not np.any(slopes[0][0])  # the vector of padding


@KINDS
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "float64"])
def test_precision(kind, policy):
    layer, exact = built(kind, dtype=policy), built(kind)
    vectors = layer(IDS)
    assert vectors.dtype == policy.removeprefix("mixed_")
    np.testing.assert_allclose(tf.cast(vectors, "float32"), exact(IDS), atol=0.25)
    assert len({weight.dtype for weight in layer.weights if "seed" not in weight.path}) == 1


@KINDS
def test_in_a_model(kind, tmp_path):
    ids = keras.Input((None,), dtype="int32")
    model = keras.Model(ids, CharacterEncoder(7, SIZE, kind, EMBEDDING, 2, 0.1, 5)(ids))
    assert model.output_shape == (None, SIZE)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(IDS), model(IDS))
    assert again.layers[1].get_config() == model.layers[1].get_config()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "lstm"}, "kind is 'lstm'; it can be convolution, gru"),
        ({"kind": "gru", "size": 5}, "size is 5; in two directions it must be even"),
    ],
)
def test_impossible_arguments(arguments, message):
    with pytest.raises(OptionError, match=message):
        CharacterEncoder(**{"vocabulary_size": 7, "size": 6} | arguments)
    assert CharacterEncoder(7, 5).get_config()["size"] == 5
