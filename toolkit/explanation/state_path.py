"""The answers of a network that reads forward after each of its steps."""

from typing import Any

import tensorflow as tf

from toolkit.models import ManyToOne

Tensor = Any


def reads_forward(network: Any) -> bool:
    """Return whether a network has an answer after each step that no later one changes."""
    if not isinstance(network, ManyToOne) or network.config["bidirectional"]:
        return False
    config = network.config
    reads_both_strands = config.get("reverse_complement") == "average"
    return not reads_both_strands and not config.get("places")  # which depend on the length


def path_of_state(network: ManyToOne, vectors: Tensor) -> Tensor:
    """Return the probabilities or numbers after each step of a sequence, float32 [T, outputs].

    They are those of a sequence that ends there; the last are the network's answer.

    Args:
        network: A network that reads forward.
        vectors: The result of its front for one sequence without padding, [1, T, E], T at least 1.
    """
    states = network.states(vectors, tf.ones(tf.shape(vectors)[:2], tf.bool))
    pooling = network.pooling

    def step(memory: list[Tensor], state: Tensor) -> list[Tensor]:
        return pooling.step(state, memory)

    nothing = [tf.zeros([1, size]) for size in pooling.memory_sizes]
    memories = tf.scan(step, tf.transpose(states, [1, 0, 2]), nothing, parallel_iterations=1)
    summary = pooling.summary([tf.squeeze(memory, 1) for memory in memories])
    output = network.output_layer
    return tf.cast(output.answer(output(tf.cast(summary, states.dtype))), tf.float32)
