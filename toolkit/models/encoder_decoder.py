"""Many to many, with different lengths: a sequence in, another sequence out."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import keras
from keras import ops

from toolkit.errors import OptionError
from toolkit.layers import (
    Attention,
    SequencePooling,
    TiedEmbedding,
    WordDropout,
)
from toolkit.layers.cross_entropy import cross_entropy, linear_cross_entropy
from toolkit.layers.sequences import length_mask
from toolkit.models.cells import cell_step, state_sizes
from toolkit.models.fronts import EmbeddingFront
from toolkit.models.network import Network, build_stack, recurrent_stack
from toolkit.models.seeds import dropout_seeds


class Memory(NamedTuple):
    """The encoded source.

    Attributes:
        values: The encoder's states [B, S, M], or their summary [B, 1, M] without attention.
        keys: Their part of the attention scores [B, S, A]; without attention the values.
        mask: Whether each is a real step, bool [B, S].
    """

    values: Any
    keys: Any
    mask: Any


@keras.saving.register_keras_serializable(package="toolkit")
class EncoderDecoder(Network):
    """A network that maps a sequence to another one, such as a sentence to its translation.

    ::

        encoder   source [B, S] -> vectors [B, S, E] -> recurrent layers [B, S, M]
        decoder   target [B, T] -> vectors [B, T, E] -> recurrent layer [B, T, H]
                  -> attention over the encoder's states: contexts [B, T, M]
                  -> recurrent layers on [states, contexts] [B, T, H]
                  -> tanh of [states, contexts, vectors] [B, T, E] -> logits [B, T, V]

    The states of the decoder's first layer are the queries of the attention, and its other layers
    read the contexts (as in Wu et al. 2016, "Google's Neural Machine Translation System", section
    3), so that all contexts of a sentence are computed at once and every loop over time is a layer.
    Without attention (Cho et al. 2014, section 2.2) the context is the encoder's last states at
    each step. The output is a "deep output" (Pascanu et al. 2014) as in Bahdanau et al. (2015,
    appendix A.2.2), and its matrix is the embedding of the target (Press and Wolf 2017).

    Id 0 begins and ends a target: the decoder reads ``[0, y(1), ..., y(n)]``, whose length is n +
    1, and learns ``[y(1), ..., y(n), 0]``. Steps beyond the length of a source are masked.

    ``call`` returns logits, or in training the inputs of the output layer; ``decoder`` returns a
    step function that generates a target.

    Args:
        source_size: The number of ids of the source.
        target_size: The number of ids of the target.
        shared: Whether source and target have the same ids and share one embedding.
        attention: ``additive``, ``multiplicative`` or ``none``.
        cell: A cell's name or ``module:Class``; see ``toolkit.layers.recurrent_layer``.
        embedding_size: E.
        hidden_size: H; M is twice that if bidirectional.
        layers: The number of recurrent layers of the encoder; the decoder has one more.
        bidirectional: Whether each layer of the encoder reads in both directions.
        word_dropout: The share of ids replaced by unknown in training, on either side.
        embedding_dropout: The share of the vectors' channels dropped for a whole sequence.
        dropout: The share of each recurrent layer's inputs dropped for a whole sequence.
        recurrent_dropout: The share of the recurrent state dropped (Gal and Ghahramani 2016).
        output_dropout: The share of the output's inputs that is dropped.
        label_smoothing: The share of each target that the loss spreads over all ids.
        seed: The seed of the dropouts of ids, vectors and output. The initial weights and the
            dropouts within the recurrent layers depend on ``keras.utils.set_random_seed``.

    Raises:
        OptionError: An argument has an impossible value.
    """

    def __init__(
        self,
        source_size: int,
        target_size: int,
        *,
        shared: bool = True,
        attention: Literal["additive", "multiplicative", "none"] = "additive",
        cell: str = "gru",
        embedding_size: int = 256,
        hidden_size: int = 256,
        layers: int = 1,
        bidirectional: bool = True,
        word_dropout: float = 0.0,
        embedding_dropout: float = 0.0,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        output_dropout: float = 0.0,
        label_smoothing: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals(), **kwargs)
        if shared and source_size != target_size:
            raise OptionError(
                f"source_size is {source_size} and target_size {target_size}; shared vectors need "
                "the same ids on both sides"
            )
        dtype = self.dtype_policy
        word_seed, source_seed, target_seed, output_seed, _ = dropout_seeds(seed, 5)
        id_dropout = WordDropout(word_dropout, seed=word_seed)
        self.embedding = TiedEmbedding(target_size, embedding_size, dtype=dtype, name="target")
        source_embedding = self.embedding
        if not shared:
            source_embedding = TiedEmbedding(
                source_size, embedding_size, dtype=dtype, name="source"
            )
        self.encoder_front, self.decoder_front = (
            EmbeddingFront(id_dropout, embedding, embedding_dropout, side_seed, dtype=dtype)
            for embedding, side_seed in (
                (source_embedding, source_seed),
                (self.embedding, target_seed),
            )
        )
        options: dict[str, Any] = {
            "dropout": dropout,
            "recurrent_dropout": recurrent_dropout,
            "dtype": dtype,
        }
        self.encoder_layers = recurrent_stack(
            cell, hidden_size, layers, name="encoder", bidirectional=bidirectional, **options
        )
        self.decoder_layers = recurrent_stack(
            cell, hidden_size, layers + 1, name="decoder", **options
        )
        self.attention = None
        if attention != "none":
            self.attention = Attention(attention, dtype=dtype, name="attention")
        pooling: Literal["last", "mean"] = "last" if attention == "none" else "mean"
        self.pooling = SequencePooling(pooling, bidirectional=bidirectional, dtype=dtype)
        self.bridges = [
            [
                keras.layers.Dense(size, activation="tanh", dtype=dtype, name=f"start_{i}_{j}")
                for j, size in enumerate(state_sizes(layer.cell))
            ]
            for i, layer in enumerate(self.decoder_layers, 1)
        ]
        self.readout = keras.layers.Dense(
            embedding_size, activation="tanh", dtype=dtype, name="readout"
        )
        self.readout_dropout = keras.layers.Dropout(output_dropout, seed=output_seed, dtype=dtype)

    def build(self, input_shape: Any = None) -> None:
        """Make the weights; their sizes depend only on the constructor's arguments."""
        size, hidden = self.config["embedding_size"], self.config["hidden_size"]
        self.embedding.build((None, None))
        self.encoder_front.build()
        shape = build_stack(self.encoder_layers, (None, None, size))
        memory = shape[-1] or 0
        self.pooling.build(shape)
        if self.attention is not None:
            self.attention.build((None, None, hidden), shape)
        for layer, bridges in zip(self.decoder_layers, self.bridges, strict=True):
            first = layer is self.decoder_layers[0]
            layer.build((None, None, size if first else hidden + memory))
            for bridge in bridges:
                bridge.build((None, memory))
        self.readout.build((None, None, hidden + memory + size))
        self.bias = self.add_weight(
            name="bias", shape=(self.config["target_size"],), initializer="zeros", autocast=False
        )

    def call(self, inputs: Mapping[str, Any], training: bool = False) -> Any:
        """Return the logits [B, T, V] of the next tokens of the target.

        In training it returns the inputs [B, T, E] of the output layer, from which ``compute_loss``
        computes logits and loss together.

        Args:
            inputs: ``source`` [B, S] and ``target`` [B, T], which begins with 0, and the lengths of
                both, ``source_length`` and ``target_length`` int32 [B]. Without lengths 0 is
                padding in the source, and in the target after its first step.
            training: Whether dropout is on.
        """
        memory, starts = self.encode(self.source_of(inputs), training)
        vectors, top, contexts, _ = self._decode(memory, starts, inputs["target"], training)
        output = self._output([top, contexts, vectors], training)
        return output if training else self._logits(output)

    def encode(self, source: Any, training: bool = False) -> tuple[Memory, list[list[Any]]]:
        """Encode the source.

        Args:
            source: ``{"values": ids [B, S], "length": int32 [B]}``, or ids alone, 0 at padding.
            training: Whether dropout is on.

        Returns:
            The memory, and the initial states of each decoder layer, [B, H] each.
        """
        vectors, mask = self.encoder_front(source, training=training)
        return self.encode_vectors(vectors, mask, training)

    def encode_vectors(
        self, vectors: Any, mask: Any, training: bool = False
    ) -> tuple[Memory, list[list[Any]]]:
        """Encode the vectors [B, S, E] of the source's front; see ``encode``."""
        states = vectors
        for layer in self.encoder_layers:
            states = layer(states, mask=mask, training=training)
        states = states * ops.cast(mask, states.dtype)[:, :, None]
        summary = self.pooling(states, mask=mask)
        starts = [[bridge(summary) for bridge in bridges] for bridges in self.bridges]
        if self.attention is None:
            return Memory(summary[:, None], summary[:, None], mask[:, :1]), starts
        return Memory(states, self.attention.keys(states), mask), starts

    def after_front(self, vectors: Any, mask: Any, target: Any) -> Any:
        """Return the logits [B, T, V] of ``call`` for the vectors of the source's front."""
        memory, starts = self.encode_vectors(vectors, mask)
        read, top, contexts, _ = self._decode(memory, starts, target, training=False)
        return self._logits(self._output([top, contexts, read]))

    def _decode(
        self, memory: Memory, starts: Sequence[Any], target: Any, training: bool
    ) -> tuple[Any, Any, Any, Any]:
        """Return target vectors, states of the last layer, contexts and attention weights."""
        vectors, _ = self.decoder_front(target, training=training)
        first, *upper_layers = self.decoder_layers
        states = first(vectors, initial_state=list(starts[0]), training=training)
        contexts, weights = self._attend(states, memory)
        for layer, start in zip(upper_layers, starts[1:], strict=True):
            states = ops.concatenate([states, contexts], axis=-1)
            states = layer(states, initial_state=list(start), training=training)
        return vectors, states, contexts, weights

    def _attend(self, queries: Any, memory: Memory) -> tuple[Any, Any]:
        """Return the contexts of queries [B, T, H], and attention weights [B, T, S] or None."""
        if self.attention is not None:
            return self.attention(queries, memory.values, memory.keys, memory.mask)
        shape = (*ops.shape(queries)[:2], memory.values.shape[-1])
        return ops.broadcast_to(memory.values, shape), None

    def _output(self, parts: Sequence[Any], training: bool = False) -> Any:
        output = self.readout(ops.concatenate(parts, axis=-1))
        return self.readout_dropout(output, training=training)

    def _logits(self, output: Any) -> Any:
        return self.embedding.scores(output) + self.bias

    def decoder(self, source: Any) -> tuple[Any, Any, Memory]:
        """Return a step function, state and memory for ``toolkit.decoding``.

        Args:
            source: The source, as for ``encode``.

        Returns:
            The function ``next(tokens [B, K], state, memory) -> (logits [B, K, V], state)``; the
            initial state, tensors [B, 1, ...]; and the memory.
        """
        memory, starts = self.encode(source)
        # Transposed once for all steps, with the bias as a row, which saves a pass over the logits.
        table = ops.cast(ops.transpose(self.embedding.embeddings), "float32")
        table = ops.concatenate([table, ops.cast(self.bias, "float32")[None]], axis=0)

        def next(tokens: Any, state: Any, memory: Memory) -> tuple[Any, Any]:
            vectors = self.embedding(tokens)
            states, contexts = vectors, None
            after = []
            for layer, before in zip(self.decoder_layers, state, strict=True):
                if contexts is not None:
                    states = ops.concatenate([states, contexts], axis=-1)
                states, new = cell_step(layer.cell, states, before)
                after.append(new)
                if contexts is None:
                    contexts, _ = self._attend(states, memory)
            output = ops.cast(self._output([states, contexts, vectors]), "float32")
            output = ops.concatenate([output, ops.ones_like(output[:, :, :1])], axis=-1)
            shape = ops.shape(output)
            logits = ops.matmul(ops.reshape(output, (-1, shape[2])), table)
            return ops.reshape(logits, (*shape[:2], table.shape[1])), after

        state = [[start[:, None] for start in layer_starts] for layer_starts in starts]
        return next, state, memory

    def align(self, source: Any, target: Any) -> Any:
        """Return the attention weights of a target.

        Args:
            source: The source, as for ``encode``.
            target: Ids [B, T], as for ``call``, 0 first.

        Returns:
            The attention weights [B, T, S]; row t predicts the token after ``target[t]``.

        Raises:
            OptionError: The model has no attention.
        """
        if self.attention is None:
            raise OptionError("the model has no attention")
        memory, starts = self.encode(source)
        return self._decode(memory, starts, target, training=False)[3]

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the mean cross-entropy of the target tokens in nats, including their end.

        Args:
            x: The inputs of ``call``.
            y: The targets [B, T], which end with 0.
            y_pred: The output of ``call``: logits [B, T, V], or in training [B, T, E].
            sample_weight: The weight of each token [B, T].
            training: Whether this is training; only then labels are smoothed.
        """
        if training:
            smoothing = self.config["label_smoothing"]
            losses = linear_cross_entropy(
                y_pred, self.embedding.embeddings, self.bias, y, smoothing
            )
        else:
            losses = cross_entropy(y_pred, y)
        weights = ops.cast(self.target_mask(x), "float32")
        total = ops.sum(losses * weights * (1.0 if sample_weight is None else sample_weight))
        return total / ops.maximum(ops.sum(weights), 1.0)

    @staticmethod
    def source_of(inputs: Mapping[str, Any]) -> Any:
        """Return the source for ``encode`` from the inputs of ``call``."""
        if "source_length" not in inputs:
            return inputs["source"]
        return {"values": inputs["source"], "length": inputs["source_length"]}

    @staticmethod
    def target_mask(inputs: Mapping[str, Any]) -> Any:
        """Return the mask [B, T] of the target from the inputs of ``call``."""
        target = inputs["target"]
        if "target_length" in inputs:
            return length_mask(inputs["target_length"], ops.shape(target)[1])
        real = ops.not_equal(target, 0)
        return ops.concatenate([ops.ones_like(real[:, :1]), real[:, 1:]], axis=1)
