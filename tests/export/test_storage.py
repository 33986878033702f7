"""Weights stored in half precision: half the space, the same arithmetic on rounded weights."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from toolkit.export import Servable, stored, write_saved_model


def exported(folder: Path, model: keras.Model, storage: str) -> Path:
    @tf.function(input_signature=[tf.TensorSpec([None, 400], tf.float32, name="x")])
    def serve(x):
        return {"y": model(x, training=False)}

    found = stored({"serving_default": serve}, model.weights, storage)
    return write_saved_model(folder / storage, found)


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "variables").iterdir())


def test_half_precision_takes_half_the_room_and_rounds_the_weights(tmp_path):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input([400]), keras.layers.Dense(500)])
    full, half = (exported(tmp_path, model, storage) for storage in ("float32", "float16"))
    assert size(half) < 0.51 * size(full)

    x = np.random.default_rng(0).normal(size=[3, 400]).astype(np.float32)
    as_learnt = Servable.load(full)(x=x)["y"]
    np.testing.assert_allclose(as_learnt, model(x), rtol=1e-5, atol=1e-5)
    kernel, bias = model.get_weights()
    rounded = x @ kernel.astype(np.float16).astype(np.float32) + bias
    np.testing.assert_allclose(Servable.load(half)(x=x)["y"], rounded, rtol=1e-5, atol=1e-5)
    assert abs(rounded - as_learnt).max() > 1e-4
    np.testing.assert_array_equal(model.get_weights()[0], kernel)
