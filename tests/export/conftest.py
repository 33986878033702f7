"""A tiny model of strings, so that the room is tested without the rest of the toolkit."""

import pytest

GOLDEN_INPUTS = [{"text": "a good film"}, {"text": "bad , just bad"}, {"text": "été 😀 \x00"}]
GOLDEN_OUTPUTS = [
    {"label": "pos", "score": 0.880797, "probabilities": [0.119203, 0.880797]},
    {"label": "neg", "score": 0.982014, "probabilities": [0.982014, 0.017986]},
    {"label": "neg", "score": 0.5, "probabilities": [0.5, 0.5]},
]


@pytest.fixture(scope="session")
def word_counter():
    """Signatures and tables of a model that weighs the known words of a text.

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
    """Questions to the word counter, and its answers."""
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
