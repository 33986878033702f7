"""The cross-entropy over a large vocabulary."""

from typing import Any

import keras
from keras import ops


def cross_entropy(logits: Any, targets: Any, smoothing: float = 0.0) -> Any:
    """The cross-entropy of ids against logits, in nats.

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
    right = ops.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]
    loss = ops.logsumexp(logits, axis=-1) - right
    return loss + smoothing * (right - ops.mean(logits, axis=-1)) if smoothing else loss


def linear_cross_entropy(
    states: Any, table: Any, bias: Any, targets: Any, smoothing: float = 0.0
) -> Any:
    """The cross-entropy of ids against ``states @ table.T + bias``, for training.

    On TensorFlow the layer and the loss have one gradient of their own, which makes fewer passes
    over the scores, by far the largest tensor of a training step.

    Args:
        states: [..., D], in the type that the products are to be computed in.
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
