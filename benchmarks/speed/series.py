"""Measure the training speed of the classifier of series beside Keras and PyTorch.

Run ``python -m benchmarks.speed.series``. ``--quick`` tests the benchmark itself. The report is
Markdown on standard output; progress is on standard error.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.speed import report
from benchmarks.timing import Seconds, fastest, interleaved, rate, say, speedup

#: The numbers of frames and channels: about those of a recording of a skeleton.
STEPS, CHANNELS, CLASSES = 100, 60, 27
BATCH, BATCHES, ROUNDS = 32, 8, 7
HIDDEN_SIZES = (64, 256)

NOTES = f"""\
Random series of {STEPS} frames of {CHANNELS} channels, {BATCH} a batch; one bidirectional GRU of H
units a direction, max pooling over time, {CLASSES} classes; Adam, clipping by the global norm,
averaged weights. The same weights' shapes for all, the reset gate after the product.

- toolkit: the network of `SequenceClassifier`, with its front from raw frames (missing values,
  scale) and its optimizer. Keras: the same `ManyToOne` with `keras.layers.GRU` and Keras's Adam, on
  frames that have been standardised before. Both by the compiled `train_step` of `Model.fit`.
- PyTorch: `torch.nn.GRU`, fused Adam, on frames standardised before, with all threads or one.
- Medians over {ROUNDS} interleaved rounds; ratios are medians of the rounds' ratios."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    return report.run(_report, report.argument_parser("series", __doc__).parse_args(arguments))


def _report(options: argparse.Namespace) -> None:
    report.print_header("Speed of series", options)
    lines = [
        "| H | toolkit | Keras | PyTorch | to Keras | to PyTorch |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for hidden_size in (4,) if options.quick else HIDDEN_SIZES:
        seconds = measure(hidden_size, options.threads, 2 if options.quick else ROUNDS)
        frames = BATCH * BATCHES * STEPS
        speeds = [f"{rate(frames, times):,.0f}" for times in seconds.values()]
        ratios = [f"**{speedup(seconds, 'toolkit', over=p):.2f}**" for p in ("Keras", "PyTorch")]
        lines.append(f"| {hidden_size} | {' | '.join([*speeds, *ratios])} |")
    report.print_section("Training, frames/s", "\n".join(lines), NOTES)


def measure(hidden_size: int, threads: int, rounds: int) -> Seconds:
    """Return the seconds of a pass over the batches, for each library, in each round."""
    batches = _batches()
    passes = {
        "toolkit": _keras_pass(batches, hidden_size, "gru"),
        "Keras": _keras_pass(batches, hidden_size, "keras_gru"),
        "PyTorch": _torch_pass(batches, hidden_size, threads),
    }
    for one_pass in passes.values():
        one_pass()  # makes the graph
    say(f"H = {hidden_size}: {rounds} rounds")
    return interleaved(passes, rounds)


def _batches() -> list[tuple[Any, Any]]:
    """Return batches of series float32 [B, T, C] and labels int64 [B]."""
    random = np.random.default_rng(0)
    shape = (BATCHES, BATCH, STEPS, CHANNELS)
    series = random.normal(size=shape).astype(np.float32)
    return list(zip(series, random.integers(CLASSES, size=shape[:2]), strict=True))


def _keras_pass(
    batches: Sequence[tuple[Any, Any]], hidden_size: int, cell: str
) -> Callable[[], None]:
    """Return a training pass of ``ManyToOne`` with a cell of the toolkit's or of Keras."""
    import tensorflow as tf

    from benchmarks.peers import keras_training
    from benchmarks.speed.options import toolkit_optimizer
    from toolkit.layers import recurrent_layer
    from toolkit.models import ManyToOne

    ours = cell == "gru"
    front: dict[str, Any] = {"input_size": CHANNELS}
    if ours:
        standard = [[0.0] * CHANNELS, [1.0] * CHANNELS]
        front = {"series": {"means": standard[0], "standard": standard}}
    network = ManyToOne(outputs=CLASSES, hidden_size=hidden_size, **front)
    network.recurrent = [recurrent_layer(cell, hidden_size, bidirectional=True, reset_after=True)]
    network.build()
    make = toolkit_optimizer if ours else keras_training.keras_optimizer
    network.compile(make(_options()), network.output_layer.loss(), jit_compile=False)
    frames, length = tf.TensorSpec([None, None, CHANNELS]), tf.TensorSpec([None], tf.int32)
    signature = [{"values": frames, "length": length}, tf.TensorSpec([None], tf.int64)]
    lengths = np.full(BATCH, STEPS, np.int32)
    data = [({"values": series, "length": lengths}, labels) for series, labels in batches]
    return keras_training.training_pass(network, data, signature)


def _torch_pass(
    batches: Sequence[tuple[Any, Any]], hidden_size: int, threads: int
) -> Callable[[], None]:
    """Return PyTorch's training pass with the faster number of threads."""
    from benchmarks.peers.torch_classifier import training_pass
    from benchmarks.peers.torch_gru import variants
    from benchmarks.peers.torch_series import TorchSeriesClassifier

    model: Any = TorchSeriesClassifier(CHANNELS, hidden_size, CLASSES)
    lengths = np.full(BATCH, STEPS)
    data = [(series, lengths, labels) for series, labels in batches]
    passes = {
        variant: training_pass(model, data, variant, "float32", _options())
        for variant in variants(threads, "padded")
    }
    return passes[fastest(passes, amount=BATCH * BATCHES * STEPS, unit="frames/s")]


def _options() -> Any:
    """Return the options of training: those of ``SequenceClassifier``."""
    from toolkit.tasks.defaults import DataSize
    from toolkit.tasks.sequences.defaults import resolved
    from toolkit.training.options import TrainingOptions

    values = resolved(DataSize(BATCH * BATCHES, BATCH * BATCHES * STEPS), "standardize")
    names = ("learning_rate", "epsilon", "ema")
    return TrainingOptions(schedule="constant", warmup=0, **{name: values[name] for name in names})


if __name__ == "__main__":
    sys.exit(main())
