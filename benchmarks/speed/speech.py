"""Measure the speed of the recogniser of speech beside PyTorch, from waves to symbols.

Run ``python -m benchmarks.speed.speech``. ``--quick`` tests the benchmark itself. The report is
Markdown on standard output; progress is on standard error.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.speed import report
from benchmarks.timing import Seconds, fastest, interleaved, rate, say, speedup
from toolkit.errors import WorkError

#: The samples a second, the shortest and longest recording in seconds, and the symbols a second.
RATE, SHORTEST, LONGEST, SYMBOLS_A_SECOND = 16_000, 1.0, 6.0, 8
#: The recordings of a batch, the batches, and the rounds.
RECORDINGS, BATCHES, ROUNDS = 16, 6, 7
SYMBOLS, BANDS, STACK, LAYERS, HIDDEN_SIZES = 28, 40, 3, 2, (128, 256)
#: The largest difference of log probabilities of models with the same weights.
TOLERANCE = 1e-3

NOTES = f"""\
Recordings of noise of {SHORTEST:g} to {LONGEST:g} s at {RATE:,} samples a second, {RECORDINGS} a
batch of similar lengths, and {SYMBOLS_A_SECOND} random symbols of {SYMBOLS} a second. {BANDS} mel
bands, less their means over the recording; {STACK} frames a step; {LAYERS} bidirectional GRUs of H
units a direction, the reset gate after the product; CTC. Neither dropout nor random changes of
recordings; Adam, clipping by the global norm, averaged weights; float32. Padding is not counted.

- toolkit: the network of `SpeechRecognizer`, waves of 16 bits in, log-mel included, by the compiled
  `train_step` of `Model.fit`; answers by the signature `waveform`, from floats to texts.
- PyTorch: `torch.stft` and the same mel matrix, packed sequences through `torch.nn.GRU`,
  `ctc_loss`, fused Adam; answers by the likeliest path. With all threads or one, as is faster.
- Medians over {ROUNDS} interleaved rounds; ratios are medians of the rounds' ratios."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    return report.run(_report, report.argument_parser("speech", __doc__).parse_args(arguments))


def _report(options: argparse.Namespace) -> None:
    report.print_header("Speed of speech", options)
    rounds = 2 if options.quick else ROUNDS
    batches = _batches(1 if options.quick else BATCHES, 3 if options.quick else RECORDINGS)
    seconds = sum(int(lengths.sum()) for _, lengths, _ in batches) / RATE
    tables: dict[str, list[str]] = {"Training": [], "Answering": []}
    agreements = []
    for hidden_size in (4,) if options.quick else HIDDEN_SIZES:
        network = _network(hidden_size)
        agreements.append(agreement(network, batches))
        for title, passes in (
            ("Answering", _answering(network, batches, options.threads, seconds)),
            ("Training", _training(network, batches, options.threads, seconds)),
        ):
            say(f"{title}, H = {hidden_size}: {rounds} rounds")
            tables[title].append(_row(hidden_size, interleaved(passes, rounds), seconds))
    for title, rows in tables.items():
        lines = [
            "| H | toolkit, s/s | PyTorch, s/s | toolkit, h/s | PyTorch, h/s | ratio |",
            "|---:|---:|---:|---:|---:|---:|",
            *rows,
        ]
        report.print_section(f"{title}, audio a second", "\n".join(lines))
    print(f"\n{NOTES}\n- {agreements[-1]}")


def _row(hidden_size: int, times: Seconds, seconds: float) -> str:
    """Return a row of a table: seconds and hours of audio a second of both, and their ratio."""
    rates = [rate(seconds, times[name]) for name in ("toolkit", "PyTorch")]
    cells = [*(f"{each:,.0f}" for each in rates), *(f"{each / 3600:.3f}" for each in rates)]
    ratio = speedup(times, "toolkit", over="PyTorch")
    return f"| {hidden_size} | {' | '.join(cells)} | **{ratio:.2f}** |"


def _batches(count: int, recordings: int) -> list[Any]:
    """Return batches of samples int16 [B, N], lengths int32 [B] and ids int32 [B, L]."""
    random = np.random.default_rng(0)
    every = np.sort(random.uniform(SHORTEST, LONGEST, count * recordings) * RATE).astype(np.int32)
    batches = []
    for lengths in np.split(every, count):
        real = np.arange(lengths.max()) < lengths[:, None]
        samples = np.where(real, random.normal(0, 3_000, real.shape), 0).astype(np.int16)
        symbols = lengths // (RATE // SYMBOLS_A_SECOND)
        there = np.arange(symbols.max()) < symbols[:, None]
        ids = np.where(there, random.integers(2, SYMBOLS + 2, there.shape), 0).astype(np.int32)
        batches.append((samples, lengths, ids))
    return batches


