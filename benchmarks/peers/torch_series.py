"""The classifier of series in PyTorch: it reads standardised vectors."""

from typing import Any

from torch import nn

from benchmarks.peers.torch_gru import BidirectionalGRU, Padding

Tensor = Any


class TorchSeriesClassifier(nn.Module):
    """Bidirectional ``nn.GRU``, max pooling over time, classes.

    Args:
        channels: C.
        hidden_size: H of one direction.
        classes: The number of classes.
    """

    def __init__(self, channels: int, hidden_size: int, classes: int) -> None:
        super().__init__()
        self.recurrent = BidirectionalGRU(channels, hidden_size)
        self.output = nn.Linear(2 * hidden_size, classes)

    def forward(self, series: Tensor, lengths: Tensor, padding: Padding) -> Tensor:
        """Map series [B, T, C], all of the same length T, to logits [B, classes]."""
        states = self.recurrent.run(series.transpose(0, 1), lengths, padding)  # [T, B, 2 H]
        return self.output(states.max(dim=0).values)
