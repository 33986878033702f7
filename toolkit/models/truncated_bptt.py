"""Truncated backpropagation through time."""

from typing import Any

import keras
from keras import ops

from toolkit.layers.cross_entropy import cross_entropy
from toolkit.models.one_to_many import OneToMany
from toolkit.models.seeds import dropout_seeds


class TruncatedBPTT(keras.Model):
    """A model that trains a language model by truncated backpropagation through time.

    The state after a batch is the state before the next one, and the gradient stops at the start of
    a batch (Williams and Peng 1990). The states are variables of this model, so that checkpoints
    contain them; the network has none.

    Args:
        network: The language model.
        rows: B, the rows of each batch.
        sampled: The number of random tokens that estimate the training loss; 0 takes all.
    """

    def __init__(self, network: OneToMany, rows: int, sampled: int = 0, **kwargs: Any) -> None:
        super().__init__(dtype=network.dtype_policy, **kwargs)
        self.network = network
        self.rows = rows
        self.sampled = min(sampled, network.config["vocabulary_size"] - 1)
        self.sampling_seed = None
        if self.sampled:  # its state is a variable as well
            *_, seed = dropout_seeds(network.config["seed"], 4)
            self.sampling_seed = keras.random.SeedGenerator(seed)
        self.states = [
            self.add_weight(
                name=f"state_{number}",
                shape=(rows, size),
                initializer="zeros",
                trainable=False,
                autocast=False,
            )
            for number, size in enumerate(network.sizes)
        ]
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the logits [B, T, V] of the next tokens.

        In training it returns the outputs [B, T, E] for ``compute_loss``.

        Args:
            inputs: ``ids`` int32 [B, T]; ``reset_mask`` bool [B], true for rows that begin a new
                sequence; and with conditions ``condition`` int32 [B], from which the initial states
                of these rows are computed.
            training: Whether dropout is on.
        """
        keep = 1 - ops.cast(inputs["reset_mask"], "float32")[:, None]
        state = [ops.cast(variable * keep, self.compute_dtype) for variable in self.states]
        if self.network.condition is not None:
            start = self.network.start(self.rows, inputs["condition"], training)
            reset = ops.cast(1 - keep, self.compute_dtype)
            state = [old + reset * new for old, new in zip(state, start, strict=True)]
        output, after = self.network.outputs(inputs["ids"], state, training)
        for variable, value in zip(self.states, after, strict=True):
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
        """Return J, the mean cross-entropy of the next tokens ``y`` [B, T], in nats per step.

        Weights [B, T], if any, select the tokens that count.
        """
        if training:
            losses = self.network.losses(y_pred, y, self.sampled, self.sampling_seed)
        else:
            losses = cross_entropy(y_pred, y)
        if sample_weight is None:
            return ops.mean(losses)
        return ops.sum(losses * sample_weight) / ops.sum(sample_weight)
