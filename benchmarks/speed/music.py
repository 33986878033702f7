"""Measure the training speed of the model of music beside PyTorch.

Run ``python -m benchmarks.speed.music``. ``--quick`` tests the benchmark itself. The report is
Markdown on standard output; progress is on standard error.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.speed import report
from benchmarks.timing import Seconds, fastest, interleaved, rate, say, speedup
from toolkit.errors import WorkError

#: The numbers of frames, of keys, and of those that sound in each frame.
STEPS, KEYS, SOUNDING = 100, 88, 4
#: The pieces of a batch, the batches, and the rounds.
PIECES, BATCHES, ROUNDS = 20, 6, 7
HIDDEN_SIZE = OUTPUT_SIZE = 256
#: The largest difference of losses in nats a frame of models with the same weights.
TOLERANCE = 1e-3

NOTES = f"""\
Pieces of {STEPS} frames, in each of which {SOUNDING} random keys of {KEYS} sound, as in a chorale;
{PIECES} a batch; one GRU of {HIDDEN_SIZE} units, the reset gate after the product; an output layer
with {OUTPUT_SIZE} hidden units. No dropout; Adam, clipping by the global norm, averaged weights;
float32.

- toolkit: the network of `MusicModel`, by the compiled `train_step` of `Model.fit`.
- PyTorch: `torch.nn.GRU`, fused Adam, with all threads or one, as is faster. NADE is computed key
  by key, for all keys at once by cumulative sums, or only where its hidden layer changes, as in the
  toolkit; the fastest counts.
- Medians over {ROUNDS} interleaved rounds; ratios are medians of the rounds' ratios."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    return report.run(_report, report.argument_parser("music", __doc__).parse_args(arguments))


def _report(options: argparse.Namespace) -> None:
    report.print_header("Speed of music", options)
    batches = _batches(1 if options.quick else BATCHES, 2 if options.quick else PIECES)
    size = 8 if options.quick else HIDDEN_SIZE
    lines = ["| output layer | toolkit | PyTorch | ratio |", "|---|---:|---:|---:|"]
    differences = []
    for output_layer in ("independent", "autoregressive"):
        network = _network(output_layer, size)
        differences.append(agreement(network, batches))
        passes = _passes(network, batches, options.threads)
        rounds = 2 if options.quick else ROUNDS
        say(f"{output_layer}: {rounds} rounds")
        times: Seconds = interleaved(passes, rounds)
        frames = sum(batch.shape[0] * batch.shape[1] for batch in batches)
        speeds = [f"{rate(frames, each):,.0f}" for each in times.values()]
        ratio = speedup(times, "toolkit", over="PyTorch")
        lines.append(f"| {output_layer} | {' | '.join(speeds)} | **{ratio:.2f}** |")
    largest = f"- With the same weights losses differ by at most {max(differences):.0e} nats."
    report.print_section("Training, frames/s", "\n".join(lines), f"{NOTES}\n{largest}")


def _batches(count: int, pieces: int) -> list[Any]:
    """Return batches of frames of 0 and 1, uint8 [B, T, K]."""
    order = np.random.default_rng(0).random((count, pieces, STEPS, KEYS)).argsort(-1)
    return [*(order < SOUNDING).astype(np.uint8)]


def _network(output_layer: str, size: int) -> Any:
    """Return a built network."""
    from toolkit.layers import recurrent_layer
    from toolkit.models import MusicNetwork

    network = MusicNetwork(hidden_size=size, output_layer=output_layer, output_size=size)
    network.recurrent = [recurrent_layer("gru", size, return_state=True, reset_after=True)]
    network.build()
    return network


def _variants(network: Any) -> tuple[Any, ...]:
    """Return the ways in which PyTorch computes the network's output layer."""
    return ("loop", "cumsum", "changes") if hasattr(network.head, "below") else (None,)


def agreement(network: Any, batches: Sequence[Any]) -> float:
    """Return by how many nats a frame PyTorch differs with the same weights.

    Raises:
        WorkError: It differs by more than ``TOLERANCE``: these are not the same models.
    """
    import torch

    from benchmarks.peers.torch_music import from_toolkit

    frames = batches[0]
    inputs = {"values": frames, "length": np.full(len(frames), frames.shape[1], np.int32)}
    ours = network.losses(network(inputs), frames).numpy()
    largest = 0.0
    for variant in _variants(network):
        with torch.no_grad():
            theirs = from_toolkit(network, variant)(torch.from_numpy(frames)).numpy()
        largest = max(largest, float(np.abs(ours - theirs).max()))
    if largest > TOLERANCE:
        raise WorkError(f"PyTorch's losses differ from the toolkit's by {largest} nats a frame")
    return largest


def _passes(network: Any, batches: Sequence[Any], threads: int) -> dict[str, Callable[[], object]]:
    """Return a training pass of each, warmed up."""
    import tensorflow as tf

    from benchmarks.peers import keras_training
    from benchmarks.peers.torch_music import from_toolkit, training_pass
    from benchmarks.speed.options import toolkit_optimizer

    options = _options()
    theirs = {
        (variant, number): training_pass(from_toolkit(network, variant), batches, number, options)
        for variant in _variants(network)
        for number in sorted({1, threads})
    }
    frames = sum(batch.shape[0] * batch.shape[1] for batch in batches)
    chosen = theirs[fastest(theirs, amount=frames, unit="frames/s")]
    network.compile(toolkit_optimizer(options), jit_compile=False)
    lengths = [np.full(len(batch), batch.shape[1], np.int32) for batch in batches]
    data = [
        ({"values": batch, "length": length}, length)  # the frames are their own targets
        for batch, length in zip(batches, lengths, strict=True)
    ]
    whole = tf.TensorSpec([None], tf.int32)
    values = tf.TensorSpec([None, None, KEYS], tf.uint8)
    ours = keras_training.training_pass(network, data, [{"values": values, "length": whole}, whole])
    ours()  # makes the graph
    return {"toolkit": ours, "PyTorch": chosen}


def _options() -> Any:
    """Return the options of training: those of ``MusicModel``."""
    from toolkit.tasks.defaults import DataSize
    from toolkit.tasks.music.defaults import resolved
    from toolkit.training.options import TrainingOptions

    values = resolved(DataSize(PIECES * BATCHES, PIECES * BATCHES * STEPS))
    names = ("learning_rate", "epsilon", "ema")
    return TrainingOptions(schedule="constant", warmup=0, **{name: values[name] for name in names})


if __name__ == "__main__":
    sys.exit(main())
