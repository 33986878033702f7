"""The same translator in PyTorch: its training, its beam search, its weights from ours."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from benchmarks.torch_gru import BidirectionalGRU
from benchmarks.torch_learning import Learner
from benchmarks.torch_models import Manner, Reading
from toolkit.layers import to_torch_gru
from toolkit.models import EncoderDecoder
from toolkit.tasks.translator_serving import SPARE
from toolkit.training.options import TrainingOptions

Tensor = Any
Ids = NDArray[np.int32]


class TorchTranslator(nn.Module):
    """What ``EncoderDecoder`` computes with additive attention and GRUs that reset afterwards.

    Time comes first, which is what ``nn.GRU`` computes in.

    Args:
        network: Gives the sizes and the dropouts; one layer, both directions, shared vectors.
    """

    def __init__(self, network: EncoderDecoder) -> None:
        super().__init__()
        self.config = config = network.config
        size, hidden = config["embedding_size"], config["hidden_size"]
        self.table = nn.Embedding(config["target_size"], size)
        self.encoder = BidirectionalGRU(size, hidden)
        self.first = nn.GRU(size, hidden)
        self.second = nn.GRU(3 * hidden, hidden)
        self.starts = nn.Linear(2 * hidden, 2 * hidden)  # of both layers of the decoder
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(2 * hidden, hidden, bias=False)
        self.scale = nn.Linear(hidden, 1, bias=False)
        self.readout = nn.Linear(3 * hidden + size, size)
        self.bias = nn.Parameter(torch.zeros(config["target_size"]))

    def forward(self, source: Tensor, lengths: Tensor, target: Tensor, reading: Reading) -> Tensor:
        """Ids [S, B], their lengths [B] and the decoder's inputs [T, B] to logits [T, B, V]."""
        memory, keys, mask, starts = self.encode(source, lengths, reading)
        vectors = self._vectors(target)
        first = self.first(vectors, starts[0][None])[0]
        contexts = self._attend(first.transpose(0, 1), memory, keys, mask).transpose(0, 1)
        second = self.second(torch.cat([first, contexts], 2), starts[1][None])[0]
        return self._logits([second, contexts, vectors])

    def encode(self, source: Tensor, lengths: Tensor, reading: Reading) -> tuple[Any, ...]:
        """The encoder's states [B, S, 2 H], their keys, the mask [B, S], the decoder's starts."""
        states = self.encoder.read(self._vectors(source), lengths, reading)
        mask = (source != 0).T
        memory = states.transpose(0, 1).masked_fill(~mask[:, :, None], 0.0)
        mean = memory.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
        starts = torch.tanh(self.starts(mean)).chunk(2, 1)
        return memory, self.key(memory), mask, starts

    def step(self, tokens: Tensor, states: Sequence[Tensor], seen: Any) -> tuple[Tensor, list[Any]]:
        """Units [B, K] and the states of both layers [B, K, H] to logits and the states after."""
        rows, width = tokens.shape
        memory, keys, mask = seen
        vectors = self._vectors(tokens)
        first = _cell(self.first, vectors.flatten(0, 1), states[0].flatten(0, 1))
        first = first.unflatten(0, (rows, width))
        contexts = self._attend(first, memory, keys, mask)
        inputs = torch.cat([first, contexts], 2)
        second = _cell(self.second, inputs.flatten(0, 1), states[1].flatten(0, 1))
        second = second.unflatten(0, (rows, width))
        return self._logits([second, contexts, vectors]), [first, second]

    def _vectors(self, ids: Tensor) -> Tensor:
        vectors = self.table(ids) * self.table.embedding_dim**0.5
        if not self.training:
            return vectors
        rate = self.config["embedding_dropout"]  # a channel is dropped for a whole sentence
        return vectors * functional.dropout(vectors.new_ones(vectors.shape[1:]), rate)

    def _attend(self, queries: Tensor, memory: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
        """The contexts [B, T, 2 H] of queries [B, T, H]."""
        hidden = torch.tanh(self.query(queries)[:, :, None] + keys[:, None])
        scores = self.scale(hidden)[:, :, :, 0].masked_fill(~mask[:, None], -1e9)
        return torch.bmm(scores.softmax(2), memory)

    def _logits(self, parts: Sequence[Tensor]) -> Tensor:
        output = torch.tanh(self.readout(torch.cat(parts, 2)))
        output = functional.dropout(output, self.config["output_dropout"], self.training)
        return functional.linear(output, self.table.weight, self.bias)


def _cell(gru: nn.GRU, inputs: Tensor, state: Tensor) -> Tensor:
    """One step of a layer: [N, D] and [N, H] to [N, H]."""
    weights = (gru.weight_ih_l0, gru.weight_hh_l0, gru.bias_ih_l0, gru.bias_hh_l0)
    return torch.gru_cell(inputs, state, *weights)


def tensors(source: Ids, target: Ids | None = None) -> tuple[Tensor, ...]:
    """Ids [B, S] and, where given, decoder's inputs [B, T] with time first; lengths in between."""
    lengths = torch.from_numpy(np.count_nonzero(source, axis=1)).clamp(min=1)
    turned = [
        torch.from_numpy(ids.T.astype(np.int64)) for ids in (source, target) if ids is not None
    ]
    return turned[0], lengths, *turned[1:]


def trainer(
    model: TorchTranslator,
    batches: Sequence[tuple[Any, Ids]],
    manner: Manner,
    options: TrainingOptions,
) -> Callable[[], None]:
    """One pass of PyTorch's ordinary training loop over the batches.

    Args:
        model: The model.
        batches: ``source`` and ``target`` by name, and what is to be written [B, T].
        manner: How it learns.
        options: Learning rate, epsilon, clipping, label smoothing, decay of the averaged weights.
    """
    learner = Learner(model, options)
    data = []
    for inputs, right in batches:
        given = tensors(inputs["source"], inputs["target"])
        wanted = np.where(EncoderDecoder.target_mask(inputs["target"]), right, -100)
        data.append((given, torch.from_numpy(wanted.T.astype(np.int64))))

    def one_pass() -> None:
        torch.set_num_threads(manner.threads)
        model.train()
        for given, wanted in data:
            logits = model(*given, manner.reading)
            loss = functional.cross_entropy(
                logits.flatten(0, 1), wanted.flatten(), label_smoothing=options.label_smoothing
            )
            learner.step(loss)
        model.eval()

    return one_pass


@torch.no_grad()
def beam_search(
    model: TorchTranslator, source: Ids, size: int, ratio: float, reading: Reading
) -> list[list[int]]:
    """The best translation of each source [B, S], by the rules of ``toolkit.decoding``.

    Args:
        model: The model.
        source: Ids.
        size: How many hypotheses are followed; scores are divided by the length.
        ratio: How many units a translation has for each of its source, beside ``SPARE``.
        reading: How the recurrent layer reads a batch of unequal lengths.
    """
    ids, lengths = tensors(source)
    memory, keys, mask, starts = model.encode(ids, lengths, reading)
    rows = len(source)
    limits = torch.ceil(ratio * mask.sum(1)).long() + SPARE
    states = [start[:, None].expand(-1, size, -1) for start in starts]
    tokens = torch.zeros(rows, size, dtype=torch.long)
    live = torch.full((rows, size), -1e9)
    live[:, 0] = 0
    written = torch.zeros(rows, size, 0, dtype=torch.long)
    finished = torch.full((rows, size), -torch.inf)  # the scores, the best first
    best: list[list[int]] = [[] for _ in range(rows)]
    here = torch.arange(rows)  # the rows that go on
    for step in range(int(limits.max()) + 1):
        logits, states = model.step(tokens, states, (memory, keys, mask))
        shares = logits.log_softmax(2)
        shares[limits[here] <= step, :, 1:] = -1e9
        totals = (live[:, :, None] + shares).flatten(1)
        best_totals, places = totals.topk(2 * size)
        parents, units = places // shares.shape[2], places % shares.shape[2]
        ends = units == 0
        first = (torch.arange(2 * size) < size) & (best_totals > -5e8)
        new = ends & first
        scores = torch.where(new, best_totals / (step + 1), -torch.inf)
        top, which = scores.max(1)
        for row in (top > finished[here, 0]).nonzero()[:, 0].tolist():
            best[here[row]] = written[row, parents[row, which[row]]].tolist()
        finished[here] = torch.cat([finished[here], scores], 1).topk(size).values
        hoped_for = torch.where(first & ~ends, best_totals / (step + 2), -torch.inf).amax(1)
        live, chosen = torch.where(ends, -2e9, best_totals).topk(size)
        origin, tokens = parents.gather(1, chosen), units.gather(1, chosen)
        done = (finished[here, -1] >= hoped_for) | (step >= limits[here])
        on = (~done).nonzero()[:, 0]
        if not len(on):
            break
        index = origin[on][:, :, None]
        states = [s[on].gather(1, index.expand(-1, -1, s.shape[2])) for s in states]
        before = written[on].gather(1, index.expand(-1, -1, step))
        tokens, live, here = tokens[on], live[on], here[on]
        written = torch.cat([before, tokens[:, :, None]], 2)
        memory, keys, mask = memory[on], keys[on], mask[on]
    return best


def from_ours(network: EncoderDecoder) -> TorchTranslator:
    """The PyTorch model that computes what the network does."""
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
        "table.weight": network.embedding.embeddings.numpy(),
        "bias": network.bias.numpy(),
        **{f"{name}.{key}": w for name, gru in layers.items() for key, w in gru.items()},
        "starts.weight": np.concatenate([weight for weight, _ in bridges], 1).T,
        "starts.bias": np.concatenate([bias for _, bias in bridges]),
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
