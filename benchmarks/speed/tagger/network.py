"""The entity tagger of the benchmark, and its comparison with PyTorch's."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.peers.torch_tagger import TorchTagger, from_toolkit, to_tensors, token_mask
from benchmarks.speed.options import constant_rate
from benchmarks.speed.tagger.workload import Workload
from toolkit.errors import WorkError
from toolkit.layers import recurrent_layer
from toolkit.models import ManyToMany
from toolkit.tasks.entities import defaults
from toolkit.tasks.entities.options import EntityTaggerOptions

#: The largest difference from PyTorch's scores and losses per token, and of the tags' share.
TOLERANCE = 1e-3

DEFAULTS = defaults.Network()
TASK = EntityTaggerOptions()
OPTIONS = constant_rate(DEFAULTS)

#: Features and tags [B, T], as in a corpus.
Batch = tuple[Mapping[str, NDArray[np.int32]], NDArray[np.int32]]


def tagger(work: Workload, reset_after: bool, crf: bool = True) -> ManyToMany:
    """Return the task's default network, with the reset gate before or after the product."""
    features, counts = work.vocabulary
    network = ManyToMany(
        features.sizes,
        work.labels,
        crf=crf,
        embedding_size=DEFAULTS.embedding_size,
        character_size=TASK.character_size,
        shape_size=TASK.shape_size,
        affix_size=TASK.affix_size,
        hidden_size=DEFAULTS.hidden_size,
        # The rate for a word that occurs once is strength / (strength + 1).
        word_dropout=TASK.word_dropout / (1 - TASK.word_dropout),
        embedding_dropout=DEFAULTS.embedding_dropout,
        output_dropout=DEFAULTS.output_dropout,
        seed=0,
    )
    network.recurrent = [
        recurrent_layer("gru", DEFAULTS.hidden_size, bidirectional=True, reset_after=reset_after)
    ]
    network.build()
    front: Any = network.front
    front.word_dropout.set_counts(counts)
    return network


def agreement(network: ManyToMany, batches: Sequence[Batch]) -> str:
    """Return in words how much a PyTorch model with the same weights differs from the network.

    Raises:
        WorkError: It differs by more than ``TOLERANCE``: these are not the same models.
    """
    model = from_toolkit(network)
    scores = losses = 0.0
    same: list[NDArray[np.bool_]] = []
    for features, tags in batches:
        ours = _outputs(network, features, tags)
        theirs = _torch_outputs(model, features, tags)
        not_padding = features["index"] != 0
        scores = max(scores, float(np.abs(ours[0] - theirs[0])[not_padding].max()))
        losses = max(losses, *(abs(ours[1] - loss) for loss in theirs[1]))
        same.append((ours[2] == theirs[2])[not_padding])
    equal = np.concatenate(same)
    if max(scores, losses, 1 - equal.mean()) > TOLERANCE:
        raise WorkError(
            f"PyTorch's scores differ from the toolkit's by {scores}, its losses by {losses}, and "
            f"{equal.mean():.1%} of its tags are equal"
        )
    return (
        f"with the same weights scores differ by at most {scores:.0e}, losses per token by "
        f"{losses:.0e}, and {equal.sum():,} of {len(equal):,} tags of the best paths are equal"
    )


def loss(network: ManyToMany | TorchTagger, batches: Sequence[Batch]) -> float:
    """Return the loss per token in nats, without dropout: the mean over the batches."""
    if isinstance(network, ManyToMany):
        return float(np.mean([_outputs(network, *batch)[1] for batch in batches]))
    network.eval()
    return float(np.mean([_torch_outputs(network, *batch)[1][0] for batch in batches]))


def _outputs(network: ManyToMany, features: Any, tags: Any) -> tuple[Any, float, Any]:
    """Return scores [B, T, C], the loss per token and the best path [B, T]."""
    scores = network(features)
    path, _ = network.crf.viterbi(scores, network.mask(features))
    loss_per_token = network.compute_loss(features, tags, scores, training=False)
    return scores.numpy(), float(loss_per_token), path.numpy()


@torch.no_grad()
def _torch_outputs(model: TorchTagger, features: Any, tags: Any) -> tuple[Any, list[float], Any]:
    """Return the same of PyTorch, with the loss by both methods for the partition function."""
    inputs = to_tensors(features, "distinct")
    mask = token_mask(inputs)
    scores = model(inputs, "aligned")
    targets = torch.from_numpy(tags.T.astype(np.int64))
    losses = [float(model.loss(scores, targets, mask, m)) for m in ("logsumexp", "matmul")]
    return scores.transpose(0, 1).numpy(), losses, model.crf.viterbi(scores, mask).T.numpy()
