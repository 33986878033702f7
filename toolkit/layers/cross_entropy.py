"""Cross-entropy losses over a large vocabulary."""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from toolkit.errors import OptionError


def cross_entropy(logits: Any, targets: Any, smoothing: float = 0.0) -> Any:
    """Return the cross-entropy of ids against logits, in nats.

    With smoothing, a share of each target is spread evenly over all ids (Szegedy et al. 2016,
    "Rethinking the Inception Architecture for Computer Vision", section 7)::

        z = logits;  J = log(sum of exp(z)) - (1 - smoothing) z(target) - smoothing mean(z)

    Args:
        logits: [..., V], in any floating type; the loss is computed in float32.
        targets: Ids [...].
        smoothing: The share of each target that is spread.

    Returns:
        The losses, float32 [...].
    """
    logits = ops.cast(logits, "float32")
    targets = ops.cast(targets, "int32")
    gold = ops.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]
    loss = ops.logsumexp(logits, axis=-1) - gold
    return loss + smoothing * (gold - ops.mean(logits, axis=-1)) if smoothing else loss


def linear_cross_entropy(
    states: Any, table: Any, bias: Any, targets: Any, smoothing: float = 0.0
) -> Any:
    """Return the cross-entropy of ids against ``states @ table.T + bias``, for training.

    On TensorFlow the layer and the loss have one common gradient, which makes fewer passes over the
    scores, the largest tensor of a training step.

    Args:
        states: [..., D], in the dtype of the products.
        table: A weight [V, D].
        bias: A weight [V].
        targets: Ids [...].
        smoothing: As in ``cross_entropy``.

    Returns:
        The losses, float32 [...].
    """
    if keras.backend.backend() == "tensorflow":
        from toolkit.layers.fused import fused_linear_cross_entropy

        return fused_linear_cross_entropy(states, table, bias, targets, smoothing)
    scores = ops.matmul(states, ops.transpose(ops.cast(table, states.dtype)))
    return cross_entropy(ops.cast(scores, "float32") + bias, targets, smoothing)


def sampled_cross_entropy(
    states: Any, table: Any, bias: Any, targets: Any, sampled: int, seed: Any = None
) -> Any:
    """Return an estimate of ``linear_cross_entropy`` from sampled ids, on TensorFlow.

    Each state is compared with its target and the same ``sampled`` ids, corrected for their
    probabilities (Jean et al. 2015, "On Using Very Large Target Vocabulary for Neural Machine
    Translation", section 3): without replacement, by the largest of log probabilities with Gumbel
    noise (Kool et al. 2019, "Stochastic Beams and Where to Find Them", section 2.3), from a
    distribution for ids in the order of their frequency, p(i) ~ log((i + 2) / (i + 1)).

    Args:
        states: [..., D].
        table: A weight [V, D].
        bias: A weight [V].
        targets: Ids [...].
        sampled: The number of sampled ids, below V.
        seed: The ``keras.random.SeedGenerator`` of the sampling; None for Keras's own.

    Returns:
        The losses, float32 [...].

    Raises:
        OptionError: The backend is not TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        raise OptionError("a sampled softmax needs TensorFlow as Keras's backend")
    import tensorflow as tf

    table, bias = (tf.convert_to_tensor(weight) for weight in (table, bias))
    size = table.shape[0]
    probabilities, expected = _draws(size, sampled)
    uniform = keras.random.uniform([size], minval=1e-7, maxval=1.0, seed=seed)
    noisy = np.log(probabilities).astype(np.float32) - tf.math.log(-tf.math.log(uniform))
    drawn = tf.cast(tf.math.top_k(noisy, sampled, sorted=False).indices, tf.int64)
    labels = tf.reshape(tf.cast(targets, tf.int64), [-1, 1])
    losses = tf.nn.sampled_softmax_loss(
        table,
        bias,
        labels,
        tf.reshape(tf.cast(states, tf.float32), [-1, states.shape[-1]]),
        num_sampled=sampled,
        num_classes=size,
        sampled_values=(drawn, tf.gather(expected, labels), tf.gather(expected, drawn)),
    )
    return tf.reshape(losses, tf.shape(targets))


def _draws(size: int, sampled: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return the probabilities of ids, and the approximate probability of each to be sampled.

    For the number of draws with replacement that give ``sampled`` different ids on average, id i is
    among them with the probability 1 - (1 - p(i)) ** draws.
    """
    ids = np.arange(size)
    probabilities = np.log((ids + 2) / (ids + 1)) / np.log(size + 1)
    fewest, most = 0.0, 1.0
    while (-np.expm1(most * np.log1p(-probabilities))).sum() < sampled:
        most *= 2
    for _ in range(60):
        draws = (fewest + most) / 2
        inclusion = -np.expm1(draws * np.log1p(-probabilities))
        fewest, most = (draws, most) if inclusion.sum() < sampled else (fewest, draws)
    return probabilities, inclusion.astype(np.float32)
