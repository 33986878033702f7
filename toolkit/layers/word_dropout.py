"""Hiding words in training."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="toolkit")
class WordDropout(keras.layers.Layer):
    """Replaces some ids by unknown in training, so that no single word decides.

    After the word dropout of Iyyer et al. (ACL 2015), who leave the words out; here the unknown
    word stands in for them, and thereby learns what to make of words that were never seen.

    Args:
        rate: The share of ids that are replaced.
        unknown_id: What they are replaced by; id 0 is padding and stays.
        seed: The seed of the choice.
    """

    def __init__(
        self, rate: float, unknown_id: int = 1, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.rate = rate
        self.unknown_id = unknown_id
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, ids: Any, training: bool = False) -> Any:
        """Ids of any shape to ids of the same shape."""
        if not training or self.rate == 0:
            return ids
        draw = keras.random.uniform(ops.shape(ids), seed=self.seed_generator, dtype="float32")
        hide = ops.logical_and(draw < self.rate, ops.not_equal(ids, 0))
        return ops.where(hide, ops.full_like(ids, self.unknown_id), ids)

    def get_config(self) -> dict[str, Any]:
        """All constructor arguments."""
        return {
            **super().get_config(),
            "rate": self.rate,
            "unknown_id": self.unknown_id,
            "seed": self.seed,
        }
