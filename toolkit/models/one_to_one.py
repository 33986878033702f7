"""One to one: the feed-forward network on a fixed window, the lecture's starting point."""

from typing import Any

import keras
from keras import ops

from toolkit.errors import OptionError
from toolkit.layers.sequences import first_steps
from toolkit.models.fronts import id_or_vector_front
from toolkit.models.network import Shape, StackedNetwork
from toolkit.models.outputs import OutputLayer, check_output
from toolkit.models.seeds import dropout_seeds


@keras.saving.register_keras_serializable(package="toolkit")
class OneToOne(StackedNetwork):
    """A feed-forward network on the first ``window`` steps, the baseline.

    ``values [B, T] or [B, T, C] -> window -> vectors [B, N * E] -> hidden [B, H] -> output [B,
    outputs]``. Each position has its own weights, so that nothing learnt about a word at one
    position applies at another, and steps beyond the window are ignored. Recurrent networks solve
    both problems.

    The inputs are those of ``ManyToOne``. ``call`` returns *logits*; ``answer`` returns
    probabilities or numbers.

    Args:
        vocabulary_size: The number of ids, including padding and unknown; None for vectors.
        outputs: The number of classes, labels or numbers.
        output: ``softmax``, ``sigmoid`` or ``linear``.
        output_mean: With ``linear``: the mean of the training targets.
        output_scale: With ``linear``: their standard deviation.
        input_size: C, the size of vectors; None for ids.
        window: N, the number of steps.
        embedding_size: E, the size of ids' vectors.
        projection_size: E, the size of the projection of vectors; 0 for none.
        hidden_size: H.
        word_dropout: The share of ids replaced by unknown in training.
        embedding_dropout: The share of the vectors' channels dropped for a whole sequence.
        output_dropout: The share of the hidden vector that is dropped.
        seed: The seed of the dropouts of words, vectors and output. The initial weights depend on
            ``keras.utils.set_random_seed``.

    Raises:
        OptionError: An argument has an impossible value.
    """

    def __init__(
        self,
        vocabulary_size: int | None = None,
        outputs: int = 2,
        *,
        input_size: int | None = None,
        output: str = "softmax",
        output_mean: float = 0.0,
        output_scale: float = 1.0,
        window: int = 100,
        embedding_size: int = 64,
        projection_size: int = 0,
        hidden_size: int = 64,
        word_dropout: float = 0.0,
        embedding_dropout: float = 0.0,
        output_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals(), **kwargs)
        check_output(output)
        if window < 1:
            raise OptionError(f"window is {window}; at least 1 is needed")
        self.window = window
        dtype = self.dtype_policy
        word_seed, vector_seed, output_seed = dropout_seeds(seed, 3)
        self.front = id_or_vector_front(
            vocabulary_size,
            input_size,
            embedding_size=embedding_size,
            projection_size=projection_size,
            word_dropout=word_dropout,
            dropout=embedding_dropout,
            seeds=(word_seed, vector_seed),
            dtype=dtype,
        )
        self.flatten = keras.layers.Reshape((window * self.front.size,), dtype=dtype)
        self.hidden = keras.layers.Dense(hidden_size, activation="tanh", dtype=dtype, name="hidden")
        self.output_dropout = keras.layers.Dropout(output_dropout, seed=output_seed, dtype=dtype)
        self.output_layer = OutputLayer(outputs, output, mean=output_mean, scale=output_scale)

    def build_head(self, shape: Shape) -> None:
        """Make the weights of hidden layer and output."""
        self.hidden.build((None, self.window * self.front.size))
        self.output_layer.build((None, self.config["hidden_size"]))

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the logits [B, outputs] of sequences."""
        return super().call(first_steps(inputs, self.window), training)

    def after_front(self, vectors: Any, mask: Any, training: bool = False) -> Any:
        """Return the logits [B, outputs] of sequences for the vectors of the front."""
        vectors = first_steps(vectors * ops.cast(mask, vectors.dtype)[:, :, None], self.window)
        summary = self.hidden(self.flatten(vectors))
        return self.output_layer(self.output_dropout(summary, training=training))
