"""Many to many, lengths differ, without a decoder: a recording in, its symbols out, by CTC."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from toolkit.audio.ctc import Path, best_path, ctc_loss, ended
from toolkit.errors import OptionError
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
        states, mask = self.states(inputs, training)
        by_id = self.scores(self.output_dropout(states, training=training))
        logits = ops.concatenate([by_id[..., 1:], by_id[..., :1]], axis=-1)
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

    def answer(self, inputs: Any) -> Path:
        """Return the likeliest path of each recording; none of its symbols for an empty one."""
        logits, mask = self.logits(inputs)
        return best_path(logits, mask & (inputs["length"] > 0)[:, None])
