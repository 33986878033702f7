"""The command line and the Markdown report that all speed benchmarks share."""

import argparse
import importlib.util
import logging
import os
from collections.abc import Callable

from benchmarks.machine import description
from benchmarks.timing import say
from pipelines import console
from toolkit.quiet import suppress_stderr

#: The load average (running processes) above which timings are not reliable.
BUSY = 0.5


def argument_parser(task: str, documentation: str | None) -> argparse.ArgumentParser:
    """Return a parser of the options that all speed benchmarks have.

    Args:
        task: The name of the benchmark's package in ``benchmarks.speed``.
        documentation: The text of ``--help``.
    """
    parser = argparse.ArgumentParser(
        f"python -m benchmarks.speed.{task}", description=documentation
    )
    parser.add_argument(
        "--quick", action="store_true", help="a tiny run, to test the benchmark itself"
    )
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="for each library (default: all cores)"
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    return parser


def run(report: Callable[[argparse.Namespace], None], options: argparse.Namespace) -> int:
    """Print a report and return the exit code.

    Args:
        report: Measures and prints; called once both libraries are set up.
        options: The parsed command line.
    """
    console.set_up(debug=False)
    if importlib.util.find_spec("torch") is None:
        say("PyTorch is missing; it comes with the extra: pip install 'recurrent-toolkit[bench]'")
        return 2

    def work() -> int:
        _set_up_libraries(options.threads)
        if os.getloadavg()[0] > BUSY:
            say("warning: other processes are running; timings are not reliable")
        report(options)
        return 0

    return console.exit_code(work, debug=options.debug)


def _set_up_libraries(threads: int) -> None:
    """Import both libraries and limit their threads, before either computes anything."""
    with suppress_stderr():
        import torch

        from toolkit.training import set_threads
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of many models in a process
    set_threads(threads)
    torch.set_num_threads(threads)


def print_header(title: str, options: argparse.Namespace) -> None:
    """Print the report's title and what the figures are measured on."""
    note = " (--quick: figures mean nothing)" if options.quick else ""
    print(f"## {title}{note}", description(options.threads), sep="\n\n", flush=True)


def print_section(title: str, *paragraphs: str) -> None:
    """Print a section of the report."""
    print(f"\n### {title}", *paragraphs, sep="\n\n", flush=True)
