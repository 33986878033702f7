"""``diagnose``: what gradients do in a run's network, or in a fresh one like it, on given data."""

import contextlib
from typing import Any

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.verbs.common import (
    cell_argument,
    check_archive,
    format_argument,
    labelled_argument,
    labelled_for,
    load_run,
    output_folder,
    run_argument,
    trust_cell,
    write_report,
)
from pipelines.verbs.verb import Verb
from toolkit.errors import OptionError


def _diagnose_arguments(parser: Parser, pipeline: Pipeline) -> None:
    run_argument(parser, pipeline)
    labelled_argument(parser, pipeline, "Labelled data, as for train.")
    parser.add_argument(
        "--output", metavar="FOLDER", help="Gets pictures, the numbers in them, diagnosis.json."
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="Look at the same network with new random weights, as it was before training.",
    )
    parser.add_argument(
        "--steps",
        metavar="N",
        type=int,
        default=200,
        help="Follow gradients over at most N steps (200); longer texts are cut.",
    )
    format_argument(parser)
    cell_argument(parser)
    parser.add_options(pipeline.labelled.columns, pipeline.labelled.given, defaults=False)


def _diagnose(pipeline: Pipeline, options: Any) -> int:
    if options.steps < 1:
        raise OptionError(f"--steps is {options.steps}; at least 1 is needed")
    data = labelled_for(pipeline, options, options.run)
    check_archive(options.run, "diagnose")
    with contextlib.ExitStack() as stack:
        if options.output:
            stack.enter_context(output_folder(options.output))
        task = load_run(pipeline, options.run, options)
        trust_cell(options.cell)
        report = task.diagnose(
            data, fresh=options.fresh, steps=options.steps, output=options.output
        )
    write_report(report, options.format)
    return 0


DIAGNOSE = Verb(
    "RUN --data DATA [options]",
    "See how gradients flow through time: vanishing, exploding, clipping, saturation.",
    _diagnose_arguments,
    _diagnose,
)
