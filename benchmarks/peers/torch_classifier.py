"""The text classifier in PyTorch: model, training loop, tokenizer, weights from the toolkit's."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.peers.torch_gru import BidirectionalGRU, BidirectionalLSTM, Padding, Variant
from benchmarks.peers.torch_optimizer import TorchOptimizer
from toolkit.layers import to_torch_gru
from toolkit.models import ManyToOne
from toolkit.text import Tokenizer
from toolkit.training.options import TrainingOptions

Tensor = Any
Array = NDArray[Any]


class TorchClassifier(nn.Module):
    """Embedding, bidirectional ``nn.GRU`` or ``nn.LSTM``, max pooling over time, two classes.

    Args:
        vocabulary_size: The number of ids; 0 is padding.
        embedding_size: E.
        hidden_size: H of one direction.
        cell: ``gru`` or ``lstm``.
    """

    def __init__(
        self, vocabulary_size: int, embedding_size: int, hidden_size: int, cell: str = "gru"
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_size, padding_idx=0)
        layer: Any = BidirectionalLSTM if cell == "lstm" else BidirectionalGRU
        self.recurrent = layer(embedding_size, hidden_size)
        self.output = nn.Linear(2 * hidden_size, 2)

    def forward(self, ids: Tensor, lengths: Tensor, padding: Padding) -> Tensor:
        """Map ids [B, T] and their lengths [B] to logits [B, 2]."""
        ids = ids.T  # PyTorch's layers compute with time first
        states = self.recurrent.run(self.embedding(ids), lengths, padding)  # [T, B, 2 H]
        states = states.masked_fill((ids == 0)[:, :, None], float("-inf"))
        return self.output(states.max(dim=0).values)


def training_pass(
    model: TorchClassifier,
    batches: Sequence[tuple[Array, Array, Array]],
    variant: Variant,
    precision: str,
    options: TrainingOptions,
) -> Callable[[], None]:
    """Return a function that trains for one pass over the batches with PyTorch's usual loop.

    Args:
        model: The model.
        batches: Ids [B, T], lengths [B] and labels [B]; made tensors here, outside the timed
            function.
        variant: How the model is run.
        precision: ``float32`` or ``bfloat16`` (autocast).
        options: Learning rate, epsilon, clipping and the decay of the averaged weights.
    """
    optimizer = TorchOptimizer(model, options)
    tensors = [tuple(map(torch.from_numpy, batch)) for batch in batches]

    def one_pass() -> None:
        torch.set_num_threads(variant.threads)
        model.train()
        for ids, lengths, labels in tensors:
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
                loss = nn.functional.cross_entropy(model(ids, lengths, variant.padding), labels)
            optimizer.step(loss)

    return one_pass


def from_toolkit(network: ManyToOne) -> TorchClassifier:
    """Return a PyTorch model with the weights of a network whose GRU has ``reset_after=True``."""
    front: Any = network.front
    embedding, (recurrent,) = front.embedding, network.recurrent
    model = TorchClassifier(
        embedding.input_dim, embedding.output_dim, recurrent.forward_layer.units
    )
    gru = {
        **to_torch_gru(recurrent.forward_layer),
        **to_torch_gru(recurrent.backward_layer, reverse=True),
    }
    kernel, bias = network.output_layer.get_weights()
    state = {
        "embedding.weight": embedding.get_weights()[0],
        **{f"recurrent.{name}": weight for name, weight in gru.items()},
        "output.weight": kernel.T,
        "output.bias": bias,
    }
    model.load_state_dict(
        {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in state.items()}
    )
    return model.eval()


class PythonTokenizer:
    """A tokenizer as a PyTorch user would write it: regular expression, ``str.lower``, dictionary.

    On plain text it gives the same ids as the toolkit's; it does not handle emoji sequences,
    scripts without spaces or Unicode normalization.

    Args:
        tokenizer: The toolkit's tokenizer, whose vocabulary is used.
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
        self.ids = {token: number for number, token in enumerate(tokenizer.vocabulary)}
        self.max_length = tokenizer.max_length

    def __call__(self, text: str) -> list[int]:
        """Return the ids of a text, at least one; a long text keeps its beginning and its end."""
        pieces = self.PIECE.findall(self.BREAK.sub(" ", text))
        if self.max_length and len(pieces) > self.max_length:
            pieces = pieces[: self.max_length // 2] + pieces[-self.max_length // 2 :]
        return [self.ids.get(piece.lower(), 1) for piece in pieces] or [0]


def predictor(
    model: TorchClassifier, tokenizer: PythonTokenizer, variant: Variant
) -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """Return a function from texts [B] to class probabilities [B, 2]."""

    @torch.inference_mode()
    def predict(texts: Sequence[str]) -> NDArray[np.float32]:
        torch.set_num_threads(variant.threads)
        rows = [torch.tensor(tokenizer(text)) for text in texts]
        lengths = torch.tensor([len(row) for row in rows])
        ids = nn.utils.rnn.pad_sequence(rows, batch_first=True)
        return torch.softmax(model(ids, lengths, variant.padding), -1).numpy()

    return predict
