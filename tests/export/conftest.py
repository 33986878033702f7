"""Tiny models of strings and numbers, which need nothing of the rest of the toolkit."""

import math

import numpy as np
import pytest

GOLDEN_INPUTS = [{"text": "a good film"}, {"text": "bad , just bad"}, {"text": "été 😀 \x00"}]
GOLDEN_OUTPUTS = [
    {"label": "pos", "score": 0.880797, "probabilities": [0.119203, 0.880797]},
    {"label": "neg", "score": 0.982014, "probabilities": [0.982014, 0.017986]},
    {"label": "neg", "score": 0.5, "probabilities": [0.5, 0.5]},
]


@pytest.fixture(scope="session")
def word_counter():
    """Signatures and tracked objects of a model that weighs the known words of a text.

    p(pos) = sigmoid(sum of weights), with +2 for 'good' and -2 for 'bad'.
    """
    import tensorflow as tf

    class Counter(tf.Module):
        def __init__(self):
            super().__init__()
            self.weights = tf.Variable([0.0, 2.0, -2.0], name="weights")
            self.unused = tf.Variable([7.0], name="unused")
            self.table = tf.lookup.StaticHashTable(
                tf.lookup.KeyValueTensorInitializer(["good", "bad"], [1, 2], tf.string, tf.int32), 0
            )

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
        def classify(self, text):
            ids = self.table[tf.strings.split(text).to_tensor("")]
            positive = tf.sigmoid(tf.reduce_sum(tf.gather(self.weights, ids), axis=1))
            return {
                "label": tf.where(positive > 0.5, "pos", "neg"),
                "score": tf.maximum(positive, 1 - positive),
                "probabilities": tf.stack([1 - positive, positive], axis=1),
            }

    counter = Counter()
    return {"serving_default": counter.classify}, [counter]


@pytest.fixture(scope="session")
def golden():
    """Inputs of the word counter, and its answers."""
    return GOLDEN_INPUTS, GOLDEN_OUTPUTS


@pytest.fixture(scope="session")
def exported(word_counter, tmp_path_factory):
    """A run's folder with one version of the word counter; tests must not change it."""
    from toolkit.export import write_golden, write_saved_model

    run = tmp_path_factory.mktemp("runs") / "counter"
    signatures, tracked = word_counter
    write_saved_model(run, signatures, tracked, {"classes.txt": "neg\npos\n"})
    write_golden(run, GOLDEN_INPUTS, GOLDEN_OUTPUTS)
    return run


@pytest.fixture(scope="session")
def series_model():
    """The signature of a model of vector sequences.

    It sums the values of each step that are not missing, and counts the steps with a missing value.
    Beyond a sequence's length, ``sums`` are -1 and ``doubled`` is 0.
    """
    import tensorflow as tf

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, 2], tf.float32, name="series"),
            tf.TensorSpec([None], tf.int32, name="length"),
            tf.TensorSpec([], tf.int32, name="factor"),
        ]
    )
    def serve(series, length, factor):
        series = series[:, : tf.reduce_max(length)]
        inside = tf.sequence_mask(length, tf.shape(series)[1])
        missing = tf.reduce_any(tf.math.is_nan(series), -1)
        known = tf.where(tf.math.is_nan(series), 0.0, series) * tf.cast(factor, tf.float32)
        return {
            "sums": tf.where(inside, tf.reduce_sum(known, -1), -1.0),
            "doubled": tf.where(inside[..., None], 2 * known, 0.0),
            "missing": tf.reduce_sum(tf.cast(missing & inside, tf.int32), -1),
        }

    return {"serving_default": serve}


SERIES_INPUTS = [
    {"series": [[0.5, 2.0], [math.nan, 1.0], [3.0, -1.0]], "length": 3, "factor": 1},
    {"series": np.array([[0.1, 0.2]], np.float32), "length": np.int32(1), "factor": 1},
    {"series": [[1, 2], [3, 4]], "length": 2, "factor": 10},
]
SERIES_OUTPUTS = [
    {"sums": [2.5, 1.0, 2.0], "doubled": [[1.0, 4.0], [0.0, 2.0], [6.0, -2.0]], "missing": 1},
    {"sums": [0.3], "doubled": [[0.2, 0.4]], "missing": 0},
    {"sums": [30.0, 70.0], "doubled": [[20.0, 40.0], [60.0, 80.0]], "missing": 0},
]
SERIES_PADDING = {"padding": {"sums": -1, "doubled": 0}, "input_padding": {"series": math.nan}}


@pytest.fixture(scope="session")
def series_golden():
    """Inputs of the model of vector sequences, its answers, and the padding of both."""
    return SERIES_INPUTS, SERIES_OUTPUTS, SERIES_PADDING


@pytest.fixture(scope="session")
def series_run(series_model, tmp_path_factory):
    """A run's folder with a model of vector sequences; tests must not change it."""
    from toolkit.export import write_golden, write_saved_model

    run = tmp_path_factory.mktemp("runs") / "series"
    write_saved_model(run, series_model)
    write_golden(run, SERIES_INPUTS, SERIES_OUTPUTS, **SERIES_PADDING)
    return run
