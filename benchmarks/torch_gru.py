"""A bidirectional GRU in PyTorch on batches of unequal lengths."""

from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benchmarks.torch_models import Reading

Tensor = Any


class BidirectionalGRU(nn.GRU):
    """``nn.GRU`` in both directions, with three ways to treat padding; see ``Reading``.

    Args:
        input_size: E.
        hidden_size: H of one direction.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size, bidirectional=True)

    def read(self, x: Tensor, lengths: Tensor, reading: Reading) -> Tensor:
        """Inputs [T, B, E] and their lengths [B] to states [T, B, 2 H]."""
        if reading == "padded":
            return self(x)[0]
        if reading == "packed":
            packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
            return pad_packed_sequence(self(packed)[0])[0]
        steps = torch.arange(len(x))[:, None]
        turned = torch.where(steps < lengths, lengths - 1 - steps, steps)[:, :, None]  # [T, B, 1]
        forward = self._one_direction(x, "")
        backward = self._one_direction(x.take_along_dim(turned, 0), "_reverse")
        return torch.cat([forward, backward.take_along_dim(turned, 0)], 2)

    def _one_direction(self, x: Tensor, suffix: str) -> Tensor:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        weights = [getattr(self, f"{name}_l0{suffix}") for name in names]
        state = x.new_zeros(1, x.shape[1], self.hidden_size)
        # Input, state, weights, biases, layers, dropout, training, bidirectional, batch first.
        return torch.gru(x, state, weights, True, 1, 0.0, self.training, False, False)[0]
