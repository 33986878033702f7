"""The speed benchmark: a report in Markdown on standard output, progress on standard error.

Run ``python -m benchmarks.speed``, or with ``--quick`` to see in a minute that it works.
"""

import argparse
import importlib.util
import logging
import os
import sys
from collections.abc import Sequence

from benchmarks.timing import say
from pipelines import console

#: The mean number of running processes above which a machine is not quiet.
BUSY = 0.5
PARTS = ("matmul", "training", "answering", "memory")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit code."""
    options = _parser().parse_args(arguments)
    console.set_up(debug=False)
    if importlib.util.find_spec("torch") is None:
        say("PyTorch is missing; it comes with the extra: pip install 'recurrent-toolkit[bench]'")
        return 2
    return console.exit_code(lambda: _report(options), debug=options.debug)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="a part; may be repeated")
    parser.add_argument("--quick", action="store_true", help="a tiny setting; figures mean nothing")
    parser.add_argument("--data", metavar="PATH", help="texts of a file, not generated ones")
    parser.add_argument("--text-column", help="which column of it")
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="for each library (default: all cores)"
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    return parser


def _report(options: argparse.Namespace) -> int:
    """Print each part as soon as it is there."""
    with console.standard_error_shut():
        from benchmarks import answering, machine, matmul, memory, training, workload
    _set_threads(options.threads)
    if os.getloadavg()[0] > BUSY:
        say("the machine is busy: what is measured now means little")
    parts = options.only or PARTS
    if "training" in parts or "answering" in parts:
        if options.data:
            work = workload.from_file(options.data, options.text_column)
        else:
            work = workload.generated()
    print(f"## Speed{' (--quick: figures mean nothing)' if options.quick else ''}\n")
    print(machine.description(options.threads))
    if "matmul" in parts or "training" in parts:
        rates = matmul.measure(options.quick)
        _print("Matrix products", matmul.table(rates))
    if "training" in parts or "answering" in parts:
        print(f"\nTraining and answering: {work.description}.")
    if "training" in parts:
        results = training.measure(work, options.threads, options.quick)
        _print("Training, tokens/s", training.table(results, rates), training.NOTES)
    if "answering" in parts:
        answers = answering.measure(work, options.threads, options.quick)
        _print("Answering", answering.table(answers), answering.NOTES)
    if "memory" in parts:
        _print("Memory", memory.table(memory.measure(options.quick)), memory.NOTES)
    return 0


def _print(title: str, *paragraphs: str) -> None:
    print(f"\n### {title}", *paragraphs, sep="\n\n", flush=True)


def _set_threads(threads: int) -> None:
    """The same for both libraries, before either begins to work."""
    import torch

    from toolkit.training import set_threads

    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it dislikes many models at once
    set_threads(threads)
    torch.set_num_threads(threads)


if __name__ == "__main__":
    sys.exit(main())
