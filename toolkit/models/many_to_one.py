"""Many to one: a whole sequence in, one answer out."""

from typing import Any, Literal

import keras
from keras import ops

from toolkit.errors import OptionError
from toolkit.layers import Embedding, SequencePooling, WordDropout, recurrent_layer
from toolkit.models.outputs import OUTPUTS, OutputLayer
from toolkit.models.seeds import dropout_seeds
from toolkit.models.trust import check_cell_is_trusted


@keras.saving.register_keras_serializable(package="toolkit")
class ManyToOne(keras.Model):
    """Reads ids one after the other and answers once, such as with a sentiment.

    ``ids [B, T] -> embedding [B, T, E] -> recurrent layers [B, T, H] -> pooling [B, H]
    -> output [B, outputs]``, where H is twice ``hidden_size`` if bidirectional. Id 0 is padding and
    never seen.

    Calling the model gives the output's *logits*, on which losses are stable; ``answer`` gives
    what a user wants to see (probabilities, or a number).

    Args:
        vocabulary_size: How many ids there are, padding and unknown included.
        outputs: How many classes, labels or numbers come out.
        output: ``softmax`` (one of several classes), ``sigmoid`` (several labels at once) or
            ``linear`` (a number).
        output_mean: With ``linear``: the mean of the training targets.
        output_scale: With ``linear``: their standard deviation, so that the network itself works
            on a scale near one.
        cell: A cell's name or ``module:Class``; see ``toolkit.layers.recurrent_layer``.
        embedding_size: E.
        hidden_size: H of one direction.
        layers: How many recurrent layers are stacked.
        bidirectional: Whether each layer also reads from the end.
        pooling: ``last``, ``mean``, ``max``, ``concat`` (these three) or ``attention``.
        word_dropout: The share of ids replaced by unknown in training.
        embedding_dropout: The share of the embedding's channels dropped for a whole sequence.
        dropout: The share of each recurrent layer's inputs dropped for a whole sequence.
        recurrent_dropout: The share of the recurrent state dropped (Gal and Ghahramani 2016).
        output_dropout: The share of the pooled vector that is dropped.
        seed: The seed of the dropouts of words, embedding and output. The first weights and the
            dropouts within the recurrent layers follow ``keras.utils.set_random_seed``.

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
        cell: str = "gru",
        embedding_size: int = 64,
        hidden_size: int = 64,
        layers: int = 1,
        bidirectional: bool = True,
        pooling: Literal["last", "mean", "max", "concat", "attention"] = "max",
        word_dropout: float = 0.0,
        embedding_dropout: float = 0.0,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        output_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if output not in OUTPUTS:
            raise OptionError(f"output is {output!r}; it can be {', '.join(OUTPUTS)}")
        if layers < 1:
            raise OptionError(f"layers is {layers}; at least 1 is needed")
        self.config: dict[str, Any] = {
            "vocabulary_size": vocabulary_size,
            "outputs": outputs,
            "output": output,
            "output_mean": output_mean,
            "output_scale": output_scale,
            "cell": cell,
            "embedding_size": embedding_size,
            "hidden_size": hidden_size,
            "layers": layers,
            "bidirectional": bidirectional,
            "pooling": pooling,
            "word_dropout": word_dropout,
            "embedding_dropout": embedding_dropout,
            "dropout": dropout,
            "recurrent_dropout": recurrent_dropout,
            "output_dropout": output_dropout,
            "seed": seed,
        }
        dtype = self.dtype_policy
        of_words, of_embedding, of_output = dropout_seeds(seed, 3)
        self.word_dropout = WordDropout(word_dropout, seed=of_words)
        self.embedding = Embedding(vocabulary_size, embedding_size, mask_zero=True, dtype=dtype)
        self.embedding_dropout = keras.layers.SpatialDropout1D(
            embedding_dropout, seed=of_embedding, dtype=dtype
        )
        self.recurrent = [
            recurrent_layer(
                cell,
                hidden_size,
                bidirectional=bidirectional,
                dropout=dropout,
                recurrent_dropout=recurrent_dropout,
                dtype=dtype,
                name=f"recurrent_{number}",
            )
            for number in range(1, layers + 1)
        ]
        self.pooling = SequencePooling(pooling, bidirectional=bidirectional, dtype=dtype)
        self.output_dropout = keras.layers.Dropout(output_dropout, seed=of_output, dtype=dtype)
        self.output_layer = OutputLayer(outputs, output, mean=output_mean, scale=output_scale)

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights; ids have no size that they depend on."""
        self.embedding.build((None, None))
        shape = (None, None, self.config["embedding_size"])
        for layer in self.recurrent:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.pooling.build(shape)
        self.output_layer.build(self.pooling.compute_output_shape(shape))
        self.built = True

    def call(self, ids: Any, training: bool = False) -> Any:
        """Ids [B, T] to logits [B, outputs]."""
        mask = ops.not_equal(ids, 0)
        states = self.embedding(self.word_dropout(ids, training=training))
        states = self.embedding_dropout(states, training=training)
        for layer in self.recurrent:
            states = layer(states, mask=mask, training=training)
        summary = self.pooling(states, mask=mask)
        return self.output_layer(self.output_dropout(summary, training=training))

    def answer(self, ids: Any) -> Any:
        """Ids [B, T] to probabilities [B, outputs], or to numbers [B, outputs]."""
        return self.output_layer.answer(self(ids, training=False))

    def get_config(self) -> dict[str, Any]:
        """All constructor arguments."""
        return {**super().get_config(), **self.config}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "ManyToOne":
        """The inverse of ``get_config``.

        Raises:
            ModelError: The cell is ``module:Class``, and nobody has imported the module: a file
                that is read must not choose what code is run.
        """
        check_cell_is_trusted(config)
        return super().from_config(config, custom_objects)
