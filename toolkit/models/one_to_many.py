"""One to many: a condition, or nothing, in; a sequence out."""

from typing import Any

import keras
import numpy as np
from keras import ops

from toolkit.layers import Embedding, TiedEmbedding, WordDropout
from toolkit.layers.cross_entropy import linear_cross_entropy, sampled_cross_entropy
from toolkit.models.cells import cell_step, state_sizes
from toolkit.models.fronts import EmbeddingFront
from toolkit.models.network import Network, build_stack, recurrent_stack
from toolkit.models.seeds import dropout_seeds

#: The states of all layers in their order, [B, H] each.
State = list[Any]


@keras.saving.register_keras_serializable(package="toolkit")
class OneToMany(Network):
    """A language model: a network that predicts each token from the previous ones.

    ::

        ids [B, T] -> vectors [B, T, E] -> recurrent layers [B, T, H] -> output [B, T, E]
        -> logits [B, T, V]

    p(x(t) | x(1), ..., x(t-1)) is the softmax of the logits at t - 1. The output's matrix is the
    embedding (Press and Wolf 2017, "Using the Output Embedding to Improve Language Models"); a
    linear layer projects the states if their size differs. Id 0 begins and ends a text.

    With conditions, such as the sentiment of a review to generate, the initial states are computed
    from the vector of the condition; without them they are zero.

    Args:
        vocabulary_size: V, the number of ids.
        conditions: The number of conditions; 0 for none.
        cell: A cell's name or ``module:Class``; see ``toolkit.layers.recurrent_layer``.
        embedding_size: E.
        hidden_size: H.
        layers: The number of recurrent layers.
        word_dropout: The share of ids replaced by unknown in training.
        embedding_dropout: The share of the vectors' channels dropped for a whole sequence.
        dropout: The share of each further layer's inputs dropped for a whole sequence.
        recurrent_dropout: The share of the recurrent state dropped (Gal and Ghahramani 2016).
        output_dropout: The share of the last layer's states that is dropped.
        seed: The seed of the dropouts of ids, vectors and output. The initial weights and the
            dropouts within the recurrent layers depend on ``keras.utils.set_random_seed``.

    Raises:
        OptionError: An argument has an impossible value.
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
        super().__init__(locals(), **kwargs)
        dtype = self.dtype_policy
        word_seed, vector_seed, output_seed = dropout_seeds(seed, 3)
        id_dropout = WordDropout(word_dropout, seed=word_seed)
        self.embedding = TiedEmbedding(vocabulary_size, embedding_size, dtype=dtype, name="units")
        self.front = EmbeddingFront(
            id_dropout, self.embedding, embedding_dropout, vector_seed, dtype=dtype
        )
        self.recurrent = recurrent_stack(
            cell,
            hidden_size,
            layers,
            return_state=True,
            first_dropout=0.0,  # the front has a dropout of its own
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            dtype=dtype,
        )
        self.output_dropout = keras.layers.Dropout(output_dropout, seed=output_seed, dtype=dtype)
        self.projection = None
        if hidden_size != embedding_size:
            self.projection = keras.layers.Dense(embedding_size, dtype=dtype, name="projection")
        self.sizes = [size for layer in self.recurrent for size in state_sizes(layer.cell)]
        self.condition = None
        if conditions:
            self.condition = Embedding(
                conditions,
                sum(self.sizes),
                # With smaller values all initial states are near zero, and conditions have little
                # effect.
                embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0),
                dtype=dtype,
                name="condition",
            )

    def build(self, input_shape: Any = None) -> None:
        """Make the weights; their sizes depend only on the constructor's arguments."""
        self.front.build()
        shape = build_stack(self.recurrent, (None, None, self.front.size))
        if self.projection is not None:
            self.projection.build(shape)
        if self.condition is not None:
            self.condition.build((None,))
        self.bias = self.add_weight(
            name="bias",
            shape=(self.config["vocabulary_size"],),
            initializer="zeros",
            autocast=False,
        )

    def start(self, rows: Any, condition: Any = None, training: bool = False) -> State:
        """Return the initial states.

        Args:
            rows: B.
            condition: The numbers of the conditions [B], if the network has conditions.
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
        """Map ids [B, T] to logits [B, T, V], from initial states of zero."""
        return self.run(ids, self.start(ops.shape(ids)[0]), training)[0]

    def run(self, ids: Any, state: State, training: bool = False) -> tuple[Any, State]:
        """Read ids from given states.

        Args:
            ids: [B, T].
            state: The states of all layers before, [B, H] each.
            training: Whether dropout is on.

        Returns:
            The logits of the next tokens, [B, T, V]; and the new states.
        """
        output, after = self.outputs(ids, state, training)
        return self.logits(output), after

    def outputs(
        self, ids: Any, state: State, training: bool = False, mask: Any = None
    ) -> tuple[Any, State]:
        """Read ids as ``run`` does, but return the inputs [B, T, E] of ``logits``.

        Where a mask, bool [B, T], is false, the last output and the states are kept.
        """
        vectors, _ = self.front(ids, training=training)  # 0 is read like any other id
        return self.read(vectors, state, training, mask)

    def read(
        self, vectors: Any, state: State, training: bool = False, mask: Any = None
    ) -> tuple[Any, State]:
        """Read the vectors [B, T, E] of ids as ``outputs`` reads the ids."""
        states = vectors
        before, after = iter(state), []
        for layer in self.recurrent:
            layer_state = [next(before) for _ in state_sizes(layer.cell)]
            states, *ends = layer(states, mask=mask, initial_state=layer_state, training=training)
            after += ends
        return self._output(states, training), after

    def _output(self, states: Any, training: bool = False) -> Any:
        """Map the states of the last layer [..., H] to outputs [..., E]."""
        output = self.output_dropout(states, training=training)
        return output if self.projection is None else self.projection(output)

    def logits(self, output: Any) -> Any:
        """Map outputs [..., E] to logits [..., V]."""
        return self.embedding.scores(output) + self.bias

    def losses(self, output: Any, targets: Any, sampled: int = 0, seed: Any = None) -> Any:
        """Return the cross-entropy in nats of tokens [...] against outputs [..., E], for training.

        Args:
            output: The result of ``outputs``.
            targets: The tokens.
            sampled: The number of random tokens that estimate the loss; 0 takes all.
            seed: The ``keras.random.SeedGenerator`` of these.
        """
        weights = (self.embedding.embeddings, self.bias, targets)
        if sampled:
            return sampled_cross_entropy(output, *weights, sampled, seed)
        return linear_cross_entropy(output, *weights)

    def step(self, tokens: Any, state: State) -> tuple[Any, State]:
        """Read one token, as a step function of ``toolkit.decoding``.

        Args:
            tokens: The last tokens [B, K].
            state: The states of all layers, [B, K, H] each.

        Returns:
            The logits of the next token [B, K, V]; and the new states.
        """
        states = self.embedding(tokens)
        before, after = iter(state), []
        for layer in self.recurrent:
            layer_state = [next(before) for _ in state_sizes(layer.cell)]
            states, ends = cell_step(layer.cell, states, layer_state)
            after += ends
        return self.logits(self._output(states)), after
