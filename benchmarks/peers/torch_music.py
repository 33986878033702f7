"""The network of music in PyTorch: each frame of keys from those before it."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.peers.torch_optimizer import TorchOptimizer
from toolkit.layers import to_torch_gru
from toolkit.models import MusicNetwork
from toolkit.training.options import TrainingOptions

Tensor = Any
#: The ways to compute the hidden layers of NADE. ``loop``: key by key. ``cumsum``: of all keys at
#: once. ``changes``: only those that differ, as the toolkit does: one more than keys that sound.
Nade = Literal["loop", "cumsum", "changes"]


class TorchMusic(nn.Module):
    """``nn.GRU``, and keys that are independent or one after the other (NADE).

    Args:
        keys: K.
        hidden_size: H.
        output_size: The size of the output layer's own hidden layer.
        nade: How NADE is computed; None for independent keys.
    """

    def __init__(self, keys: int, hidden_size: int, output_size: int, nade: Nade | None) -> None:
        super().__init__()
        self.nade = nade
        self.recurrent = nn.GRU(keys + 1, hidden_size, batch_first=True)
        self.hidden = nn.Linear(hidden_size, output_size)
        self.log_odds = nn.Linear(hidden_size if nade else output_size, keys)
        if nade:
            self.below = nn.Parameter(torch.empty(keys, output_size))
            self.scores = nn.Parameter(torch.empty(output_size, keys))
            nn.init.xavier_uniform_(self.below)
            nn.init.xavier_uniform_(self.scores)

    def forward(self, frames: Tensor) -> Tensor:
        """Return the negative log probability in nats [B, T] of frames [B, T, K]."""
        frames = frames.to(torch.float32)
        steps = nn.functional.pad(frames[:, :-1], (0, 1, 1, 0))
        steps[:, 0, -1] = 1.0  # nothing before
        states = self.recurrent(steps)[0]
        log_odds = self.log_odds_of(states, frames)
        losses = nn.functional.binary_cross_entropy_with_logits(log_odds, frames, reduction="none")
        return losses.sum(-1)

    def log_odds_of(self, states: Tensor, frames: Tensor) -> Tensor:
        """Return the log odds of keys [B, T, K]."""
        context = self.hidden(states)
        if self.nade is None:
            return self.log_odds(torch.relu(context))
        bias = self.log_odds(states)
        if self.nade == "loop":
            found = []
            for key in range(frames.shape[-1]):
                found.append(torch.sigmoid(context) @ self.scores[:, key])
                context = context + frames[..., key, None] * self.below[key]
            return bias + torch.stack(found, -1)
        if self.nade == "cumsum":
            added = frames[..., None] * self.below  # [B, T, K, S]
            before = added.cumsum(-2) - added
            hidden = torch.sigmoid(context[..., None, :] + before)
            return bias + (hidden * self.scores.T).sum(-1)
        counted = frames.cumsum(-1)
        numbers = torch.arange(int(counted[..., -1].max()) + 1)[:, None]
        first = frames[..., None, :] * (counted[..., None, :] <= numbers)  # [B, T, J, K]
        every = torch.sigmoid(first @ self.below + context[..., None, :]) @ self.scores
        chosen = (counted - frames)[..., None, :] == numbers
        return bias + (every * chosen).sum(-2)


def training_pass(
    model: TorchMusic, batches: Sequence[NDArray[Any]], threads: int, options: TrainingOptions
) -> Callable[[], None]:
    """Return a function that trains for one pass over the batches with PyTorch's usual loop.

    Args:
        model: The model.
        batches: Frames [B, T, K]; they are made tensors here, outside the timed function.
        threads: The number of threads.
        options: Learning rate, epsilon, clipping and the decay of the averaged weights.
    """
    optimizer = TorchOptimizer(model, options)
    tensors = [*map(torch.from_numpy, batches)]

    def one_pass() -> None:
        torch.set_num_threads(threads)
        model.train()
        for frames in tensors:
            optimizer.step(model(frames).mean())

    return one_pass


def from_toolkit(network: MusicNetwork, nade: Nade | None) -> TorchMusic:
    """Return a PyTorch model with the weights of a network of one GRU with ``reset_after=True``.

    Args:
        network: The network.
        nade: How NADE is computed; None if its keys are independent.
    """
    (layer,), head = network.recurrent, network.head
    model = TorchMusic(head.keys, layer.units, head.size, nade)
    state = {f"recurrent.{name}": weight for name, weight in to_torch_gru(layer).items()}
    dense = {"log_odds": head.log_odds, "hidden": head.context if nade else head.hidden}
    for name, each in dense.items():
        kernel, bias = each.get_weights()
        state |= {f"{name}.weight": kernel.T, f"{name}.bias": bias}
    if nade:
        state |= {name: getattr(head, name).numpy() for name in ("below", "scores")}
    model.load_state_dict(
        {name: torch.from_numpy(np.ascontiguousarray(each)) for name, each in state.items()}
    )
    return model
