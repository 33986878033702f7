"""The tagger of the benchmark, and whether PyTorch's is the same."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.sentences import Sentences
from benchmarks.torch_tagger import TorchTagger, from_ours, mask_of, tensors
from toolkit.errors import WorkError
from toolkit.layers import recurrent_layer
from toolkit.models import ManyToMany
from toolkit.tasks import automatic
from toolkit.tasks.options import EntityTaggerOptions
from toolkit.training.options import TrainingOptions

#: How far scores and probabilities, and losses per token, may be from PyTorch's.
TOLERANCE = 1e-3

SUITED = automatic.TaggerNetwork()
TASK = EntityTaggerOptions()
OPTIONS = TrainingOptions(
    learning_rate=SUITED.learning_rate,
    epsilon=SUITED.epsilon,
    ema=SUITED.ema,
    schedule="constant",
    warmup=0,
)

#: Features and tags [B, T], as a corpus gives them.
Batch = tuple[Mapping[str, NDArray[np.int32]], NDArray[np.int32]]


def tagger(work: Sentences, reset_after: bool, crf: bool = True) -> ManyToMany:
    """The network that the task makes by default, with the reset gate in either place."""
    features, counts = work.vocabulary
    network = ManyToMany(
        features.sizes,
        work.labels,
        crf=crf,
        embedding_size=SUITED.embedding_size,
        character_size=TASK.character_size,
        shape_size=TASK.shape_size,
        affix_size=TASK.affix_size,
        hidden_size=SUITED.hidden_size,
        # A word that occurs once is hidden so often: strength / (strength + 1).
        word_dropout=TASK.word_dropout / (1 - TASK.word_dropout),
        embedding_dropout=SUITED.embedding_dropout,
        output_dropout=SUITED.output_dropout,
        seed=0,
    )
    network.recurrent = [
        recurrent_layer("gru", SUITED.hidden_size, bidirectional=True, reset_after=reset_after)
    ]
    network.build()
    network.word_dropout.set_counts(counts)
    return network


def agreement(network: ManyToMany, batches: Sequence[Batch]) -> str:
    """How far the PyTorch model with the same weights is from the network.

    Raises:
        WorkError: Farther than ``TOLERANCE``: these are not the same models.
    """
    model = from_ours(network)
    scores = losses = 0.0
    same: list[NDArray[np.bool_]] = []
    for features, tags in batches:
        ours, theirs = _ours(network, features, tags), _theirs(model, features, tags)
        inside = features["index"] != 0
        scores = max(scores, float(np.abs(ours[0] - theirs[0])[inside].max()))
        losses = max(losses, *(abs(ours[1] - loss) for loss in theirs[1]))
        same.append((ours[2] == theirs[2])[inside])
    equal = np.concatenate(same)
    if max(scores, losses, 1 - equal.mean()) > TOLERANCE:
        raise WorkError(
            f"the PyTorch model's scores are up to {scores} from the toolkit's, its losses up to "
            f"{losses}, and {equal.mean():.1%} of its tags are the same"
        )
    return (
        f"with the same weights scores differ by at most {scores:.0e}, the losses per token by "
        f"{losses:.0e}, and of the best paths {equal.sum():,} of {len(equal):,} tags are the same"
    )


def loss(network: ManyToMany | TorchTagger, batches: Sequence[Batch]) -> float:
    """The loss per token in nats, without dropout: the mean over the batches."""
    if isinstance(network, ManyToMany):
        return float(np.mean([_ours(network, *batch)[1] for batch in batches]))
    network.eval()
    return float(np.mean([_theirs(network, *batch)[1][0] for batch in batches]))


def _ours(network: ManyToMany, features: Any, tags: Any) -> tuple[Any, float, Any]:
    """Scores [B, T, C], the loss per token and the best path [B, T]."""
    scores = network(features)
    path, _ = network.crf.viterbi(scores, network.mask(features))
    of_tags = network.compute_loss(features, tags, scores, training=False)
    return scores.numpy(), float(of_tags), path.numpy()


@torch.no_grad()
def _theirs(model: TorchTagger, features: Any, tags: Any) -> tuple[Any, list[float], Any]:
    """The same, the loss by either way of summing."""
    inputs = tensors(features, "distinct")
    mask = mask_of(inputs)
    scores = model(inputs, "aligned")
    right = torch.from_numpy(tags.T.astype(np.int64))
    of_tags = [float(model.loss(scores, right, mask, s)) for s in ("logarithms", "products")]
    return scores.transpose(0, 1).numpy(), of_tags, model.crf.viterbi(scores, mask).T.numpy()
