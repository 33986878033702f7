"""A linear-chain conditional random field in plain PyTorch, batched, with a loop over time."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

Tensor = Any
#: How the partition function is computed. ``logsumexp``: in log space over [B, C, C], as most
#: implementations do. ``matmul``: by matrix products of weights that are rescaled at each step,
#: which is faster but, in float32, fails where scores differ by some 80.
PartitionMethod = Literal["logsumexp", "matmul"]

FORBIDDEN = -1e9


class TorchCRF(nn.Module):
    """Scores of start, transitions and end; padding is at the end of each row.

    Args:
        allowed: As ``toolkit.layers.crf.CRF.allowed``: ``start`` [C], ``transitions``
            [C, C] from row to column, ``end`` [C].
    """

    def __init__(self, allowed: Mapping[str, NDArray[np.bool_]]) -> None:
        super().__init__()
        for name, values in allowed.items():
            setattr(self, name, nn.Parameter(torch.zeros(values.shape)))
            self.register_buffer(f"no_{name}", torch.from_numpy(~values))

    def log_likelihood(
        self, emissions: Tensor, tags: Tensor, mask: Tensor, method: PartitionMethod
    ) -> Tensor:
        """Return log p(tags | x) [B]: ``tags`` [T, B], ``emissions`` [T, B, C], ``mask`` [T, B]."""
        start, transitions, end = self._scores()
        scores = emissions.gather(2, tags[:, :, None])[:, :, 0]
        steps = transitions[tags[:-1], tags[1:]]
        last = tags.gather(0, mask.sum(0, keepdim=True) - 1)[0]
        path = (scores * mask).sum(0) + (steps * mask[1:]).sum(0) + start[tags[0]] + end[last]
        return path - self.log_partition(emissions, mask, method)

    def log_partition(self, emissions: Tensor, mask: Tensor, method: PartitionMethod) -> Tensor:
        """Return the logarithm of the partition function: [B]."""
        if method == "logsumexp":
            return self._log_partition_by_logsumexp(emissions, mask)
        return self._log_partition_by_matmul(emissions, mask)

    def _log_partition_by_logsumexp(self, emissions: Tensor, mask: Tensor) -> Tensor:
        start, transitions, end = self._scores()
        first, *others = emissions.unbind(0)
        total = start + first
        for scores, here in zip(others, mask[1:, :, None].unbind(0), strict=True):
            new = torch.logsumexp(total[:, :, None] + transitions, 1) + scores
            total = torch.where(here, new, total)
        return torch.logsumexp(total + end, 1)

    def _log_partition_by_matmul(self, emissions: Tensor, mask: Tensor) -> Tensor:
        start, transitions, end = (scores.exp() for scores in self._scores())
        largest = emissions.detach().amax(2)  # [T, B]
        first, *others = (emissions - largest[:, :, None]).exp().unbind(0)
        weights = start * first
        scales = []
        for factors, here in zip(others, mask[1:, :, None].unbind(0), strict=True):
            new = (weights @ transitions) * factors
            scales.append(new.sum(1, keepdim=True))
            weights = torch.where(here, new / scales[-1], weights)
        total = (weights @ end).log() + (largest * mask).sum(0)
        if scales:
            total = total + (torch.stack(scales)[:, :, 0].log() * mask[1:]).sum(0)
        return total

    def marginals(self, emissions: Tensor, mask: Tensor, method: PartitionMethod) -> Tensor:
        """Return p(y_t = j | x) [T, B, C], the gradient of ``log_partition`` by the emissions."""
        with torch.enable_grad():
            emissions = emissions.detach().requires_grad_()
            total = self.log_partition(emissions, mask, method).sum()
            return torch.autograd.grad(total, emissions)[0]

    def viterbi(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """Return the best path [T, B]; at padding, the row's last tag."""
        start, transitions, end = self._scores()
        first, *others = emissions.unbind(0)
        best = start + first
        stay = torch.arange(best.shape[1])
        pointers = []
        for scores, here in zip(others, mask[1:, :, None].unbind(0), strict=True):
            new, back = (best[:, :, None] + transitions).max(1)
            best = torch.where(here, new + scores, best)
            pointers.append(torch.where(here, back, stay))
        tag = (best + end).argmax(1, keepdim=True)
        path = [tag]
        for back in reversed(pointers):
            tag = back.gather(1, tag)
            path.append(tag)
        return torch.cat(path[::-1], 1).T

    def _scores(self) -> list[Tensor]:
        return [
            getattr(self, name).masked_fill(getattr(self, f"no_{name}"), FORBIDDEN)
            for name in ("start", "transitions", "end")
        ]
