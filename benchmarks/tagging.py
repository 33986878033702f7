"""The tagger's speed: a report in Markdown on standard output, progress on standard error.

Run ``python -m benchmarks.tagging``, or with ``--quick`` to see in a minute that it works.
"""

import argparse
import importlib.util
import logging
import os
import sys
from collections.abc import Sequence

from benchmarks.speed import BUSY
from benchmarks.timing import say
from pipelines import console


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit code."""
    options = _parser().parse_args(arguments)
    console.set_up(debug=False)
    if importlib.util.find_spec("torch") is None:
        say("PyTorch is missing; it comes with the extra: pip install 'recurrent-toolkit[bench]'")
        return 2
    return console.exit_code(lambda: _report(options), debug=options.debug)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.tagging", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tiny setting; figures mean nothing")
    parser.add_argument("--data", metavar="PATH", help="sentences of a file, not generated ones")
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="for each library (default: all cores)"
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    return parser


def _report(options: argparse.Namespace) -> int:
    """Print each part as soon as it is there."""
    with console.standard_error_shut():
        import torch

        from benchmarks import machine, sentences, tagging_answers, tagging_training
        from toolkit.training import set_threads
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it dislikes many models at once
    set_threads(options.threads)
    torch.set_num_threads(options.threads)
    if os.getloadavg()[0] > BUSY:
        say("the machine is busy: what is measured now means little")
    work = sentences.from_file(options.data) if options.data else sentences.generated()
    print(f"## Speed of the tagger{' (--quick: figures mean nothing)' if options.quick else ''}\n")
    print(machine.description(options.threads))
    print(f"\nTraining and tagging: {work.description}.")
    learnt = tagging_training.measure(work, options.threads, options.quick)
    _print("Training", tagging_training.table(learnt), tagging_training.NOTES)
    answers = tagging_answers.measure(work, learnt.network, options.threads, options.quick)
    _print("Tagging", tagging_answers.table(answers), tagging_answers.NOTES)
    return 0


def _print(title: str, *paragraphs: str) -> None:
    print(f"\n### {title}", *paragraphs, sep="\n\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
