"""One to many: a label, or nothing at all, in; a sequence out."""

from typing import Any

import keras
import numpy as np
from keras import ops

from toolkit.errors import OptionError
from toolkit.layers import Embedding, TiedEmbedding, WordDropout, recurrent_layer
from toolkit.layers.cross_entropy import linear_cross_entropy, sampled_cross_entropy
from toolkit.models.cells import cell_step, state_sizes
from toolkit.models.seeds import dropout_seeds
from toolkit.models.trust import check_cell_is_trusted

#: The state of all layers, one after the other, [B, H] each.
State = list[Any]


@keras.saving.register_keras_serializable(package="toolkit")
class OneToMany(keras.Model):
    """Writes a sequence unit by unit, each given those before: a language model.

    ::

        ids [B, T] -> vectors [B, T, E] -> recurrent layers [B, T, H] -> output [B, T, E]
        -> logits [B, T, V]

    p(x(t) | x(1), ..., x(t-1)) is the softmax of the logits at t - 1. The output's matrix is that
    of the vectors (Press and Wolf 2017, "Using the Output Embedding to Improve Language Models"); a
    linear layer brings the states to their size where it is another. Id 0 stands for nothing: it
    begins a text that has a beginning, and ends it.

    With conditions, such as the sentiment of the review that is to be written, the vector of the
    condition is what the first states are made of; without them these are zero.

    Args:
        vocabulary_size: V, how many ids there are.
        conditions: How many conditions there are; 0 for none.
        cell: A cell's name or ``module:Class``; see ``toolkit.layers.recurrent_layer``.
        embedding_size: E.
        hidden_size: H.
        layers: How many recurrent layers are stacked.
        word_dropout: The share of ids replaced by unknown in training.
        embedding_dropout: The share of the vectors' channels dropped for a whole sequence.
        dropout: The share of each further layer's inputs dropped for a whole sequence.
        recurrent_dropout: The share of the recurrent state dropped (Gal and Ghahramani 2016).
        output_dropout: The share of the last layer's states that is dropped.
        seed: The seed of the dropouts of ids, vectors and output. The first weights and the
            dropouts within the recurrent layers follow ``keras.utils.set_random_seed``.

    Raises:
        OptionError: An argument cannot work.
    """

    def __init__(
        self,
        vocabulary_size: int,
        conditions: int = 0,
        *,
        cell: str = "gru",
        embedding_size: int = 128,
        hidden_size: int = 256,
        layers: int = 1,
        word_dropout: float = 0.0,
        embedding_dropout: float = 0.0,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        output_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if layers < 1:
            raise OptionError(f"layers is {layers}; at least 1 is needed")
        self.config: dict[str, Any] = {
            "vocabulary_size": vocabulary_size,
            "conditions": conditions,
            "cell": cell,
            "embedding_size": embedding_size,
            "hidden_size": hidden_size,
            "layers": layers,
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
        self.embedding = TiedEmbedding(vocabulary_size, embedding_size, dtype=dtype, name="units")
        self.embedding_dropout = keras.layers.SpatialDropout1D(
            embedding_dropout, seed=of_embedding, dtype=dtype
        )
        self.recurrent = [
            recurrent_layer(
                cell,
                hidden_size,
                return_state=True,
                dropout=dropout if number > 1 else 0.0,
                recurrent_dropout=recurrent_dropout,
                dtype=dtype,
                name=f"recurrent_{number}",
            )
            for number in range(1, layers + 1)
        ]
        self.output_dropout = keras.layers.Dropout(output_dropout, seed=of_output, dtype=dtype)
        self.projection = None
        if hidden_size != embedding_size:
            self.projection = keras.layers.Dense(embedding_size, dtype=dtype, name="projection")
        self.sizes = [size for layer in self.recurrent for size in state_sizes(layer.cell)]
        self.condition = None
        if conditions:
            self.condition = Embedding(
                conditions,
                sum(self.sizes),
                # Else all begin from nearly zero, and what is asked for is hardly heard.
                embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0),
                dtype=dtype,
                name="condition",
            )

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights; ids have no size that they depend on."""
        size, hidden = self.config["embedding_size"], self.config["hidden_size"]
        self.embedding.build((None, None))
        for layer in self.recurrent:
            layer.build((None, None, size if layer is self.recurrent[0] else hidden))
        if self.projection is not None:
            self.projection.build((None, None, hidden))
        if self.condition is not None:
            self.condition.build((None,))
        self.bias = self.add_weight(
            name="bias",
            shape=(self.config["vocabulary_size"],),
            initializer="zeros",
            autocast=False,
        )
        self.built = True

    def start(self, rows: Any, condition: Any = None, training: bool = False) -> State:
        """The states before the first unit.

        Args:
            rows: B.
            condition: The numbers of the conditions [B], where the network has conditions.
            training: Whether this is training.

        Returns:
            The states of all layers, [B, H] each.
        """
        if self.condition is None:
            return [ops.zeros((rows, size), self.compute_dtype) for size in self.sizes]
        vectors = ops.tanh(self.condition(condition, training=training))
        ends = np.cumsum(self.sizes)
        return [vectors[:, end - size : end] for end, size in zip(ends, self.sizes, strict=True)]

    def call(self, ids: Any, training: bool = False) -> Any:
        """Ids [B, T] to logits [B, T, V], from states of zero."""
        return self.run(ids, self.start(ops.shape(ids)[0]), training)[0]

    def run(self, ids: Any, state: State, training: bool = False) -> tuple[Any, State]:
        """Reads on.

        Args:
            ids: [B, T].
            state: The states of all layers before, [B, H] each.
            training: Whether dropout is on.

        Returns:
            The logits of the units that follow each, [B, T, V]; and the states after.
        """
        output, after = self.outputs(ids, state, training)
        return self.logits(output), after

    def outputs(
        self, ids: Any, state: State, training: bool = False, mask: Any = None
    ) -> tuple[Any, State]:
        """The same as ``run``, but gives the outputs [B, T, E] that logits are made of.

        Where a mask, bool [B, T], is false, nothing is read: the last output and the states stay.
        """
        vectors = self.embedding(self.word_dropout(ids, training=training), training=training)
        states = self.embedding_dropout(vectors, training=training)
        before, after = iter(state), []
        for layer in self.recurrent:
            of_layer = [next(before) for _ in state_sizes(layer.cell)]
            states, *ends = layer(states, mask=mask, initial_state=of_layer, training=training)
            after += ends
        return self._output(states, training), after

    def _output(self, states: Any, training: bool = False) -> Any:
        """The states of the last layer [..., H] to outputs [..., E]."""
        output = self.output_dropout(states, training=training)
        return output if self.projection is None else self.projection(output)

    def logits(self, output: Any) -> Any:
        """The outputs [..., E] to logits [..., V]."""
        return self.embedding.scores(output) + self.bias

    def losses(self, output: Any, targets: Any, sampled: int = 0, seed: Any = None) -> Any:
        """The cross-entropy in nats of units [...] against outputs [..., E], for training.

        Args:
            output: What ``outputs`` gives.
            targets: The units.
            sampled: With how many units the loss is estimated; 0 takes all.
            seed: The ``keras.random.SeedGenerator`` that these are drawn with.
        """
        weights = (self.embedding.embeddings, self.bias, targets)
        if sampled:
            return sampled_cross_entropy(output, *weights, sampled, seed)
        return linear_cross_entropy(output, *weights)

    def step(self, tokens: Any, state: State) -> tuple[Any, State]:
        """One unit further, as ``toolkit.decoding`` takes it.

        Args:
            tokens: The last units [B, K].
            state: The states of all layers, [B, K, H] each.

        Returns:
            The logits of the next unit [B, K, V]; and the states after.
        """
        states = self.embedding(tokens)
        before, after = iter(state), []
        for layer in self.recurrent:
            of_layer = [next(before) for _ in state_sizes(layer.cell)]
            states, ends = cell_step(layer.cell, states, of_layer)
            after += ends
        return self.logits(self._output(states)), after

    def get_config(self) -> dict[str, Any]:
        """All constructor arguments."""
        return {**super().get_config(), **self.config}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "OneToMany":
        """The inverse of ``get_config``.

        Raises:
            ModelError: The cell is ``module:Class``, and nobody has imported the module.
        """
        check_cell_is_trusted(config)
        return super().from_config(config, custom_objects)
