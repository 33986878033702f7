"""Bidirectional layers in PyTorch on batches of unequal lengths, and the ways to run them."""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

Tensor = Any
#: How a batch of unequal lengths is processed. ``padded``: padding is read like any input, by the
#: backward direction first, so results differ. ``packed``: as PyTorch's packed sequences, without
#: padding. ``aligned``: padded, but each direction runs by itself and each row is reversed within
#: its own length, so that padding comes last; as exact as ``packed``.
Padding = Literal["padded", "packed", "aligned"]


@dataclass(frozen=True)
class Variant:
    """One way to run a PyTorch model; which is fastest depends on the machine.

    Attributes:
        padding: How a batch of unequal lengths is processed.
        threads: The number of threads.
    """

    padding: Padding
    threads: int

    def __str__(self) -> str:
        return f"{self.padding}, {thread_count(self.threads)}"


def variants(threads: int, *paddings: Padding) -> list[Variant]:
    """Return each way of padding with all threads and with one, which can suit small products."""
    return [Variant(padding, count) for padding in paddings for count in sorted({1, threads})]


def thread_count(threads: int) -> str:
    """Return the number of threads in words, for reports."""
    return f"{threads} thread{'s' if threads > 1 else ''}"


class BidirectionalGRU(nn.GRU):
    """``nn.GRU`` in both directions, with three ways to treat padding; see ``Padding``.

    Args:
        input_size: E.
        hidden_size: H of one direction.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size, bidirectional=True)

    def run(self, x: Tensor, lengths: Tensor, padding: Padding) -> Tensor:
        """Map inputs [T, B, E] and their lengths [B] to states [T, B, 2 H]."""
        if padding != "aligned":
            return _run(self, x, lengths, packed=padding == "packed")
        steps = torch.arange(len(x))[:, None]
        backwards = torch.where(steps < lengths, lengths - 1 - steps, steps)[
            :, :, None
        ]  # [T, B, 1]
        forward = self._one_direction(x, "")
        backward = self._one_direction(x.take_along_dim(backwards, 0), "_reverse")
        return torch.cat([forward, backward.take_along_dim(backwards, 0)], 2)

    def _one_direction(self, x: Tensor, suffix: str) -> Tensor:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        weights = [getattr(self, f"{name}_l0{suffix}") for name in names]
        state = x.new_zeros(1, x.shape[1], self.hidden_size)
        # Input, state, weights, biases, layers, dropout, training, bidirectional, batch first.
        return torch.gru(x, state, weights, True, 1, 0.0, self.training, False, False)[0]


class BidirectionalLSTM(nn.LSTM):
    """``nn.LSTM`` in both directions, padded or packed.

    Args:
        input_size: E.
        hidden_size: H of one direction.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size, bidirectional=True)

    def run(self, x: Tensor, lengths: Tensor, padding: Literal["padded", "packed"]) -> Tensor:
        """Map inputs [T, B, E] and their lengths [B] to outputs [T, B, 2 H]."""
        return _run(self, x, lengths, packed=padding == "packed")


def _run(layer: nn.Module, x: Tensor, lengths: Tensor, packed: bool) -> Tensor:
    """Map inputs [T, B, E] and their lengths [B] to the layer's outputs, padding included."""
    if not packed:
        return layer(x)[0]
    sequences = pack_padded_sequence(x, lengths, enforce_sorted=False)
    return pad_packed_sequence(layer(sequences)[0])[0]
