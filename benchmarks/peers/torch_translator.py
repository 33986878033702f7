"""The translator in PyTorch: model, training loop, beam search, weights from the toolkit's."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from benchmarks.peers.torch_gru import BidirectionalGRU, Padding, Variant
from benchmarks.peers.torch_optimizer import TorchOptimizer
from toolkit.layers import to_torch_gru
from toolkit.models import EncoderDecoder
from toolkit.tasks.translation.serving import SPARE
from toolkit.training.options import TrainingOptions

Tensor = Any
Ids = NDArray[np.int32]


class TorchTranslator(nn.Module):
    """``EncoderDecoder`` with additive attention and GRUs of ``reset_after=True``, in PyTorch.

    Time comes first, as ``nn.GRU`` computes.

    Args:
        network: The network whose sizes and dropout rates are used: one bidirectional encoder
            layer, two decoder layers, shared embeddings. For its weights see ``from_toolkit``.
    """

    def __init__(self, network: EncoderDecoder) -> None:
        super().__init__()
        self.config = config = network.config
        size, hidden = config["embedding_size"], config["hidden_size"]
        self.embedding = nn.Embedding(config["target_size"], size)
        self.encoder = BidirectionalGRU(size, hidden)
        self.first = nn.GRU(size, hidden)
        self.second = nn.GRU(3 * hidden, hidden)
        self.bridge = nn.Linear(2 * hidden, 2 * hidden)  # initial states of both decoder layers
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(2 * hidden, hidden, bias=False)
        self.scale = nn.Linear(hidden, 1, bias=False)
        self.readout = nn.Linear(3 * hidden + size, size)
        self.bias = nn.Parameter(torch.zeros(config["target_size"]))

    def forward(self, source: Tensor, lengths: Tensor, target: Tensor, padding: Padding) -> Tensor:
        """Map ids [S, B], their lengths [B] and decoder inputs [T, B] to logits [T, B, V]."""
        memory, keys, mask, initial = self.encode(source, lengths, padding)
        vectors = self._embed(target)
        first = self.first(vectors, initial[0][None])[0]
        contexts = self._attend(first.transpose(0, 1), memory, keys, mask).transpose(0, 1)
        second = self.second(torch.cat([first, contexts], 2), initial[1][None])[0]
        return self._logits([second, contexts, vectors])

    def encode(self, source: Tensor, lengths: Tensor, padding: Padding) -> tuple[Any, ...]:
        """Return encoder states [B, S, 2 H], keys, mask [B, S] and initial decoder states."""
        states = self.encoder.run(self._embed(source), lengths, padding)
        mask = (source != 0).T
        memory = states.transpose(0, 1).masked_fill(~mask[:, :, None], 0.0)
        mean = memory.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
        initial = torch.tanh(self.bridge(mean)).chunk(2, 1)
        return memory, self.key(memory), mask, initial

    def step(
        self, tokens: Tensor, states: Sequence[Tensor], encoded: Any
    ) -> tuple[Tensor, list[Any]]:
        """Map tokens [B, K] and the states of both layers [B, K, H] to logits and new states."""
        rows, width = tokens.shape
        memory, keys, mask = encoded
        vectors = self._embed(tokens)
        first = _cell(self.first, vectors.flatten(0, 1), states[0].flatten(0, 1))
        first = first.unflatten(0, (rows, width))
        contexts = self._attend(first, memory, keys, mask)
        inputs = torch.cat([first, contexts], 2)
        second = _cell(self.second, inputs.flatten(0, 1), states[1].flatten(0, 1))
        second = second.unflatten(0, (rows, width))
        return self._logits([second, contexts, vectors]), [first, second]

    def _embed(self, ids: Tensor) -> Tensor:
        vectors = self.embedding(ids) * self.embedding.embedding_dim**0.5
        if not self.training:
            return vectors
        rate = self.config["embedding_dropout"]  # one mask for all time steps
        return vectors * functional.dropout(vectors.new_ones(vectors.shape[1:]), rate)

    def _attend(self, queries: Tensor, memory: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
        """Return the contexts [B, T, 2 H] of queries [B, T, H]."""
        hidden = torch.tanh(self.query(queries)[:, :, None] + keys[:, None])
        scores = self.scale(hidden)[:, :, :, 0].masked_fill(~mask[:, None], -1e9)
        return torch.bmm(scores.softmax(2), memory)

    def _logits(self, parts: Sequence[Tensor]) -> Tensor:
        output = torch.tanh(self.readout(torch.cat(parts, 2)))
        output = functional.dropout(output, self.config["output_dropout"], self.training)
        return functional.linear(output, self.embedding.weight, self.bias)


def _cell(gru: nn.GRU, inputs: Tensor, state: Tensor) -> Tensor:
    """Map inputs [N, D] and states [N, H] to the next states [N, H]."""
    weights = (gru.weight_ih_l0, gru.weight_hh_l0, gru.bias_ih_l0, gru.bias_hh_l0)
    return torch.gru_cell(inputs, state, *weights)


def to_tensors(source: Ids, target: Ids | None = None) -> tuple[Tensor, ...]:
    """Return source ids [S, B], their lengths [B] and, if given, the decoder inputs [T, B]."""
    lengths = torch.from_numpy(np.count_nonzero(source, axis=1)).clamp(min=1)
    sides = [
        torch.from_numpy(ids.T.astype(np.int64)) for ids in (source, target) if ids is not None
    ]
    return sides[0], lengths, *sides[1:]


def training_pass(
    model: TorchTranslator,
    batches: Sequence[tuple[Any, Ids]],
    variant: Variant,
    options: TrainingOptions,
    label_smoothing: float,
) -> Callable[[], None]:
    """Return a function that trains for one pass over the batches with PyTorch's usual loop.

    Args:
        model: The model.
        batches: ``source`` and ``target`` (decoder inputs) by name, and the targets [B, T].
        variant: How the model is run.
        options: Learning rate, epsilon, clipping, decay of the averaged weights.
        label_smoothing: The probability that is spread evenly over all tokens.
    """
    optimizer = TorchOptimizer(model, options)
    data = []
    for inputs, targets in batches:
        tensors = to_tensors(inputs["source"], inputs["target"])
        masked = np.where(EncoderDecoder.target_mask(inputs), targets, -100)
        data.append((tensors, torch.from_numpy(masked.T.astype(np.int64))))

    def one_pass() -> None:
        torch.set_num_threads(variant.threads)
        model.train()
        for tensors, targets in data:
            logits = model(*tensors, variant.padding)
            loss = functional.cross_entropy(
                logits.flatten(0, 1), targets.flatten(), label_smoothing=label_smoothing
            )
            optimizer.step(loss)
        model.eval()

    return one_pass


@torch.no_grad()
def beam_search(
    model: TorchTranslator, source: Ids, size: int, ratio: float, padding: Padding
) -> list[list[int]]:
    """Return the best translation of each source [B, S], by the rules of ``toolkit.decoding``.

    Args:
        model: The model.
        source: Ids.
        size: The beam size; scores are divided by the length.
        ratio: The maximum number of target tokens for each source token, plus ``SPARE``.
        padding: How the recurrent layer processes a batch of unequal lengths.
    """
    ids, lengths = to_tensors(source)
    memory, keys, mask, initial = model.encode(ids, lengths, padding)
    rows = len(source)
    limits = torch.ceil(ratio * mask.sum(1)).long() + SPARE
    states = [start[:, None].expand(-1, size, -1) for start in initial]
    tokens = torch.zeros(rows, size, dtype=torch.long)
    live = torch.full((rows, size), -1e9)
    live[:, 0] = 0
    prefixes = torch.zeros(rows, size, 0, dtype=torch.long)
    finished = torch.full((rows, size), -torch.inf)  # scores in descending order
    best: list[list[int]] = [[] for _ in range(rows)]
    active = torch.arange(rows)  # the rows that are not done
    for step in range(int(limits.max()) + 1):
        logits, states = model.step(tokens, states, (memory, keys, mask))
        log_probabilities = logits.log_softmax(2)
        log_probabilities[limits[active] <= step, :, 1:] = -1e9
        vocabulary = log_probabilities.shape[2]
        totals = (live[:, :, None] + log_probabilities).flatten(1)
        best_totals, places = totals.topk(2 * size)
        parents, next_tokens = places // vocabulary, places % vocabulary
        ends = next_tokens == 0
        first = (torch.arange(2 * size) < size) & (best_totals > -5e8)
        new = ends & first
        scores = torch.where(new, best_totals / (step + 1), -torch.inf)
        top, which = scores.max(1)
        for row in (top > finished[active, 0]).nonzero()[:, 0].tolist():
            best[active[row]] = prefixes[row, parents[row, which[row]]].tolist()
        finished[active] = torch.cat([finished[active], scores], 1).topk(size).values
        best_possible = torch.where(first & ~ends, best_totals / (step + 2), -torch.inf).amax(1)
        live, chosen = torch.where(ends, -2e9, best_totals).topk(size)
        origin, tokens = parents.gather(1, chosen), next_tokens.gather(1, chosen)
        done = (finished[active, -1] >= best_possible) | (step >= limits[active])
        remaining = (~done).nonzero()[:, 0]
        if not len(remaining):
            break
        index = origin[remaining][:, :, None]
        states = [s[remaining].gather(1, index.expand(-1, -1, s.shape[2])) for s in states]
        before = prefixes[remaining].gather(1, index.expand(-1, -1, step))
        tokens, live, active = tokens[remaining], live[remaining], active[remaining]
        prefixes = torch.cat([before, tokens[:, :, None]], 2)
        memory, keys, mask = memory[remaining], keys[remaining], mask[remaining]
    return best


def from_toolkit(network: EncoderDecoder) -> TorchTranslator:
    """Return a PyTorch model with the network's weights."""
    model = TorchTranslator(network)
    (encoder,), (first, second) = network.encoder_layers, network.decoder_layers
    bridges = [bridge.get_weights() for (bridge,) in network.bridges]
    attention: Any = network.attention
    kernel, bias = network.readout.get_weights()
    layers = {
        "encoder": to_torch_gru(encoder.forward_layer)
        | to_torch_gru(encoder.backward_layer, reverse=True),
        "first": to_torch_gru(first),
        "second": to_torch_gru(second),
    }
    state = {
        "embedding.weight": network.embedding.embeddings.numpy(),
        "bias": network.bias.numpy(),
        **{f"{name}.{key}": w for name, gru in layers.items() for key, w in gru.items()},
        "bridge.weight": np.concatenate([weight for weight, _ in bridges], 1).T,
        "bridge.bias": np.concatenate([bias for _, bias in bridges]),
        "query.weight": attention.query_kernel.numpy().T,
        "query.bias": attention.bias.numpy(),
        "key.weight": attention.key_kernel.numpy().T,
        "scale.weight": attention.scale.numpy().T,
        "readout.weight": kernel.T,
        "readout.bias": bias,
    }
    arrays = {name: torch.from_numpy(np.array(value, order="C")) for name, value in state.items()}
    model.load_state_dict(arrays)
    return model.eval()
