"""PyTorch's side of a training: what our own does to the weights with a loss."""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from toolkit.training.options import TrainingOptions


class Learner:
    """Adam, clipping by the norm of all gradients together, and averaged weights.

    Args:
        model: What learns.
        options: Learning rate, epsilon, clipping, decay of the averaged weights.
    """

    def __init__(self, model: nn.Module, options: TrainingOptions) -> None:
        self._weights = list(model.parameters())
        self._optimizer = torch.optim.Adam(  # fused: the fastest of its three loops
            self._weights, lr=float(options.learning_rate), eps=float(options.epsilon), fused=True
        )
        self._clip_norm = float(options.global_clipnorm or np.inf)
        self._averages = [weight.detach().clone() for weight in self._weights]
        self._average = get_ema_multi_avg_fn(float(options.ema))

    def step(self, loss: Any) -> None:
        """Goes one step down the gradient of the loss."""
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self._weights, self._clip_norm)
        self._optimizer.step()
        with torch.no_grad():
            self._average(self._averages, self._weights, 1)
