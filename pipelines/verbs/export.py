"""``export``: write a run's model again; ``verify``: compare a SavedModel with its golden file."""

import importlib
import logging
import sys
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal

from pipelines.parser import Parser
from pipelines.pipeline import SAMPLE, Pipeline
from pipelines.verbs.common import (
    cell_argument,
    check_archive,
    golden_argument,
    golden_inputs,
    load_run,
    read_run,
    run_argument,
    run_columns,
)
from pipelines.verbs.verb import Verb
from toolkit.errors import OptionError
from toolkit.export import RUNTIMES, check_length, check_runtime, read_golden, verify
from toolkit.export.verify import DEFAULT
from toolkit.options import option
from toolkit.quiet import quiet_import
from toolkit.tasks.options import HELD_OUT

logger = logging.getLogger("toolkit.pipelines")


def _export_arguments(parser: Parser, pipeline: Pipeline) -> None:
    run_argument(parser, pipeline)
    parser.add_argument(
        "--format",
        type=Literal["saved_model", "onnx", "litert"],
        default="saved_model",
        help="saved_model takes raw input. onnx and litert are the network alone, which takes "
        "numbers such as the tokenizer's ids, written into RUN/onnx/ and RUN/litert/. They need "
        "the packages onnx, onnxruntime and tf2onnx, and ai-edge-litert.",
    )
    parser.add_argument(
        "--length",
        type=int,
        metavar="STEPS",
        help="With --format litert: the number of steps that the model reads. By default as many "
        "as the run reads of one input, at most 512.",
    )
    cell_argument(parser)
    golden_argument(parser)
    if pipeline.explanation_options is not None:
        parser.add_argument(
            "--explain",
            type=bool,
            default=False,
            help="Add the signature explain, integrated gradients of the answers, which explain "
            "then uses where model.keras is missing.",
        )
    parser.add_argument(
        "--data-licence", metavar="TEXT", help="The licence of the training data, for the card."
    )
    if names := _limits(pipeline):
        parser.add_options(pipeline.options, names, defaults=False)


def _limits(pipeline: Pipeline) -> tuple[str, ...]:
    """Return the names of the options of the task that an export may change."""
    names: tuple[str, ...] = getattr(pipeline.options, "EXPORT_OPTIONS", ())
    return names


def _given_limits(pipeline: Pipeline, options: Any, recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Return these options as far as they are given, after a check with those of the run."""
    limits = {name: getattr(options, name) for name in _limits(pipeline) if name in options}
    if limits:
        known = {field.name for field in fields(pipeline.options)}
        pipeline.options(**{n: v for n, v in recorded.items() if n in known} | limits)
        if options.format in RUNTIMES:
            name = option(next(iter(limits)))
            raise OptionError(
                f"{name} is a limit of the SavedModel; leave out --format {options.format}"
            )
    return limits


def _export(pipeline: Pipeline, options: Any) -> int:
    limits = _given_limits(pipeline, options, read_run(pipeline, options.run)["options"])
    check_archive(options.run, "export")
    check_length(options.length, options.format)
    if options.format in RUNTIMES:
        if getattr(options, "explain", False):
            raise OptionError(
                f"--explain is of the SavedModel; leave out --format {options.format}"
            )
        check_runtime(options.format)
    columns = run_columns(pipeline, options, options.run)
    golden = golden_inputs(pipeline, options.golden, columns)
    if golden == HELD_OUT:
        raise OptionError(
            f"--golden {HELD_OUT} is for train, which knows what it holds out; give a file"
        )
    if not golden:
        try:
            golden = [
                example["inputs"]
                for example in read_golden(options.run)
                if example["signature"] == DEFAULT
            ]
        except (OSError, ValueError, KeyError):
            data = read_run(pipeline, options.run)["facts"].get("data")
            golden = list(pipeline.examples) if data == SAMPLE else []
    task = load_run(pipeline, options.run, options)
    for name, value in limits.items():
        setattr(task, name, value)
    if options.format in RUNTIMES:
        with quiet_import():
            importlib.import_module(RUNTIMES[options.format].imported)
    if options.data_licence is not None:
        task.data_licence = options.data_licence  # type: ignore[attr-defined]
    further: dict[str, Any] = {"explain": True} if getattr(options, "explain", False) else {}
    if options.length is not None:
        further["length"] = options.length
    version = task.export(options.run, format=options.format, golden=golden or None, **further)
    logger.info("exported %s", version)
    return 0


def _verify(pipeline: Pipeline, options: Any) -> int:
    result = verify(options.run)
    sys.stdout.write(result.verdict + "\n")
    return 0 if result.passed else 1


EXPORT = Verb(
    "RUN [options]",
    "Write a run's SavedModel again, or its network as ONNX or LiteRT.",
    _export_arguments,
    _export,
)
VERIFY = Verb(
    "RUN",
    "Check that the SavedModel gives the answers in its golden file.",
    run_argument,
    _verify,
)
