"""The same sentiment model in PyTorch: its training, its tokenisation, its weights from ours."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benchmarks.workload import MAX_LENGTH, Batch
from toolkit.layers import to_torch_gru
from toolkit.models import ManyToOne
from toolkit.text import Tokenizer

Tensor = Any
#: How a batch of unequal lengths is read. ``padded``: as if padding were words, which the backward
#: direction then reads first. ``packed``: by PyTorch's packed sequences, without padding.
#: ``aligned``: padded, each direction by itself and each text turned round in its own length, so
#: that padding always comes last; as exact as ``packed``.
Reading = Literal["padded", "packed", "aligned"]


@dataclass(frozen=True)
class Manner:
    """One way to run PyTorch; which is fastest depends on the machine.

    Attributes:
        reading: How a batch of unequal lengths is read.
        threads: How many it uses.
    """

    reading: Reading
    threads: int

    def __str__(self) -> str:
        return f"{self.reading}, {self.threads} thread{'s' if self.threads > 1 else ''}"


def manners(threads: int, *readings: Reading) -> list[Manner]:
    """The readings, each with all threads and with one, which small products may like better."""
    return [Manner(reading, count) for reading in readings for count in sorted({1, threads})]


class TorchSentiment(nn.Module):
    """Embedding, bidirectional ``nn.GRU``, maximum over the words, output of two classes.

    Args:
        vocabulary_size: How many ids there are; 0 is padding.
        embedding_size: E.
        hidden_size: H of one direction.
    """

    def __init__(self, vocabulary_size: int, embedding_size: int, hidden_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_size, padding_idx=0)
        self.gru = nn.GRU(embedding_size, hidden_size, bidirectional=True)
        self.output = nn.Linear(2 * hidden_size, 2)

    def forward(self, ids: Tensor, lengths: Tensor, reading: Reading) -> Tensor:
        """Ids [B, T] and their lengths [B] to logits [B, 2]."""
        ids = ids.T  # time first is what nn.GRU computes in
        states = getattr(self, f"_{reading}")(self.embedding(ids), lengths)  # [T, B, 2 H]
        states = states.masked_fill((ids == 0)[:, :, None], float("-inf"))
        return self.output(states.max(dim=0).values)

    def _padded(self, x: Tensor, lengths: Tensor) -> Tensor:
        return self.gru(x)[0]

    def _packed(self, x: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        return pad_packed_sequence(self.gru(packed)[0])[0]

    def _aligned(self, x: Tensor, lengths: Tensor) -> Tensor:
        steps = torch.arange(len(x))[:, None]
        turned = torch.where(steps < lengths, lengths - 1 - steps, steps)[:, :, None]  # [T, B, 1]
        forward = self._one_direction(x, "")
        backward = self._one_direction(x.take_along_dim(turned, 0), "_reverse")
        return torch.cat([forward, backward.take_along_dim(turned, 0)], 2)

    def _one_direction(self, x: Tensor, suffix: str) -> Tensor:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        weights = [getattr(self.gru, f"{name}_l0{suffix}") for name in names]
        state = x.new_zeros(1, x.shape[1], self.gru.hidden_size)
        # Input, state, weights, biases, layers, dropout, training, bidirectional, batch first.
        return torch.gru(x, state, weights, True, 1, 0.0, self.training, False, False)[0]


def trainer(
    model: TorchSentiment,
    batches: Sequence[Batch],
    manner: Manner,
    precision: str,
    clip_norm: float,
) -> Callable[[], None]:
    """One pass of PyTorch's ordinary training loop over the batches.

    Args:
        model: The model.
        batches: What it learns from; made tensors here, before the clock runs.
        manner: How it learns.
        precision: ``float32`` or ``bfloat16`` (autocast).
        clip_norm: The largest norm of all gradients together.
    """
    optimizer = torch.optim.Adam(model.parameters(), fused=True)  # the fastest of its three loops
    tensors = [tuple(map(torch.from_numpy, (b.ids, b.lengths, b.labels))) for b in batches]

    def one_pass() -> None:
        torch.set_num_threads(manner.threads)
        model.train()
        for ids, lengths, labels in tensors:
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
                loss = nn.functional.cross_entropy(model(ids, lengths, manner.reading), labels)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
            optimizer.step()

    return one_pass


def from_ours(network: ManyToOne) -> TorchSentiment:
    """The PyTorch model that computes what a bidirectional GRU with ``reset_after=True`` does."""
    embedding, (recurrent,) = network.embedding, network.recurrent
    model = TorchSentiment(embedding.input_dim, embedding.output_dim, recurrent.forward_layer.units)
    gru = {
        **to_torch_gru(recurrent.forward_layer),
        **to_torch_gru(recurrent.backward_layer, reverse=True),
    }
    kernel, bias = network.output_layer.get_weights()
    state = {
        "embedding.weight": embedding.get_weights()[0],
        **{f"gru.{name}": weight for name, weight in gru.items()},
        "output.weight": kernel.T,
        "output.bias": bias,
    }
    model.load_state_dict(
        {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in state.items()}
    )
    return model.eval()


class PythonTokenizer:
    """What a PyTorch user writes: a regular expression, ``str.lower`` and a dictionary.

    On plain text it gives the toolkit's ids; it knows no emoji sequences, scripts without spaces or
    Unicode normal forms.

    Args:
        tokenizer: Whose vocabulary it takes over.
    """

    BREAK = re.compile(r"<br ?/?>|</br>", re.IGNORECASE)
    PIECE = re.compile(
        r"(?:[A-Z]\.){2,}"  # U.S.
        r"|[0-9]+(?:[.,][0-9]+)+"  # 3.50
        r"|[A-Za-z]*[nN]['’][tT]\b"  # don't
        r"|['’](?:[sSdDmM]|[rRvV][eE]|[lL][lL])\b"  # it's: it 's
        r"|[^\W_]+|[^\w\s]|_"
    )

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.ids = {unit: number for number, unit in enumerate(tokenizer.vocabulary)}

    def __call__(self, text: str) -> list[int]:
        """The ids of one text: at least one, of a long one half of each end."""
        pieces = self.PIECE.findall(self.BREAK.sub(" ", text))
        if len(pieces) > MAX_LENGTH:
            pieces = pieces[: MAX_LENGTH // 2] + pieces[-MAX_LENGTH // 2 :]
        return [self.ids.get(piece.lower(), 1) for piece in pieces] or [0]


def answerer(
    model: TorchSentiment, tokenizer: PythonTokenizer, manner: Manner
) -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """A function from texts [B] to probabilities [B, 2]."""

    @torch.inference_mode()
    def answer(texts: Sequence[str]) -> NDArray[np.float32]:
        torch.set_num_threads(manner.threads)
        rows = [torch.tensor(tokenizer(text)) for text in texts]
        lengths = torch.tensor([len(row) for row in rows])
        ids = nn.utils.rnn.pad_sequence(rows, batch_first=True)
        return torch.softmax(model(ids, lengths, manner.reading), -1).numpy()

    return answer
