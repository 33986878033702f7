"""``serve``: answer over HTTP, for any runs of any tasks."""

import os
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from pipelines import COMMAND
from pipelines.parser import Parser
from pipelines.verbs.verb import Verb, parsed
from toolkit.errors import OptionError
from toolkit.serving import ServingOptions, serve
from toolkit.serving.stopping import end_process

#: The environment variable of the token, which other users of the machine do not see.
TOKEN = "RECURRENT_TOOLKIT_TOKEN"


def _add_arguments(parser: Parser) -> None:
    parser.add_argument(
        "runs",
        metavar="RUN",
        nargs="*",
        help="The folders of trained runs, of any task, each plain or as NAME=FOLDER.",
    )
    parser.add_options(ServingOptions)


def _serve(options: Any) -> int:
    if not options.runs:
        raise OptionError("RUN must be given, the folder of a trained run")
    values = {field.name: getattr(options, field.name) for field in fields(ServingOptions)}
    if values["token"] is None:
        values["token"] = os.environ.get(TOKEN)
    serve(options.runs, ServingOptions(**values))
    return end_process()


def run_serve(arguments: Sequence[str]) -> int:
    """Run ``serve`` without a pipeline and return the exit code.

    Args:
        arguments: The words after the verb.
    """
    options = parsed(f"{COMMAND} serve", SERVE, _add_arguments, arguments)
    return options if isinstance(options, int) else _serve(options)


SERVE = Verb(
    "RUN [RUN ...] [options]",
    "Answer over HTTP as TensorFlow Serving and KServe do.",
    lambda parser, _: _add_arguments(parser),
    lambda _, options: _serve(options),
)
