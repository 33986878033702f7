"""The optimizer on several replicas: two logical devices against one, in processes of their own."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from toolkit.training import TrainingOptions, make_optimizer

STEPS, ROWS = 5, 8
OPTIONS = {
    "global_clipnorm": TrainingOptions(ema=0.9, global_clipnorm=0.3),
    "clipnorm": TrainingOptions(ema=0.9, clipnorm=0.1),
    "sgd": TrainingOptions(optimizer="sgd", learning_rate=0.1),
}


def train(strategy: tf.distribute.Strategy, options: TrainingOptions) -> tuple[list, dict]:
    """Train a small network on batches of which each replica has a part; one batch has a NaN.

    Returns:
        The variables of network and optimizer, which are checked to be equal in all replicas, and
        the record of the norms.
    """
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(STEPS, ROWS, 3)).astype(np.float32)
    inputs[2, ROWS - 1] = np.nan
    with strategy.scope():
        kernel = keras.initializers.GlorotUniform
        hidden = keras.layers.Dense(4, "tanh", kernel_initializer=kernel(1))
        output = keras.layers.Dense(1, kernel_initializer=kernel(2))
        model = keras.Sequential([keras.Input([3]), hidden, output])
        optimizer = make_optimizer(options, STEPS)
        optimizer.build(model.trainable_variables)

    def step(x: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((model(x) - 1) ** 2) / ROWS
        weights = [variable.value for variable in model.trainable_variables]
        optimizer.apply(tape.gradient(loss, weights), model.trainable_variables)

    @tf.function
    def on_all_replicas(x: tf.Tensor) -> None:
        strategy.run(step, (x,))

    replicas = strategy.num_replicas_in_sync
    for batch in inputs:
        parts = np.split(batch, replicas)
        on_all_replicas(
            strategy.experimental_distribute_values_from_function(
                lambda context, parts=parts: tf.constant(parts[context.replica_id_in_sync_group])
            )
        )
    variables = []
    for variable in [*model.variables, *optimizer.variables]:
        first, *others = map(np.asarray, strategy.experimental_local_results(variable.value))
        assert all(np.array_equal(first, other) for other in others), variable.path
        variables.append(first)
    return variables, optimizer.take_record()


def compare() -> None:
    """Compare two replicas with one."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, halves)
    mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    assert mirrored.num_replicas_in_sync == 2
    for options in OPTIONS.values():
        one, record = train(tf.distribute.get_strategy(), options)
        two, record_of_two = train(mirrored, options)
        for expected, variable in zip(one, two, strict=True):
            np.testing.assert_allclose(variable, expected, rtol=1e-5, atol=1e-7)
        assert record_of_two == pytest.approx(record, rel=1e-6)
        assert (record["skipped_steps"], record["clipped_share"] > 0.5) == (1, True)


@pytest.mark.slow
def test_two_replicas_reduce_before_they_clip() -> None:
    """Devices can only be split before TensorFlow has used them, so in another process."""
    code = "from tests.training.test_replicas import compare; compare()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
