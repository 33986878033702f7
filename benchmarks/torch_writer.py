"""The same language model in PyTorch: its training, its weights from ours."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.torch_learning import Learner
from toolkit.layers import to_torch_gru
from toolkit.models import OneToMany
from toolkit.training.options import TrainingOptions

Tensor = Any


class TorchWriter(nn.Module):
    """What ``OneToMany`` computes with one GRU that resets afterwards; time comes first.

    Args:
        network: Gives the sizes and the dropouts.
    """

    def __init__(self, network: OneToMany) -> None:
        super().__init__()
        self.config = config = network.config
        size, hidden = config["embedding_size"], config["hidden_size"]
        self.table = nn.Embedding(config["vocabulary_size"], size)
        self.gru = nn.GRU(size, hidden)
        self.projection = nn.Linear(hidden, size)
        self.bias = nn.Parameter(torch.zeros(config["vocabulary_size"]))

    def forward(self, ids: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Ids [T, B] and the state before [1, B, H] to logits [T, B, V] and the state after."""
        vectors = self.table(ids) * self.table.embedding_dim**0.5
        if self.training:  # a channel is dropped for a whole row
            rate = self.config["embedding_dropout"]
            vectors = vectors * functional.dropout(vectors.new_ones(vectors.shape[1:]), rate)
        states, after = self.gru(vectors, state)
        states = functional.dropout(states, self.config["output_dropout"], self.training)
        return functional.linear(self.projection(states), self.table.weight, self.bias), after


@torch.no_grad()
def from_ours(network: OneToMany) -> TorchWriter:
    """PyTorch's model with the network's weights."""
    model = TorchWriter(network)
    projection: Any = network.projection
    kernel, bias = projection.get_weights()
    state = to_torch_gru(network.recurrent[0])
    model.gru.load_state_dict({name: torch.from_numpy(each) for name, each in state.items()})
    model.table.weight.copy_(torch.from_numpy(network.embedding.embeddings.numpy()))
    model.projection.weight.copy_(torch.from_numpy(kernel.T))
    model.projection.bias.copy_(torch.from_numpy(bias))
    model.bias.copy_(torch.from_numpy(network.bias.numpy()))
    return model.eval()


def trainer(
    model: TorchWriter,
    batches: Sequence[tuple[Any, Any]],
    threads: int,
    options: TrainingOptions,
) -> Callable[[], None]:
    """One pass of PyTorch's ordinary training loop over the batches, the state carried on.

    Args:
        model: The model.
        batches: ``ids`` [B, T] by name, and the characters that follow [B, T].
        threads: How many threads it uses.
        options: Learning rate, epsilon, clipping, decay of the averaged weights.
    """
    learner = Learner(model, options)
    data = [
        tuple(torch.from_numpy(each.T.astype(np.int64)) for each in (inputs["ids"], right))
        for inputs, right in batches
    ]

    def one_pass() -> None:
        torch.set_num_threads(threads)
        model.train()
        state = torch.zeros(1, data[0][0].shape[1], model.gru.hidden_size)
        for ids, right in data:
            logits, state = model(ids, state)
            state = state.detach()
            learner.step(functional.cross_entropy(logits.flatten(0, 1), right.flatten()))
        model.eval()

    return one_pass
