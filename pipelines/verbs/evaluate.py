"""``evaluate``: how good a run is on labelled data."""

import json
import logging
import sys
from typing import Any

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.verbs.common import check_run, columns, given_columns, run_argument
from pipelines.verbs.verb import Verb
from toolkit.data import ColumnOptions, TextExamples
from toolkit.evaluation import metrics_table

logger = logging.getLogger("toolkit.pipelines")


_COLUMNS = ("text_column", "label_column", "label_rule", "label_separator", "skip_bad_rows")


def _evaluate_arguments(parser: Parser, pipeline: Pipeline) -> None:
    run_argument(parser, pipeline)
    parser.add_argument("--data", required=True, help="Labelled data, as for train.")
    parser.add_argument(
        "--output", metavar="FOLDER", help="Gets metrics.json, confusion.png and errors.csv."
    )
    parser.add_options(ColumnOptions, _COLUMNS, defaults=False)


def _evaluate(pipeline: Pipeline, options: Any) -> int:
    check_run(options.run)
    data = pipeline.data(options.data, "test")
    TextExamples(data, columns(options), grouped=False)  # complains of columns that are not there
    task = pipeline.load_task().load(options.run)
    for name, value in given_columns(options).items():
        setattr(task, name, value)
    metrics = task.evaluate(data, output=options.output)
    logger.info("%s", metrics_table(metrics))
    sys.stdout.write(json.dumps(metrics, indent=2, ensure_ascii=False) + "\n")
    return 0


EVALUATE = Verb(
    "RUN --data DATA [options]",
    "Measure a run on labelled data.",
    _evaluate_arguments,
    _evaluate,
)
