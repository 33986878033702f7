"""``export`` and ``verify``: the SavedModel written anew, and held to its golden file."""

import logging
import sys
from typing import Any

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.verbs.common import check_run, golden_argument, golden_texts, run_argument
from pipelines.verbs.verb import Verb
from toolkit.export import read_golden, verify

logger = logging.getLogger("toolkit.pipelines")


def _export_arguments(parser: Parser, pipeline: Pipeline) -> None:
    run_argument(parser, pipeline)
    parser.add_argument(
        "--format", choices=["saved_model"], default="saved_model", help="The format."
    )
    golden_argument(parser)


def _export(pipeline: Pipeline, options: Any) -> int:
    check_run(options.run)
    golden = golden_texts(options.golden)
    if not golden:
        try:
            golden = [example["inputs"]["text"] for example in read_golden(options.run)]
        except (OSError, ValueError, KeyError):
            golden = list(pipeline.examples)
    task = pipeline.load_task().load(options.run)
    logger.info("exported %s", task.export(options.run, format=options.format, golden=golden))
    return 0


def _verify(pipeline: Pipeline, options: Any) -> int:
    result = verify(options.run)
    sys.stdout.write(result.verdict + "\n")
    return 0 if result.passed else 1


EXPORT = Verb("RUN [options]", "Write a run's SavedModel anew.", _export_arguments, _export)
VERIFY = Verb(
    "RUN",
    "Ask the SavedModel for the answers that it gave in training.",
    run_argument,
    _verify,
)