def _network(hidden_size: int) -> Any:
    """Return a built network."""
    from toolkit.layers import recurrent_layer
    from toolkit.models import SpeechToMany

    audio = {"rate": RATE, "bands": BANDS, "stack": STACK, "whole_mean": True}
    network = SpeechToMany(SYMBOLS + 2, audio, hidden_size=hidden_size, layers=LAYERS)
    network.recurrent = [
        recurrent_layer("gru", hidden_size, bidirectional=True, reset_after=True)
        for _ in range(LAYERS)
    ]
    network.build()
    return network


def agreement(network: Any, batches: Sequence[Any]) -> str:
    """Return in words how little PyTorch differs with the same weights.

    Raises:
        WorkError: It differs by more than ``TOLERANCE``: these are not the same models.
    """
    import tensorflow as tf
    import torch

    from benchmarks.peers.torch_speech import from_toolkit, loss_of

    model = from_toolkit(network).eval()
    largest = of_loss = 0.0
    for samples, lengths, ids in batches:
        inputs = {"values": tf.constant(samples), "length": tf.constant(lengths)}
        logits, mask = network.logits(inputs)
        ours = tf.nn.log_softmax(logits).numpy()
        tensors = [torch.from_numpy(each) for each in (samples, lengths, ids)]
        with torch.no_grad():
            theirs, loss = model(*tensors[:2])[0].numpy(), float(loss_of(model, *tensors))
        largest = max(largest, float(np.abs(ours - theirs)[mask.numpy()].max()))
        our_loss = float(network.compute_loss(inputs, tf.constant(ids), logits))
        of_loss = max(of_loss, abs(our_loss - loss))
    if max(largest, of_loss) > TOLERANCE:
        raise WorkError(
            f"PyTorch's log probabilities differ from the toolkit's by {largest}, its loss by "
            f"{of_loss}"
        )
    return (
        f"With the same weights log probabilities differ by at most {largest:.0e}, losses by "
        f"{of_loss:.0e}."
    )


def _training(
    network: Any, batches: Sequence[Any], threads: int, seconds: float
) -> dict[str, Callable[[], object]]:
    """Return a training pass of each, warmed up."""
    import tensorflow as tf

    from benchmarks.peers import keras_training
    from benchmarks.peers.torch_speech import from_toolkit, training_pass
    from benchmarks.speed.options import toolkit_optimizer

    passes = {
        number: training_pass(from_toolkit(network), batches, number, _options())
        for number in sorted({1, threads})
    }
    theirs = passes[fastest(passes, amount=seconds, unit="s of audio a second")]
    network.compile(toolkit_optimizer(_options()), jit_compile=False)
    data = [({"values": samples, "length": lengths}, ids) for samples, lengths, ids in batches]
    signature = [
        {
            "values": tf.TensorSpec([None, None], tf.int16),
            "length": tf.TensorSpec([None], tf.int32),
        },
        tf.TensorSpec([None, None], tf.int32),
    ]
    ours = keras_training.training_pass(network, data, signature)
    ours()  # makes the graph
    return {"toolkit": ours, "PyTorch": theirs}


def _answering(
    network: Any, batches: Sequence[Any], threads: int, seconds: float
) -> dict[str, Callable[[], object]]:
    """Return a pass of each that answers all batches, warmed up."""
    from benchmarks.peers.torch_speech import answering, from_toolkit
    from toolkit.audio.inputs import AudioInputs
    from toolkit.export import of_python
    from toolkit.models import SequenceModel
    from toolkit.tasks.speech.serving import signatures
    from toolkit.text import Tokenizer

    names = [chr(ord("A") + number) for number in range(SYMBOLS)]
    symbols = Tokenizer(token_level="characters", lowercase=False, vocabulary=names)
    model = SequenceModel(AudioInputs(RATE), network, target_preprocessing=symbols)
    waveform = of_python(signatures(model)["waveform"])
    waves = [(samples / np.float32(2**15), lengths) for samples, lengths, _ in batches]

    def ours() -> list[Any]:
        return [waveform(audio=wave, length=lengths)["text"] for wave, lengths in waves]

    def theirs(answer: Callable[[Any, Any], list[str]]) -> list[list[str]]:
        return [answer(wave, lengths) for wave, lengths in waves]

    written = symbols.vocabulary[1:]
    passes = {
        number: partial(theirs, answering(from_toolkit(network), written, number))
        for number in sorted({1, threads})
    }
    chosen = passes[fastest(passes, amount=seconds, unit="s of audio a second")]
    ours()  # makes the graph
    return {"toolkit": ours, "PyTorch": chosen}


def _options() -> Any:
    """Return the options of training: those of ``SpeechRecognizer``."""
    from toolkit.tasks.defaults import DataSize
    from toolkit.tasks.speech.defaults import resolved
    from toolkit.training.options import TrainingOptions

    values = resolved(DataSize(RECORDINGS, RECORDINGS * 100))
    names = ("learning_rate", "epsilon", "ema")
    return TrainingOptions(schedule="constant", warmup=0, **{name: values[name] for name in names})


if __name__ == "__main__":
    sys.exit(main())
