"""One to one: the standard network on a fixed window, the lecture's point of departure."""

from typing import Any

import keras
from keras import ops

from toolkit.errors import OptionError
from toolkit.layers import Embedding, WordDropout
from toolkit.models.outputs import OUTPUTS, OutputLayer
from toolkit.models.seeds import dropout_seeds


@keras.saving.register_keras_serializable(package="toolkit")
class OneToOne(keras.Model):
    """A feed-forward network on the first ``window`` units, the baseline of the tables.

    ``ids [B, T] -> window [B, N] -> embedding [B, N * E] -> hidden [B, H] -> output [B, outputs]``.
    Each position has weights of its own: what is learnt about a word in one place says nothing
    about it in another, and what lies beyond the window is never seen. This is what recurrent
    networks mend.

    Calling the model gives the output's *logits*; ``answer`` gives probabilities or numbers.

    Args:
        vocabulary_size: How many ids there are, padding and unknown included.
        outputs: How many classes, labels or numbers come out.
        output: ``softmax``, ``sigmoid`` or ``linear``.
        output_mean: With ``linear``: the mean of the training targets.
        output_scale: With ``linear``: their standard deviation.
        window: N, how many units are seen.
        embedding_size: E.
        hidden_size: H.
        word_dropout: The share of ids replaced by unknown in training.
        embedding_dropout: The share of the embedding's channels dropped for a whole sequence.
        output_dropout: The share of the hidden vector that is dropped.
        seed: The seed of the dropouts of words, embedding and output. The first weights follow
            ``keras.utils.set_random_seed``.

    Raises:
        OptionError: An argument cannot work.
    """

    def __init__(
        self,
        vocabulary_size: int,
        outputs: int,
        *,
        output: str = "softmax",
        output_mean: float = 0.0,
        output_scale: float = 1.0,
        window: int = 100,
        embedding_size: int = 64,
        hidden_size: int = 64,
        word_dropout: float = 0.0,
        embedding_dropout: float = 0.0,
        output_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if output not in OUTPUTS:
            raise OptionError(f"output is {output!r}; it can be {', '.join(OUTPUTS)}")
        if window < 1:
            raise OptionError(f"window is {window}; at least 1 is needed")
        self.config: dict[str, Any] = {
            "vocabulary_size": vocabulary_size,
            "outputs": outputs,
            "output": output,
            "output_mean": output_mean,
            "output_scale": output_scale,
            "window": window,
            "embedding_size": embedding_size,
            "hidden_size": hidden_size,
            "word_dropout": word_dropout,
            "embedding_dropout": embedding_dropout,
            "output_dropout": output_dropout,
            "seed": seed,
        }
        self.window = window
        dtype = self.dtype_policy
        of_words, of_embedding, of_output = dropout_seeds(seed, 3)
        self.word_dropout = WordDropout(word_dropout, seed=of_words)
        self.embedding = Embedding(vocabulary_size, embedding_size, dtype=dtype)
        self.embedding_dropout = keras.layers.SpatialDropout1D(
            embedding_dropout, seed=of_embedding, dtype=dtype
        )
        self.flatten = keras.layers.Reshape((window * embedding_size,), dtype=dtype)
        self.hidden = keras.layers.Dense(hidden_size, activation="tanh", dtype=dtype, name="hidden")
        self.output_dropout = keras.layers.Dropout(output_dropout, seed=of_output, dtype=dtype)
        self.output_layer = OutputLayer(outputs, output, mean=output_mean, scale=output_scale)

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights; ids have no size that they depend on."""
        self.embedding.build((None, None))
        self.hidden.build((None, self.window * self.config["embedding_size"]))
        self.output_layer.build((None, self.config["hidden_size"]))
        self.built = True

    def call(self, ids: Any, training: bool = False) -> Any:
        """Ids [B, T] to logits [B, outputs]."""
        ids = ops.pad(ids, [[0, 0], [0, self.window]])[:, : self.window]
        vectors = self.embedding(self.word_dropout(ids, training=training))
        vectors = self.embedding_dropout(vectors, training=training)
        vectors = vectors * ops.cast(ops.not_equal(ids, 0), vectors.dtype)[:, :, None]
        summary = self.hidden(self.flatten(vectors))
        return self.output_layer(self.output_dropout(summary, training=training))

    def answer(self, ids: Any) -> Any:
        """Ids [B, T] to probabilities [B, outputs], or to numbers [B, outputs]."""
        return self.output_layer.answer(self(ids, training=False))

    def get_config(self) -> dict[str, Any]:
        """All constructor arguments."""
        return {**super().get_config(), **self.config}
