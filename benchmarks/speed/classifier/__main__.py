"""Measure training and inference speed and memory of the text classifier beside Keras and PyTorch.

Run ``python -m benchmarks.speed.classifier``, or ``make bench``. ``--quick`` tests the benchmark
itself in a minute. The report is Markdown on standard output; progress is on standard error.
"""

import argparse
import sys
from collections.abc import Sequence

from benchmarks.speed import report
from toolkit.quiet import suppress_stderr

PARTS = ("matmul", "training", "inference", "memory")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    parser = report.argument_parser("classifier", __doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="a part; may be repeated")
    parser.add_argument(
        "--cell",
        choices=("gru", "lstm"),
        default="gru",
        help="of the training (default: %(default)s); inference is that of a GRU",
    )
    parser.add_argument("--data", metavar="PATH", help="a file of texts (default: generated texts)")
    parser.add_argument("--text-column", help="the column of the texts in the file")
    return report.run(_report, parser.parse_args(arguments))


def _report(options: argparse.Namespace) -> None:
    """Print each part as soon as it is measured."""
    with suppress_stderr():
        from benchmarks.speed import matmul, memory
        from benchmarks.speed.classifier import inference, training, workload
    parts = options.only or PARTS
    if "training" in parts or "inference" in parts:
        if options.data:
            work = workload.from_file(options.data, options.text_column)
        else:
            work = workload.generated()
    report.print_header("Speed", options)
    if "matmul" in parts or "training" in parts:
        rates = matmul.measure(options.quick)
        report.print_section("Matrix products", matmul.table(rates))
    if "training" in parts or "inference" in parts:
        print(f"\nTraining and inference: {work.description}.")
    if "training" in parts:
        results = training.measure(work, options.threads, options.quick, options.cell)
        table = training.table(results, rates, options.cell)
        report.print_section("Training, tokens/s", table, training.NOTES)
    if "inference" in parts:
        answers = inference.measure(work, options.threads, options.quick)
        report.print_section("Inference", inference.table(answers), inference.NOTES)
    if "memory" in parts:
        report.print_section("Memory", memory.table(memory.measure(options.quick)), memory.NOTES)


if __name__ == "__main__":
    sys.exit(main())
