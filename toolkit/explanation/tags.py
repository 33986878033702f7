"""The log probabilities of tags in IOB2, of a network that scores BIOES tags."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from toolkit.models import ManyToMany

Tensor = Any

#: The score of a tag that is not one of those that are summed.
NONE = np.float32(-1e9)


def iob2_tags(tags: Sequence[str]) -> list[str]:
    """Return the IOB2 tags that stand for BIOES tags, each once, in their order."""
    return list(dict.fromkeys(map(_iob2, tags)))


def log_tags(network: ManyToMany, vectors: Tensor, place: Tensor) -> Tensor:
    """Return the log probability of each IOB2 tag at one step, float32 [B, tags].

    It is the logarithm of the sum of the marginal probabilities of the BIOES tags for which it
    stands.

    Args:
        network: The network.
        vectors: The result of its front for sequences without padding [B, T, E].
        place: The step, int32 [].
    """
    mask = tf.ones(tf.shape(vectors)[:2], tf.bool)
    scores = network.after_front(vectors, mask)
    marginals = network.crf.log_marginals(scores, mask)[:, place]
    names = iob2_tags(network.tags)
    stands = np.array([[_iob2(tag) == name for name in names] for tag in network.tags])
    kept = np.where(stands, np.float32(0), NONE)
    return tf.reduce_logsumexp(marginals[:, :, None] + kept, axis=1)


def _iob2(tag: str) -> str:
    """Return the IOB2 tag that stands for a BIOES tag."""
    return {"S": "B", "E": "I"}.get(tag[0], tag[0]) + tag[1:]
