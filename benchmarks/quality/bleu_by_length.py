"""Compare translators by BLEU at several lengths of the source.

Run ``python -m benchmarks.quality.bleu_by_length --data SOURCES TARGETS NAME=RUN ...``, with
``--picture PNG`` for a picture. The table is Markdown on standard output.
"""

import argparse
import sys
from collections.abc import Sequence

from benchmarks.timing import say
from pipelines import console
from toolkit.errors import OptionError
from toolkit.quiet import suppress_stderr


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.quality.bleu_by_length", description=__doc__
    )
    parser.add_argument(
        "runs", nargs="+", metavar="NAME=RUN", help="a name and a trained translator"
    )
    parser.add_argument("--data", nargs=2, metavar="FILE", required=True, help="parallel files")
    parser.add_argument("--picture", metavar="PNG", help="a picture of the table")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    options = parser.parse_args(arguments)
    console.set_up(debug=False)
    return console.exit_code(lambda: _report(options), debug=options.debug)


def _report(options: argparse.Namespace) -> int:
    with suppress_stderr():
        from toolkit.evaluation import LengthRow, draw_bleu_by_length
        from toolkit.tasks import Translator
    curves: dict[str, list[LengthRow]] = {}
    for run in options.runs:
        name, separator, folder = run.partition("=")
        if not separator:
            raise OptionError(f"{run!r} is not NAME=RUN")
        say(name)
        metrics = Translator.load(folder).evaluate(tuple(options.data))
        curves[name] = [LengthRow(**row) for row in metrics["by_length"]]
    first = next(iter(curves.values()))
    print("| words |", *(f"{row.words} |" for row in first))
    print("|---|", "---:|" * len(first), sep="")
    print("| pairs |", *(f"{row.pairs} |" for row in first))
    for name, rows in curves.items():
        values = ("" if row.bleu is None else f"{row.bleu:.1f}" for row in rows)
        print(f"| {name} |", *(f"{value} |" for value in values))
    if options.picture:
        draw_bleu_by_length(curves, options.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
