"""The language model in PyTorch: model, training loop, weights from the toolkit's."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.peers.torch_optimizer import TorchOptimizer
from toolkit.layers import to_torch_gru
from toolkit.models import OneToMany
from toolkit.training.options import TrainingOptions

Tensor = Any


class TorchLanguageModel(nn.Module):
    """``OneToMany`` with one GRU of ``reset_after=True``, in PyTorch; time comes first.

    Args:
        network: The network whose sizes and dropout rates are used.
    """

    def __init__(self, network: OneToMany) -> None:
        super().__init__()
        self.config = config = network.config
        size, hidden = config["embedding_size"], config["hidden_size"]
        self.embedding = nn.Embedding(config["vocabulary_size"], size)
        self.gru = nn.GRU(size, hidden)
        self.projection = nn.Linear(hidden, size)
        self.bias = nn.Parameter(torch.zeros(config["vocabulary_size"]))

    def forward(self, ids: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Map ids [T, B] and the initial state [1, B, H] to logits [T, B, V] and the last state."""
        vectors = self.embedding(ids) * self.embedding.embedding_dim**0.5
        if self.training:  # one mask for all time steps
            rate = self.config["embedding_dropout"]
            vectors = vectors * functional.dropout(vectors.new_ones(vectors.shape[1:]), rate)
        states, after = self.gru(vectors, state)
        states = functional.dropout(states, self.config["output_dropout"], self.training)
        return functional.linear(self.projection(states), self.embedding.weight, self.bias), after


@torch.no_grad()
def from_toolkit(network: OneToMany) -> TorchLanguageModel:
    """Return a PyTorch model with the network's weights."""
    model = TorchLanguageModel(network)
    projection: Any = network.projection
    kernel, bias = projection.get_weights()
    state = to_torch_gru(network.recurrent[0])
    model.gru.load_state_dict({name: torch.from_numpy(each) for name, each in state.items()})
    model.embedding.weight.copy_(torch.from_numpy(network.embedding.embeddings.numpy()))
    model.projection.weight.copy_(torch.from_numpy(kernel.T))
    model.projection.bias.copy_(torch.from_numpy(bias))
    model.bias.copy_(torch.from_numpy(network.bias.numpy()))
    return model.eval()


def training_pass(
    model: TorchLanguageModel,
    batches: Sequence[tuple[Any, Any]],
    threads: int,
    options: TrainingOptions,
) -> Callable[[], None]:
    """Return a function that trains for one pass with PyTorch's usual loop and truncated BPTT.

    Args:
        model: The model.
        batches: ``ids`` [B, T] by name, and the next ids [B, T]; the state is carried from batch
            to batch.
        threads: The number of threads.
        options: Learning rate, epsilon, clipping, decay of the averaged weights.
    """
    optimizer = TorchOptimizer(model, options)
    data = [
        tuple(torch.from_numpy(each.T.astype(np.int64)) for each in (inputs["ids"], targets))
        for inputs, targets in batches
    ]

    def one_pass() -> None:
        torch.set_num_threads(threads)
        model.train()
        state = torch.zeros(1, data[0][0].shape[1], model.gru.hidden_size)
        for ids, targets in data:
            logits, state = model(ids, state)
            state = state.detach()
            optimizer.step(functional.cross_entropy(logits.flatten(0, 1), targets.flatten()))
        model.eval()

    return one_pass
