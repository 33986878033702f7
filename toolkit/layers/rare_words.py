"""Hiding rare words in training."""

from typing import Any

import keras
from keras import ops
from numpy.typing import ArrayLike


@keras.saving.register_keras_serializable(package="toolkit")
class RareWordDropout(keras.layers.Layer):
    """Replaces a word by unknown in training, the more often the rarer it is.

    A word that occurs n times is replaced with the probability ``strength / (strength + n)``
    (Kiperwasser and Goldberg 2016, section 4.2), so that the unknown word has a vector that is
    learnt where rare words stand, and no rare word is learnt by heart.

    Args:
        vocabulary_size: How many ids there are, padding and unknown included.
        strength: How many occurrences make a word as likely to stay as to go; 0 keeps all.
        unknown_id: What they are replaced by; id 0 is padding and stays.
        seed: The seed of the choice.
    """

    def __init__(
        self,
        vocabulary_size: int,
        strength: float,
        unknown_id: int = 1,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.strength = strength
        self.unknown_id = unknown_id
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape: Any = None) -> None:
        """Makes the counts, which are saved with the weights."""
        self.counts = self.add_weight(
            name="counts",
            shape=(self.vocabulary_size,),
            initializer="ones",
            trainable=False,
            dtype="float32",
            autocast=False,
        )
        self.built = True

    def set_counts(self, counts: ArrayLike) -> None:
        """Takes how often each id [V] occurs in the training data; 1 until then."""
        self.counts.assign(counts)

    def call(self, ids: Any, training: bool = False) -> Any:
        """Ids of any shape to ids of the same shape."""
        if not training or self.strength == 0:
            return ids
        rates = self.strength / (self.strength + ops.take(self.counts, ids, axis=0))
        draw = keras.random.uniform(ops.shape(ids), seed=self.seed_generator, dtype="float32")
        hide = ops.logical_and(draw < rates, ops.not_equal(ids, 0))
        return ops.where(hide, ops.full_like(ids, self.unknown_id), ids)

    def get_config(self) -> dict[str, Any]:
        """All constructor arguments."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "strength": self.strength,
            "unknown_id": self.unknown_id,
            "seed": self.seed,
        }
