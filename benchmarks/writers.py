"""What is learnt, and the language model of the benchmark: ours, with Keras's layer, PyTorch's."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np
import torch

from benchmarks.keras_learning import keras_pass
from benchmarks.torch_writer import TorchWriter, from_ours
from pipelines.samples.topics import topics
from toolkit.data import StreamBatches, encode_stream, open_stream
from toolkit.errors import WorkError
from toolkit.layers import recurrent_layer, to_keras_gru
from toolkit.models import Carried, OneToMany
from toolkit.tasks import automatic
from toolkit.tasks.automatic import DataSize
from toolkit.tasks.options import LanguageModelOptions
from toolkit.text import Tokenizer
from toolkit.training.optimizer import make_optimizer
from toolkit.training.options import TrainingOptions

SUITED = automatic.LanguageNetwork()
OPTIONS = TrainingOptions(
    learning_rate=SUITED.learning_rate,
    epsilon=SUITED.epsilon,
    ema=SUITED.ema,
    schedule="constant",
    warmup=0,
)

#: How far logits may be from each other's.
TOLERANCE = 1e-3

Batch = tuple[Any, Any]


@dataclass(frozen=True)
class Work:
    """The same work for all.

    Attributes:
        description: Where it comes from, for the report.
        vocabulary_size: How many ids there are.
        batches: ``ids`` [B, T] and ``fresh`` [B] by name, and the characters that follow [B, T].
    """

    description: str
    vocabulary_size: int
    batches: list[Batch]

    @classmethod
    def read(cls, path: str | None, count: int) -> Self:
        """Reads a text, or takes Python's help texts; and batches of it."""
        task = LanguageModelOptions()
        stream = open_stream(path or topics("train"), "train", task)
        layer = Tokenizer(
            units="characters", lowercase=False, normalization="NFC", html_breaks=False
        )
        layer.adapt(piece.text for piece in stream)
        corpus = encode_stream(stream, layer)
        budget = automatic.language_batch_tokens(DataSize(corpus.texts, len(corpus)))
        some = StreamBatches(corpus, budget // task.window, task.window).windows()
        return cls(
            f"{Path(path).name if path else 'help texts'}: {len(corpus):,} characters, "
            f"{layer.vocabulary_size} different ones",
            layer.vocabulary_size,
            list(itertools.islice(some, count)),
        )

    @property
    def rows(self) -> int:
        """How many rows a batch has."""
        return len(self.batches[0][1])

    @property
    def steps(self) -> int:
        """How many characters a row has."""
        return int(self.batches[0][1].shape[1])

    def units(self, batches: int) -> int:
        """How many characters are learnt in so many batches."""
        return batches * self.rows * self.steps


def models(work: Work) -> tuple[OneToMany, OneToMany, TorchWriter]:
    """The network that the task makes, with ``keras.layers.GRU``, and in PyTorch."""

    def network(layer: keras.layers.Layer) -> OneToMany:
        made = OneToMany(
            work.vocabulary_size,
            embedding_size=SUITED.embedding_size,
            hidden_size=SUITED.hidden_size,
            embedding_dropout=SUITED.embedding_dropout,
            output_dropout=SUITED.output_dropout,
            seed=0,
        )
        made.recurrent = [layer]
        made.build()
        return made

    size = SUITED.hidden_size
    ours = network(recurrent_layer("gru", size, return_state=True, reset_after=True))
    kerass = network(keras.layers.GRU(size, return_sequences=True, return_state=True))
    kerass.set_weights(ours.get_weights())
    kerass.recurrent[0].set_weights(to_keras_gru(ours.recurrent[0].get_weights()))
    return ours, kerass, from_ours(ours)


def keras_trainer(network: OneToMany, batches: Sequence[Batch]) -> Callable[[], None]:
    """One pass over the batches; see ``keras_pass``."""
    model = Carried(network, len(batches[0][1]))
    model.compile(optimizer=make_optimizer(OPTIONS, 1), loss=None, jit_compile=False)
    return keras_pass(model, batches)


@torch.no_grad()
def agreement(ours: OneToMany, kerass: OneToMany, torchs: TorchWriter, work: Work) -> str:
    """How far the others' logits are from the network's on a batch.

    Raises:
        WorkError: So far that these are not the same models.
    """
    ids = work.batches[0][0]["ids"]
    right = ours(ids).numpy()
    given = torchs(torch.from_numpy(ids.T.astype(np.int64)), None)[0].transpose(0, 1).numpy()
    apart = max(float(np.abs(found - right).max()) for found in (kerass(ids).numpy(), given))
    if apart > TOLERANCE:
        raise WorkError(f"logits of the same weights are up to {apart} apart")
    return f"with the same weights logits differ by at most {apart:.0e}"
