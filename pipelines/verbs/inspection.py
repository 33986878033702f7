"""``inspect``: report on data before training."""

from dataclasses import fields, replace
from typing import Any

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.verbs.common import data_arguments, format_argument, training_data, write_report
from pipelines.verbs.verb import Verb


def _inspect_arguments(parser: Parser, pipeline: Pipeline) -> None:
    data_arguments(parser, pipeline)
    format_argument(parser)
    parser.add_options(pipeline.options)
    parser.shorten_help([*pipeline.first_options, "epochs", "format"])


def _inspect(pipeline: Pipeline, options: Any) -> int:
    values = {field.name: getattr(options, field.name) for field in fields(pipeline.options)}
    # Bad rows are reported; they do not end the work.
    columns = replace(pipeline.options(**values), skip_bad_rows=True)
    train, validation = training_data(pipeline, options, columns)
    report = pipeline.load_task()(**values).inspect(train, validation)
    write_report(report, options.format)
    return 0


INSPECT = Verb(
    "--data DATA [options]",
    "Report on the data that train would use: labels, lengths, duplicates, leaks, cost.",
    _inspect_arguments,
    _inspect,
)
