"""The data of the translator's benchmark, and the same model in the toolkit and in PyTorch."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import tensorflow as tf
import torch

from benchmarks.peers import keras_training
from benchmarks.peers.torch_translator import TorchTranslator, from_toolkit, to_tensors
from benchmarks.speed.options import constant_rate, toolkit_optimizer
from pipelines.samples.numbers import numbers
from toolkit.data import LengthBatches, PairExamples, encode_pairs, open_pairs
from toolkit.data.sources.lines import read_lines
from toolkit.errors import WorkError
from toolkit.layers import recurrent_layer
from toolkit.models import EncoderDecoder
from toolkit.tasks.defaults import DataSize
from toolkit.tasks.translation import defaults
from toolkit.tasks.translation.options import TranslatorOptions
from toolkit.tasks.translation.serving import by_length
from toolkit.text import SubwordTokenizer

DEFAULTS = defaults.Network()
TASK = TranslatorOptions()
OPTIONS = constant_rate(DEFAULTS)

#: The largest difference of logits from PyTorch's.
TOLERANCE = 1e-3

Batch = tuple[Any, Any]


@dataclass(frozen=True)
class Workload:
    """The data of the benchmark.

    Attributes:
        description: The origin of the data, for the report.
        tokenizer: The tokenizer of source and target.
        batches: The training batches.
        batch_tokens: The number of target tokens in a batch, padding included.
        texts: The texts to translate.
        text_batches: The same texts in the batches in which they are translated.
    """

    description: str
    tokenizer: SubwordTokenizer
    batches: list[Batch]
    batch_tokens: int
    texts: list[str]
    text_batches: list[list[str]]

    length_ratio = 2.0
    beam_size = TASK.beam_size

    @classmethod
    def read(cls, data: Sequence[str] | None, texts: str | None, count: int) -> Self:
        """Read two parallel files, or generate number words, and make batches."""
        pairs: Any = tuple(data) if data else numbers("train")
        examples = PairExamples(open_pairs(pairs, "train", TASK), TASK)
        sides = [text for example in examples for text in (example.source, example.target)]
        tokenizer = SubwordTokenizer(defaults.max_tokens(len(sides) // 2))
        tokenizer.adapt(sides)
        corpus = encode_pairs(examples, tokenizer, tokenizer)
        size = DataSize(len(corpus), int(corpus.target_lengths.sum()))
        budget = defaults.batch_tokens(size)
        some = itertools.islice(LengthBatches(corpus, budget).order(), count)
        to_translate = _lines(texts) if texts else numbers("test")[0]
        batches = by_length(to_translate, TASK.beam_size)
        return cls(
            f"{Path(data[0]).name if data else 'number words'}: {len(corpus):,} pairs, "
            f"{tokenizer.vocabulary_size:,} subwords",
            tokenizer,
            [(corpus.inputs(rows), corpus.targets(rows)) for rows in some],
            budget,
            to_translate,
            [[to_translate[index] for index in batch] for batch in batches],
        )

    def ids(self, texts: Sequence[str]) -> Any:
        """Return the ids [B, S] of texts."""
        return self.tokenizer(tf.constant(texts)).numpy()

    def detokenize(self, rows: Sequence[Sequence[int]]) -> list[str]:
        """Return the texts of rows of ids."""
        ids = np.zeros((len(rows), max(1, *map(len, rows))), np.int32)
        for padded, row in zip(ids, rows, strict=True):
            padded[: len(row)] = row
        return [text.decode() for text in self.tokenizer.detokenize(tf.constant(ids)).numpy()]

    @staticmethod
    def count_tokens(batches: Sequence[Batch]) -> int:
        """Return the number of target tokens, including the end tokens."""
        return sum(int(np.sum(EncoderDecoder.target_mask(inputs))) for inputs, _ in batches)


def _lines(path: str) -> list[str]:
    lines = (line.rstrip("\r\n") for line in read_lines(Path(path), "\n"))
    return list(dict.fromkeys(lines))


def models(work: Workload) -> tuple[EncoderDecoder, TorchTranslator]:
    """Return the task's default network with ``reset_after=True``, and the same in PyTorch."""
    size = work.tokenizer.vocabulary_size
    network = EncoderDecoder(
        size,
        size,
        embedding_size=DEFAULTS.embedding_size,
        hidden_size=DEFAULTS.hidden_size,
        embedding_dropout=DEFAULTS.embedding_dropout,
        output_dropout=DEFAULTS.output_dropout,
        label_smoothing=TASK.label_smoothing,
        seed=0,
    )

    def layer(bidirectional: bool) -> Any:
        return recurrent_layer(
            "gru", DEFAULTS.hidden_size, bidirectional=bidirectional, reset_after=True
        )

    network.encoder_layers = [layer(True)]
    network.decoder_layers = [layer(False), layer(False)]
    network.build()
    return network, from_toolkit(network)


def toolkit_pass(network: EncoderDecoder, batches: Sequence[Batch]) -> Callable[[], None]:
    """Return a training pass over the batches; see ``keras_training.training_pass``."""
    network.compile(optimizer=toolkit_optimizer(OPTIONS), loss=None, jit_compile=False)
    ids, length = tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32)
    inputs = {"source": ids, "source_length": length, "target": ids, "target_length": length}
    return keras_training.training_pass(network, batches, [inputs, ids])


@torch.no_grad()
def agreement(network: EncoderDecoder, model: TorchTranslator, work: Workload) -> str:
    """Return in words how much PyTorch's logits differ from the network's on a batch.

    Raises:
        WorkError: They differ by more than ``TOLERANCE``: these are not the same models.
    """
    inputs, _ = work.batches[0]
    ours = network(inputs).numpy()
    tensors = to_tensors(inputs["source"], inputs["target"])
    theirs = model(*tensors, "aligned").transpose(0, 1).numpy()
    not_padding = np.asarray(EncoderDecoder.target_mask(inputs))
    difference = float(np.abs(ours - theirs)[not_padding].max())
    if difference > TOLERANCE:
        raise WorkError(f"PyTorch's logits differ from the toolkit's by {difference}")
    return f"with the same weights logits differ by at most {difference:.0e}"
