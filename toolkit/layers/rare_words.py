"""Word dropout by frequency."""

from typing import Any

import keras
from keras import ops
from numpy.typing import ArrayLike

from toolkit.options import plain, positive_integer


@keras.saving.register_keras_serializable(package="toolkit")
class RareWordDropout(keras.layers.Layer):
    """Dropout that replaces rare words by unknown more often than frequent words.

    A word that occurs n times is replaced with the probability ``strength / (strength + n)``
    (Kiperwasser and Goldberg 2016, section 4.2), so that the vector of the unknown word is learnt
    in contexts of rare words, and rare words are not overfitted.

    Args:
        vocabulary_size: The number of ids, including padding and unknown.
        strength: The frequency at which the probability is 0.5; 0 keeps all words.
        unknown_id: The id that replaces others; id 0 is padding and is kept.
        seed: The seed of the dropout.
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
        self.vocabulary_size = positive_integer("vocabulary_size", vocabulary_size)
        self.strength = strength
        self.unknown_id = plain(unknown_id)
        self.seed = plain(seed)
        self.seed_generator = keras.random.SeedGenerator(self.seed)

    def build(self, input_shape: Any = None) -> None:
        """Make the counts, a weight that is not trained."""
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
        """Set the frequency of each id [V] in the training data, which is 1 by default."""
        self.counts.assign(counts)

    def call(self, ids: Any, training: bool = False) -> Any:
        """Map ids of any shape to ids of the same shape."""
        if not training or self.strength == 0:
            return ids
        rates = self.strength / (self.strength + ops.take(self.counts, ids, axis=0))
        draw = keras.random.uniform(ops.shape(ids), seed=self.seed_generator, dtype="float32")
        hide = ops.logical_and(draw < rates, ops.not_equal(ids, 0))
        return ops.where(hide, ops.full_like(ids, self.unknown_id), ids)

    def get_config(self) -> dict[str, Any]:
        """Return all constructor arguments."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "strength": self.strength,
            "unknown_id": self.unknown_id,
            "seed": self.seed,
        }
