"""Training a network on a text that goes on from batch to batch."""

from typing import Any

import keras
from keras import ops

from toolkit.layers.cross_entropy import cross_entropy
from toolkit.models.one_to_many import OneToMany
from toolkit.models.seeds import dropout_seeds


class Carried(keras.Model):
    """A language model whose state after a batch is the state before the next.

    The gradient does not go back beyond a batch: truncated backpropagation through time. The
    states are variables of this model, so that a checkpoint has them; the network has none.

    Args:
        network: What is trained.
        rows: B, the rows of each batch.
        sampled: With how many units drawn at random the loss is estimated in training; 0 takes all.
    """

    def __init__(self, network: OneToMany, rows: int, sampled: int = 0, **kwargs: Any) -> None:
        super().__init__(dtype=network.dtype_policy, **kwargs)
        self.network = network
        self.rows = rows
        self.sampled = min(sampled, network.config["vocabulary_size"] - 1)
        self.drawing = None
        if self.sampled:  # its state is a variable, too
            *_, seed = dropout_seeds(network.config["seed"], 4)
            self.drawing = keras.random.SeedGenerator(seed)
        self.carried = [
            self.add_weight(
                name=f"carried_{number}",
                shape=(rows, size),
                initializer="zeros",
                trainable=False,
                autocast=False,
            )
            for number, size in enumerate(network.sizes)
        ]
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """``ids`` [B, T], and ``fresh`` [B], whether a row begins anew, to logits [B, T, V].

        In training it is the outputs [B, T, E] that ``compute_loss`` takes. Where the network has
        conditions, rows begin anew from those of ``condition`` [B].
        """
        keep = 1 - ops.cast(inputs["fresh"], "float32")[:, None]
        state = [ops.cast(each * keep, self.compute_dtype) for each in self.carried]
        if self.network.condition is not None:
            begun = self.network.start(self.rows, inputs["condition"], training)
            fresh = ops.cast(1 - keep, self.compute_dtype)
            state = [each + fresh * first for each, first in zip(state, begun, strict=True)]
        output, after = self.network.outputs(inputs["ids"], state, training)
        for variable, value in zip(self.carried, after, strict=True):
            variable.assign(ops.cast(ops.stop_gradient(value), "float32"))
        return output if training else self.network.logits(output)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """J, the mean cross-entropy of the units ``y`` [B, T] that follow, in nats a step.

        Weights [B, T], where there are some, say which of them count.
        """
        if training:
            losses = self.network.losses(y_pred, y, self.sampled, self.drawing)
        else:
            losses = cross_entropy(y_pred, y)
        if sample_weight is None:
            return ops.mean(losses)
        return ops.sum(losses * sample_weight) / ops.sum(sample_weight)
