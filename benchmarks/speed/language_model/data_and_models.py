"""The data of the language model's benchmark, and the same model in the toolkit, Keras, PyTorch."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np
import torch

from benchmarks.peers import keras_training
from benchmarks.peers.torch_language_model import TorchLanguageModel, from_toolkit
from benchmarks.speed.options import constant_rate, toolkit_optimizer
from pipelines.samples.topics import topics
from toolkit.data import StreamBatches, encode_stream, open_stream
from toolkit.errors import WorkError
from toolkit.layers import recurrent_layer, to_keras_gru
from toolkit.models import OneToMany, TruncatedBPTT
from toolkit.tasks.defaults import DataSize
from toolkit.tasks.language_modelling import defaults
from toolkit.tasks.language_modelling.options import LanguageModelOptions
from toolkit.text import Tokenizer

DEFAULTS = defaults.Network()
OPTIONS = constant_rate(DEFAULTS)

#: The largest difference of logits from the toolkit's.
TOLERANCE = 1e-3

Batch = tuple[Any, Any]


@dataclass(frozen=True)
class Workload:
    """The data of the benchmark.

    Attributes:
        description: The origin of the data, for the report.
        vocabulary_size: The number of ids.
        batches: ``ids`` [B, T] and ``reset_mask`` [B] by name, and the next characters [B, T].
    """

    description: str
    vocabulary_size: int
    batches: list[Batch]

    @classmethod
    def read(cls, path: str | None, count: int) -> Self:
        """Read a text, or take Python's help texts, and make batches."""
        task = LanguageModelOptions()
        stream = open_stream(path or topics("train"), "train", task)
        tokenizer = Tokenizer(
            token_level="characters", lowercase=False, normalization="NFC", html_breaks=False
        )
        tokenizer.adapt(piece.text for piece in stream)
        corpus = encode_stream(stream, tokenizer)
        budget = defaults.batch_tokens(DataSize(corpus.texts, len(corpus)))
        some = StreamBatches(corpus, budget // task.window, task.window).windows()
        return cls(
            f"{Path(path).name if path else 'help texts'}: {len(corpus):,} characters, "
            f"{tokenizer.vocabulary_size} different ones",
            tokenizer.vocabulary_size,
            list(itertools.islice(some, count)),
        )

    @property
    def rows(self) -> int:
        """The number of rows in a batch."""
        return len(self.batches[0][1])

    @property
    def steps(self) -> int:
        """The number of characters in a row."""
        return int(self.batches[0][1].shape[1])

    def count_characters(self, batches: int) -> int:
        """Return the number of characters in some batches."""
        return batches * self.rows * self.steps


def models(work: Workload) -> tuple[OneToMany, OneToMany, TorchLanguageModel]:
    """Return the task's default network, the same with ``keras.layers.GRU``, and in PyTorch."""

    def network_with(layer: keras.layers.Layer) -> OneToMany:
        network = OneToMany(
            work.vocabulary_size,
            embedding_size=DEFAULTS.embedding_size,
            hidden_size=DEFAULTS.hidden_size,
            embedding_dropout=DEFAULTS.embedding_dropout,
            output_dropout=DEFAULTS.output_dropout,
            seed=0,
        )
        network.recurrent = [layer]
        network.build()
        return network

    size = DEFAULTS.hidden_size
    ours = network_with(recurrent_layer("gru", size, return_state=True, reset_after=True))
    with_keras = network_with(keras.layers.GRU(size, return_sequences=True, return_state=True))
    with_keras.set_weights(ours.get_weights())
    with_keras.recurrent[0].set_weights(to_keras_gru(ours.recurrent[0].get_weights()))
    return ours, with_keras, from_toolkit(ours)


def training_pass(
    network: OneToMany, batches: Sequence[Batch], with_keras: bool = False
) -> Callable[[], None]:
    """Return a training pass over the batches; see ``keras_training.training_pass``.

    Args:
        network: The network.
        batches: The batches.
        with_keras: Whether the optimizer is Keras's.
    """
    optimizer = keras_training.keras_optimizer if with_keras else toolkit_optimizer
    model = TruncatedBPTT(network, len(batches[0][1]))
    model.compile(optimizer=optimizer(OPTIONS), loss=None, jit_compile=False)
    return keras_training.training_pass(model, batches)


@torch.no_grad()
def agreement(
    ours: OneToMany, with_keras: OneToMany, in_torch: TorchLanguageModel, work: Workload
) -> str:
    """Return in words how much the logits of Keras and PyTorch differ from the toolkit's.

    Raises:
        WorkError: They differ by more than ``TOLERANCE``: these are not the same models.
    """
    ids = work.batches[0][0]["ids"]
    logits = ours(ids).numpy()
    of_keras = with_keras(ids).numpy()
    of_torch = in_torch(torch.from_numpy(ids.T.astype(np.int64)), None)[0].transpose(0, 1).numpy()
    difference = max(float(np.abs(other - logits).max()) for other in (of_keras, of_torch))
    if difference > TOLERANCE:
        raise WorkError(f"with the same weights logits differ by up to {difference}")
    return f"with the same weights logits differ by at most {difference:.0e}"
