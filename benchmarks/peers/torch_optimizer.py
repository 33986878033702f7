"""The toolkit's optimizer in PyTorch: Adam, gradient clipping, averaged weights."""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from toolkit.training.options import TrainingOptions


class TorchOptimizer:
    """Adam with clipping by the global norm and an exponential moving average of the weights.

    Args:
        model: The model to train.
        options: Learning rate, epsilon, clipping norm, decay of the averaged weights, or 0.
    """

    def __init__(self, model: nn.Module, options: TrainingOptions) -> None:
        self._weights = list(model.parameters())
        self._optimizer = torch.optim.Adam(  # fused: the fastest implementation
            self._weights, lr=float(options.learning_rate), eps=float(options.epsilon), fused=True
        )
        self._clip_norm = float(options.global_clipnorm or np.inf)
        self._averages = (
            [weight.detach().clone() for weight in self._weights] if options.ema else []
        )
        self._average = get_ema_multi_avg_fn(float(options.ema))  # by `torch._foreach_lerp_`

    def step(self, loss: Any) -> None:
        """Take one step down the gradient of the loss."""
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self._weights, self._clip_norm)
        self._optimizer.step()
        if self._averages:
            with torch.no_grad():
                self._average(self._averages, self._weights, 1)
