"""What is learnt and translated, the translator of the benchmark, and PyTorch's."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import tensorflow as tf
import torch

from benchmarks.keras_learning import keras_pass
from benchmarks.torch_translator import TorchTranslator, from_ours, tensors
from pipelines.samples.numbers import numbers
from toolkit.data import LengthBatches, PairExamples, encode_pairs, open_pairs
from toolkit.data.files import read_lines
from toolkit.errors import WorkError
from toolkit.layers import recurrent_layer
from toolkit.models import EncoderDecoder
from toolkit.tasks import automatic
from toolkit.tasks.automatic import DataSize
from toolkit.tasks.options import TranslatorOptions
from toolkit.tasks.translator_serving import by_length
from toolkit.text import SubwordTokenizer
from toolkit.training.optimizer import make_optimizer
from toolkit.training.options import TrainingOptions

SUITED = automatic.TranslatorNetwork()
TASK = TranslatorOptions()
OPTIONS = TrainingOptions(
    learning_rate=SUITED.learning_rate,
    epsilon=SUITED.epsilon,
    ema=SUITED.ema,
    label_smoothing=TASK.label_smoothing,
    schedule="constant",
    warmup=0,
)

#: How far logits may be from PyTorch's.
TOLERANCE = 1e-3

Batch = tuple[Any, Any]


@dataclass(frozen=True)
class Work:
    """The same work for all.

    Attributes:
        description: Where it comes from, for the report.
        layer: Cuts texts into ids, and joins them.
        batches: What is learnt.
        batch_tokens: How many target units a batch has, padding included.
        texts: What is translated.
        text_batches: The same in the batches in which it is translated.
    """

    description: str
    layer: SubwordTokenizer
    batches: list[Batch]
    batch_tokens: int
    texts: list[str]
    text_batches: list[list[str]]

    length_ratio = 2.0
    beam_size = TASK.beam_size

    @classmethod
    def read(cls, data: Sequence[str] | None, texts: str | None, count: int) -> Self:
        """Reads two parallel files, or makes number words; and batches of them."""
        pairs: Any = tuple(data) if data else numbers("train")
        examples = PairExamples(open_pairs(pairs, "train", TASK), TASK)
        sides = [text for example in examples for text in (example.source, example.target)]
        layer = SubwordTokenizer(automatic.translator_tokens(len(sides) // 2))
        layer.adapt(sides)
        corpus = encode_pairs(examples, layer, layer)
        size = DataSize(len(corpus), int(corpus.target_lengths.sum()))
        budget = automatic.translator_batch_tokens(size)
        some = itertools.islice(LengthBatches(corpus, budget).order(), count)
        to_translate = _lines(texts) if texts else numbers("test")[0]
        batches = by_length(to_translate, TASK.beam_size)
        return cls(
            f"{Path(data[0]).name if data else 'number words'}: {len(corpus):,} pairs, "
            f"{layer.vocabulary_size:,} subwords",
            layer,
            [(corpus.inputs(rows), corpus.targets(rows)) for rows in some],
            budget,
            to_translate,
            [[to_translate[index] for index in batch] for batch in batches],
        )

    def ids(self, texts: Sequence[str]) -> Any:
        """Texts to ids [B, S]."""
        return self.layer(tf.constant(texts)).numpy()

    def join(self, units: Sequence[Sequence[int]]) -> list[str]:
        """The texts that ids stand for."""
        ids = np.zeros((len(units), max(1, *map(len, units))), np.int32)
        for row, some in zip(ids, units, strict=True):
            row[: len(some)] = some
        return [text.decode() for text in self.layer.detokenize(tf.constant(ids)).numpy()]

    @staticmethod
    def units(batches: Sequence[Batch]) -> int:
        """How many target units, ends included, batches have."""
        return sum(
            int(np.sum(EncoderDecoder.target_mask(inputs["target"]))) for inputs, _ in batches
        )


def _lines(path: str) -> list[str]:
    lines = (line.rstrip("\r\n") for line in read_lines(Path(path), "\n"))
    return list(dict.fromkeys(lines))


def both(work: Work) -> tuple[EncoderDecoder, TorchTranslator]:
    """The network that the task makes, with the reset gate afterwards; and PyTorch's the same."""
    size = work.layer.vocabulary_size
    network = EncoderDecoder(
        size,
        size,
        embedding_size=SUITED.embedding_size,
        hidden_size=SUITED.hidden_size,
        embedding_dropout=SUITED.embedding_dropout,
        output_dropout=SUITED.output_dropout,
        label_smoothing=TASK.label_smoothing,
        seed=0,
    )

    def layer(bidirectional: bool) -> Any:
        return recurrent_layer(
            "gru", SUITED.hidden_size, bidirectional=bidirectional, reset_after=True
        )

    network.encoder_layers = [layer(True)]
    network.decoder_layers = [layer(False), layer(False)]
    network.build()
    return network, from_ours(network)


def keras_trainer(network: EncoderDecoder, batches: Sequence[Batch]) -> Callable[[], None]:
    """One pass over the batches; see ``keras_pass``."""
    network.compile(optimizer=make_optimizer(OPTIONS, 1), loss=None, jit_compile=False)
    ids = tf.TensorSpec([None, None], tf.int32)
    return keras_pass(network, batches, [{"source": ids, "target": ids}, ids])


@torch.no_grad()
def agreement(network: EncoderDecoder, model: TorchTranslator, work: Work) -> str:
    """How far PyTorch's logits are from the network's on a batch.

    Raises:
        WorkError: So far that these are not the same models.
    """
    inputs, _ = work.batches[0]
    ours = network(inputs).numpy()
    given = tensors(inputs["source"], inputs["target"])
    theirs = model(*given, "aligned").transpose(0, 1).numpy()
    inside = np.asarray(EncoderDecoder.target_mask(inputs["target"]))
    apart = float(np.abs(ours - theirs)[inside].max())
    if apart > TOLERANCE:
        raise WorkError(f"the PyTorch model's logits are up to {apart} from the toolkit's")
    return f"with the same weights logits differ by at most {apart:.0e}"
