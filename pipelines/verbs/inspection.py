"""``inspect``: what data is like, before anything is learnt from it."""

from dataclasses import fields, replace
from typing import Any

from pipelines.parser import Parser
from pipelines.pipeline import Pipeline
from pipelines.verbs.common import data_arguments, format_argument, labelled_data, write_report
from pipelines.verbs.verb import Verb


def _inspect_arguments(parser: Parser, pipeline: Pipeline) -> None:
    data_arguments(parser, pipeline)
    format_argument(parser)
    parser.add_options(pipeline.options)


def _inspect(pipeline: Pipeline, options: Any) -> int:
    asked = {field.name: getattr(options, field.name) for field in fields(pipeline.options)}
    # Bad rows are reported, not complained of.
    columns = replace(pipeline.options(**asked), skip_bad_rows=True)
    train, validation = labelled_data(pipeline, options, columns)
    report = pipeline.load_task()(**asked).inspect(train, validation)
    write_report(report, options.format)
    return 0


INSPECT = Verb(
    "--data DATA [options]",
    "Report on data as train would meet it: duplicates, leaks, lengths, cost.",
    _inspect_arguments,
    _inspect,
)
