"""``export`` and ``verify``: a model written anew, and the SavedModel held to its golden file."""

import importlib
import logging
import sys
from typing import Any

from pipelines import console
from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.verbs.common import (
    cell_argument,
    check_archive,
    check_run,
    golden_argument,
    golden_texts,
    run_argument,
    trust_cell,
)
from pipelines.verbs.verb import Verb
from toolkit.export import check_onnx, read_golden, verify

logger = logging.getLogger("toolkit.pipelines")


def _export_arguments(parser: Parser, pipeline: Pipeline) -> None:
    run_argument(parser, pipeline)
    parser.add_argument(
        "--format",
        choices=["saved_model", "onnx"],
        default="saved_model",
        help="saved_model takes raw strings; onnx, written into RUN/onnx/, is the network alone "
        "and takes the tokenizer's ids, for ONNX cannot cut text. It needs onnx and onnxruntime.",
    )
    cell_argument(parser)
    golden_argument(parser)


def _export(pipeline: Pipeline, options: Any) -> int:
    check_run(pipeline, options.run)
    check_archive(options.run, "export")
    if options.format == "onnx":
        check_onnx()
    golden = golden_texts(options.golden)
    if not golden:
        try:
            # The first input is the text; what else is asked with it, the task knows.
            golden = [
                next(iter(example["inputs"].values())) for example in read_golden(options.run)
            ]
        except (OSError, ValueError, KeyError, StopIteration):
            golden = list(pipeline.examples)
    task = pipeline.load_task().load(options.run)
    trust_cell(options.cell)
    if options.format == "onnx":
        with console.importing():
            importlib.import_module("onnxruntime")
    logger.info("exported %s", task.export(options.run, format=options.format, golden=golden))
    return 0


def _verify(pipeline: Pipeline, options: Any) -> int:
    result = verify(options.run)
    sys.stdout.write(result.verdict + "\n")
    return 0 if result.passed else 1


EXPORT = Verb(
    "RUN [options]",
    "Write a run's SavedModel anew, or its network as ONNX.",
    _export_arguments,
    _export,
)
VERIFY = Verb(
    "RUN",
    "Ask the SavedModel for the answers that it gave in training.",
    run_argument,
    _verify,
)
