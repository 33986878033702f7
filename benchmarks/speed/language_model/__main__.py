"""Measure training speed of the language model beside Keras and PyTorch.

Run ``python -m benchmarks.speed.language_model``. ``--quick`` tests the benchmark itself. The
report is Markdown on standard output; progress is on standard error.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from benchmarks.speed import report
from benchmarks.timing import fastest, interleaved, rate, say, speedup
from toolkit.quiet import suppress_stderr

#: The number of batches in a pass, and of rounds in which the passes are timed.
BATCHES, ROUNDS = 10, 7

NOTES = """\
The default language model of characters: vectors of {embedding_size}, one GRU of {hidden_size}
with the reset gate after the product, as in PyTorch and Keras, an output tied to the vectors.
Batches of {rows} rows and {steps} characters, the state carried from batch to batch; float32; the
default dropout rates; Adam, clipping by the global norm of the gradients, averaged weights.

- toolkit: the compiled `train_step` of `Model.fit`.
- keras.layers.GRU: the same, with Keras's layer and optimizer in place of the toolkit's.
- PyTorch: `torch.nn.GRU`, the usual training loop with fused Adam, with all threads or one,
  whichever is faster.
- All three train on the same batches in the same process, in turns. Rates are medians over {rounds}
  interleaved rounds; ratios are medians of the rounds' ratios."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    parser = report.argument_parser("language_model", __doc__)
    parser.add_argument(
        "--data", metavar="PATH", help="a text to train on (default: Python's help texts)"
    )
    return report.run(_report, parser.parse_args(arguments))


def _report(options: argparse.Namespace) -> None:
    """Measure and print."""
    with suppress_stderr():
        from benchmarks.peers import torch_language_model
        from benchmarks.peers.torch_gru import variants
        from benchmarks.speed.language_model import data_and_models
    work = data_and_models.Workload.read(options.data, 2 if options.quick else BATCHES)
    ours, with_keras, in_torch = data_and_models.models(work)
    report.print_header("Speed of the language model", options)
    agreement = data_and_models.agreement(ours, with_keras, in_torch, work)
    print(f"\n{work.description}; {agreement}.\n", flush=True)

    def torch_pass(batches: Sequence[data_and_models.Batch], threads: int) -> Callable[[], None]:
        training_options = data_and_models.OPTIONS
        return torch_language_model.training_pass(in_torch, batches, threads, training_options)

    say("trying PyTorch's variants on a few batches")
    trials = {
        variant: torch_pass(work.batches[:3], variant.threads)
        for variant in variants(options.threads, "padded")
    }
    best = fastest(trials, work.count_characters(3), "characters/s")
    passes = {
        "toolkit": data_and_models.training_pass(ours, work.batches),
        "keras.layers.GRU": data_and_models.training_pass(
            with_keras, work.batches, with_keras=True
        ),
        "PyTorch": torch_pass(work.batches, best.threads),
    }
    say("warming up")
    for one_pass in passes.values():
        one_pass()
    rounds = 2 if options.quick else ROUNDS
    say(f"{rounds} rounds")
    seconds = interleaved(passes, rounds)
    print("| | characters/s | speedup of the toolkit |", "|---|---:|---:|", sep="\n")
    for name in passes:
        ratio = speedup(seconds, "toolkit", over=name)
        speed = rate(work.count_characters(len(work.batches)), seconds[name])
        print(f"| {name} | {speed:,.0f} | {'' if name == 'toolkit' else f'**{ratio:.2f}**'} |")
    facts = {"rows": work.rows, "steps": work.steps, "rounds": rounds}
    print("\n" + NOTES.format(**(ours.config | facts)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
