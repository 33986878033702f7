"""Many to one: a whole sequence in, one answer out."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import keras
from keras import ops

from toolkit.errors import ModelError
from toolkit.layers import SequencePooling
from toolkit.models.cells import cell_step, state_sizes
from toolkit.models.fronts import id_or_vector_front
from toolkit.models.network import Shape, StackedNetwork, recurrent_stack
from toolkit.models.outputs import OutputLayer, check_output
from toolkit.models.seeds import dropout_seeds
from toolkit.models.series_front import SeriesFront
from toolkit.models.staged_front import StagedFront
from toolkit.models.video_front import VideoFront


@keras.saving.register_keras_serializable(package="toolkit")
class ManyToOne(StackedNetwork):
    """A network that predicts one answer for a sequence, such as a sentiment.

    ``values [B, T] or [B, T, C] -> vectors [B, T, E] -> recurrent layers [B, T, H]
    -> pooling [B, H] -> output [B, outputs]``, where H is twice ``hidden_size`` if bidirectional.

    The inputs are ``{"values": ids [B, T] or vectors [B, T, C], "length": int32 [B]}``: steps
    beyond the length of a sequence are masked. Ids alone, where 0 is padding, are accepted as well,
    and so are vectors alone, all of which are real::

        ManyToOne(20_000, 2)               # reads ids
        ManyToOne(input_size=9, outputs=2)  # reads vectors of nine channels

    With ``series`` or ``video`` they are raw frames, as ``SeriesFront`` or ``VideoFront`` takes
    them.

    ``call`` returns *logits*, on which losses are stable; ``answer`` returns probabilities or
    numbers.

    Args:
        vocabulary_size: The number of ids, including padding and unknown; None for vectors.
        outputs: The number of classes, labels or numbers.
        output: ``softmax`` (one of several classes), ``sigmoid`` (several labels at once) or
            ``linear`` (a number).
        output_mean: With ``linear``: the mean of the training targets.
        output_scale: With ``linear``: their standard deviation, so that the outputs of the network
            are near one.
        input_size: C, the size of vectors; None for ids.
        series: The arguments of ``SeriesFront`` but its dropout and seed, for raw series; None for
            ids or vectors.
        video: The arguments of ``VideoFront`` but its dropout and seed, for frames of videos.
        cell: A cell's name or ``module:Class``; see ``toolkit.layers.recurrent_layer``.
        embedding_size: E, the size of ids' vectors.
        projection_size: E, the size of the projection of vectors; 0 for none.
        hidden_size: H of one direction.
        layers: The number of recurrent layers.
        bidirectional: Whether each layer reads in both directions.
        pooling: ``last``, ``mean``, ``max``, ``concat`` (these three) or ``attention``.
        word_dropout: The share of ids replaced by unknown in training.
        embedding_dropout: The share of the vectors' channels dropped for a whole sequence.
        dropout: The share of each recurrent layer's inputs dropped for a whole sequence.
        recurrent_dropout: The share of the recurrent state dropped (Gal and Ghahramani 2016).
        output_dropout: The share of the pooled vector that is dropped.
        seed: The seed of the dropouts of words, vectors and output. The initial weights and the
            dropouts within the recurrent layers depend on ``keras.utils.set_random_seed``.

    Raises:
        OptionError: An argument has an impossible value.
    """

    def __init__(
        self,
        vocabulary_size: int | None = None,
        outputs: int = 2,
        *,
        input_size: int | None = None,
        series: Mapping[str, Any] | None = None,
        video: Mapping[str, Any] | None = None,
        output: str = "softmax",
        output_mean: float = 0.0,
        output_scale: float = 1.0,
        cell: str = "gru",
        embedding_size: int = 64,
        projection_size: int = 0,
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
        super().__init__(locals(), **kwargs)
        check_output(output)
        dtype = self.dtype_policy
        word_seed, vector_seed, output_seed = dropout_seeds(seed, 3)
        if series is not None or video is not None:
            self.autocast = False  # the front computes in single precision
            common = {"dropout": embedding_dropout, "seed": vector_seed, "dtype": dtype}
            if series is not None:
                self.front = SeriesFront(**series, **common)
            else:
                self.front = VideoFront(**video or {}, **common)
        else:
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
        self.recurrent = recurrent_stack(
            cell,
            hidden_size,
            layers,
            bidirectional=bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            dtype=dtype,
        )
        self.pooling = SequencePooling(pooling, bidirectional=bidirectional, dtype=dtype)
        self.output_dropout = keras.layers.Dropout(output_dropout, seed=output_seed, dtype=dtype)
        self.output_layer = OutputLayer(outputs, output, mean=output_mean, scale=output_scale)

    def build_head(self, shape: Shape) -> None:
        """Make the weights of pooling and output for states [B, T, H]."""
        self.pooling.build(shape)
        self.output_layer.build(self.pooling.compute_output_shape(shape))

    def after_front(self, vectors: Any, mask: Any, training: bool = False) -> Any:
        """Return the logits [B, outputs] of sequences for the vectors of the front."""
        states = self.states(vectors, mask, training)
        summary = self.pooling(states, mask=mask, training=training)
        return self.output_layer(self.output_dropout(summary, training=training))

    @property
    def step_sizes(self) -> list[int]:
        """The sizes of the states of ``step``: of front, recurrent layers and pooling."""
        cells = [size for layer in self.recurrent for size in state_sizes(layer.cell)]
        return [*self.front.memory_sizes, *cells, *self.pooling.memory_sizes]

    def step(self, frame: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Read one frame of series, and answer for all frames so far.

        The network reads in one direction, with ``series`` or ``video``.

        Args:
            frame: [B, C], or of a video [B, H, W, C].
            states: The states before, float32 [B, size] each; zeros before the first frame.

        Returns:
            The probabilities or numbers [B, outputs] that ``answer`` gives for the series up to
            this frame; and the states after it.

        Raises:
            ModelError: The network reads in both directions, or no raw frames.
        """
        if self.config["bidirectional"] or not isinstance(self.front, StagedFront):
            raise ModelError("step needs a network that reads raw frames in one direction")
        front = len(self.front.memory_sizes)
        vector, is_read, after = self.front.step(frame, states[:front])
        before = list(states[front:])
        remembered, new = iter(before), []
        vector = vector[:, None]
        for layer in self.recurrent:
            sizes = state_sizes(layer.cell)
            state = [ops.cast(next(remembered), self.compute_dtype)[:, None] for _ in sizes]
            vector, ends = cell_step(layer.cell, vector, state)
            new += [end[:, 0] for end in ends]
        new += self.pooling.step(vector[:, 0], list(remembered))
        chosen = [
            ops.where(is_read[:, None], ops.cast(new_state, "float32"), old)
            for new_state, old in zip(new, before, strict=True)
        ]
        summary = self.pooling.summary(chosen[-len(self.pooling.memory_sizes) :])
        return self.output_layer.answer(self.output_layer(summary)), [*after, *chosen]
