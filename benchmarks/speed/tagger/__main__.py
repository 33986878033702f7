"""Measure training and inference speed of the entity tagger beside PyTorch.

Run ``python -m benchmarks.speed.tagger``. ``--quick`` tests the benchmark itself in a minute. The
report is Markdown on standard output; progress is on standard error.
"""

import argparse
import sys
from collections.abc import Sequence

from benchmarks.speed import report
from toolkit.quiet import suppress_stderr


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    parser = report.argument_parser("tagger", __doc__)
    parser.add_argument(
        "--data", metavar="PATH", help="a file of tagged sentences (default: generated ones)"
    )
    return report.run(_report, parser.parse_args(arguments))


def _report(options: argparse.Namespace) -> None:
    """Print each part as soon as it is measured."""
    with suppress_stderr():
        from benchmarks.speed.tagger import inference, training, workload
    work = workload.from_file(options.data) if options.data else workload.generated()
    report.print_header("Speed of the entity tagger", options)
    print(f"\nTraining and inference: {work.description}.")
    trained = training.measure(work, options.threads, options.quick)
    report.print_section("Training", training.table(trained), training.NOTES)
    answers = inference.measure(work, trained.network, options.threads, options.quick)
    report.print_section("Inference", inference.table(answers), inference.NOTES)


if __name__ == "__main__":
    sys.exit(main())
