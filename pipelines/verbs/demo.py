"""``demo``: train on the embedded sample, export and predict."""

import logging
import shlex
from typing import Any

from pipelines.parser import Parser
from pipelines.pipeline import SAMPLE, Pipeline
from pipelines.verbs.predict import PREDICT
from pipelines.verbs.train import TRAIN
from pipelines.verbs.verb import Verb

logger = logging.getLogger("toolkit.pipelines")


def _demo_arguments(parser: Parser, pipeline: Pipeline) -> None:
    parser.add_argument(
        "--output",
        metavar="RUN",
        default=f"saved_models/{pipeline.name}_demo",
        help="The run's folder.",
    )


def _demo(pipeline: Pipeline, options: Any) -> int:
    run = shlex.quote(options.output)
    TRAIN.run(pipeline, "train", ["--data", SAMPLE, "--output", options.output])
    lines = map(pipeline.labelled.write_line, pipeline.examples)
    PREDICT.run(pipeline, "predict", [options.output, "--", *lines])
    logger.info("try next:")
    logger.info('  %s predict %s "your text"', pipeline.command, run)
    logger.info("  %s verify %s", pipeline.command, run)
    file = pipeline.labelled.example_file
    logger.info("  %s train --data %s --output saved_models/yours", pipeline.command, file)
    return 0


DEMO = Verb(
    "[options]", "Train on the embedded sample and answer a few texts.", _demo_arguments, _demo
)
