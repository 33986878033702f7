"""Many to many, lengths differ, without a decoder: a recording in, its symbols out, by CTC."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from toolkit.audio.ctc import Path, best_path, ctc_loss, ended
from toolkit.errors import ModelError, OptionError
from toolkit.models.cells import cell_step, state_sizes
from toolkit.models.network import Shape, StackedNetwork, recurrent_stack
from toolkit.models.seeds import dropout_seeds
from toolkit.models.speech.front import SpeechFront


@keras.saving.register_keras_serializable(package="toolkit")
class SpeechToMany(StackedNetwork):
    """A network that writes the symbols of a recording, such as the characters of its words.

    ``wave [B, N] -> log-mel frames [B, T, E] -> recurrent layers [B, T, H] -> scores of symbols
    [B, T, C]``, where H is twice ``hidden_size`` if bidirectional. The scores are those of
    connectionist temporal classification: the symbols with the ids 1 to C - 1 come first, and the
    blank is the last class.

    The inputs are those of ``SpeechFront``. ``call`` returns the *logits*; ``answer`` returns the
    likeliest path.

    Args:
        vocabulary_size: C, the number of ids; id 0, which pads targets, stands for the blank.
        audio: The arguments of ``SpeechFront`` but its dropout and seed.
        cell: A cell's name or ``module:Class``; see ``toolkit.layers.recurrent_layer``.
        hidden_size: H of one direction.
        layers: The number of recurrent layers.
        bidirectional: Whether each layer reads in both directions.
        input_dropout: The share of the vectors' channels dropped for a whole recording.
        dropout: The share of each recurrent layer's inputs dropped for a whole recording.
        recurrent_dropout: The share of the recurrent state dropped (Gal and Ghahramani 2016).
        output_dropout: The share of the last layer's inputs that is dropped.
        seed: The seed of the dropouts of vectors and output, and of the random changes. The initial
            weights and the dropouts within the recurrent layers depend on
            ``keras.utils.set_random_seed``.

    Raises:
        OptionError: An argument has an impossible value.
    """

    def __init__(
        self,
        vocabulary_size: int,
        audio: Mapping[str, Any],
        *,
        cell: str = "gru",
        hidden_size: int = 128,
        layers: int = 2,
        bidirectional: bool = True,
        input_dropout: float = 0.0,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        output_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals(), **kwargs)
        if vocabulary_size < 2:
            raise OptionError(f"vocabulary_size is {vocabulary_size}; at least 2 is needed")
        self.autocast = False  # the front computes in single precision
        dtype = self.dtype_policy
        front_seed, output_seed = dropout_seeds(seed, 2)
        self.front: SpeechFront = SpeechFront(
            **audio, dropout=input_dropout, seed=front_seed, dtype=dtype
        )
        self.recurrent = recurrent_stack(
            cell,
            hidden_size,
            layers,
            first_dropout=0.0,
            bidirectional=bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            dtype=dtype,
        )
        self.output_dropout = keras.layers.Dropout(output_dropout, seed=output_seed, dtype=dtype)
        self.scores = keras.layers.Dense(vocabulary_size, dtype="float32", name="scores")

    def build_head(self, shape: Shape) -> None:
        """Make the weights of the scores for states [B, T, H]."""
        self.scores.build(shape)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the logits [B, T, C] of recordings, the blank last.

        The weights are in the order of the ids, where 0 is the blank, so that a vocabulary can grow
        at its end.
        """
        return self.logits(inputs, training)[0]

    def logits(self, inputs: Any, training: bool = False) -> tuple[Any, Any]:
        """Return the logits [B, T, C] of recordings, the blank last, and the mask [B, T].

        After the end of a recording the blank is certain, so that it adds nothing to the loss.
        """
        vectors, mask = self.front(inputs, training=training)
        states = self.states(vectors, mask, training)
        logits = self.by_class(self.output_dropout(states, training=training))
        return ended(logits, mask), mask

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return minus the log probability of the symbols ``y``, in nats per symbol.

        Args:
            x: The inputs of ``call``.
            y: The ids of the symbols [B, L], padded with 0.
            y_pred: The logits [B, T, C].
            sample_weight: The weight of each recording [B].
            training: Whether this is training.
        """
        losses = ctc_loss(y_pred, y)
        if sample_weight is not None:
            losses *= ops.cast(sample_weight, losses.dtype)
        symbols = ops.sum(ops.cast(ops.not_equal(y, 0), losses.dtype))
        return ops.sum(losses) / ops.maximum(symbols, 1)

    def validate(self, inputs: Any, ids: Any) -> tuple[Any, Any]:
        """Return the symbols of the likeliest paths, and the loss of the gold symbols.

        Args:
            inputs: The inputs of ``call``.
            ids: The gold symbols [B, L], padded with 0.

        Returns:
            Ids [B, T], 0 where no symbol begins; and the sum of the losses, in nats.
        """
        logits, mask = self.logits(inputs)
        return best_path(logits, mask).ids, tf.reduce_sum(ctc_loss(logits, ids))

    @property
    def step_sizes(self) -> list[int]:
        """The sizes of the states of ``step``."""
        return [size for layer in self.recurrent for size in state_sizes(layer.cell)]

    def step(self, audio: Any, tail: Any, states: Sequence[Any]) -> tuple[Any, Any, list[Any]]:
        """Read a part of recordings that goes on from earlier parts.

        The network reads in one direction, with the mean of the training part.

        Args:
            audio: float32 [B, N].
            tail: What was left of the parts before [B, M]; at first [B, 0].
            states: The states before, float32 [B, size] each; zeros at first.

        Returns:
            The logits of the whole steps that have arrived [B, S, C], S may be 0; what is left of
            the audio [B, M']; and the states.

        Raises:
            ModelError: The network reads in both directions, or takes off the recording's own mean.
        """
        if self.config["bidirectional"] or self.front.whole_mean:
            raise ModelError("step needs a network that reads recordings in one direction")
        vectors, tail = self.front.arriving(tf.concat([tail, audio], axis=1))
        steps = tf.shape(vectors)[1]
        found = tf.TensorArray(tf.float32, steps + 1, element_shape=[None, self.scores.units])
        nothing = tf.zeros([tf.shape(vectors)[0], self.scores.units])
        found = found.write(steps, nothing)  # an array without elements cannot be stacked

        def body(time: Any, found: Any, *before: Any) -> Any:
            vector, remembered = vectors[:, time, None], iter(before)
            after: list[Any] = []
            for layer in self.recurrent:
                sizes = state_sizes(layer.cell)
                state = [ops.cast(next(remembered), self.compute_dtype)[:, None] for _ in sizes]
                vector, ends = cell_step(layer.cell, vector, state)
                after += [ops.cast(end[:, 0], "float32") for end in ends]
            return time + 1, found.write(time, self.by_class(vector[:, 0])), *after

        _, found, *after = tf.while_loop(lambda time, *_: time < steps, body, (0, found, *states))
        return tf.transpose(found.stack()[:-1], [1, 0, 2]), tail, after

    def by_class(self, states: Any) -> Any:
        """Return the logits of states [.., H], the blank last [.., C]."""
        by_id = self.scores(states)
        return ops.concatenate([by_id[..., 1:], by_id[..., :1]], axis=-1)

    def answer(self, inputs: Any) -> Path:
        """Return the likeliest path of each recording; none of its symbols for an empty one."""
        logits, mask = self.logits(inputs)
        return best_path(logits, mask & (inputs["length"] > 0)[:, None])
