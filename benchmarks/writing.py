"""The language model's training speed beside PyTorch and ``keras.layers.GRU``.

Run ``python -m benchmarks.writing``: Markdown on standard output, progress on standard error.
"""

import argparse
import importlib.util
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.speed import BUSY
from benchmarks.timing import fastest, interleaved, rate, say, speedup
from pipelines import console

#: How many batches are learnt in a pass, and how often the passes are timed.
BATCHES, ROUNDS = 10, 7

NOTES = """\
The default language model of characters: vectors of {embedding_size}, one GRU of {hidden_size}
with the reset gate after the product, as PyTorch and Keras have it, an output tied to the vectors.
Batches of {rows} rows and {steps} characters, the state carried on; float32; the default dropouts;
Adam, clipping by the norm of all gradients together, averaged weights.

- toolkit: the compiled `train_step` of `Model.fit`.
- keras.layers.GRU: the same, with Keras's layer in place of ours.
- PyTorch: `torch.nn.GRU`, the ordinary training loop with fused Adam, with all threads or one,
  whichever is faster.
- All three learn the same batches in the same process, in turns. Rates are medians over {rounds}
  interleaved rounds; ratios the medians of the rounds' own."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit code."""
    parser = argparse.ArgumentParser("python -m benchmarks.writing", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tiny setting; figures mean nothing")
    parser.add_argument("--data", metavar="PATH", help="a text to learn, not Python's help texts")
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="for each library (default: all cores)"
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    options = parser.parse_args(arguments)
    console.set_up(debug=False)
    if importlib.util.find_spec("torch") is None:
        say("PyTorch is missing; it comes with the extra: pip install 'recurrent-toolkit[bench]'")
        return 2
    return console.exit_code(lambda: _report(options), debug=options.debug)


def _report(options: argparse.Namespace) -> int:
    with console.standard_error_shut():
        import torch

        from benchmarks import machine
        from benchmarks.torch_models import manners
        from benchmarks.writers import OPTIONS, Work, agreement, keras_trainer, models
        from toolkit.training import set_threads
    from benchmarks.torch_writer import trainer

    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it dislikes many models at once
    set_threads(options.threads)
    torch.set_num_threads(options.threads)
    if os.getloadavg()[0] > BUSY:
        say("the machine is busy: what is measured now means little")
    work = Work.read(options.data, 2 if options.quick else BATCHES)
    ours, kerass, torchs = models(work)
    print("## Speed of the language model", "(--quick)" if options.quick else "", "\n")
    print(machine.description(options.threads), "\n")
    print(f"{work.description}; {agreement(ours, kerass, torchs, work)}.\n", flush=True)
    say("PyTorch on a few batches")
    trials = {
        manner: trainer(torchs, work.batches[:3], manner.threads, OPTIONS)
        for manner in manners(options.threads, "padded")
    }
    best = fastest(trials, work.units(3), "characters/s")
    passes: dict[str, Callable[[], Any]] = {
        "toolkit": keras_trainer(ours, work.batches),
        "keras.layers.GRU": keras_trainer(kerass, work.batches),
        "PyTorch": trainer(torchs, work.batches, best.threads, OPTIONS),
    }
    say("warming up")
    for one_pass in passes.values():
        one_pass()
    rounds = 2 if options.quick else ROUNDS
    say(f"{rounds} rounds")
    seconds = interleaved(passes, rounds)
    print("| | characters/s | toolkit's over it |", "|---|---:|---:|", sep="\n")
    for name in passes:
        ratio = speedup(seconds, "toolkit", over=name)
        speed = rate(work.units(len(work.batches)), seconds[name])
        print(f"| {name} | {speed:,.0f} | {'' if name == 'toolkit' else f'**{ratio:.2f}**'} |")
    facts = {"rows": work.rows, "steps": work.steps, "rounds": rounds}
    print("\n" + NOTES.format(**(ours.config | facts)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
