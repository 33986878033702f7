"""Many to many, of different lengths: a sequence in, another out."""

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
    recurrent_layer,
)
from toolkit.layers.cross_entropy import cross_entropy, linear_cross_entropy
from toolkit.models.cells import cell_step, state_sizes
from toolkit.models.seeds import dropout_seeds
from toolkit.models.trust import check_cell_is_trusted


class Memory(NamedTuple):
    """What the decoder knows of the source.

    Attributes:
        values: The encoder's states [B, S, M], or their summary [B, 1, M] without attention.
        keys: What they give to the attention's scores [B, S, A]; without attention the values.
        mask: Which of them are no padding, bool [B, S].
    """

    values: Any
    keys: Any
    mask: Any


@keras.saving.register_keras_serializable(package="toolkit")
class EncoderDecoder(keras.Model):
    """Reads one sequence and writes another, such as a sentence and its translation.

    ::

        encoder   source [B, S] -> vectors [B, S, E] -> recurrent layers [B, S, M]
        decoder   target [B, T] -> vectors [B, T, E] -> recurrent layer [B, T, H]
                  -> attention over the encoder's states: contexts [B, T, M]
                  -> recurrent layers on [states, contexts] [B, T, H]
                  -> tanh of [states, contexts, vectors] [B, T, E] -> logits [B, T, V]

    The states of the decoder's first layer ask the attention, and its other layers read the answer
    (as in Wu et al. 2016, "Google's Neural Machine Translation System", section 3), so that all of
    a sentence's contexts are computed at once and every loop over time is a layer of its own.
    Without attention (Cho et al. 2014, section 2.2) the context is the encoder's last states, the
    same at each step. The output is a "deep output" (Pascanu et al. 2014) as in Bahdanau et al.
    (2015, appendix A.2.2), and its matrix is that of the target's vectors (Press and Wolf 2017).

    Id 0 begins and ends a target: the decoder is given ``[0, y(1), ..., y(n)]`` and learns
    ``[y(1), ..., y(n), 0]``. In the source 0 is padding and never seen.

    Calling the model gives logits, in training what they are made of; ``decoder`` gives what writes
    a target step by step.

    Args:
        source_size: How many ids the source has.
        target_size: How many ids the target has.
        shared: Whether source and target have the same ids and share their vectors.
        attention: ``additive``, ``multiplicative`` or ``none``.
        cell: A cell's name or ``module:Class``; see ``toolkit.layers.recurrent_layer``.
        embedding_size: E.
        hidden_size: H; M is twice that if bidirectional.
        layers: How many recurrent layers the encoder has; the decoder has one more.
        bidirectional: Whether each layer of the encoder also reads from the end.
        word_dropout: The share of ids replaced by unknown in training, on either side.
        embedding_dropout: The share of the vectors' channels dropped for a whole sequence.
        dropout: The share of each recurrent layer's inputs dropped for a whole sequence.
        recurrent_dropout: The share of the recurrent state dropped (Gal and Ghahramani 2016).
        output_dropout: The share of the output's inputs that is dropped.
        label_smoothing: The share of each target that the loss spreads over all ids.
        seed: The seed of the dropouts of ids, vectors and output. The first weights and the
            dropouts within the recurrent layers follow ``keras.utils.set_random_seed``.

    Raises:
        OptionError: An argument cannot work.
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
        super().__init__(**kwargs)
        if layers < 1:
            raise OptionError(f"layers is {layers}; at least 1 is needed")
        if shared and source_size != target_size:
            raise OptionError(
                f"source_size is {source_size} and target_size {target_size}; shared vectors need "
                "the same ids on both sides"
            )
        self.config: dict[str, Any] = {
            "source_size": source_size,
            "target_size": target_size,
            "shared": shared,
            "attention": attention,
            "cell": cell,
            "embedding_size": embedding_size,
            "hidden_size": hidden_size,
            "layers": layers,
            "bidirectional": bidirectional,
            "word_dropout": word_dropout,
            "embedding_dropout": embedding_dropout,
            "dropout": dropout,
            "recurrent_dropout": recurrent_dropout,
            "output_dropout": output_dropout,
            "label_smoothing": label_smoothing,
            "seed": seed,
        }
        dtype = self.dtype_policy
        seeds = dropout_seeds(seed, 5)
        self.word_dropout = WordDropout(word_dropout, seed=seeds[0])
        self.embedding = TiedEmbedding(target_size, embedding_size, dtype=dtype, name="target")
        self.source_embedding = self.embedding
        if not shared:
            self.source_embedding = TiedEmbedding(
                source_size, embedding_size, dtype=dtype, name="source"
            )
        self.source_dropout, self.target_dropout = (
            keras.layers.SpatialDropout1D(embedding_dropout, seed=seed, dtype=dtype)
            for seed in seeds[1:3]
        )

        def layer(name: str, bidirectional: bool) -> keras.Layer:
            return recurrent_layer(
                cell,
                hidden_size,
                bidirectional=bidirectional,
                dropout=dropout,
                recurrent_dropout=recurrent_dropout,
                dtype=dtype,
                name=name,
            )

        self.encoder_layers = [
            layer(f"encoder_{number}", bidirectional) for number in range(1, layers + 1)
        ]
        self.decoder_layers = [layer(f"decoder_{number}", False) for number in range(1, layers + 2)]
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
        self.readout_dropout = keras.layers.Dropout(output_dropout, seed=seeds[3], dtype=dtype)

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights; ids have no size that they depend on."""
        size, hidden = self.config["embedding_size"], self.config["hidden_size"]
        self.embedding.build((None, None))
        if not self.config["shared"]:
            self.source_embedding.build((None, None))
        shape: Any = (None, None, size)
        for layer in self.encoder_layers:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        memory = shape[-1]
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
        self.built = True

    def call(self, inputs: Mapping[str, Any], training: bool = False) -> Any:
        """``source`` [B, S] and ``target`` [B, T], which begins with 0, to logits [B, T, V].

        In training it is the output's inputs [B, T, E] that ``compute_loss`` takes: logits and
        their loss are computed together.
        """
        memory, starts = self.encode(inputs["source"], training)
        vectors, top, contexts, _ = self._decode(memory, starts, inputs["target"], training)
        output = self._output([top, contexts, vectors], training)
        return output if training else self._logits(output)

    def encode(self, source: Any, training: bool = False) -> tuple[Memory, list[list[Any]]]:
        """Reads the source.

        Args:
            source: Ids [B, S], 0 at padding.
            training: Whether dropout is on.

        Returns:
            What the decoder knows of it; and the states that each of its layers starts from, [B, H]
            each.
        """
        mask = ops.not_equal(source, 0)
        ids = self.word_dropout(source, training=training)
        states = self.source_embedding(ids, training=training)
        states = self.source_dropout(states, training=training)
        for layer in self.encoder_layers:
            states = layer(states, mask=mask, training=training)
        states = states * ops.cast(mask, states.dtype)[:, :, None]
        summary = self.pooling(states, mask=mask)
        starts = [[bridge(summary) for bridge in bridges] for bridges in self.bridges]
        if self.attention is None:
            return Memory(summary[:, None], summary[:, None], mask[:, :1]), starts
        return Memory(states, self.attention.keys(states), mask), starts

    def _decode(
        self, memory: Memory, starts: Sequence[Any], target: Any, training: bool
    ) -> tuple[Any, Any, Any, Any]:
        """Target vectors, the last layer's states, contexts and the attention's weights."""
        ids = self.word_dropout(target, training=training)
        vectors = self.embedding(ids, training=training)
        vectors = self.target_dropout(vectors, training=training)
        first, *others = self.decoder_layers
        states = first(vectors, initial_state=list(starts[0]), training=training)
        contexts, weights = self._attend(states, memory)
        for layer, start in zip(others, starts[1:], strict=True):
            states = ops.concatenate([states, contexts], axis=-1)
            states = layer(states, initial_state=list(start), training=training)
        return vectors, states, contexts, weights

    def _attend(self, queries: Any, memory: Memory) -> tuple[Any, Any]:
        """The contexts of queries [B, T, H], and the attention's weights [B, T, S] or None."""
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
        """What writes the target of a source [B, S] step by step, as ``toolkit.decoding`` takes it.

        Returns:
            The function ``next(tokens [B, K], state, memory) -> (logits [B, K, V], state)``; the
            state to begin with, of which each tensor is [B, 1, ...]; and the memory.
        """
        memory, starts = self.encode(source)
        # Turned once for all steps, and the bias among its rows, to save a pass over the logits.
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

        state = [[start[:, None] for start in of_layer] for of_layer in starts]
        return next, state, memory

    def align(self, source: Any, target: Any) -> Any:
        """Where the decoder looks while it writes.

        Args:
            source: Ids [B, S].
            target: Ids [B, T] as ``call`` takes them, 0 first.

        Returns:
            The attention's weights [B, T, S]: row t is looked at to write the unit after
            ``target[t]``.

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
        """The cross-entropy in nats per unit of the targets, their end included.

        Args:
            x: What ``call`` was given.
            y: The targets [B, T], which end with 0.
            y_pred: What ``call`` gave: logits [B, T, V], or in training [B, T, E].
            sample_weight: How much each unit counts [B, T].
            training: Whether this is training; only then labels are smoothed.
        """
        if training:
            smoothing = self.config["label_smoothing"]
            losses = linear_cross_entropy(
                y_pred, self.embedding.embeddings, self.bias, y, smoothing
            )
        else:
            losses = cross_entropy(y_pred, y)
        weights = ops.cast(self.target_mask(x["target"]), "float32")
        total = ops.sum(losses * weights * (1.0 if sample_weight is None else sample_weight))
        return total / ops.maximum(ops.sum(weights), 1.0)

    @staticmethod
    def target_mask(target: Any) -> Any:
        """Which steps of the decoder's inputs [B, T] are no padding: the first, and all but 0."""
        here = ops.not_equal(target, 0)
        return ops.concatenate([ops.ones_like(here[:, :1]), here[:, 1:]], axis=1)

    def get_config(self) -> dict[str, Any]:
        """All constructor arguments."""
        return {**super().get_config(), **self.config}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "EncoderDecoder":
        """The inverse of ``get_config``.

        Raises:
            ModelError: The cell is ``module:Class``, and nobody has imported the module.
        """
        check_cell_is_trusted(config)
        return super().from_config(config, custom_objects)
