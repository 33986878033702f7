"""The same tagger in PyTorch: its training, its answers, its weights from ours."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from benchmarks.python_features import PythonFeatures
from benchmarks.torch_crf import Sums, TorchCRF
from benchmarks.torch_gru import BidirectionalGRU
from benchmarks.torch_learning import Learner
from benchmarks.torch_models import Reading
from toolkit.layers import to_torch_gru
from toolkit.models import ManyToMany
from toolkit.training.options import TrainingOptions

Tensor = Any
Array = NDArray[Any]
Inputs = Mapping[str, Tensor]
#: The tags of each sentence's tokens, and their probabilities.
Tagged = tuple[list[list[str]], list[list[float]]]
#: Which tokens are made vectors: the ``distinct`` ones of a batch, once each, or ``each``.
Vectors = Literal["distinct", "each"]


@dataclass(frozen=True)
class Manner:
    """One way to run PyTorch; which is fastest depends on the machine.

    Attributes:
        reading: How the recurrent layer reads a batch of unequal lengths.
        vectors: Which tokens are made vectors.
        sums: How the field sums over paths.
        threads: How many threads it uses.
    """

    reading: Reading
    vectors: Vectors
    sums: Sums
    threads: int

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        return f"{self.reading}, vectors of {self.vectors} tokens, sums by {self.sums}, {threads}"


def manners(threads: int, readings: Sequence[Reading], sums: Sequence[Sums]) -> list[Manner]:
    """All that can be made of these, of distinct tokens and of each, with all threads and one."""
    vectors: tuple[Vectors, ...] = ("distinct", "each")
    return [Manner(*each) for each in product(readings, vectors, sums, sorted({1, threads}))]


class TorchTagger(nn.Module):
    """What ``ManyToMany`` computes with a bidirectional GRU whose reset gate comes afterwards.

    Args:
        network: The network whose sizes and dropouts it takes over; see ``from_ours``.
        crf: Whether transitions are learnt; otherwise each tag is learnt for itself.
    """

    def __init__(self, network: ManyToMany, crf: bool = True) -> None:
        super().__init__()
        config, sizes = network.config, network.config["sizes"]
        self.config = config
        encoder: Any = network.characters
        of_characters = encoder.config
        self.words = nn.Embedding(sizes["words"], config["embedding_size"])
        size = of_characters["embedding_size"]
        self.characters = nn.Embedding(sizes["characters"], size, padding_idx=0)
        self.convolution = nn.Conv1d(
            size, config["character_size"], of_characters["width"], padding="same"
        )
        self.shapes = nn.Embedding(sizes["shapes"], config["shape_size"])
        self.affixes = nn.Embedding(sizes["affixes"], config["affix_size"])
        width = sum(config[f"{name}_size"] for name in ("embedding", "character", "shape"))
        self.gru = BidirectionalGRU(width + 8 * config["affix_size"], config["hidden_size"])
        self.scores = nn.Linear(2 * config["hidden_size"], len(network.tags))
        self.crf: Any = TorchCRF(network.crf.allowed) if crf else None
        counts = network.word_dropout.counts.numpy()
        rates = config["word_dropout"] / (config["word_dropout"] + counts)
        rates[0] = 0  # padding stays
        self.register_buffer("hide", torch.from_numpy(rates))

    def forward(self, inputs: Inputs, reading: Reading) -> Tensor:
        """Features to the scores of tags [T, B, C].

        Args:
            inputs: What ``tensors`` gives. With an ``index`` [T, B] the features are those of
                distinct tokens, otherwise of each token [T, B].
            reading: How the recurrent layer reads a batch of unequal lengths.
        """
        shape = inputs["words"].shape
        words = inputs["words"].flatten()
        if self.training:
            words = words.masked_fill(torch.rand(words.shape) < self.hide[words], 1)
        parts = [
            self.words(words),
            self._read_characters(inputs["characters"].flatten(0, -2)),
            self.shapes(inputs["shapes"].flatten()),
            self.affixes(inputs["affixes"].flatten(0, -2)).flatten(1),
        ]
        vectors = torch.cat(parts, 1)
        if "index" in inputs:
            vectors = functional.embedding(inputs["index"], vectors)
        else:
            vectors = vectors.unflatten(0, shape)
        if self.training:  # a channel is dropped for a whole sentence
            kept = functional.dropout(
                vectors.new_ones(vectors.shape[1:]), self.config["embedding_dropout"]
            )
            vectors = vectors * kept
        states = self.gru.read(vectors, inputs["lengths"], reading)
        rate = self.config["output_dropout"]
        return self.scores(functional.dropout(states, rate, self.training))

    def loss(self, scores: Tensor, tags: Tensor, mask: Tensor, sums: Sums) -> Tensor:
        """The negative log-likelihood of tags [T, B] in nats, per token."""
        if self.crf is None:
            return functional.cross_entropy(scores[mask], tags[mask])
        return -self.crf.log_likelihood(scores, tags, mask, sums).sum() / mask.sum()

    def _read_characters(self, ids: Tensor) -> Tensor:
        """Character ids [D, L] to vectors of tokens [D, size]."""
        rate = self.config["embedding_dropout"]
        vectors = functional.dropout(self.characters(ids), rate, self.training)
        found = functional.relu(self.convolution(vectors.transpose(1, 2)))  # [D, size, L]
        return found.masked_fill((ids == 0)[:, None], 0).amax(2)


def tensors(features: Mapping[str, Array], vectors: Vectors) -> dict[str, Tensor]:
    """Features as ``TokenFeatures`` gives them, time first, with the ``lengths`` of the rows."""
    index = features["index"].T  # [T, B]
    lengths = torch.from_numpy(np.count_nonzero(index, axis=0))
    given = {name: value for name, value in features.items() if name != "index"}
    if vectors == "each":
        given = {name: value[index] for name, value in given.items()}
    else:
        given["index"] = np.ascontiguousarray(index)
    return {name: torch.from_numpy(value) for name, value in given.items()} | {"lengths": lengths}


def mask_of(inputs: Inputs) -> Tensor:
    """Which tokens are no padding, bool [T, B]."""
    ids = inputs["index"] if "index" in inputs else inputs["words"]
    return torch.arange(len(ids))[:, None] < inputs["lengths"]


def trainer(
    model: TorchTagger,
    batches: Sequence[tuple[Mapping[str, Array], Array]],
    manner: Manner,
    options: TrainingOptions,
) -> Callable[[], None]:
    """One pass of PyTorch's ordinary training loop over the batches.

    Args:
        model: The model.
        batches: Features and tags [B, T]; made tensors here, before the clock runs.
        manner: How it learns.
        options: Learning rate, epsilon, clipping and the decay of the averaged weights.
    """
    learner = Learner(model, options)
    data = []
    for features, tags in batches:
        inputs = tensors(features, manner.vectors)
        data.append((inputs, torch.from_numpy(tags.T.astype(np.int64)), mask_of(inputs)))

    def one_pass() -> None:
        torch.set_num_threads(manner.threads)
        model.train()
        for inputs, tags, mask in data:
            learner.step(model.loss(model(inputs, manner.reading), tags, mask, manner.sums))

    return one_pass


def from_ours(network: ManyToMany) -> TorchTagger:
    """The PyTorch model that computes what the network does."""
    model = TorchTagger(network, crf=network.config["crf"])
    (recurrent,) = network.recurrent
    gru = {
        **to_torch_gru(recurrent.forward_layer),
        **to_torch_gru(recurrent.backward_layer, reverse=True),
    }
    parts: Any = network  # this one has characters, shapes and affixes
    characters = parts.characters.embedding.get_weights()[0].copy()
    characters[0] = 0  # our layer masks padding
    filters, filters_bias = parts.characters.reader.get_weights()  # [width, E, size]
    kernel, bias = network.scores.get_weights()
    state = {
        "words.weight": network.embedding.get_weights()[0],
        "characters.weight": characters,
        "convolution.weight": filters.T,
        "convolution.bias": filters_bias,
        "shapes.weight": parts.shapes.get_weights()[0],
        "affixes.weight": parts.affixes.get_weights()[0],
        **{f"gru.{name}": weight for name, weight in gru.items()},
        "scores.weight": kernel.T,
        "scores.bias": bias,
    }
    if network.config["crf"]:
        state |= {f"crf.{name}": value.numpy() for name, value in network.crf.scores.items()}
    arrays = {name: torch.from_numpy(np.array(value, order="C")) for name, value in state.items()}
    model.load_state_dict(arrays | dict(model.named_buffers()))
    return model.eval()


def answerer(
    model: TorchTagger,
    features: PythonFeatures,
    tags: Sequence[str],
    manner: Manner,
    probabilities: bool,
) -> Callable[[Sequence[Sequence[str]]], Tagged]:
    """A function from sentences to their tags and, if asked for, the tags' probabilities.

    Args:
        model: The model.
        features: What maps tokens to features.
        tags: What the model's tags are called in the answers.
        manner: How it answers.
        probabilities: Whether they are asked for; without them the answers have none.
    """

    @torch.no_grad()
    def answer(sentences: Sequence[Sequence[str]]) -> Tagged:
        torch.set_num_threads(manner.threads)
        inputs = tensors(features(sentences), manner.vectors)
        mask = mask_of(inputs)
        scores = model(inputs, manner.reading)
        path = model.crf.viterbi(scores, mask)
        sure: Any = [[] for _ in sentences]
        if probabilities:
            marginals = model.crf.marginals(scores, mask, manner.sums)
            sure = marginals.gather(2, path[:, :, None])[:, :, 0].T.tolist()
        lengths = [len(tokens) for tokens in sentences]
        return (
            [
                [tags[n] for n in row[:end]]
                for row, end in zip(path.T.tolist(), lengths, strict=True)
            ],
            [row[:end] for row, end in zip(sure, lengths, strict=True)],
        )

    return answer
