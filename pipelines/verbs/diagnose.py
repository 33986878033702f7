"""``diagnose``: measure the gradients through time of a run's network on given data."""

import contextlib
from typing import Any

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.verbs.common import (
    cell_argument,
    check_archive,
    check_not_beside,
    evaluation_data,
    format_argument,
    labelled_argument,
    load_run,
    output_folder,
    run_argument,
    write_report,
)
from pipelines.verbs.verb import Verb
from toolkit.errors import OptionError


def _diagnose_arguments(parser: Parser, pipeline: Pipeline) -> None:
    run_argument(parser, pipeline)
    labelled_argument(parser, pipeline, "Labelled data, as for train.")
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        help="Folder for pictures, their numbers and diagnosis.json.",
    )
    parser.add_argument(
        "--fresh",
        type=bool,
        default=False,
        help="Diagnose the same network with new random weights, as before training.",
    )
    parser.add_argument(
        "--steps",
        metavar="N",
        type=int,
        default=200,
        help="Follow gradients over at most N time steps; longer inputs are cut.",
    )
    format_argument(parser)
    cell_argument(parser)
    parser.add_options(
        pipeline.labelled.columns, pipeline.labelled.evaluate_columns, defaults=False
    )


def _diagnose(pipeline: Pipeline, options: Any) -> int:
    if options.steps < 1:
        raise OptionError(f"--steps is {options.steps}; at least 1 is needed")
    data = evaluation_data(pipeline, options, options.run)
    check_archive(options.run, "diagnose")
    with contextlib.ExitStack() as stack:
        if options.output:
            check_not_beside(options.output, options.data)
            stack.enter_context(output_folder(options.output))
        task = load_run(pipeline, options.run, options)
        report = task.diagnose(
            data, fresh=options.fresh, steps=options.steps, output=options.output
        )
    write_report(report, options.format)
    return 0


DIAGNOSE = Verb(
    "RUN --data DATA [options]",
    "Measure gradients through time: vanishing, exploding, clipping, saturation.",
    _diagnose_arguments,
    _diagnose,
)
