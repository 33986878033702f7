"""The entity tagger in PyTorch: model, training loop, predictions, weights from the toolkit's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from benchmarks.peers.python_features import PythonFeatures
from benchmarks.peers.torch_crf import PartitionMethod, TorchCRF
from benchmarks.peers.torch_gru import BidirectionalGRU, Padding, thread_count
from benchmarks.peers.torch_optimizer import TorchOptimizer
from toolkit.layers import to_torch_gru
from toolkit.models import ManyToMany
from toolkit.training.options import TrainingOptions

Tensor = Any
Array = NDArray[Any]
Inputs = Mapping[str, Tensor]
#: The tags of each sentence's tokens, and the tags' probabilities.
Tagged = tuple[list[list[str]], list[list[float]]]
#: For which tokens vectors are computed: the ``distinct`` ones of a batch, or ``each``.
Vectors = Literal["distinct", "each"]


@dataclass(frozen=True)
class Variant:
    """One way to run the PyTorch tagger; which is fastest depends on the machine.

    Attributes:
        padding: How the recurrent layer processes a batch of unequal lengths.
        vectors: For which tokens vectors are computed.
        partition: How the CRF computes the partition function.
        threads: The number of threads.
    """

    padding: Padding
    vectors: Vectors
    partition: PartitionMethod
    threads: int

    def __str__(self) -> str:
        return (
            f"{self.padding}, token vectors: {self.vectors}, partition function: {self.partition}, "
            f"{thread_count(self.threads)}"
        )


def variants(
    threads: int, paddings: Sequence[Padding], partitions: Sequence[PartitionMethod]
) -> list[Variant]:
    """Return all combinations, with vectors of distinct tokens or each, with all threads or one."""
    vectors: tuple[Vectors, ...] = ("distinct", "each")
    return [Variant(*each) for each in product(paddings, vectors, partitions, sorted({1, threads}))]


class TorchTagger(nn.Module):
    """``ManyToMany`` with a bidirectional GRU of ``reset_after=True``, in PyTorch.

    Args:
        network: The network whose sizes and dropout rates are used; for its weights see
            ``from_toolkit``.
        crf: Whether the output is a CRF; otherwise a softmax for each token.
    """

    def __init__(self, network: ManyToMany, crf: bool = True) -> None:
        super().__init__()
        config, sizes = network.config, network.config["sizes"]
        self.config = config
        front: Any = network.front
        of_characters = front.characters.config
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
        counts = front.word_dropout.counts.numpy()
        rates = config["word_dropout"] / (config["word_dropout"] + counts)
        rates[0] = 0  # padding stays
        self.register_buffer("hide", torch.from_numpy(rates))

    def forward(self, inputs: Inputs, padding: Padding) -> Tensor:
        """Map features to the scores of tags [T, B, C].

        Args:
            inputs: As ``to_tensors`` returns them. With an ``index`` [T, B] the features are those
                of distinct tokens, otherwise of each token [T, B].
            padding: How the recurrent layer processes a batch of unequal lengths.
        """
        shape = inputs["words"].shape
        words = inputs["words"].flatten()
        if self.training:
            words = words.masked_fill(torch.rand(words.shape) < self.hide[words], 1)
        parts = [
            self.words(words),
            self._encode_characters(inputs["characters"].flatten(0, -2)),
            self.shapes(inputs["shapes"].flatten()),
            self.affixes(inputs["affixes"].flatten(0, -2)).flatten(1),
        ]
        vectors = torch.cat(parts, 1)
        if "index" in inputs:
            vectors = functional.embedding(inputs["index"], vectors)
        else:
            vectors = vectors.unflatten(0, shape)
        if self.training:  # one mask for all time steps
            kept = functional.dropout(
                vectors.new_ones(vectors.shape[1:]), self.config["embedding_dropout"]
            )
            vectors = vectors * kept
        states = self.gru.run(vectors, inputs["lengths"], padding)
        rate = self.config["output_dropout"]
        return self.scores(functional.dropout(states, rate, self.training))

    def loss(
        self, scores: Tensor, tags: Tensor, mask: Tensor, partition: PartitionMethod
    ) -> Tensor:
        """Return the negative log-likelihood of tags [T, B], in nats per token."""
        if self.crf is None:
            return functional.cross_entropy(scores[mask], tags[mask])
        return -self.crf.log_likelihood(scores, tags, mask, partition).sum() / mask.sum()

    def _encode_characters(self, ids: Tensor) -> Tensor:
        """Map character ids [D, L] to vectors of tokens [D, size]."""
        rate = self.config["embedding_dropout"]
        vectors = functional.dropout(self.characters(ids), rate, self.training)
        found = functional.relu(self.convolution(vectors.transpose(1, 2)))  # [D, size, L]
        return found.masked_fill((ids == 0)[:, None], 0).amax(2)


def to_tensors(features: Mapping[str, Array], vectors: Vectors) -> dict[str, Tensor]:
    """Return the features of ``TokenFeatures`` as tensors, time first, with ``lengths`` [B]."""
    index = features["index"].T  # [T, B]
    lengths = torch.from_numpy(np.count_nonzero(index, axis=0))
    arrays = {name: value for name, value in features.items() if name not in ("index", "length")}
    if vectors == "each":
        arrays = {name: value[index] for name, value in arrays.items()}
    else:
        arrays["index"] = np.ascontiguousarray(index)
    return {name: torch.from_numpy(value) for name, value in arrays.items()} | {"lengths": lengths}


def token_mask(inputs: Inputs) -> Tensor:
    """Return the mask of tokens that are not padding, bool [T, B]."""
    ids = inputs["index"] if "index" in inputs else inputs["words"]
    return torch.arange(len(ids))[:, None] < inputs["lengths"]


def training_pass(
    model: TorchTagger,
    batches: Sequence[tuple[Mapping[str, Array], Array]],
    variant: Variant,
    options: TrainingOptions,
) -> Callable[[], None]:
    """Return a function that trains for one pass over the batches with PyTorch's usual loop.

    Args:
        model: The model.
        batches: Features and tags [B, T]; made tensors here, outside the timed function.
        variant: How the model is run.
        options: Learning rate, epsilon, clipping and the decay of the averaged weights.
    """
    optimizer = TorchOptimizer(model, options)
    data = []
    for features, tags in batches:
        inputs = to_tensors(features, variant.vectors)
        data.append((inputs, torch.from_numpy(tags.T.astype(np.int64)), token_mask(inputs)))

    def one_pass() -> None:
        torch.set_num_threads(variant.threads)
        model.train()
        for inputs, tags, mask in data:
            scores = model(inputs, variant.padding)
            optimizer.step(model.loss(scores, tags, mask, variant.partition))

    return one_pass


def from_toolkit(network: ManyToMany) -> TorchTagger:
    """Return a PyTorch model with the network's weights."""
    model = TorchTagger(network, crf=network.config["crf"])
    (recurrent,) = network.recurrent
    gru = {
        **to_torch_gru(recurrent.forward_layer),
        **to_torch_gru(recurrent.backward_layer, reverse=True),
    }
    parts: Any = network.front  # it has characters, shapes and affixes
    characters = parts.characters.embedding.get_weights()[0].copy()
    characters[0] = 0  # the toolkit's layer masks padding
    filters, filters_bias = parts.characters.reader.get_weights()  # [width, E, size]
    kernel, bias = network.scores.get_weights()
    state = {
        "words.weight": parts.embedding.get_weights()[0],
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


def predictor(
    model: TorchTagger,
    features: PythonFeatures,
    tags: Sequence[str],
    variant: Variant,
    probabilities: bool,
) -> Callable[[Sequence[Sequence[str]]], Tagged]:
    """Return a function from sentences to their tags and the tags' probabilities.

    Args:
        model: The model.
        features: Maps tokens to features.
        tags: The names of the model's tags.
        variant: How the model is run.
        probabilities: Whether to compute probabilities; without, they are empty lists.
    """

    @torch.no_grad()
    def predict(sentences: Sequence[Sequence[str]]) -> Tagged:
        torch.set_num_threads(variant.threads)
        inputs = to_tensors(features(sentences), variant.vectors)
        mask = token_mask(inputs)
        scores = model(inputs, variant.padding)
        path = model.crf.viterbi(scores, mask)
        confidences: Any = [[] for _ in sentences]
        if probabilities:
            marginals = model.crf.marginals(scores, mask, variant.partition)
            confidences = marginals.gather(2, path[:, :, None])[:, :, 0].T.tolist()
        lengths = [len(tokens) for tokens in sentences]
        return (
            [
                [tags[n] for n in row[:end]]
                for row, end in zip(path.T.tolist(), lengths, strict=True)
            ],
            [row[:end] for row, end in zip(confidences, lengths, strict=True)],
        )

    return predict
