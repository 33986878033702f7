"""The recogniser of speech in PyTorch: from waves to symbols by CTC."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benchmarks.peers.torch_optimizer import TorchOptimizer
from toolkit.audio.frames import FLOOR, Framing, mel_bands
from toolkit.layers import to_torch_gru
from toolkit.models import SpeechToMany
from toolkit.training.options import TrainingOptions

Tensor = Any
#: The samples of recordings, int16 or float32 [B, N], the numbers of samples [B], and the ids of
#: the symbols [B, L], padded with 0.
Batch = tuple[NDArray[Any], NDArray[np.int32], NDArray[np.int32]]


class TorchRecognizer(nn.Module):
    """``torch.stft``, a mel matrix, stacked bidirectional ``nn.GRU``s on packed sequences, scores.

    Args:
        framing: How waves are cut into steps.
        bands: The number of mel bands; the mean of the recording is taken off each.
        hidden_size: H of one direction.
        layers: The number of recurrent layers.
        classes: C, the blank last.
    """

    def __init__(
        self, framing: Framing, bands: int, hidden_size: int, layers: int, classes: int
    ) -> None:
        super().__init__()
        self.framing = framing
        window = framing.window_size
        self.size = 2 ** math.ceil(math.log2(window))
        self.margin = (self.size - window) // 2  # `torch.stft` has the window in the middle
        hann = torch.hann_window(window)
        self.register_buffer("hann", hann)
        rest = self.size - window - self.margin
        padded = nn.functional.pad(hann, (self.margin, rest))
        self.register_buffer("constant", torch.fft.rfft(padded)[None, :, None])
        self.register_buffer("mel", torch.from_numpy(mel_bands(bands, self.size, framing.rate)))
        self.recurrent = nn.GRU(
            framing.stack * bands, hidden_size, layers, bidirectional=True, batch_first=True
        )
        self.scores = nn.Linear(2 * hidden_size, classes)

    def forward(self, wave: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Map waves [B, N] and their numbers of samples [B] to log probabilities [B, T, C].

        Returns:
            These, and the numbers of steps [B].
        """
        scale = 2.0**15 if wave.dtype == torch.int16 else 1.0
        frames = self.log_mel(wave.to(torch.float32) / scale)
        real = torch.arange(frames.shape[1]) < self.framing.frames(lengths)[:, None]
        real = real[:, :, None].to(torch.float32)
        frames = frames - (frames * real).sum(1, keepdim=True) / real.sum(1, keepdim=True)
        stack = self.framing.stack
        whole = frames.shape[1] // stack
        vectors = frames[:, : whole * stack].reshape(len(wave), whole, -1)
        steps = self.framing.steps(lengths)
        packed = pack_padded_sequence(vectors, steps, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.recurrent(packed)[0], batch_first=True)
        return self.scores(states).log_softmax(-1), steps

    def log_mel(self, wave: Tensor) -> Tensor:
        """Return log-mel frames [B, T, bands] of waves [B, N]; each frame's mean is taken off."""
        window, hop = self.framing.window_size, self.framing.hop_size
        rest = self.size - window - self.margin
        spectrum = torch.stft(
            nn.functional.pad(wave, (self.margin, rest)),
            self.size,
            hop,
            window,
            self.hann,
            center=False,
            return_complex=True,
        )
        means = nn.functional.avg_pool1d(wave[:, None], window, hop)  # [B, 1, T]
        energy = torch.view_as_real(spectrum - self.constant * means).square().sum(-1)
        return torch.log(energy.transpose(1, 2) @ self.mel + FLOOR)


def loss_of(model: TorchRecognizer, wave: Tensor, lengths: Tensor, ids: Tensor) -> Tensor:
    """Return minus the log probability of symbols [B, L], padded with 0, in nats per symbol."""
    scores, steps = model(wave, lengths)
    symbols = (ids > 0).sum(1)
    blank = scores.shape[2] - 1
    classes = ids[ids > 0] - 1
    loss = nn.functional.ctc_loss(
        scores.transpose(0, 1), classes, steps, symbols, blank, reduction="sum"
    )
    return loss / symbols.sum()


def training_pass(
    model: TorchRecognizer, batches: Sequence[Batch], threads: int, options: TrainingOptions
) -> Callable[[], None]:
    """Return a function that trains for one pass over the batches with PyTorch's usual loop.

    Args:
        model: The model.
        batches: The batches; they are made tensors here, outside the timed function.
        threads: The number of threads.
        options: Learning rate, epsilon, clipping and the decay of the averaged weights.
    """
    optimizer = TorchOptimizer(model, options)
    tensors = [tuple(map(torch.from_numpy, batch)) for batch in batches]

    def one_pass() -> None:
        torch.set_num_threads(threads)
        model.train()
        for batch in tensors:
            optimizer.step(loss_of(model, *batch))

    return one_pass


def answering(
    model: TorchRecognizer, symbols: Sequence[str], threads: int
) -> Callable[[Any, Any], list[str]]:
    """Return a function from float32 waves [B, N] and lengths [B] to texts, by the likeliest paths.

    Args:
        model: The model.
        symbols: The symbol of each class but the blank.
        threads: The number of threads.
    """
    names = [*symbols, ""]

    @torch.inference_mode()
    def answer(wave: Any, lengths: Any) -> list[str]:
        torch.set_num_threads(threads)
        model.eval()
        scores, steps = model(torch.from_numpy(wave), torch.from_numpy(lengths))
        paths = zip(scores.argmax(-1), steps.tolist(), strict=True)
        kept = (torch.unique_consecutive(path[:end]).tolist() for path, end in paths)
        return ["".join(names[each] for each in classes) for classes in kept]

    return answer


def from_toolkit(network: SpeechToMany) -> TorchRecognizer:
    """Return a PyTorch model with the weights of a network whose GRUs have ``reset_after=True``."""
    front, layers = network.front, network.recurrent
    kernel, bias = network.scores.get_weights()  # by ids, of which 0 is the blank
    model = TorchRecognizer(
        front.framing, front.bands, layers[0].forward_layer.units, len(layers), len(bias)
    )
    state = {"scores.weight": np.roll(kernel.T, -1, axis=0), "scores.bias": np.roll(bias, -1)}
    for number, layer in enumerate(layers):
        gru = {
            **to_torch_gru(layer.forward_layer, layer=number),
            **to_torch_gru(layer.backward_layer, layer=number, reverse=True),
        }
        state |= {f"recurrent.{name}": weight for name, weight in gru.items()}
    tensors = {name: torch.from_numpy(np.ascontiguousarray(each)) for name, each in state.items()}
    model.load_state_dict(tensors, strict=False)  # the buffers stay
    return model
