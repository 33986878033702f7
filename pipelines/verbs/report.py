"""``report``: write a report on a run as one HTML file."""

import logging
from pathlib import Path
from typing import Any

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.verbs.common import (
    check_run,
    evaluation_data,
    labelled_argument,
    load_run,
    metric_arguments,
    run_argument,
    shown_texts,
    texts_argument,
    writable_folder,
)
from pipelines.verbs.compare import check_comparable
from pipelines.verbs.verb import Verb
from toolkit.errors import OptionError
from toolkit.export import ARCHIVE
from toolkit.report import REPORT_FILE, check_report_place

logger = logging.getLogger("toolkit.pipelines")


def _report_arguments(parser: Parser, pipeline: Pipeline) -> None:
    run_argument(parser, pipeline)
    labelled_argument(
        parser,
        pipeline,
        "Labelled data to measure the run on, as for train. Without it the report has the metrics "
        "that the training has kept.",
        required=False,
    )
    parser.add_argument(
        "--beside", metavar="RUN_B", help="Another run to compare with, on the same data."
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="The HTML file; report.html in the run's folder if omitted, which without --data must "
        "not be there yet.",
    )
    texts_argument(parser)
    metric_arguments(parser, pipeline)


def _report(pipeline: Pipeline, options: Any) -> int:
    runs = [run for run in (options.run, options.beside) if run is not None]
    if len(runs) > 1:
        if options.data is None:
            raise OptionError("--beside compares two runs on data; give --data")
        check_comparable(pipeline, *runs)
    check_run(pipeline, options.run)
    output = Path(options.output or Path(options.run, REPORT_FILE))
    check_report_place(output)
    if options.data is None and options.output is None and output.exists():
        raise OptionError(
            f"{output} is there already, and a report without --data has no errors, slices and "
            "intervals; give --data to measure the run anew, or --output FILE"
        )
    data = None if options.data is None else evaluation_data(pipeline, options, *runs)
    with writable_folder(output.parent):
        task, *others = (load_run(pipeline, run, options) for run in runs)
        task.report(
            output,
            data,
            texts=shown_texts(options),
            beside=others[0] if others else None,
            gradients=data is not None and Path(options.run, ARCHIVE).is_file(),
        )
    logger.info("the report is %s", output)
    return 0


REPORT = Verb(
    "RUN [--data DATA] [options]",
    "Write a report on a run as one HTML file: metrics, errors, training.",
    _report_arguments,
    _report,
    needs_data=False,
)
