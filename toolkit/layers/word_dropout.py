"""Word dropout."""

from typing import Any

import keras
from keras import ops

from toolkit.options import plain


@keras.saving.register_keras_serializable(package="toolkit")
class WordDropout(keras.layers.Layer):
    """Dropout that replaces ids by unknown in training, so that no single word decides.

    It follows the word dropout of Iyyer et al. (ACL 2015), who leave words out; here they are
    replaced by the unknown word, whose vector is thereby learnt for unseen words.

    Args:
        rate: The share of ids that are replaced.
        unknown_id: The id that replaces others; id 0 is padding and is kept.
        seed: The seed of the dropout.
    """

    def __init__(
        self, rate: float, unknown_id: int = 1, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.rate = rate
        self.unknown_id = plain(unknown_id)
        self.seed = plain(seed)
        self.seed_generator = keras.random.SeedGenerator(self.seed)
        self.built = True

    def call(self, ids: Any, training: bool = False) -> Any:
        """Map ids of any shape to ids of the same shape."""
        if not training or self.rate == 0:
            return ids
        draw = keras.random.uniform(ops.shape(ids), seed=self.seed_generator, dtype="float32")
        hide = ops.logical_and(draw < self.rate, ops.not_equal(ids, 0))
        return ops.where(hide, ops.full_like(ids, self.unknown_id), ids)

    def get_config(self) -> dict[str, Any]:
        """Return all constructor arguments."""
        return {
            **super().get_config(),
            "rate": self.rate,
            "unknown_id": self.unknown_id,
            "seed": self.seed,
        }
